/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Updater;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.updater.LayerUpdater;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.Solver;
import org.deeplearning4j.optimize.api.ConvexOptimizer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.pretrain.WeightedPretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.regularization.Regularization;

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
public class RestrictedBoltzmannMachineLayer extends BasePretrainNetwork<RestrictedBoltzmannMachine>
    implements ResumablePretraining, WeightedPretraining {

  private static final long serialVersionUID = 1L;

  private transient RandomStream random;
  private transient RbmEstimator estimator;

  /** Weights of the rows of the batch that is being trained on, or null. */
  private transient INDArray weights;

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
  public boolean isPretrainLayer() {
    return true;
  }

  /**
   * Trains on one batch: forms the contrastive divergence gradient and lets DL4J's updater apply
   * it.
   *
   * @param batch {@code [n, nIn]}. Not modified.
   * @param workspaceMgr DL4J's workspaces; may be {@link LayerWorkspaceMgr#noWorkspaces()}
   * @throws DL4JInvalidInputException if the batch is empty, has the wrong width, NaN, infinite
   *     values or values outside the range of the visible units; nothing was changed then
   * @throws NotNormalisableException if both sides are unbounded and the weights have become too
   *     large, which is looked at every {@code scoreEvery} iterations; nothing was changed then
   */
  @Override
  public void fit(INDArray batch, LayerWorkspaceMgr workspaceMgr) {
    fit(batch, null, workspaceMgr);
  }

  @Override
  public void fit(INDArray batch, INDArray weights, LayerWorkspaceMgr workspaceMgr) {
    if (batch != null) {
      RbmBatchChecks checks = new RbmBatchChecks(this::layerId);
      checks.checkData(batch, layerConf(), dataType);
      checks.checkWeights(weights, batch.size(0));
      setInput(batch, workspaceMgr);
      dropoutApplied = true;
    }
    ensureGradientViews();
    this.weights = weights;
    try {
      super.fit(null, workspaceMgr);
    } finally {
      this.weights = null;
    }
  }

  /**
   * The network brings the views when it first trains; a layer that is trained by itself has none.
   */
  private void ensureGradientViews() {
    if (gradientsFlattened == null) {
      setBackpropGradientsViewArray(
          Workspaces.outside(() -> Nd4j.create(paramsFlattened.dataType(), numParams())));
    }
  }

  @Override
  public void setBackpropGradientsViewArray(INDArray gradients) {
    super.setBackpropGradientsViewArray(gradients);
    if (solver != null && solver.getOptimizer().getUpdater(false) != null) {
      // An updater works on the views it was made with.
      INDArray state = solver.getOptimizer().getUpdater(false).getStateViewArray();
      solver.getOptimizer().setUpdater(Workspaces.outside(() -> new LayerUpdater(this, state)));
    }
  }

  @Override
  public void computeGradientAndScore(LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(false);
    ensureGradientViews();
    INDArray batch = input;
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
    gradient = new ViewGradient(gradientsFlattened, gradientViews);
    if (scoreDue) {
      score = error + calcRegularizationScore(false);
    }
    weightNoiseParams.clear();
  }

  private void checkNormalisable(RbmModel model) {
    try {
      model.requireRoughlyNormalisable();
    } catch (NotNormalisableException e) {
      weightNoiseParams.clear();
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

  /**
   * DL4J's own version lets gemm write into a 'c'-ordered array, which costs a temporary array and
   * two copies, half of the time of a forward pass.
   */
  @Override
  protected Pair<INDArray, INDArray> preOutputWithPreNorm(
      boolean training, boolean forBackprop, LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(forBackprop);
    applyDropOutIfNecessary(training, workspaceMgr);
    RbmModel model =
        model(
            getParamWithNoise(RbmParamInitializer.WEIGHT_KEY, training, workspaceMgr),
            getParamWithNoise(RbmParamInitializer.HIDDEN_BIAS_KEY, training, workspaceMgr));
    if (input.rank() != 2 || input.size(1) != model.visibleSize()) {
      throw new DL4JInvalidInputException(
          "input has shape "
              + Arrays.toString(input.shape())
              + "; accepted: [n, "
              + model.visibleSize()
              + "] "
              + layerId());
    }
    INDArray statistics = input.castTo(dataType);
    if (!model.visibleUnits().statisticIsState()) {
      ArrayType scratch = forBackprop ? ArrayType.BP_WORKING_MEM : ArrayType.FF_WORKING_MEM;
      statistics = workspaceMgr.createUninitialized(scratch, dataType, input.shape(), 'c');
      statistics.assign(input);
      model.visibleUnits().toStatistic(statistics);
    }
    INDArray field =
        workspaceMgr.createUninitialized(
            ArrayType.ACTIVATIONS, dataType, new long[] {input.size(0), model.hiddenSize()}, 'c');
    model.hiddenFieldInto(statistics.transpose(), field, field.transpose());
    if (maskArray != null) {
      applyMask(field);
    }
    return new Pair<>(field, field);
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
  public double calcRegularizationScore(boolean backpropParamsOnly) {
    double sum = 0;
    for (Map.Entry<String, INDArray> parameter : paramTable(backpropParamsOnly).entrySet()) {
      List<Regularization> terms = layerConf().getRegularizationByParam(parameter.getKey());
      if (terms != null) {
        for (Regularization term : terms) {
          sum += term.score(parameter.getValue(), conf.getIterationCount(), conf.getEpochCount());
        }
      }
    }
    return sum;
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
    return estimator().diagnostics();
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
  public PretrainState pretrainState() {
    Updater updater = solver == null ? null : solver.getOptimizer().getUpdater(false);
    INDArray updaterState = updater == null ? null : updater.getStateViewArray();
    return Workspaces.outside(
        () ->
            new PretrainState(
                updaterState == null ? null : updaterState.dup(),
                estimator == null ? Map.of() : estimator.state(),
                random == null ? null : random.state(),
                score));
  }

  @Override
  public void restorePretrainState(PretrainState state) {
    ensureGradientViews();
    ConvexOptimizer optimizer = solver().getOptimizer();
    checkState(state, optimizer.getUpdater(true).getStateViewArray());
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
    if (state.updaterState() == null) {
      optimizer.setUpdater(null);
    } else {
      optimizer.getUpdater(true).setStateViewArray(this, state.updaterState(), false);
    }
    score = state.score();
  }

  private void checkState(PretrainState state, INDArray presentUpdaterState) {
    long expected = presentUpdaterState == null ? 0 : presentUpdaterState.length();
    long found = state.updaterState() == null ? expected : state.updaterState().length();
    if (expected != found) {
      throw new IllegalArgumentException(
          "saved updater state has "
              + found
              + " numbers; accepted: "
              + expected
              + ", as the configured updater needs "
              + layerId());
    }
    if (state.randomState() != null && state.randomState().length != RandomStream.STATE_LENGTH) {
      throw new IllegalArgumentException(
          "saved random state has "
              + state.randomState().length
              + " numbers; accepted: "
              + RandomStream.STATE_LENGTH
              + " "
              + layerId());
    }
  }

  private Solver solver() {
    if (solver == null) {
      solver = new Solver.Builder().model(this).configure(conf()).listeners(getListeners()).build();
    }
    return solver;
  }

  @Override
  public void setListeners(Collection<TrainingListener> listeners) {
    super.setListeners(listeners == null ? null : new ArrayList<>(listeners));
    if (solver != null) {
      solver.setListeners(getListeners());
    }
  }

  @Override
  public void setListeners(TrainingListener... listeners) {
    setListeners(Arrays.asList(listeners));
  }

  @Override
  public void addListeners(TrainingListener... listeners) {
    super.addListeners(listeners);
    if (solver != null) {
      solver.setListeners(getListeners());
    }
  }

  /**
   * Copies the layer with its parameters; the copy has no listeners, no updater state and starts
   * its random stream anew.
   *
   * @return a layer that shares nothing with this one
   */
  @Override
  public Layer clone() {
    NeuralNetConfiguration copy = conf.clone();
    return copy.getLayer().instantiate(copy, null, index, paramsFlattened.dup(), false, dataType);
  }
}
