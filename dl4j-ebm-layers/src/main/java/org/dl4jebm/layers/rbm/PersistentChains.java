/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Chains that go on from step to step: persistent contrastive divergence (Tieleman 2008). */
final class PersistentChains implements NegativePhase {

  static final String CHAINS = "chains";

  private final int count;
  private final RandomStream random;
  private INDArray chains;
  private INDArray chainsT;

  PersistentChains(int count, RandomStream random) {
    this.count = count;
    this.random = random;
  }

  @Override
  public long rows(long n) {
    return count;
  }

  @Override
  public boolean followsData() {
    return false;
  }

  @Override
  public void run(RbmModel model, PhaseBuffers b, int sweeps) {
    model.hiddenUnits().fieldToMean(b.dataHidden);
    start(model);
    b.runChain(model, chains, chainsT, sweeps, random);
  }

  @Override
  public void finish(RbmModel model, PhaseBuffers b) {
    model.hiddenUnits().fieldToMeanAndSample(b.chainHidden, chains, random);
  }

  /** New chains draw each hidden unit from its bias alone, as if no visible unit acted on it. */
  private void start(RbmModel model) {
    if (chains != null) {
      return;
    }
    long[] shape = {count, model.hiddenSize()};
    chains = Workspaces.outside(() -> Nd4j.create(model.weights().dataType(), shape, 'c'));
    chainsT = chains.transpose();
    chains.addiRowVector(model.hiddenBias());
    model.hiddenUnits().fieldToSample(chains, random);
  }

  @Override
  public Optional<INDArray> chainStatistics(RbmModel model) {
    if (chains == null) {
      return Optional.empty();
    }
    INDArray statistics = SavedArrays.detachedCopy(chains);
    model.hiddenUnits().toStatistic(statistics);
    return Optional.of(statistics);
  }

  @Override
  public Map<String, INDArray> state() {
    return chains == null ? Map.of() : Map.of(CHAINS, SavedArrays.detachedCopy(chains));
  }

  @Override
  public List<String> stateNames() {
    return List.of(CHAINS);
  }

  @Override
  public Runnable restoring(RbmModel model, Map<String, INDArray> state) {
    INDArray saved =
        state.isEmpty() ? null : SavedArrays.copy(model, state, CHAINS, count, model.hiddenSize());
    return () -> {
      chains = saved;
      chainsT = saved == null ? null : saved.transpose();
    };
  }
}
