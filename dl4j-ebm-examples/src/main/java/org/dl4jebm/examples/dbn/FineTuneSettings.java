/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.TreeMap;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.updater.HostAdam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * How the classifier is trained with labels; the same whether its hidden layers were pretrained or
 * not. The learning rate falls linearly to 0 over the run.
 *
 * @param epochs passes over the labelled images, at least 1
 * @param updates least number of updates; where few labels make the epochs short, there are more
 *     epochs. At least 0.
 * @param batch images in a batch, at least 1
 * @param updater kind of updater
 * @param rate learning rate at the start, above 0
 * @param momentum Nesterov momentum, in [0, 1); not used by the other updaters
 * @param l2 weight decay of the weights, at least 0
 * @param dropout share of hidden units dropped, in [0, 1)
 * @param inputDropout share of pixels dropped, in [0, 1)
 * @param maxNorm largest norm of the incoming weights of a hidden unit, 0 for no limit
 * @param randomInit how the hidden layers of the random arm start
 * @param frozen whether the hidden layers stay as they are, so that only a logistic regression on
 *     their features is trained
 */
public record FineTuneSettings(
    int epochs,
    int updates,
    int batch,
    Kind updater,
    double rate,
    double momentum,
    double l2,
    double dropout,
    double inputDropout,
    double maxNorm,
    Init randomInit,
    boolean frozen) {

  /** How hidden layers start that are not pretrained. */
  public enum Init {
    /** DL4J's default, normal with variance 2 / (fan in + fan out). */
    XAVIER,
    /** What Glorot and Bengio (AISTATS 2010) advise for sigmoid units: four times wider. */
    SIGMOID_UNIFORM
  }

  /** Kinds of updater. */
  public enum Kind {
    /** Plain gradient descent. */
    SGD,
    /** Nesterov's momentum. */
    NESTEROVS,
    /** Adam. */
    ADAM
  }

  /** DL4J's own {@code PolySchedule} grows instead of falling in 1.0.0-M2.1. */
  private static final int DECAY_STEPS = 100;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public FineTuneSettings {
    Checks.atLeast(1, epochs, "--finetune-epochs");
    Checks.atLeast(0, updates, "--finetune-updates");
    Checks.atLeast(1, batch, "--finetune-batch");
    Checks.require(updater != null, "--finetune-updater", null, "SGD, NESTEROVS or ADAM");
    Checks.positive(rate, "--finetune-rate");
    Checks.fraction(momentum, "--finetune-momentum");
    Checks.notNegative(l2, "--finetune-l2");
    Checks.fraction(dropout, "--dropout");
    Checks.fraction(inputDropout, "--input-dropout");
    Checks.notNegative(maxNorm, "--max-norm");
    Checks.require(randomInit != null, "--random-init", null, "XAVIER or SIGMOID_UNIFORM");
  }

  /** Updates in one pass over {@code labels} images. */
  int updatesPerEpoch(int labels) {
    return (labels + batch - 1) / batch;
  }

  /** Passes over {@code labels} images: enough for both minimums. */
  int epochsFor(int labels) {
    int perEpoch = updatesPerEpoch(labels);
    return Math.max(epochs, (updates + perEpoch - 1) / perEpoch);
  }

  /** The updater for a run of so many updates. */
  IUpdater updater(int totalUpdates) {
    ISchedule falling = linearDecay(totalUpdates);
    return switch (updater) {
      case SGD -> new Sgd(falling);
      case NESTEROVS -> new Nesterovs(falling, momentum);
      case ADAM -> new HostAdam(falling);
    };
  }

  /** Linear to 0 in steps; the last step, not 0, holds for whoever trains the saved model on. */
  private ISchedule linearDecay(int totalUpdates) {
    TreeMap<Integer, Double> values = new TreeMap<>();
    for (int step = 0; step < DECAY_STEPS; step++) {
      int start = (int) ((long) step * totalUpdates / DECAY_STEPS);
      values.put(start, rate * (DECAY_STEPS - step) / DECAY_STEPS);
    }
    return new MapSchedule(ScheduleType.ITERATION, values);
  }
}
