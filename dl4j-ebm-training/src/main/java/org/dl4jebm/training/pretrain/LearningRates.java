/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Scales the learning rates of a layer for a short while.
 *
 * <p>DL4J's updaters ask their configuration for the rate at every step, and it is the very object
 * in the layer's configuration; so the rate is changed there and put back afterwards.
 */
final class LearningRates {

  /** The rates of one updater as its configuration holds them. */
  private record Rate(IUpdater updater, double rate, ISchedule schedule) {

    static Rate of(IUpdater updater) {
      try {
        return new Rate(
            updater,
            (double) updater.getClass().getMethod("getLearningRate").invoke(updater),
            (ISchedule) updater.getClass().getMethod("getLearningRateSchedule").invoke(updater));
      } catch (ReflectiveOperationException | ClassCastException e) {
        throw new IllegalArgumentException(
            "updater "
                + updater.getClass().getSimpleName()
                + " does not tell its learning rate; accepted: updaters with getLearningRate() and"
                + " getLearningRateSchedule(), as most of DL4J's have",
            e);
      }
    }

    void scale(double factor) {
      updater.setLrAndSchedule(
          rate * factor, schedule == null ? null : new Scaled(schedule, factor));
    }

    void putBack() {
      updater.setLrAndSchedule(rate, schedule);
    }
  }

  /** A schedule times a number. */
  private record Scaled(ISchedule schedule, double factor) implements ISchedule {

    @Override
    public double valueAt(int iteration, int epoch) {
      return factor * schedule.valueAt(iteration, epoch);
    }

    @Override
    public ISchedule clone() {
      return new Scaled(schedule.clone(), factor);
    }
  }

  private LearningRates() {}

  /**
   * Refuses updaters whose rate cannot be scaled.
   *
   * @throws IllegalArgumentException naming the updater
   */
  static void requireScalable(Layer layer) {
    for (IUpdater updater : updaters(layer)) {
      if (!updater.hasLearningRate()) {
        throw new IllegalArgumentException(
            "updater "
                + updater.getClass().getSimpleName()
                + " has no learning rate; accepted: updaters that have one");
      }
      Rate.of(updater);
    }
  }

  /** Runs an action while all rates of the layer are multiplied by a factor. */
  static void scaled(Layer layer, double factor, Runnable action) {
    if (factor == 1) {
      action.run();
      return;
    }
    Rate[] rates = updaters(layer).stream().map(Rate::of).toArray(Rate[]::new);
    try {
      for (Rate rate : rates) {
        rate.scale(factor);
      }
      action.run();
    } finally {
      for (Rate rate : rates) {
        rate.putBack();
      }
    }
  }

  /** The present rate of the layer's first parameter, its weights, as the configuration says. */
  static double ofWeights(Layer layer) {
    String weights = layer.paramTable(false).keySet().iterator().next();
    return layer
        .getConfig()
        .getUpdaterByParam(weights)
        .getLearningRate(layer.conf().getIterationCount(), layer.conf().getEpochCount());
  }

  /** Objects, not values: weights and biases may share one. */
  private static Set<IUpdater> updaters(Layer layer) {
    Set<IUpdater> updaters = Collections.newSetFromMap(new IdentityHashMap<>());
    for (String parameter : layer.paramTable(false).keySet()) {
      updaters.add(layer.getConfig().getUpdaterByParam(parameter));
    }
    return updaters;
  }
}
