/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.rbm;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dl4jebm.training.likelihood.AisSandwich;

/**
 * What was found of one machine. Log-likelihoods are means over images, in nats.
 *
 * @param seed of the training
 * @param train log-likelihood of the training images, exact or by forward annealing
 * @param test log-likelihood of the test images, exact or by forward annealing
 * @param testReverse log-likelihood of the test images by reverse annealing; that by {@code test}
 *     where it is exact
 * @param partition the estimates of {@code log Z}, or null where it is exact
 * @param logPartition exact or by forward annealing
 * @param largestTerm the largest {@code -F(v)} among training images, all units off and all units
 *     on: a lower bound of {@code log Z}
 * @param pseudoLikelihood exact, in nats, mean over test images, the first ones where there are
 *     many
 * @param reconstructionError squared, of test images, summed over pixels
 * @param trainingSeconds time of the training
 * @param evidenceSeconds time of the likelihood
 */
record Finding(
    long seed,
    double train,
    double test,
    double testReverse,
    AisSandwich partition,
    double logPartition,
    double largestTerm,
    double pseudoLikelihood,
    double reconstructionError,
    double trainingSeconds,
    double evidenceSeconds) {

  /** What rounding in FLOAT and the noise of a good estimate may amount to, in nats. */
  private static final double ROUNDING = 0.1;

  static String[] headings() {
    return new String[] {
      "seed",
      "log Z",
      "train",
      "test",
      "test, reverse AIS",
      "apart",
      "pseudo-l.",
      "recon. error",
      "training s",
      "likelihood s"
    };
  }

  Object[] cells() {
    return new Object[] {
      seed,
      number(logPartition),
      number(train),
      number(test),
      partition == null ? "exact" : number(testReverse),
      partition == null ? "0" : number(test - testReverse),
      number(pseudoLikelihood),
      number(reconstructionError),
      String.format(Locale.ROOT, "%.0f", trainingSeconds),
      String.format(Locale.ROOT, "%.0f", evidenceSeconds)
    };
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    if (partition != null) {
      lines.add(partition.toString());
    }
    lines.add(
        "mean log-likelihood of test images "
            + number(test)
            + (partition == null ? ", exact" : " by AIS, " + number(testReverse) + " by reverse"));
    lines.add(
        "the most probable of the states tried has log-probability "
            + number(largestTerm - logPartition)
            + (largestTerm > logPartition + ROUNDING
                ? ", which is impossible: the chains miss a mode, and the likelihoods are too high"
                : ""));
    lines.add("pseudo-likelihood of test images " + number(pseudoLikelihood));
    return lines;
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
