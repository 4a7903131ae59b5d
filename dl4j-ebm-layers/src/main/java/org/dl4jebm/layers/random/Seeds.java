/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.random;

/**
 * Derives seeds of independent random streams from one seed.
 *
 * <p>ND4J's generator treats seed 0 as "use the clock", and seeds whose low 32 bits are almost all
 * set give correlated numbers. {@link #derive(long, long)} therefore mixes the user's seed with the
 * SplitMix64 finalizer (Steele, Lea and Flood, OOPSLA 2014) and skips such values.
 */
public final class Seeds {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  /** Of 32 random bits fewer than 6 or more than 26 are set once in 10,000 draws. */
  private static final int MIN_LOW_BITS = 6;

  private static final int MAX_LOW_BITS = 26;

  private Seeds() {}

  /**
   * Returns the seed of stream number {@code stream} of the family that belongs to {@code seed}.
   *
   * @param seed the user's seed, not 0
   * @param stream number of the stream; different numbers give independent streams
   * @return a seed that is never 0 and is safe for ND4J's generator; a pure function of the
   *     arguments
   * @throws IllegalArgumentException if {@code seed} is 0
   */
  public static long derive(long seed, long stream) {
    requireNonZero(seed, "seed");
    long mixed = mix(mix(seed) + (stream + 1) * GOLDEN_GAMMA);
    while (!isSafe(mixed)) {
      // The next state of the generator would be that of the next stream.
      mixed = mix(mixed ^ GOLDEN_GAMMA);
    }
    return mixed;
  }

  /**
   * Checks a user's seed.
   *
   * @param seed the value to check
   * @param name how the value is called in the message
   * @return {@code seed}
   * @throws IllegalArgumentException if {@code seed} is 0
   */
  public static long requireNonZero(long seed, String name) {
    if (seed == 0) {
      throw new IllegalArgumentException(
          name
              + " is 0; accepted: any other long. ND4J takes 0 to mean a time-based seed, so results"
              + " could not be reproduced");
    }
    return seed;
  }

  private static boolean isSafe(long seed) {
    int low = Integer.bitCount((int) seed);
    return seed != 0 && low >= MIN_LOW_BITS && low <= MAX_LOW_BITS;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
