/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.List;
import java.util.Map;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Chains that start at the data at each step: contrastive divergence, CD-k. */
final class DataChains implements NegativePhase {

  private final RandomStream random;

  DataChains(RandomStream random) {
    this.random = random;
  }

  @Override
  public long rows(long n) {
    return n;
  }

  @Override
  public boolean followsData() {
    return true;
  }

  @Override
  public void run(RbmModel model, PhaseBuffers b, int sweeps) {
    INDArray h = b.hiddenSample();
    model.hiddenUnits().fieldToMeanAndSample(b.dataHidden, h, random);
    b.runChain(model, h, b.hiddenSampleTransposed(), sweeps, random);
  }

  @Override
  public void finish(RbmModel model, PhaseBuffers b) {
    model.hiddenUnits().fieldToMean(b.chainHidden);
  }

  @Override
  public Map<String, INDArray> state() {
    return Map.of();
  }

  @Override
  public List<String> stateNames() {
    return List.of();
  }

  @Override
  public Runnable restoring(RbmModel model, Map<String, INDArray> state) {
    return () -> {};
  }
}
