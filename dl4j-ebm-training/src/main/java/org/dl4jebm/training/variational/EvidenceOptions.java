/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import org.dl4jebm.layers.random.Seeds;

/**
 * Options of {@link EvidenceEstimator}. Start from {@link #DEFAULT} or {@link #samples(int)} and
 * change what differs.
 *
 * @param samples number {@code k} of samples of the latent variables of each example, at least 1: 1
 *     for the evidence lower bound, 50 or 5,000 for tighter bounds
 * @param blockRows largest number of rows, samples times examples, that pass through the network at
 *     once, at least 1. Memory grows with it; results do not depend on it, but for rounding.
 * @param seed of all samples, not 0
 */
public record EvidenceOptions(int samples, int blockRows, long seed) {

  /**
   * 5,000 samples, as published log-likelihoods have, 1,000 rows at once: more of them do not fit
   * the caches of a processor and take longer.
   */
  public static final EvidenceOptions DEFAULT = new EvidenceOptions(5000, 1000, 12345);

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public EvidenceOptions {
    requirePositive(samples, "samples");
    requirePositive(blockRows, "blockRows");
    Seeds.requireNonZero(seed, "seed");
  }

  private static void requirePositive(int value, String name) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " is " + value + "; accepted: 1 or more");
    }
  }

  /**
   * So many samples, all else by default.
   *
   * @param samples at least 1
   * @return the options
   */
  public static EvidenceOptions samples(int samples) {
    return DEFAULT.withSamples(samples);
  }

  /**
   * Sets the number of samples.
   *
   * @param samples at least 1
   * @return changed options
   */
  public EvidenceOptions withSamples(int samples) {
    return new EvidenceOptions(samples, blockRows, seed);
  }

  /**
   * Sets the largest number of rows.
   *
   * @param blockRows at least 1
   * @return changed options
   */
  public EvidenceOptions withBlockRows(int blockRows) {
    return new EvidenceOptions(samples, blockRows, seed);
  }

  /**
   * Sets the seed.
   *
   * @param seed any value but 0
   * @return changed options
   */
  public EvidenceOptions withSeed(long seed) {
    return new EvidenceOptions(samples, blockRows, seed);
  }
}
