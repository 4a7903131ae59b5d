/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * The inverse temperatures {@code 0 = beta_0 < beta_1 < ... < beta_K = 1} that annealed importance
 * sampling goes through. For a given form, the variance of the log weights and with it the bias of
 * the estimate fall as {@code 1 / K} once {@code K} is large.
 *
 * <p>{@link #linear} is a good start. A trained machine changes fastest at some inverse
 * temperatures that depend on it; {@link AnnealedImportanceSampling#adaptedSchedule} finds them.
 * {@link #salakhutdinovMurray} is the schedule of the published figures on MNIST.
 */
public final class AnnealingSchedule {

  /** Ends of the pieces, and temperatures in them, of Salakhutdinov and Murray (2008). */
  private static final double[] PIECES = {0, 0.5, 0.9, 1};

  private static final int[] PIECE_STEPS = {500, 4000, 10_000};

  private static final int MIN_PIECEWISE = 3;

  private final double[] betas;

  private AnnealingSchedule(double[] betas) {
    this.betas = betas;
  }

  /**
   * Equal steps.
   *
   * @param steps {@code K}, at least 1
   * @return the schedule
   * @throws IllegalArgumentException if {@code steps} is below 1
   */
  public static AnnealingSchedule linear(int steps) {
    requireSteps(steps, 1);
    return of(steps, i -> i / steps);
  }

  /**
   * Equal steps in each of the intervals 0 to 0.5, 0.5 to 0.9 and 0.9 to 1, whose numbers stand as
   * 500 : 4,000 : 10,000 (Salakhutdinov and Murray, ICML 2008, with 14,500 steps): most of them
   * near the target.
   *
   * @param steps {@code K}, at least 3
   * @return the schedule
   * @throws IllegalArgumentException if {@code steps} is below 3
   */
  public static AnnealingSchedule salakhutdinovMurray(int steps) {
    requireSteps(steps, MIN_PIECEWISE);
    int total = Arrays.stream(PIECE_STEPS).sum();
    int pieces = PIECE_STEPS.length;
    int[] counts = new int[pieces];
    int left = steps;
    for (int p = 0; p < pieces - 1; p++) {
      long share = Math.round((double) steps * PIECE_STEPS[p] / total);
      counts[p] = (int) Math.max(1, Math.min(share, left - (pieces - 1 - p)));
      left -= counts[p];
    }
    counts[pieces - 1] = left;
    double[] betas = new double[steps + 1];
    int k = 0;
    for (int p = 0; p < pieces; p++) {
      for (int i = 1; i <= counts[p]; i++) {
        betas[++k] = PIECES[p] + (PIECES[p + 1] - PIECES[p]) * i / counts[p];
      }
    }
    return new AnnealingSchedule(betas);
  }

  /**
   * Small steps at both ends: {@code beta_k} is a logistic function of {@code s (2 k / K - 1)},
   * shifted and scaled to go from 0 to 1 (Wu, Burda, Salakhutdinov and Grosse, ICLR 2017, with
   * {@code s = 4}).
   *
   * @param steps {@code K}, at least 1
   * @param steepness {@code s}, greater than 0 and at most 15
   * @return the schedule
   * @throws IllegalArgumentException if an argument is out of range
   */
  public static AnnealingSchedule sigmoid(int steps, double steepness) {
    requireSteps(steps, 1);
    if (!(steepness > 0 && steepness <= 15)) {
      throw new IllegalArgumentException(
          "steepness is " + steepness + "; accepted: greater than 0, at most 15");
    }
    double low = logistic(-steepness);
    double high = logistic(steepness);
    return of(steps, i -> (logistic(steepness * (2 * i / steps - 1)) - low) / (high - low));
  }

  /**
   * Given inverse temperatures.
   *
   * @param betas at least two numbers that begin with 0, rise strictly, and end with 1. Not
   *     modified.
   * @return the schedule
   * @throws IllegalArgumentException naming the number that is not so
   */
  public static AnnealingSchedule of(double... betas) {
    if (betas.length < 2 || betas[0] != 0 || betas[betas.length - 1] != 1) {
      throw new IllegalArgumentException(
          "betas are "
              + abbreviate(betas)
              + "; accepted: at least two numbers, the first 0 and the last 1");
    }
    for (int k = 1; k < betas.length; k++) {
      if (!(betas[k] > betas[k - 1])) {
        throw new IllegalArgumentException(
            "betas["
                + k
                + "] is "
                + betas[k]
                + "; accepted: more than betas["
                + (k - 1)
                + "], which is "
                + betas[k - 1]);
      }
    }
    return new AnnealingSchedule(betas.clone());
  }

  /**
   * Steps that add equal amounts to the variance of the log weights: the density of steps is
   * proportional to the standard deviation that the log weight gathers in a part of given length,
   * which makes the variance of the sum as small as it can be on this path (Gelman and Meng,
   * Statistical Science 1998; Grosse, Maddison and Salakhutdinov, NIPS 2013; they take chains to be
   * in equilibrium, whereas the sum over a part sees slow mixing as well).
   *
   * @param steps {@code K}, at least 1
   * @param parts ends of the parts, of equal length
   * @param deviation standard deviation over chains of what the log weight gathers in each part
   */
  static AnnealingSchedule adapted(int steps, AnnealingSchedule parts, double[] deviation) {
    requireSteps(steps, 1);
    double[] ends = parts.betas;
    // No part is left with less than a tenth of the mean density: pilot runs are short.
    double floor = 0.1 * Arrays.stream(deviation).sum() / deviation.length;
    double[] length = new double[ends.length];
    for (int k = 1; k < length.length; k++) {
      length[k] = length[k - 1] + Math.max(deviation[k - 1], floor);
    }
    double end = length[length.length - 1];
    if (!(end > 0)) {
      return linear(steps);
    }
    int[] part = {1};
    return of(
        steps,
        i -> {
          double target = end * i / steps;
          while (length[part[0]] < target) {
            part[0]++;
          }
          int k = part[0];
          double share = (target - length[k - 1]) / (length[k] - length[k - 1]);
          return ends[k - 1] + share * (ends[k] - ends[k - 1]);
        });
  }

  /** The function of the step's number, which rises from 0 to 1. */
  private static AnnealingSchedule of(int steps, DoubleUnaryOperator function) {
    double[] betas = new double[steps + 1];
    for (int k = 1; k < steps; k++) {
      betas[k] = function.applyAsDouble(k);
    }
    betas[steps] = 1;
    return new AnnealingSchedule(betas);
  }

  private static double logistic(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static void requireSteps(int steps, int min) {
    if (steps < min) {
      throw new IllegalArgumentException("steps is " + steps + "; accepted: " + min + " or more");
    }
  }

  /**
   * Number of steps.
   *
   * @return {@code K}, at least 1
   */
  public int steps() {
    return betas.length - 1;
  }

  /**
   * Returns the inverse temperatures.
   *
   * @return {@code beta_0, ..., beta_K}, a copy
   */
  public double[] betas() {
    return betas.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AnnealingSchedule schedule && Arrays.equals(betas, schedule.betas);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(betas);
  }

  @Override
  public String toString() {
    return steps() + " steps " + abbreviate(betas);
  }

  private static String abbreviate(double[] values) {
    return values.length <= 6
        ? Arrays.toString(values)
        : "[" + values[0] + ", " + values[1] + ", ..., " + values[values.length - 1] + "]";
  }
}
