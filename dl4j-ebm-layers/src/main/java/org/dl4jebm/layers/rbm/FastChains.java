/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Persistent chains that move by parameters with a fast part; see {@link FastWeights}. */
final class FastChains implements NegativePhase {

  static final String WEIGHTS = "fastWeights";
  static final String HIDDEN_BIAS = "fastHiddenBias";
  static final String VISIBLE_BIAS = "fastVisibleBias";

  private final FastWeights options;
  private final PersistentChains chains;

  /** The fast part; null before the first step. */
  private RbmGradient fast;

  /** The machine's parameters plus the fast part, filled in for each step. */
  private RbmGradient sum;

  private RbmModel moving;

  FastChains(int count, FastWeights options, RandomStream random) {
    this.options = options;
    this.chains = new PersistentChains(count, random);
  }

  @Override
  public long rows(long n) {
    return chains.rows(n);
  }

  @Override
  public boolean followsData() {
    return false;
  }

  @Override
  public void run(RbmModel model, PhaseBuffers buffers, int sweeps) {
    if (fast == null) {
      fast = zerosLike(model);
    }
    if (sum == null) {
      sum = zerosLike(model);
    }
    model.weights().addi(fast.weights(), sum.weights());
    model.hiddenBias().addi(fast.hiddenBias(), sum.hiddenBias());
    model.visibleBias().addi(fast.visibleBias(), sum.visibleBias());
    moving =
        new RbmModel(
            sum.weights(),
            sum.hiddenBias(),
            sum.visibleBias(),
            model.visibleUnits(),
            model.hiddenUnits());
    chains.run(moving, buffers, sweeps);
  }

  private static RbmGradient zerosLike(RbmModel model) {
    return Workspaces.outside(
        () ->
            new RbmGradient(
                Nd4j.create(model.weights().dataType(), model.weights().shape(), 'f'),
                Nd4j.create(model.weights().dataType(), model.hiddenSize()),
                Nd4j.create(model.weights().dataType(), model.visibleSize()),
                null));
  }

  /** The field in the buffers is that of the moving machine. */
  @Override
  public INDArray freeEnergy(RbmModel model, PhaseBuffers buffers) {
    return model.freeEnergy(buffers.chainStates());
  }

  @Override
  public void finish(RbmModel model, PhaseBuffers buffers) {
    chains.finish(moving, buffers);
  }

  @Override
  public void learn(RbmGradient gradient, long rows) {
    double step = -options.learningRate() / rows;
    learn(fast.weights(), gradient.weights(), step);
    learn(fast.hiddenBias(), gradient.hiddenBias(), step);
    learn(fast.visibleBias(), gradient.visibleBias(), step);
  }

  private void learn(INDArray part, INDArray gradient, double step) {
    part.muli(options.decay());
    Nd4j.getBlasWrapper().level1().axpy(part.length(), step, gradient, part);
  }

  @Override
  public Optional<INDArray> chainStatistics(RbmModel model) {
    return chains.chainStatistics(model);
  }

  @Override
  public List<String> stateNames() {
    List<String> names = new ArrayList<>(chains.stateNames());
    names.addAll(List.of(WEIGHTS, HIDDEN_BIAS, VISIBLE_BIAS));
    return names;
  }

  @Override
  public Map<String, INDArray> state() {
    if (fast == null) {
      return Map.of();
    }
    Map<String, INDArray> state = new TreeMap<>(chains.state());
    state.put(WEIGHTS, SavedArrays.detachedCopy(fast.weights()));
    state.put(HIDDEN_BIAS, SavedArrays.detachedCopy(fast.hiddenBias()));
    state.put(VISIBLE_BIAS, SavedArrays.detachedCopy(fast.visibleBias()));
    return state;
  }

  @Override
  public Runnable restoring(RbmModel model, Map<String, INDArray> state) {
    Runnable restoringChains = chains.restoring(model, state);
    long nIn = model.visibleSize();
    long nOut = model.hiddenSize();
    RbmGradient saved =
        state.isEmpty()
            ? null
            : new RbmGradient(
                Workspaces.outside(
                    () -> SavedArrays.copy(model, state, WEIGHTS, nIn, nOut).dup('f')),
                SavedArrays.copy(model, state, HIDDEN_BIAS, nOut),
                SavedArrays.copy(model, state, VISIBLE_BIAS, nIn),
                null);
    return () -> {
      restoringChains.run();
      fast = saved;
    };
  }
}
