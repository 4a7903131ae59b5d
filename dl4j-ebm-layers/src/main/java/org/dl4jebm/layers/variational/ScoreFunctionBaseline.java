/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

/**
 * What is subtracted from {@code f_s = -log p(x | z_s)} in the gradient of {@link
 * SampleBound#SCORE_FUNCTION}. A baseline that does not depend on {@code z_s} leaves the mean of
 * the gradient as it is and can lower its variance by orders of magnitude.
 */
public enum ScoreFunctionBaseline {

  /** 0. */
  NONE,

  /**
   * The mean of the other {@code T - 1} samples of the example, for {@code T} of 2 or more (Mnih
   * and Rezende, ICML 2016; Kool, van Hoof and Welling, 2019).
   */
  LEAVE_ONE_OUT;

  /** The least number of samples for a gradient. */
  int leastSamples() {
    return this == LEAVE_ONE_OUT ? 2 : 1;
  }

  /** Writes {@code (f_s - b_s) / T} for the samples of one example. */
  void write(double[] logProbability, int first, int samples, double[] gradient) {
    double sum = 0;
    for (int row = first; row < first + samples; row++) {
      sum -= logProbability[row];
    }
    for (int row = first; row < first + samples; row++) {
      double f = -logProbability[row];
      double baseline = this == NONE ? 0 : (sum - f) / (samples - 1);
      gradient[row] = (f - baseline) / samples;
    }
  }
}
