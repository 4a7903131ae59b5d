/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.dl4jebm.training.pretrain.PretrainCheckpoint.Position;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A layer as it was when an epoch began or was resumed, to go back to if training diverges.
 *
 * @param position where that was
 * @param parameters of the layer
 * @param state what else the layer keeps, or null for layers that do not tell
 * @param iterations the layer's iteration counter
 * @param transferRandomState of the samples between layers
 */
record LastGood(
    Position position,
    INDArray parameters,
    PretrainState state,
    int iterations,
    long[] transferRandomState) {

  static LastGood of(Stage stage, Position position, RandomStream transfer) {
    return new LastGood(
        position,
        Workspaces.outside(() -> stage.layer().params().dup()),
        stage.resumable() == null ? null : stage.resumable().pretrainState(),
        stage.layer().conf().getIterationCount(),
        transfer.state());
  }

  /** Whether this is where to go back to from a place. */
  boolean isBefore(Position place) {
    return place.stage() == position.stage()
        && place.epoch() == position.epoch()
        && place.batch() >= position.batch();
  }

  void putBack(Stage stage, RandomStream transfer) {
    stage.layer().params().assign(parameters);
    if (state != null) {
      stage.resumable().restorePretrainState(state);
    }
    stage.layer().conf().setIterationCount(iterations);
    transfer.restore(transferRandomState);
  }
}
