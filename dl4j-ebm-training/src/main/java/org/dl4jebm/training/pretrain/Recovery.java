/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.dl4jebm.training.pretrain.PretrainCheckpoint.Position;
import org.dl4jebm.training.pretrain.PretrainResult.RollBack;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a run does about divergence, and the learning rates that follow from it. */
final class Recovery {

  private static final Logger LOG = LoggerFactory.getLogger(GreedyPretrainer.class);

  private final DivergencePolicy policy;
  private final RandomStream transfer;
  private final List<RollBack> made = new ArrayList<>();
  private int count;
  private double rateFactor = 1;

  Recovery(DivergencePolicy policy, RandomStream transfer) {
    this.policy = policy;
    this.transfer = transfer;
  }

  /** Begins a layer, or goes on with one that has been rolled back so many times. */
  void begin(int rollBacks, double factor) {
    count = rollBacks;
    rateFactor = factor;
  }

  int count() {
    return count;
  }

  double rateFactor() {
    return rateFactor;
  }

  /** Those of this run, of all layers. */
  List<RollBack> made() {
    return made;
  }

  /** Trains with the present learning rates. */
  void update(Stage stage, Runnable fit) {
    LearningRates.scaled(stage.layer(), rateFactor, fit);
  }

  /**
   * Puts a layer back and reduces its learning rate.
   *
   * @param at the place where the divergence was seen
   * @return what happened in a few words; training goes on from {@code lastGood}
   * @throws TrainingDivergedException if no further roll back is allowed
   */
  String goBack(Stage stage, LastGood lastGood, Divergence divergence, Position at) {
    lastGood.putBack(stage, transfer);
    String what =
        String.format(
            Locale.ROOT,
            "diverged: %s after batch %d of epoch %d",
            divergence.getMessage(),
            at.batch(),
            at.epoch() + 1);
    if (count >= policy.maximumRollBacks()) {
      throw new TrainingDivergedException(
          "pretraining of layer \"" + stage.name() + "\" " + what + end(lastGood));
    }
    count++;
    rateFactor *= policy.rateFactor();
    RollBack rollBack =
        new RollBack(
            stage.name(),
            at.epoch() + 1,
            at.batch(),
            divergence.quantity(),
            divergence.value(),
            rateFactor,
            rateFactor * LearningRates.ofWeights(stage.layer()));
    made.add(rollBack);
    String then =
        String.format(
            Locale.ROOT,
            "roll back %d of %d to batch %d of it, learning rate %.4g",
            count,
            policy.maximumRollBacks(),
            lastGood.position().batch(),
            rollBack.learningRate());
    LOG.warn("pretraining of layer \"{}\" {}; {}", stage.name(), what, then);
    return what + "; " + then;
  }

  private String end(LastGood lastGood) {
    long batch = lastGood.position().batch();
    return (count == 0
            ? ""
            : " after "
                + count
                + (count == 1 ? " roll back" : " roll backs")
                + ", with learning rates multiplied by "
                + rateFactor)
        + "; its parameters are those "
        + (batch == 0
            ? "at the start of this epoch"
            : "after batch " + batch + " of it, where it was resumed");
  }
}
