/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

/**
 * What {@link GreedyPretrainer} takes for divergence, and what it does then.
 *
 * <p>Training has diverged if a score or a parameter is not finite, if two unbounded sides of a
 * restricted Boltzmann machine have no distribution any more, or if the free-energy gap of a layer
 * that reports one is not finite or leaves the limit. The gap is that of {@link
 * org.dl4jebm.layers.pretrain.ResumablePretraining#FREE_ENERGY_GAP},
 *
 * <pre>{@code   gap = mean F(chains) - mean F(data),   p(v) = exp(-F(v)) / Z}</pre>
 *
 * in nats; both signs count: it is far above 0 where persistent chains stay behind a model that
 * changes too fast, far below 0 where the model prefers states unlike the data. It is computed with
 * the score, so the check costs nothing besides. For binary units and chains that follow the model,
 * a gap of more than {@code log 2} nats for each visible unit, either way, is possible only in a
 * model that gives the data less probability than a fair coin for each unit does; the default
 * limit, {@value #DEFAULT_GAP_LIMIT} for each, is far beyond that. For real-valued data it is the
 * energy of values 4.5 standard deviations from where the model expects them, in all units at once.
 * Data on another scale than the units expect pass it from the first batch on: standardise them, or
 * raise the limit.
 *
 * <p>In either case the layer is put back to its last good state, that at the start of the epoch:
 * parameters, updater state, chains, random states, counters. {@link #stop} then throws {@link
 * org.dl4jebm.training.TrainingDivergedException}. {@link #rollBack} goes on from there with a
 * smaller learning rate until this layer is finished; the factor also multiplies schedules, the
 * rates of biases, and weight decay that is proportional to the rate. Configuration objects hold
 * the reduced rate only during an update: what is saved or read at any other time has the rates
 * that the user gave. Schedules go on from the iteration of the last good state.
 *
 * @param maximumRollBacks roll backs for each layer before training stops, 0 to stop at once
 * @param rateFactor by which a roll back multiplies the layer's learning rate, in (0, 1)
 * @param gapLimit largest absolute free-energy gap in nats for each visible unit, above 0; infinite
 *     for no limit, where also a gap that is not finite is let pass
 */
public record DivergencePolicy(int maximumRollBacks, double rateFactor, double gapLimit) {

  /** Nats for each visible unit. */
  private static final double DEFAULT_GAP_LIMIT = 10;

  private static final double DEFAULT_RATE_FACTOR = 0.5;

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public DivergencePolicy {
    if (maximumRollBacks < 0) {
      throw new IllegalArgumentException(
          "maximumRollBacks is " + maximumRollBacks + "; accepted: 0 or more");
    }
    if (!(rateFactor > 0 && rateFactor < 1)) {
      throw new IllegalArgumentException(
          "rateFactor is " + rateFactor + "; accepted: above 0 and below 1");
    }
    if (!(gapLimit > 0)) {
      throw new IllegalArgumentException(
          "gapLimit is " + gapLimit + "; accepted: above 0 nats for each visible unit");
    }
  }

  /**
   * Stops at the first sign of divergence. This is the default.
   *
   * @return the policy, with the default limit of the gap
   */
  public static DivergencePolicy stop() {
    return new DivergencePolicy(0, DEFAULT_RATE_FACTOR, DEFAULT_GAP_LIMIT);
  }

  /**
   * Goes back to the last good state and on with a smaller learning rate. Asks for layers that are
   * {@link org.dl4jebm.layers.pretrain.ResumablePretraining}, updaters with a learning rate, and an
   * iterator that can be reset.
   *
   * @param maximumRollBacks roll backs for each layer before training stops, at least 1
   * @param rateFactor by which each multiplies the layer's learning rate, in (0, 1)
   * @return the policy, with the default limit of the gap
   */
  public static DivergencePolicy rollBack(int maximumRollBacks, double rateFactor) {
    if (maximumRollBacks < 1) {
      throw new IllegalArgumentException(
          "maximumRollBacks is " + maximumRollBacks + "; accepted: 1 or more, or stop()");
    }
    return new DivergencePolicy(maximumRollBacks, rateFactor, DEFAULT_GAP_LIMIT);
  }

  /**
   * Sets the limit of the free-energy gap.
   *
   * @param natsPerVisibleUnit largest absolute gap divided by the number of visible units, above 0
   * @return changed policy
   */
  public DivergencePolicy withGapLimit(double natsPerVisibleUnit) {
    return new DivergencePolicy(maximumRollBacks, rateFactor, natsPerVisibleUnit);
  }

  /**
   * Does not look at the free-energy gap.
   *
   * @return changed policy
   */
  public DivergencePolicy withoutGapLimit() {
    return withGapLimit(Double.POSITIVE_INFINITY);
  }

  boolean rollsBack() {
    return maximumRollBacks > 0;
  }
}
