/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

/**
 * The unadjusted Langevin algorithm (Parisi 1981; Roberts and Tweedie, Bernoulli 1996):
 *
 * <pre>{@code   x <- x + drift s(x) + noise z,   s = -grad E,   z ~ N(0, I)}</pre>
 *
 * <p>Papers and programs write the same move in different ways; the two names here keep them apart:
 *
 * <ul>
 *   <li>{@link #ofPaperStep}: {@code x + alpha/2 s + sqrt(alpha) z} (Welling and Teh 2011; Song and
 *       Ermon 2019, algorithm 1);
 *   <li>{@link #ofCodeStep}: {@code x + step s + sqrt(2 step) z} (the program of Song and Ermon
 *       2019, whose {@code step} of 2e-5 is an {@code alpha} of 4e-5);
 *   <li>{@link #independent}: drift and noise chosen apart, as those who train energy networks do
 *       (Du and Mordatch 2019: drift 10, noise 0.005; Grathwohl et al. 2020: 1 and 0.01). It
 *       samples at the {@link #temperature} {@code noise^2 / (2 drift)}, which is far below 1
 *       there: no sample of {@code exp(-E) / Z}.
 * </ul>
 *
 * <p>Bias: without the test of Metropolis and Hastings the stationary distribution is not {@code
 * p}. On {@code N(0, 1)} with {@code alpha} its variance is {@code 1 / (1 - alpha/4)}, and from
 * {@code alpha = 4} times the smallest variance on the chain diverges. Use {@link Mala} where that
 * matters; use this where moves must not be refused, or there is a score without an energy.
 *
 * @param drift factor of the score, finite and above 0
 * @param noise standard deviation of the noise, finite and at least 0; with 0 the move is gradient
 *     descent
 * @param gradientClip largest magnitude of an entry of the score, above 0; larger entries are cut
 *     to it. The stationary distribution is then that of another energy, whose gradient is cut.
 *     Infinite for none.
 * @param bounds walls that moves are reflected at, or null
 */
public record Langevin(double drift, double noise, double gradientClip, Box bounds)
    implements Kernel {

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public Langevin {
    Leapfrog.requirePositive(drift, "drift");
    if (!(noise >= 0 && noise < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "noise is " + noise + "; accepted: a finite number, at least 0");
    }
    if (!(gradientClip > 0)) {
      throw new IllegalArgumentException(
          "gradientClip is " + gradientClip + "; accepted: above 0, or infinite for none");
    }
  }

  /**
   * The convention of the papers, {@code x + alpha/2 s + sqrt(alpha) z}.
   *
   * @param alpha above 0
   * @return the kernel, without clipping or bounds
   * @throws IllegalArgumentException if {@code alpha} is not a finite number above 0
   */
  public static Langevin ofPaperStep(double alpha) {
    Leapfrog.requirePositive(alpha, "alpha");
    return independent(alpha / 2, Math.sqrt(alpha));
  }

  /**
   * The convention of programs, {@code x + step s + sqrt(2 step) z}.
   *
   * @param step above 0
   * @return the kernel, without clipping or bounds
   * @throws IllegalArgumentException if {@code step} is not a finite number above 0
   */
  public static Langevin ofCodeStep(double step) {
    Leapfrog.requirePositive(step, "step");
    return independent(step, Math.sqrt(2 * step));
  }

  /**
   * Drift and noise chosen apart.
   *
   * @param drift factor of the score, above 0
   * @param noise standard deviation of the noise, at least 0
   * @return the kernel, without clipping or bounds
   * @throws IllegalArgumentException if a number is out of range
   */
  public static Langevin independent(double drift, double noise) {
    return new Langevin(drift, noise, Double.POSITIVE_INFINITY, null);
  }

  /**
   * Cuts the entries of the score. The chain then samples another distribution.
   *
   * @param largest largest magnitude of an entry, above 0
   * @return changed kernel
   * @throws IllegalArgumentException if {@code largest} is not above 0
   */
  public Langevin withGradientClip(double largest) {
    return new Langevin(drift, noise, largest, bounds);
  }

  /**
   * Reflects moves at walls.
   *
   * @param walls the box, or null for none
   * @return changed kernel
   */
  public Langevin within(Box walls) {
    return new Langevin(drift, noise, gradientClip, walls);
  }

  /**
   * The temperature {@code T} for which {@code exp(-E / T)} is stationary in the limit of small
   * steps.
   *
   * @return {@code noise^2 / (2 drift)}; 1 for {@link #ofPaperStep} and {@link #ofCodeStep}
   */
  public double temperature() {
    return noise * noise / (2 * drift);
  }

  @Override
  public Leapfrog leapfrog() {
    double size = Math.sqrt(2 * drift);
    return new Leapfrog(size, 1, noise / size, 0, false, gradientClip);
  }

  @Override
  public Langevin withLeapfrogSize(double size) {
    throw new UnsupportedOperationException(
        "the step size of Langevin moves is not adapted: no test corrects for it; accepted: Mala or"
            + " Hmc");
  }
}
