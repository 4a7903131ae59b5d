/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

/**
 * Finds the step size with a given mean probability of acceptance by dual averaging (Hoffman and
 * Gelman, JMLR 2014, section 3.2, with their constants). The step sizes it tries depend on the
 * chains' past, so that what is drawn meanwhile is no sample; the last one is a mean over later
 * tries, to be kept fixed.
 */
final class StepSizeAdaptation {

  private static final double GAMMA = 0.05;
  private static final double T0 = 10;
  private static final double KAPPA = 0.75;

  /** Tries begin near this multiple of the first size: large ones are cheaper to test. */
  private static final double FIRST_FACTOR = 10;

  private final double target;
  private final double mu;
  private double excess;
  private double logMean;
  private double logSize;
  private long count;

  StepSizeAdaptation(double first, double target) {
    this.target = target;
    mu = Math.log(FIRST_FACTOR * first);
    logSize = Math.log(first);
    logMean = logSize;
  }

  static void requireTarget(double target) {
    if (!(target > 0 && target < 1)) {
      throw new IllegalArgumentException(
          "targetAcceptance is " + target + "; accepted: above 0 and below 1");
    }
  }

  /** Learns what the present size led to. */
  void update(double probability) {
    count++;
    excess += (target - probability - excess) / (count + T0);
    logSize = mu - Math.sqrt(count) / GAMMA * excess;
    double weight = Math.pow(count, -KAPPA);
    logMean += weight * (logSize - logMean);
  }

  /** The size to try next. */
  double size() {
    return Math.exp(logSize);
  }

  /** The size to keep. */
  double result() {
    return Math.exp(logMean);
  }
}
