/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.testing;

/**
 * Limits of statistical tests. Each is exceeded by a right implementation with a probability of at
 * most {@link #FALSE_ALARM}; the suite makes fewer than 1,000 such comparisons, with fixed seeds,
 * so a seed that was chosen blindly gives a false alarm once in a million.
 */
public final class Limits {

  /** Probability that one comparison fails although nothing is wrong. */
  public static final double FALSE_ALARM = 1e-9;

  /** {@code |z|} of a normal variable exceeds this with probability 9.7e-10. */
  public static final double SIGMAS = 6.11;

  private Limits() {}

  /**
   * Distance of the mean of {@code n} independent numbers from its expectation, by Bernstein's
   * inequality: {@code P(|mean - mu| > t) <= 2 exp(-n t^2 / (2 (variance + range t / 3)))}.
   *
   * @param variance variance of one number (mean of the variances if they differ)
   * @param range largest distance of one number from its expectation
   * @param n how many numbers
   */
  public static double bernstein(double variance, double range, long n) {
    double log = Math.log(2 / FALSE_ALARM);
    double linear = log * range / (3 * n);
    return linear + Math.sqrt(linear * linear + 2 * log * variance / n);
  }

  /**
   * Total variation distance of the frequencies of {@code n} independent draws from the
   * distribution {@code p} they were drawn from: its expectation is at most {@code sum sqrt(p (1 -
   * p) / n) / 2}, and one draw moves it by at most {@code 1 / n}, so that McDiarmid's inequality
   * bounds the rest by {@code exp(-2 n t^2)}.
   */
  public static double totalVariation(double[] p, long n) {
    double expected = 0;
    for (double x : p) {
      expected += Math.sqrt(x * (1 - x) / n) / 2;
    }
    return expected + Math.sqrt(Math.log(1 / FALSE_ALARM) / (2 * n));
  }

  /**
   * Relative distance of the mean of {@code n} squared standard normal numbers from 1 (Laurent and
   * Massart, Annals of Statistics 2000, lemma 1, both sides).
   */
  public static double meanSquare(long n) {
    double x = Math.log(2 / FALSE_ALARM);
    return 2 * Math.sqrt(x / n) + 2 * x / n;
  }
}
