/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

/**
 * Hamiltonian Monte Carlo (Duane, Kennedy, Pendleton and Roweth 1987; Neal, Handbook of Markov
 * Chain Monte Carlo 2011): a momentum {@code p ~ N(0, I)} is drawn, {@code steps} leapfrog steps
 * are taken,
 *
 * <pre>{@code
 * p <- p - size/2 grad E(x);   x <- x + size p;   p <- p - size/2 grad E(x)
 * }</pre>
 *
 * and the end is accepted with probability {@code min(1, exp(H(x, p) - H(x', p')))}, {@code H = E +
 * |p|^2 / 2}. Stationary for {@code exp(-E) / Z} at every step size. Each move takes {@code steps}
 * gradients.
 *
 * <p>Use it rather than {@link Mala} where the distribution is longer in some directions than in
 * others: a trajectory of length {@code size * steps} about as long as the longest standard
 * deviation crosses it in one move. A trajectory as long as a period of the motion (2 pi standard
 * deviations of a Gaussian) comes back to where it began; {@link #withJitter} avoids that.
 *
 * @param size of a leapfrog step, finite and above 0
 * @param steps leapfrog steps for each move, at least 1
 * @param jitter each move's size is uniform from {@code (1 - jitter) size} to {@code (1 + jitter)
 *     size}, the same for all chains; at least 0 and below 1
 * @param bounds walls that moves are reflected at, or null
 */
public record Hmc(double size, int steps, double jitter, Box bounds) implements Kernel {

  /** A usual target; 0.651 is the best in high dimension (Beskos et al., Bernoulli 2013). */
  public static final double TARGET_ACCEPTANCE = 0.8;

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public Hmc {
    Leapfrog.requirePositive(size, "size");
    if (steps < 1) {
      throw new IllegalArgumentException("steps is " + steps + "; accepted: 1 or more");
    }
    if (!(jitter >= 0 && jitter < 1)) {
      throw new IllegalArgumentException(
          "jitter is " + jitter + "; accepted: at least 0 and below 1");
    }
  }

  /**
   * Without jitter or bounds.
   *
   * @param size of a leapfrog step, above 0
   * @param steps leapfrog steps for each move, at least 1
   * @return the kernel
   * @throws IllegalArgumentException if a number is out of range
   */
  public static Hmc of(double size, int steps) {
    return new Hmc(size, steps, 0, null);
  }

  /**
   * Draws the size of each move's steps.
   *
   * @param fraction by how much it may differ, at least 0 and below 1
   * @return changed kernel
   * @throws IllegalArgumentException if {@code fraction} is out of range
   */
  public Hmc withJitter(double fraction) {
    return new Hmc(size, steps, fraction, bounds);
  }

  /**
   * Reflects moves at walls.
   *
   * @param walls the box, or null for none
   * @return changed kernel
   */
  public Hmc within(Box walls) {
    return new Hmc(size, steps, jitter, walls);
  }

  @Override
  public Leapfrog leapfrog() {
    return new Leapfrog(size, steps, 1, jitter, true, Double.POSITIVE_INFINITY);
  }

  @Override
  public Hmc withLeapfrogSize(double newSize) {
    return new Hmc(newSize, steps, jitter, bounds);
  }
}
