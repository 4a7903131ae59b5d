/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.device.Execution;

/**
 * Options of {@link AnnealedImportanceSampling}. Start from {@link #DEFAULT} or {@link #linear} and
 * change what differs.
 *
 * @param schedule the inverse temperatures
 * @param chains number of chains of the forward runs, at least 1; their spread gives the standard
 *     error, so that one chain has none. (Reverse runs have one chain for each given start.)
 * @param seed of all samples, not 0
 * @param execution what chains run on
 */
public record AisOptions(AnnealingSchedule schedule, int chains, long seed, Execution execution) {

  /** 100 chains through 10,000 equal steps. */
  public static final AisOptions DEFAULT =
      new AisOptions(AnnealingSchedule.linear(10_000), 100, 12345, Execution.ND4J);

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public AisOptions {
    if (schedule == null) {
      throw new IllegalArgumentException("schedule is null; accepted: an AnnealingSchedule");
    }
    if (chains < 1) {
      throw new IllegalArgumentException("chains is " + chains + "; accepted: 1 or more");
    }
    Seeds.requireNonZero(seed, "seed");
    if (execution == null) {
      throw new IllegalArgumentException("execution is null; accepted: ND4J or DEVICE");
    }
  }

  /**
   * Equal steps, the default seed.
   *
   * @param steps number of steps, at least 1
   * @param chains number of chains, at least 1
   * @return the options
   */
  public static AisOptions linear(int steps, int chains) {
    return DEFAULT.withSchedule(AnnealingSchedule.linear(steps)).withChains(chains);
  }

  /**
   * Sets the inverse temperatures.
   *
   * @param schedule the schedule
   * @return changed options
   */
  public AisOptions withSchedule(AnnealingSchedule schedule) {
    return new AisOptions(schedule, chains, seed, execution);
  }

  /**
   * Sets the number of chains.
   *
   * @param chains at least 1
   * @return changed options
   */
  public AisOptions withChains(int chains) {
    return new AisOptions(schedule, chains, seed, execution);
  }

  /**
   * Sets the seed.
   *
   * @param seed any value but 0
   * @return changed options
   */
  public AisOptions withSeed(long seed) {
    return new AisOptions(schedule, chains, seed, execution);
  }

  /**
   * Sets what chains run on. With {@link Execution#DEVICE} those of FLOAT machines with Bernoulli
   * units run on the GPU, with other random numbers than on ND4J; others, where there is no such
   * GPU, and the short runs of {@link AnnealedImportanceSampling#adaptedSchedule}, run on ND4J, and
   * the log says why.
   *
   * @param execution ND4J or DEVICE
   * @return changed options
   */
  public AisOptions withExecution(Execution execution) {
    return new AisOptions(schedule, chains, seed, execution);
  }
}
