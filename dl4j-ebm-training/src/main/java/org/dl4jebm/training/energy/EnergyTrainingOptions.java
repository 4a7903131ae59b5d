/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.energy;

import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.sampling.Kernel;
import org.dl4jebm.training.sampling.ReplayBuffer;
import org.dl4jebm.training.sampling.Starts;

/**
 * Options of {@link EnergyTrainer}. Begin with {@link #contrastiveDivergence}, {@link #replay} or
 * {@link #shortRun} and change what differs.
 *
 * @param chainStart where chains begin
 * @param kernel how they move
 * @param moves of the chains before each step, at least 1
 * @param starts what chains that begin anew are drawn from; not used, and may be null, where they
 *     begin at the data
 * @param capacity number of chains in the replay buffer, at least as many as a batch has examples;
 *     not used without a buffer
 * @param restartProbability of a chain from the buffer to begin anew, 0 to 1; not used without a
 *     buffer
 * @param energyL2 coefficient of the squared energies of data and samples in the objective, finite
 *     and at least 0; see {@link org.dl4jebm.layers.energy.EnergyDifferenceLoss}
 * @param dataNoise standard deviation of normal noise that is added to the examples of each batch,
 *     finite and at least 0; it makes the distribution smooth (Grathwohl et al. 2020 take 0.03 for
 *     pixels from -1 to 1)
 * @param gapLimit largest absolute energy gap, the mean energy of the data less that of the
 *     samples, in nats, above 0; training has diverged beyond it. Infinite for no limit.
 * @param seed of all random numbers, not 0
 */
