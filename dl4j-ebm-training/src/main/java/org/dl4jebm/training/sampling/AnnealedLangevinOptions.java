/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import java.util.Objects;

/**
 * Options of {@link AnnealedLangevin}: at noise level {@code sigma_i} the moves have the step size
 * {@code step_i = epsilon sigma_i^2 / sigma_L^2}, with {@code sigma_L} the smallest level.
 *
 * @param sigmas noise levels, finite, above 0 and strictly falling. Copied.
 * @param steps moves at each level, at least 1
 * @param epsilon step size at the smallest level, finite and above 0; see {@code convention}
 * @param convention what {@code epsilon} means
 * @param bounds walls that moves are reflected at, or null
 * @param denoise whether to end with {@code x + sigma_L^2 s(x, sigma_L)}, the mean of the point
 *     without the noise that the smallest level still has (Jolicoeur-Martineau et al., ICLR 2021)
 */
public record AnnealedLangevinOptions(
    double[] sigmas,
    int steps,
    double epsilon,
    Convention convention,
    Box bounds,
    boolean denoise) {

  /** Moves at each level in Song and Ermon (2019). */
  public static final int DEFAULT_STEPS = 100;

  /** Step size at the smallest level in Song and Ermon (2019). */
  public static final double DEFAULT_EPSILON = 2e-5;

  /** The two published meanings of a step size. */
  public enum Convention {

    /** The paper's: {@code x + step/2 s + sqrt(step) z}, {@link Langevin#ofPaperStep}. */
    PAPER,

    /**
     * That of the paper's program: {@code x + step s + sqrt(2 step) z}, {@link
     * Langevin#ofCodeStep}. The published samples were made with it, so that its {@code epsilon} of
     * 2e-5 is one of 4e-5 in the paper's formula.
     */
    CODE
  }

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public AnnealedLangevinOptions {
    if (sigmas.length == 0) {
      throw new IllegalArgumentException("there are no sigmas; accepted: one or more");
    }
    sigmas = sigmas.clone();
    for (int i = 0; i < sigmas.length; i++) {
      Leapfrog.requirePositive(sigmas[i], "sigmas[" + i + "]");
      if (i > 0 && !(sigmas[i] < sigmas[i - 1])) {
        throw new IllegalArgumentException(
            "sigmas["
                + i
                + "] is "
                + sigmas[i]
                + "; accepted: below sigmas["
                + (i - 1)
                + "], which is "
                + sigmas[i - 1]);
      }
    }
    if (steps < 1) {
      throw new IllegalArgumentException("steps is " + steps + "; accepted: 1 or more");
    }
    Leapfrog.requirePositive(epsilon, "epsilon");
    if (convention == null) {
      throw new IllegalArgumentException("convention is null; accepted: PAPER or CODE");
    }
  }

  /**
   * What the published samples of Song and Ermon (2019) were made with: {@link Convention#CODE},
   * {@value #DEFAULT_STEPS} moves at each level, {@code epsilon} {@value #DEFAULT_EPSILON}, no
   * bounds, no last step.
   *
   * @param sigmas noise levels, strictly falling. Not modified.
   * @return the options
   * @throws IllegalArgumentException if the levels do not fall or are not above 0
   */
  public static AnnealedLangevinOptions of(double... sigmas) {
    return new AnnealedLangevinOptions(
        sigmas, DEFAULT_STEPS, DEFAULT_EPSILON, Convention.CODE, null, false);
  }

  /**
   * Sets the number of moves at each level.
   *
   * @param count at least 1
   * @return changed options
   */
  public AnnealedLangevinOptions withSteps(int count) {
    return new AnnealedLangevinOptions(sigmas, count, epsilon, convention, bounds, denoise);
  }

  /**
   * Sets the step size at the smallest level, and what it means.
   *
   * @param size above 0
   * @param meaning the convention
   * @return changed options
   */
  public AnnealedLangevinOptions withEpsilon(double size, Convention meaning) {
    return new AnnealedLangevinOptions(sigmas, steps, size, meaning, bounds, denoise);
  }

  /**
   * Reflects moves at walls.
   *
   * @param walls the box, or null for none
   * @return changed options
   */
  public AnnealedLangevinOptions within(Box walls) {
    return new AnnealedLangevinOptions(sigmas, steps, epsilon, convention, walls, denoise);
  }

  /**
   * Sets whether a last step takes off the noise of the smallest level.
   *
   * @param last whether
   * @return changed options
   */
  public AnnealedLangevinOptions withDenoising(boolean last) {
    return new AnnealedLangevinOptions(sigmas, steps, epsilon, convention, bounds, last);
  }

  /**
   * Returns the noise levels.
   *
   * @return a copy
   */
  @Override
  public double[] sigmas() {
    return sigmas.clone();
  }

  /**
   * The moves at a level.
   *
   * @param level 0 to the number of levels less 1
   * @return the kernel
   */
  public Langevin kernel(int level) {
    double ratio = sigmas[level] / sigmas[sigmas.length - 1];
    double step = epsilon * ratio * ratio;
    Langevin kernel =
        convention == Convention.PAPER ? Langevin.ofPaperStep(step) : Langevin.ofCodeStep(step);
    return kernel.within(bounds);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AnnealedLangevinOptions o
        && Arrays.equals(sigmas, o.sigmas)
        && steps == o.steps
        && epsilon == o.epsilon
        && convention == o.convention
        && Objects.equals(bounds, o.bounds)
        && denoise == o.denoise;
  }

  @Override
  public int hashCode() {
    return Objects.hash(Arrays.hashCode(sigmas), steps, epsilon, convention, bounds, denoise);
  }
}
