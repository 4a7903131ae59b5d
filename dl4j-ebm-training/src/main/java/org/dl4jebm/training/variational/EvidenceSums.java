/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.Arrays;

/** Running sums over the samples of a block of examples, all in double precision. */
final class EvidenceSums {

  private final int examples;
  private final double[] reconstruction;
  private final double[] logRatio;
  private double[] divergence;

  /** Sums of {@code w} and {@code w^2}, with weights divided by the greatest so far. */
  private final double[] greatest;

  private final double[] weights;
  private final double[] squares;
  private long samples;

  EvidenceSums(int examples) {
    this.examples = examples;
    reconstruction = new double[examples];
    logRatio = new double[examples];
    divergence = new double[examples];
    greatest = new double[examples];
    Arrays.fill(greatest, Double.NEGATIVE_INFINITY);
    weights = new double[examples];
    squares = new double[examples];
  }

  /**
   * Adds samples.
   *
   * @param drawn as many of each example
   * @param firstExample number of the first example, for messages
   * @throws IllegalStateException if a log weight is NaN or positive infinity
   */
  void add(BlockPass.Drawn drawn, long firstExample) {
    int count = drawn.logLikelihood().length / examples;
    for (int row = 0; row < drawn.logLikelihood().length; row++) {
      int i = row / count;
      double l = drawn.logLikelihood()[row];
      double r = drawn.logRatio()[row];
      double logWeight = l + r;
      if (!(logWeight < Double.POSITIVE_INFINITY)) {
        throw new IllegalStateException(
            "example "
                + (firstExample + i)
                + " has log p(x | z) = "
                + l
                + " and log p(z) - log q(z | x) = "
                + r
                + "; accepted: numbers that are not NaN, so a network with finite parameters");
      }
      reconstruction[i] += l;
      logRatio[i] += r;
      addWeight(i, logWeight);
    }
    if (drawn.closedDivergence() == null) {
      divergence = null;
    }
    if (divergence != null) {
      for (int i = 0; i < examples; i++) {
        divergence[i] += count * drawn.closedDivergence()[i];
      }
    }
    samples += count;
  }

  private void addWeight(int i, double logWeight) {
    if (logWeight == Double.NEGATIVE_INFINITY) {
      return;
    }
    if (logWeight > greatest[i]) {
      double factor = Math.exp(greatest[i] - logWeight);
      weights[i] = weights[i] * factor + 1;
      squares[i] = squares[i] * factor * factor + 1;
      greatest[i] = logWeight;
    } else {
      double weight = Math.exp(logWeight - greatest[i]);
      weights[i] += weight;
      squares[i] += weight * weight;
    }
  }

  double reconstruction(int i) {
    return reconstruction[i] / samples;
  }

  double sampledDivergence(int i) {
    return -logRatio[i] / samples;
  }

  /** NaN where there is no closed form. */
  double divergence(int i) {
    return divergence == null ? Double.NaN : divergence[i] / samples;
  }

  double importanceWeightedBound(int i) {
    return greatest[i] + Math.log(weights[i] / samples);
  }

  /** 0 where all weights are 0. */
  double effectiveSampleSize(int i) {
    return squares[i] == 0 ? 0 : weights[i] * weights[i] / squares[i];
  }
}
