/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.Optional;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.pretrain.TiedParamInitializer;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The layer that {@link TiedVariationalAutoEncoder} instantiates: a dense sigmoid layer that can be
 * pretrained as the encoder of a model with binary causes. All mathematics is in {@link
 * TiedVariationalModel}.
 *
 * <p>In pretraining the score is the negative evidence lower bound of the batch in nats, mean over
 * examples, exact whatever the estimator of its gradient, plus DL4J's regularisation term, before
 * the update.
 */
public class TiedVariationalAutoEncoderLayer extends EncoderLayer<TiedVariationalAutoEncoder> {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the layer; networks do so through {@link TiedVariationalAutoEncoder#instantiate}.
   *
   * @param conf configuration that holds the {@link TiedVariationalAutoEncoder}
   * @param dataType type of parameters and activations
   */
  public TiedVariationalAutoEncoderLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  /**
   * The model over this layer's present parameters; it sees later changes of them.
   *
   * @return a new wrapper of the parameter views
   */
  public TiedVariationalModel model() {
    return new TiedVariationalModel(tiedWeights(), layerConf().getPrior());
  }

  @Override
  StepObjective objective() {
    return new TiedVariationalModel.Loss(
        layerConf().getEstimator(),
        layerConf().getTemperature(),
        layerConf().getSamples(),
        layerConf().isBaseline(),
        layerConf().getPrior());
  }

  @Override
  protected void pretrainGradient(
      INDArray batch, INDArray weights, LayerWorkspaceMgr workspaceMgr) {
    super.pretrainGradient(batch, weights, workspaceMgr);
    if (!layerConf().isTrainBiases()) {
      gradientViews.get(TiedParamInitializer.HIDDEN_BIAS_KEY).assign(0);
      gradientViews.get(TiedParamInitializer.VISIBLE_BIAS_KEY).assign(0);
    }
  }

  @Override
  protected Optional<String> findBadData(INDArray states) {
    return Optional.empty();
  }

  @Override
  protected String describeInput() {
    return "a variational autoencoder";
  }

  @Override
  public String pretrainScoreName() {
    return "-ELBO";
  }

  /** Draws causes from the posterior given the input. */
  @Override
  public INDArray sampleOutput(INDArray input, RandomStream stream) {
    return DenoisingObjective.draw(model().encode(input), stream);
  }

  /** The posterior's probabilities, and a draw with noise of the present iteration. */
  @Override
  public Pair<INDArray, INDArray> sampleHiddenGivenVisible(INDArray v) {
    INDArray s = model().encode(v);
    try (RandomStream stream = noise(conf.getIterationCount())) {
      return new Pair<>(s, DenoisingObjective.draw(s, stream));
    }
  }

  /** The means of the visible units, and a draw with noise of the present iteration. */
  @Override
  public Pair<INDArray, INDArray> sampleVisibleGivenHidden(INDArray h) {
    INDArray mean = model().decode(h);
    INDArray states = mean.ulike();
    try (RandomStream stream = noise(conf.getIterationCount())) {
      stream.gaussian(mean, 1, states);
    }
    return new Pair<>(mean, states);
  }
}
