/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A negative phase without random numbers: the visible states are given. */
record FixedChains(INDArray states, boolean followsData) implements NegativePhase {

  @Override
  public long rows(long n) {
    return states.size(0);
  }

  @Override
  public void run(RbmModel model, PhaseBuffers b, int sweeps) {
    model.hiddenUnits().fieldToMean(b.dataHidden);
    b.chainVisible.assign(states);
    model.visibleUnits().toStatistic(b.chainVisible);
    if (b.chainStates() != b.chainVisible) {
      b.chainStates().assign(states);
    }
    model.hiddenFieldInto(b.chainVisibleT, b.chainHidden, b.chainHiddenT);
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
