/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

/**
 * The Metropolis-adjusted Langevin algorithm (Besag 1994; Roberts and Tweedie, Bernoulli 1996): the
 * proposal
 *
 * <pre>{@code   x' = x - alpha/2 grad E(x) + sqrt(alpha) z,   z ~ N(0, I)}</pre>
 *
 * is accepted with probability {@code min(1, p(x') q(x | x') / (p(x) q(x' | x)))}, so that {@code p
 * = exp(-E) / Z} is stationary for every step size. This is {@link Hmc} with one leapfrog step of
 * size {@code sqrt(alpha)}, and done so.
 *
 * <p>Use it for energies whose gradient is dear and whose modes are near one another. Steps that
 * accept 0.574 of the moves are best in high dimension (Roberts and Rosenthal 1998), with {@code
 * alpha} falling as {@code d^(-1/3)}; {@link EnergyChains#warmUp} finds them.
 *
 * @param alpha step size as in {@link Langevin#ofPaperStep}, finite and above 0
 * @param bounds walls that moves are reflected at, or null
 */
public record Mala(double alpha, Box bounds) implements Kernel {

  /** The best acceptance rate in high dimension. */
  public static final double TARGET_ACCEPTANCE = 0.574;

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public Mala {
    Leapfrog.requirePositive(alpha, "alpha");
  }

  /**
   * Without bounds.
   *
   * @param alpha step size, above 0
   * @return the kernel
   * @throws IllegalArgumentException if {@code alpha} is not a finite number above 0
   */
  public static Mala of(double alpha) {
    return new Mala(alpha, null);
  }

  /**
   * Reflects moves at walls.
   *
   * @param walls the box, or null for none
   * @return changed kernel
   */
  public Mala within(Box walls) {
    return new Mala(alpha, walls);
  }

  @Override
  public Leapfrog leapfrog() {
    return new Leapfrog(Math.sqrt(alpha), 1, 1, 0, true, Double.POSITIVE_INFINITY);
  }

  @Override
  public Mala withLeapfrogSize(double size) {
    return new Mala(Leapfrog.requirePositive(size, "size") * size, bounds);
  }
}
