/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

/**
 * The exponential function of the values of a block, within a rounding of FLOAT, in loops that the
 * JVM vectorises: the tenth square of a polynomial at {@code x / 1024}, in double precision. NaN
 * stays NaN, and what is too large becomes infinite.
 */
final class ExpBlocks {

  /** Beyond these the function is 0 or infinite in FLOAT. */
  private static final double END = 104;

  private static final double STEP = 1.0 / 1024;

  private ExpBlocks() {}

  /**
   * Replaces values.
   *
   * @param x the values. Modified; those that are too large for FLOAT become so when they are
   *     rounded to it.
   * @param n how many of them
   */
  static void apply(double[] x, int n) {
    for (int i = 0; i < n; i++) {
      double y = Math.max(-END, Math.min(END, x[i])) * STEP;
      double p =
          ((((y * (1.0 / 720) + 1.0 / 120) * y + 1.0 / 24) * y + 1.0 / 6) * y + 0.5) * y * y
              + y
              + 1;
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      p *= p;
      x[i] = p * p;
    }
  }

  /**
   * Replaces values.
   *
   * @param x the values. Modified.
   * @param work may be written to, as long
   * @param n how many of them
   * @param factor of the exponent
   */
  static void apply(float[] x, double[] work, int n, double factor) {
    for (int i = 0; i < n; i++) {
      work[i] = factor * x[i];
    }
    apply(work, n);
    for (int i = 0; i < n; i++) {
      x[i] = (float) work[i];
    }
  }
}
