/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

/**
 * What a {@link Kernel} is made of: a momentum {@code p ~ N(0, deviation^2 I)}, {@code count} steps
 *
 * <pre>{@code
 * p <- p - size/2 grad E(x);   x <- x + size p;   p <- p - size/2 grad E(x)
 * }</pre>
 *
 * and, if {@code tested}, acceptance with probability {@code min(1, exp(H(x, p) - H(x', p')))},
 * {@code H = E + |p|^2 / 2}.
 *
 * @param size of a step
 * @param count number of steps
 * @param deviation of the momentum; 1 where moves are tested
 * @param jitter each move's size is drawn between {@code (1 - jitter) size} and {@code (1 + jitter)
 *     size}
 * @param tested whether moves can be refused
 * @param gradientClip largest magnitude of an entry of the gradient; infinite where not clipped
 */
public record Leapfrog(
    double size, int count, double deviation, double jitter, boolean tested, double gradientClip) {

  static double requirePositive(double value, String name) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          name + " is " + value + "; accepted: a finite number above 0");
    }
    return value;
  }
}
