/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.pretrain.TiedDenseLayer;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The layer that {@link RestrictedBoltzmannMachine} instantiates: a dense layer that can be
 * pretrained by contrastive divergence. All mathematics is in {@link RbmModel} and {@link
 * ContrastiveDivergence}; this class connects it with DL4J.
 *
 * <p>In pretraining the score is the mean-field reconstruction error of the batch (see {@link
 * ContrastiveDivergence#gradient}) plus DL4J's regularisation term, before the update. It is
 * computed every {@code scoreEvery} iterations; in between {@link #score()} keeps its value.
 *
 * <p>Dropout acts in supervised passes only: a pixel that was dropped and the others' rescaling are
 * outside the states of the visible units. Weight noise acts in both.
 */
public class RestrictedBoltzmannMachineLayer extends TiedDenseLayer<RestrictedBoltzmannMachine> {

  private static final long serialVersionUID = 1L;

  private transient RandomStream random;
  private transient RbmEstimator estimator;

  /** What a trainer outside of the layer reported last, or null. */
  private transient Map<String, Double> reported;

  /**
   * Creates the layer; networks do so through {@link RestrictedBoltzmannMachine#instantiate}.
   *
   * @param conf configuration that holds the {@link RestrictedBoltzmannMachine}
   * @param dataType type of parameters and activations
   */
  public RestrictedBoltzmannMachineLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  /**
   * The machine over this layer's present parameters; it sees later changes of them.
   *
   * @return a new wrapper of the parameter views
   */
  public RbmModel model() {
    return model(
        getParam(RbmParamInitializer.WEIGHT_KEY), getParam(RbmParamInitializer.HIDDEN_BIAS_KEY));
  }

  private RbmModel model(INDArray weights, INDArray hiddenBias) {
    return new RbmModel(
        weights,
        hiddenBias,
        getParam(RbmParamInitializer.VISIBLE_BIAS_KEY),
        visibleUnits(),
        layerConf().getHiddenUnits());
  }

  /** The visible units with their further parameters, where they have some. */
  private UnitType visibleUnits() {
    UnitType units = layerConf().getVisibleUnits();
    INDArray parameters = params.get(RbmParamInitializer.VISIBLE_PARAMETERS_KEY);
    return parameters == null ? units : units.withParameters(parameters);
  }

  @Override
  protected Optional<String> findBadData(INDArray states) {
    return layerConf().trainingObjective().findBadData(layerConf().getVisibleUnits(), states);
  }

  @Override
  protected String describeInput() {
    return layerConf().getVisibleUnits().describe();
  }

  /**
   * {@inheritDoc}
   *
   * @throws NotNormalisableException if both sides are unbounded and the weights have become too
   *     large, which is looked at every {@code scoreEvery} iterations; nothing was changed then
   */
  @Override
  protected void pretrainGradient(
      INDArray batch, INDArray weights, LayerWorkspaceMgr workspaceMgr) {
    reported = null;
    RbmModel model =
        model(
            getParamWithNoise(RbmParamInitializer.WEIGHT_KEY, true, workspaceMgr),
            getParamWithNoise(RbmParamInitializer.HIDDEN_BIAS_KEY, true, workspaceMgr));
    boolean scoreDue = conf.getIterationCount() % layerConf().getScoreEvery() == 0;
    if (scoreDue) {
      checkNormalisable(model);
    }
    double error =
        estimator()
            .gradient(
                model,
                new RbmBatch(
                    batch, weights, conf.getIterationCount(), conf.getEpochCount(), scoreDue),
                new RbmGradient(
                    gradientViews.get(RbmParamInitializer.WEIGHT_KEY),
                    gradientViews.get(RbmParamInitializer.HIDDEN_BIAS_KEY),
                    gradientViews.get(RbmParamInitializer.VISIBLE_BIAS_KEY),
                    gradientViews.get(RbmParamInitializer.VISIBLE_PARAMETERS_KEY)));
    if (scoreDue) {
      score = error + calcRegularizationScore(false);
    }
  }

  private void checkNormalisable(RbmModel model) {
    try {
      model.requireRoughlyNormalisable();
    } catch (NotNormalisableException e) {
      throw new NotNormalisableException(e.getMessage() + " " + layerId(), e.norm());
    }
  }

  private RbmEstimator estimator() {
    if (estimator == null) {
      random = newRandom();
      estimator = layerConf().trainingObjective().estimator(random);
    }
    return estimator;
  }

  private RandomStream newRandom() {
    return new RandomStream(Seeds.derive(conf.getSeed(), index));
  }

  @Override
  protected INDArray inputStatistics(boolean forBackprop, LayerWorkspaceMgr workspaceMgr) {
    if (layerConf().getVisibleUnits().statisticIsState()) {
      return super.inputStatistics(forBackprop, workspaceMgr);
    }
    ArrayType scratch = forBackprop ? ArrayType.BP_WORKING_MEM : ArrayType.FF_WORKING_MEM;
    INDArray statistics =
        workspaceMgr.createUninitialized(scratch, dataType, input.shape(), 'c').assign(input);
    visibleUnits().toStatistic(statistics);
    return statistics;
  }

  /**
   * Supervised backward pass of the dense layer. The visible bias takes no part in it: its gradient
   * view is set to zero on every call.
   *
   * @param epsilon derivative of the loss by this layer's output, {@code [n, nOut]}. May be
   *     modified, as by every DL4J layer.
   * @param workspaceMgr DL4J's workspaces
   * @return gradient views and the derivative by the input, {@code [n, nIn]}
   */
  @Override
  public Pair<Gradient, INDArray> backpropGradient(
      INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
    Pair<Gradient, INDArray> result = super.backpropGradient(epsilon, workspaceMgr);
    UnitType visible = visibleUnits();
    if (!visible.statisticIsState()) {
      visible.toStatistic(gradientViews.get(RbmParamInitializer.WEIGHT_KEY).transpose());
      visible.toStatistic(result.getSecond());
    }
    INDArray further = gradientViews.get(RbmParamInitializer.VISIBLE_PARAMETERS_KEY);
    if (further != null) {
      further.assign(0);
      result
          .getFirst()
          .gradientForVariable()
          .put(RbmParamInitializer.VISIBLE_PARAMETERS_KEY, further);
    }
    return result;
  }

  @Override
  public Pair<INDArray, INDArray> sampleHiddenGivenVisible(INDArray v) {
    RbmModel model = model();
    estimator();
    return model.propUpAndSample(v, random);
  }

  @Override
  public Pair<INDArray, INDArray> sampleVisibleGivenHidden(INDArray h) {
    RbmModel model = model();
    estimator();
    return model.propDownAndSample(h, random);
  }

  @Override
  public INDArray sampleOutput(INDArray data, RandomStream stream) {
    return model().sampleHidden(data, stream);
  }

  @Override
  public String pretrainScoreName() {
    return estimator().scoreName();
  }

  @Override
  public Map<String, Double> pretrainDiagnostics() {
    return reported == null ? estimator().diagnostics() : reported;
  }

  /**
   * Takes over what a trainer found that makes the steps of this layer elsewhere, for instance on
   * another device, so that listeners see it here until the layer makes a step by itself.
   *
   * @param newScore the score, as this layer would compute it
   * @param diagnostics numbers by name, as {@link #pretrainDiagnostics} returns them. Not modified.
   */
  public void report(double newScore, Map<String, Double> diagnostics) {
    score = newScore;
    reported = Map.copyOf(diagnostics);
  }

  /**
   * Shows where the chains of pretraining are; see {@link RbmEstimator#sampleChains}.
   *
   * @param stream what to draw from
   * @return means and states of visible units, {@code [chains, nIn]} each, new; empty before the
   *     first step and for objectives without chains that go on from step to step
   */
  public Optional<Pair<INDArray, INDArray>> sampleChains(RandomStream stream) {
    return estimator == null ? Optional.empty() : estimator.sampleChains(model(), stream);
  }

  @Override
  protected Map<String, INDArray> ownState() {
    return estimator == null ? Map.of() : estimator.state();
  }

  @Override
  protected long[] ownRandomState() {
    return random == null ? null : random.state();
  }

  @Override
  protected void restoreOwnState(PretrainState state) {
    if (state.randomState() != null && state.randomState().length != RandomStream.STATE_LENGTH) {
      throw new IllegalArgumentException(
          "saved random state has "
              + state.randomState().length
              + " numbers; accepted: "
              + RandomStream.STATE_LENGTH
              + " "
              + layerId());
    }
    RandomStream restored = newRandom();
    RbmEstimator continued = layerConf().trainingObjective().estimator(restored);
    try {
      continued.setState(model(), state.arrays());
    } catch (IllegalArgumentException e) {
      restored.close();
      throw new IllegalArgumentException(e.getMessage() + " " + layerId(), e);
    }
    if (random != null) {
      random.close();
    }
    random = restored;
    estimator = continued;
    if (state.randomState() != null) {
      random.restore(state.randomState());
    }
  }
}