public record EnergyTrainingOptions(
    ChainStart chainStart,
    Kernel kernel,
    int moves,
    Starts starts,
    int capacity,
    double restartProbability,
    double energyL2,
    double dataNoise,
    double gapLimit,
    long seed) {

  /** The capacity of the buffer of Du and Mordatch (2019) and Grathwohl et al. (2020). */
  public static final int DEFAULT_CAPACITY = 10_000;

  /** Nats; energies of a network that follows its data stay orders of magnitude below. */
  public static final double DEFAULT_GAP_LIMIT = 10_000;

  private static final long DEFAULT_SEED = 12345;

  /** Where the chains of a step begin. */
  public enum ChainStart {

    /**
     * At the examples of the batch: contrastive divergence (Hinton 2002). Biased: the chains see
     * only what is near the data, so that modes far from them are not pushed up.
     */
    DATA,

    /**
     * Where earlier chains ended, from a replay buffer: persistent training (Tieleman 2008; Du and
     * Mordatch 2019). The bias falls with the learning rate, as chains follow a model that changes
     * slowly.
     */
    BUFFER,

    /**
     * Anew each time: short-run training (Nijkamp et al., NeurIPS 2019). The chains are then a
     * generator, whose samples are like the data; the energy itself is no estimate of the log
     * density.
     */
    ANEW
  }

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public EnergyTrainingOptions {
    if (chainStart == null) {
      throw new IllegalArgumentException("chainStart is null; accepted: DATA, BUFFER or ANEW");
    }
    if (kernel == null) {
      throw new IllegalArgumentException("kernel is null; accepted: a Kernel");
    }
    if (moves < 1) {
      throw new IllegalArgumentException("moves is " + moves + "; accepted: 1 or more");
    }
    if (chainStart != ChainStart.DATA && starts == null) {
      throw new IllegalArgumentException(
          "starts is null; accepted: a distribution, where chains do not begin at the data");
    }
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity is " + capacity + "; accepted: 1 or more");
    }
    if (!(restartProbability >= 0 && restartProbability <= 1)) {
      throw new IllegalArgumentException(
          "restartProbability is " + restartProbability + "; accepted: 0 to 1");
    }
    requireNotNegative(energyL2, "energyL2");
    requireNotNegative(dataNoise, "dataNoise");
    if (!(gapLimit > 0)) {
      throw new IllegalArgumentException(
          "gapLimit is " + gapLimit + "; accepted: above 0 nats, or infinite for none");
    }
    Seeds.requireNonZero(seed, "seed");
  }

  private static void requireNotNegative(double value, String name) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          name + " is " + value + "; accepted: a finite number of at least 0");
    }
  }

  /**
   * Chains that begin at the data.
   *
   * @param kernel how they move
   * @param moves before each step, at least 1; Hinton's {@code k}
   * @return the options, without energy L2 or noise
   */
  public static EnergyTrainingOptions contrastiveDivergence(Kernel kernel, int moves) {
    return of(ChainStart.DATA, kernel, moves, null);
  }

  /**
   * Chains that live on in a replay buffer of {@value #DEFAULT_CAPACITY}, each begun anew with a
   * probability of {@value ReplayBuffer#DEFAULT_RESTART_PROBABILITY} (Du and Mordatch 2019, who
   * take 60 moves, drift 10, noise 0.005, gradients cut at 0.01 and an energy L2 of 1 for images).
   *
   * @param kernel how they move
   * @param moves before each step, at least 1
   * @param starts what chains that begin anew are drawn from
   * @return the options, without energy L2 or noise
   */
  public static EnergyTrainingOptions replay(Kernel kernel, int moves, Starts starts) {
    return of(ChainStart.BUFFER, kernel, moves, starts);
  }

  /**
   * Chains that begin anew each time.
   *
   * @param kernel how they move
   * @param moves before each step, at least 1; 100 in Nijkamp et al.
   * @param starts what they are drawn from
   * @return the options, without energy L2 or noise
   */
  public static EnergyTrainingOptions shortRun(Kernel kernel, int moves, Starts starts) {
    return of(ChainStart.ANEW, kernel, moves, starts);
  }

  private static EnergyTrainingOptions of(
      ChainStart chainStart, Kernel kernel, int moves, Starts starts) {
    return new EnergyTrainingOptions(
        chainStart,
        kernel,
        moves,
        starts,
        DEFAULT_CAPACITY,
        ReplayBuffer.DEFAULT_RESTART_PROBABILITY,
        0,
        0,
        DEFAULT_GAP_LIMIT,
        DEFAULT_SEED);
  }

  /**
   * Sets the replay buffer.
   *
   * @param chains its capacity, at least as many as a batch has examples
   * @param probability of a chain to begin anew, 0 to 1
   * @return changed options
   */
  public EnergyTrainingOptions withBuffer(int chains, double probability) {
    return new EnergyTrainingOptions(
        chainStart,
        kernel,
        moves,
        starts,
        chains,
        probability,
        energyL2,
        dataNoise,
        gapLimit,
        seed);
  }

  /**
   * Sets the coefficient of the squared energies.
   *
   * @param coefficient at least 0
   * @return changed options
   */
  public EnergyTrainingOptions withEnergyL2(double coefficient) {
    return new EnergyTrainingOptions(
        chainStart,
        kernel,
        moves,
        starts,
        capacity,
        restartProbability,
        coefficient,
        dataNoise,
        gapLimit,
        seed);
  }

  /**
   * Sets the noise that is added to examples.
   *
   * @param deviation its standard deviation, at least 0
   * @return changed options
   */
  public EnergyTrainingOptions withDataNoise(double deviation) {
    return new EnergyTrainingOptions(
        chainStart,
        kernel,
        moves,
        starts,
        capacity,
        restartProbability,
        energyL2,
        deviation,
        gapLimit,
        seed);
  }

  /**
   * Sets the limit of the energy gap.
   *
   * @param nats above 0, or infinite for none
   * @return changed options
   */
  public EnergyTrainingOptions withGapLimit(double nats) {
    return new EnergyTrainingOptions(
        chainStart,
        kernel,
        moves,
        starts,
        capacity,
        restartProbability,
        energyL2,
        dataNoise,
        nats,
        seed);
  }

  /**
   * Sets the seed.
   *
   * @param value any value but 0
   * @return changed options
   */
  public EnergyTrainingOptions withSeed(long value) {
    return new EnergyTrainingOptions(
        chainStart,
        kernel,
        moves,
        starts,
        capacity,
        restartProbability,
        energyL2,
        dataNoise,
        gapLimit,
        value);
  }
}
