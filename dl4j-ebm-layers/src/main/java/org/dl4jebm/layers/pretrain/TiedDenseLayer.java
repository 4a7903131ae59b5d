/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.pretrain;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Updater;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.updater.LayerUpdater;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.Solver;
import org.deeplearning4j.optimize.api.ConvexOptimizer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A dense layer {@code h = f(x W + b)} that is pretrained with tied weights: the way back from
 * {@code h} to {@code x} goes through the transpose of {@code W} and a visible bias. This class is
 * what such layers have in common with respect to DL4J; a subclass forms the gradient of
 * pretraining.
 *
 * <p>Supervised passes are those of a dense layer. The visible parameters take no part in them;
 * their gradient views are set to zero on every backward pass, because DL4J subtracts the whole
 * flat gradient. Dropout acts in supervised passes only, weight noise in pretraining too.
 *
 * @param <C> type of the configuration, whose initializer is a {@link TiedParamInitializer}
 */
public abstract class TiedDenseLayer<
        C extends org.deeplearning4j.nn.conf.layers.BasePretrainNetwork>
    extends BasePretrainNetwork<C> implements ResumablePretraining, WeightedPretraining {

  private static final long serialVersionUID = 1L;

  /** Weights of the rows of the batch that is being trained on, or null. */
  private transient INDArray exampleWeights;

  /**
   * Creates the layer.
   *
   * @param conf configuration that holds that of the layer
   * @param dataType type of parameters and activations
   */
  protected TiedDenseLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  /**
   * Writes the gradient of the loss of pretraining into the gradient views, summed over the batch
   * with the weights of its rows, and sets {@code score} where it is due.
   *
   * @param batch the layer's input, {@code [n, nIn]}, of any type. Not modified.
   * @param weights a weight for each row, {@code [n]} or {@code [n, 1]}, checked, or null for 1
   *     each. Not modified.
   * @param workspaceMgr DL4J's workspaces, of which only INPUT and ACTIVATIONS may be used
   */
  protected abstract void pretrainGradient(
      INDArray batch, INDArray weights, LayerWorkspaceMgr workspaceMgr);

  /**
   * Says what is wrong with data that the layer should be pretrained on.
   *
   * @param states {@code [n, nIn]}, finite, of the layer's data type. Not modified.
   * @return what was found and what is accepted, or empty if the data can be used
   */
  protected abstract Optional<String> findBadData(INDArray states);

  /**
   * Says what decides about acceptable data, for messages.
   *
   * @return for example {@code Bernoulli units}
   */
  protected abstract String describeInput();

  @Override
  public boolean isPretrainLayer() {
    return true;
  }

  /**
   * Trains on one batch: forms the gradient of pretraining and lets DL4J's updater apply it.
   *
   * @param batch {@code [n, nIn]}. Not modified.
   * @param workspaceMgr DL4J's workspaces; may be {@link LayerWorkspaceMgr#noWorkspaces()}
   * @throws DL4JInvalidInputException if the batch is empty, has the wrong width, NaN, infinite
   *     values or values out of range; nothing was changed then
   */
  @Override
  public void fit(INDArray batch, LayerWorkspaceMgr workspaceMgr) {
    fit(batch, null, workspaceMgr);
  }

  @Override
  public void fit(INDArray batch, INDArray weights, LayerWorkspaceMgr workspaceMgr) {
    if (batch != null) {
      checkPretrainingData(batch);
      new BatchChecks(this::layerId).checkWeights(weights, batch.size(0));
      setInput(batch, workspaceMgr);
      dropoutApplied = true;
    }
    ensureGradientViews();
    exampleWeights = weights;
    try {
      super.fit(null, workspaceMgr);
    } finally {
      exampleWeights = null;
    }
  }

  /**
   * Refuses data that {@link #fit} would refuse.
   *
   * @param batch {@code [n, nIn]}. Not modified.
   * @throws DL4JInvalidInputException if the batch is empty, has the wrong width, NaN, infinite
   *     values or values out of range
   */
  public void checkPretrainingData(INDArray batch) {
    BatchChecks checks = new BatchChecks(this::layerId);
    checks.checkShape(batch, layerConf().getNIn());
    INDArray states = batch.castTo(dataType);
    checks.checkFinite(states, describeInput());
    findBadData(states)
        .ifPresent(
            problem -> {
              throw new DL4JInvalidInputException(
                  "pretraining data hold " + problem + " " + layerId());
            });
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
    try {
      pretrainGradient(input, exampleWeights, workspaceMgr);
    } finally {
      weightNoiseParams.clear();
    }
    gradient = new ViewGradient(gradientsFlattened, gradientViews);
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
    INDArray weights = getParamWithNoise(TiedParamInitializer.WEIGHT_KEY, training, workspaceMgr);
    INDArray bias = getParamWithNoise(TiedParamInitializer.HIDDEN_BIAS_KEY, training, workspaceMgr);
    if (input.rank() != 2 || input.size(1) != weights.size(0)) {
      throw new DL4JInvalidInputException(
          "input has shape "
              + Arrays.toString(input.shape())
              + "; accepted: [n, "
              + weights.size(0)
              + "] "
              + layerId());
    }
    INDArray statistics = inputStatistics(forBackprop, workspaceMgr);
    INDArray field =
        workspaceMgr.createUninitialized(
            ArrayType.ACTIVATIONS, dataType, new long[] {input.size(0), weights.size(1)}, 'c');
    Rows.fill(field, bias.rank() == 1 ? bias : bias.reshape(bias.length()));
    HostBlas.gemm(weights, statistics.transpose(), field.transpose(), true, false, 1.0, 1.0);
    if (maskArray != null) {
      applyMask(field);
    }
    return new Pair<>(field, field);
  }

  /**
   * What the weights of a supervised forward pass are multiplied by.
   *
   * @param forBackprop whether this is for a backward pass, for the choice of a workspace
   * @param workspaceMgr DL4J's workspaces
   * @return {@code [n, nIn]} of the layer's data type; by default the input
   */
  protected INDArray inputStatistics(boolean forBackprop, LayerWorkspaceMgr workspaceMgr) {
    return input.castTo(dataType);
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

  /**
   * What the layer keeps from step to step.
   *
   * @return copies by name; by default empty
   */
  protected Map<String, INDArray> ownState() {
    return Map.of();
  }

  /**
   * Position of the random stream that goes on from step to step.
   *
   * @return a copy, or null before it was used and for layers without one, as by default
   */
  protected long[] ownRandomState() {
    return null;
  }

  /**
   * Goes on from a saved state, of which the updater's part has been checked and is restored
   * afterwards.
   *
   * @param state the state. Not modified.
   * @throws IllegalArgumentException if it does not fit; nothing is changed then
   */
  protected void restoreOwnState(PretrainState state) {
    if (!state.arrays().isEmpty() || state.randomState() != null) {
      throw new IllegalArgumentException(
          "the saved state holds "
              + new TreeSet<>(state.arrays().keySet())
              + (state.randomState() == null ? "" : " and a random state")
              + "; accepted: nothing but an updater's state and a score "
              + layerId());
    }
  }

  @Override
  public PretrainState pretrainState() {
    Updater updater = solver == null ? null : solver.getOptimizer().getUpdater(false);
    INDArray updaterState = updater == null ? null : updater.getStateViewArray();
    return Workspaces.outside(
        () ->
            new PretrainState(
                updaterState == null ? null : updaterState.dup(),
                ownState(),
                ownRandomState(),
                score));
  }

  @Override
  public void restorePretrainState(PretrainState state) {
    ensureGradientViews();
    ConvexOptimizer optimizer = solver().getOptimizer();
    checkUpdaterState(state, optimizer.getUpdater(true).getStateViewArray());
    restoreOwnState(state);
    if (state.updaterState() == null) {
      optimizer.setUpdater(null);
    } else {
      optimizer.getUpdater(true).setStateViewArray(this, state.updaterState(), false);
    }
    score = state.score();
  }

  private void checkUpdaterState(PretrainState state, INDArray presentUpdaterState) {
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
