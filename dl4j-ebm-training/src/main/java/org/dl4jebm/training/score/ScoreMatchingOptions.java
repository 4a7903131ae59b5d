/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.random.Seeds;

/**
 * Options of {@link ScoreMatching}. Start from {@link #of} and change what differs.
 *
 * @param objective what is minimised
 * @param epochs passes over the data, at least 1
 * @param seed of noise and directions, not 0
 * @param maximumRows bounds the memory of exact objectives: about how many rows go through the
 *     network at a time, at least 3. A batch itself is not divided.
 */
public record ScoreMatchingOptions(
    ScoreObjective objective, int epochs, long seed, int maximumRows) {

  private static final long DEFAULT_SEED = 12345;

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public ScoreMatchingOptions {
    if (objective == null) {
      throw new IllegalArgumentException("objective is null; accepted: a ScoreObjective");
    }
    if (epochs < 1) {
      throw new IllegalArgumentException("epochs is " + epochs + "; accepted: 1 or more");
    }
    Seeds.requireNonZero(seed, "seed");
    if (maximumRows < 3) {
      throw new IllegalArgumentException(
          "maximumRows is " + maximumRows + "; accepted: at least 3, a point with two derivatives");
    }
  }

  /**
   * An objective for a number of epochs.
   *
   * @param objective what is minimised
   * @param epochs passes over the data, at least 1
   * @return the options
   */
  public static ScoreMatchingOptions of(ScoreObjective objective, int epochs) {
    return new ScoreMatchingOptions(objective, epochs, DEFAULT_SEED, NetworkEnergy.DEFAULT_ROWS);
  }

  /**
   * Sets the seed of noise and directions.
   *
   * @param seed any value but 0
   * @return changed options
   */
  public ScoreMatchingOptions withSeed(long seed) {
    return new ScoreMatchingOptions(objective, epochs, seed, maximumRows);
  }

  /**
   * Sets how many rows go through the network at a time in exact objectives.
   *
   * @param maximumRows at least 3
   * @return changed options
   */
  public ScoreMatchingOptions withMaximumRows(int maximumRows) {
    return new ScoreMatchingOptions(objective, epochs, seed, maximumRows);
  }
}
