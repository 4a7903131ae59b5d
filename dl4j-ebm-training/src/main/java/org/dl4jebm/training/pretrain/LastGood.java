/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A layer as it was when an epoch began or was resumed, to go back to if training diverges. */
final class LastGood {

  private final Stage stage;
  private final INDArray parameters;
  private final PretrainState state;
  private final int iterations;
  private final long firstBatch;

  LastGood(Stage stage, long firstBatch) {
    this.stage = stage;
    this.parameters = Workspaces.outside(() -> stage.layer().params().dup());
    this.state = stage.resumable() == null ? null : stage.resumable().pretrainState();
    this.firstBatch = firstBatch;
    this.iterations = stage.layer().conf().getIterationCount();
  }

  void checkScore(int epoch, long batch) {
    if (!Double.isFinite(stage.layer().score())) {
      giveUp(epoch, batch, stage.scoreName(), stage.layer().score());
    }
  }

  /** The score may be an old one; this is certain, and cheap enough for once in a while. */
  void checkParameters(int epoch, long batch) {
    double sum = stage.layer().params().sumNumber().doubleValue();
    if (!Double.isFinite(sum)) {
      giveUp(epoch, batch, "sum of parameters", sum);
    }
  }

  private void giveUp(int epoch, long batch, String quantity, double value) {
    throw giveUp(epoch, batch, quantity + " is " + value);
  }

  /** Goes back and makes the exception that says what was wrong after {@code batch}. */
  TrainingDivergedException giveUp(int epoch, long batch, String problem) {
    stage.layer().params().assign(parameters);
    if (state != null) {
      stage.resumable().restorePretrainState(state);
    }
    stage.layer().conf().setIterationCount(iterations);
    return new TrainingDivergedException(
        "pretraining of layer \""
            + stage.name()
            + "\" diverged: "
            + problem
            + " after batch "
            + batch
            + " of epoch "
            + (epoch + 1)
            + "; its parameters are those "
            + (firstBatch == 0
                ? "at the start of this epoch"
                : "after batch " + firstBatch + " of it, where it was resumed"));
  }
}
