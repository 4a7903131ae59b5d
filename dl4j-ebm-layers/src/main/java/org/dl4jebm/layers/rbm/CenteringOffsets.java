/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Map;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The moving averages that {@link Centering} subtracts, with the transformation they make. */
final class CenteringOffsets {

  static final String VISIBLE = "visibleOffset";
  static final String HIDDEN = "hiddenOffset";

  private final Centering options;
  private INDArray visible;
  private INDArray hidden;
  private CenteredParameters parameters;

  CenteringOffsets(Centering options) {
    this.options = options;
  }

  /** Called when the buffers hold the statistics of both phases. */
  void update(RbmModel model, PhaseBuffers b) {
    if (visible == null) {
      set(zeros(model, model.visibleSize()), zeros(model, model.hiddenSize()));
      average(b, 1, Centering.Offsets.DATA);
    } else {
      average(b, options.slidingFactor(), options.offsets());
    }
  }

  private void average(PhaseBuffers b, double share, Centering.Offsets offsets) {
    double step = share / b.totalWeight();
    double keep = 1 - share;
    switch (offsets) {
      case DATA -> addData(b, step, keep);
      case MODEL -> addChains(b, step, keep);
      default -> {
        addData(b, step / 2, keep);
        addChains(b, step / 2, 1);
      }
    }
  }

  private void addData(PhaseBuffers b, double step, double keep) {
    Rows.weightedSum(b.dataVisibleT, b.dataPhaseWeights, visible, -step, keep);
    Rows.weightedSum(b.dataHiddenT, b.dataPhaseWeights, hidden, -step, keep);
  }

  private void addChains(PhaseBuffers b, double step, double keep) {
    Rows.weightedSum(b.chainVisibleT, b.chainPhaseWeights, visible, step, keep);
    Rows.weightedSum(b.chainHiddenT, b.chainPhaseWeights, hidden, step, keep);
  }

  private static INDArray zeros(RbmModel model, long length) {
    return Workspaces.outside(() -> Nd4j.create(model.weights().dataType(), length));
  }

  private void set(INDArray visible, INDArray hidden) {
    this.visible = visible;
    this.hidden = hidden;
    parameters = visible == null ? null : new CenteredParameters(visible, hidden);
  }

  /** The offsets as a transformation, or null before the first step. */
  CenteredParameters parameters() {
    return parameters;
  }

  Map<String, INDArray> state() {
    return visible == null
        ? Map.of()
        : Map.of(
            VISIBLE, SavedArrays.detachedCopy(visible), HIDDEN, SavedArrays.detachedCopy(hidden));
  }

  /** See {@link NegativePhase#restoring}. */
  Runnable restoring(RbmModel model, Map<String, INDArray> state) {
    if (state.isEmpty()) {
      return () -> set(null, null);
    }
    INDArray savedVisible = SavedArrays.copy(model, state, VISIBLE, model.visibleSize());
    INDArray savedHidden = SavedArrays.copy(model, state, HIDDEN, model.hiddenSize());
    return () -> set(savedVisible, savedHidden);
  }
}
