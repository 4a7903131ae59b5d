/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.util.Locale;
import org.dl4jebm.training.likelihood.AisEstimate;
import org.dl4jebm.training.likelihood.AisSandwich;

/**
 * What was found of one energy.
 *
 * @param shape the density
 * @param objective what it was trained by
 * @param scoreError {@code E norm(s_model - s_true)^2} over held-out points
 * @param scoreSize {@code E norm(s_true)^2} over the same, the error of a flat energy
 * @param logPartition on the grid
 * @param sandwich by annealed importance sampling
 * @param logLikelihood mean over held-out points with the log Z of the grid, nats
 * @param bestLogLikelihood that of the true density
 * @param divergence {@code KL(true || model)} on the grid, nats
 * @param trainingSeconds time of the training
 */
record DensityFinding(
    Shape shape,
    Objective objective,
    double scoreError,
    double scoreSize,
    double logPartition,
    AisSandwich sandwich,
    double logLikelihood,
    double bestLogLikelihood,
    double divergence,
    double trainingSeconds) {

  static String[] headings() {
    return new String[] {
      "density",
      "objective",
      "score error",
      "of",
      "log Z",
      "AIS",
      "reverse AIS",
      "log-likelihood",
      "best",
      "KL",
      "training s"
    };
  }

  Object[] cells() {
    return new Object[] {
      shape.label(),
      objective.label(),
      number("%.2f", scoreError),
      number("%.2f", scoreSize),
      number("%.3f", logPartition),
      estimate(sandwich.forward()),
      estimate(sandwich.reverse()),
      number("%.3f", logLikelihood),
      number("%.3f", bestLogLikelihood),
      number("%.3f", divergence),
      number("%.1f", trainingSeconds)
    };
  }

  private static String estimate(AisEstimate estimate) {
    return number("%.3f", estimate.logPartition())
        + " ± "
        + number("%.3f", estimate.standardError());
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
