/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.Optional;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The layer that {@link TiedAutoEncoder} instantiates: a dense sigmoid layer that can be pretrained
 * as an autoencoder or by score matching. All mathematics is in {@link TiedAutoEncoderModel}.
 *
 * <p>In pretraining the score is the loss of the batch with the noise of this iteration, mean over
 * examples, plus DL4J's regularisation term, before the update; the gradient is that of the score,
 * exactly.
 */
public class TiedAutoEncoderLayer extends EncoderLayer<TiedAutoEncoder> {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the layer; networks do so through {@link TiedAutoEncoder#instantiate}.
   *
   * @param conf configuration that holds the {@link TiedAutoEncoder}
   * @param dataType type of parameters and activations
   */
  public TiedAutoEncoderLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  /**
   * The model over this layer's present parameters; it sees later changes of them.
   *
   * @return a new wrapper of the parameter views
   */
  public TiedAutoEncoderModel model() {
    return new TiedAutoEncoderModel(tiedWeights());
  }

  @Override
  StepObjective objective() {
    return new TiedAutoEncoderModel.Loss(
        layerConf().getObjective(), layerConf().getNoise(), layerConf().getTemperature());
  }

  @Override
  protected Optional<String> findBadData(INDArray states) {
    return Optional.empty();
  }

  @Override
  protected String describeInput() {
    return "an autoencoder";
  }

  @Override
  public String pretrainScoreName() {
    return switch (layerConf().getObjective()) {
      case RECONSTRUCTION -> "recon. error / 2";
      case SCORE_MATCHING -> "score matching";
      case DENOISING_SCORE_MATCHING -> "denoising score matching";
    };
  }

  /** Draws binary states with the code of the input as probabilities. */
  @Override
  public INDArray sampleOutput(INDArray input, RandomStream stream) {
    return DenoisingObjective.draw(model().encode(input), stream);
  }

  /** Code and code again: an autoencoder draws nothing. */
  @Override
  public Pair<INDArray, INDArray> sampleHiddenGivenVisible(INDArray v) {
    INDArray h = model().encode(v);
    return new Pair<>(h, h);
  }

  /** Reconstruction and reconstruction again: an autoencoder draws nothing. */
  @Override
  public Pair<INDArray, INDArray> sampleVisibleGivenHidden(INDArray h) {
    INDArray v = model().decode(h);
    return new Pair<>(v, v);
  }
}
