/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * A mixture of round normal distributions of one deviation, {@code p(x) = sum over k of w_k N(x;
 * c_k, deviation^2 I)}. Centres that lie close together along a curve make a density of that curve.
 */
public final class GaussianMixture implements PlaneDensity {

  private final double[][] centres;
  private final double[] weights;
  private final double deviation;

  /**
   * A mixture.
   *
   * @param centres {@code [k][2]}, at least one. Copied.
   * @param weights one for each, not negative; divided by their sum. Copied.
   * @param deviation standard deviation in each direction, above 0
   * @throws IllegalArgumentException if numbers of centres and weights differ, or an argument is
   *     not accepted
   */
  public GaussianMixture(double[][] centres, double[] weights, double deviation) {
    if (centres.length == 0 || centres.length != weights.length) {
      throw new IllegalArgumentException(
          "there are "
              + centres.length
              + " centres and "
              + weights.length
              + " weights; accepted: one weight for each centre");
    }
    double sum = Arrays.stream(weights).sum();
    if (!(sum > 0 && sum < Double.POSITIVE_INFINITY)
        || Arrays.stream(weights).anyMatch(weight -> weight < 0)) {
      throw new IllegalArgumentException(
          "weights are "
              + Arrays.toString(weights)
              + "; accepted: finite numbers from 0, not all of them 0");
    }
    if (!(deviation > 0 && deviation < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "deviation is " + deviation + "; accepted: a finite number above 0");
    }
    this.centres = Arrays.stream(centres).map(double[]::clone).toArray(double[][]::new);
    this.weights = Arrays.stream(weights).map(weight -> weight / sum).toArray();
    this.deviation = deviation;
  }

  /**
   * The density of its points with normal noise, {@code x + sigma z}.
   *
   * @param sigma standard deviation of the noise, from 0
   * @return a mixture with the same centres and weights
   */
  public GaussianMixture withNoise(double sigma) {
    return new GaussianMixture(centres, weights, Math.hypot(deviation, sigma));
  }

  @Override
  public double logDensity(double x, double y) {
    double[] terms = terms(x, y);
    double largest = Arrays.stream(terms).max().orElseThrow();
    double sum = 0;
    for (double term : terms) {
      sum += Math.exp(term - largest);
    }
    return largest + Math.log(sum) - Math.log(2 * Math.PI * deviation * deviation);
  }

  /** {@code log w_k - |x - c_k|^2 / (2 deviation^2)}. */
  private double[] terms(double x, double y) {
    double[] terms = new double[centres.length];
    for (int k = 0; k < terms.length; k++) {
      double dx = x - centres[k][0];
      double dy = y - centres[k][1];
      terms[k] = Math.log(weights[k]) - (dx * dx + dy * dy) / (2 * deviation * deviation);
    }
    return terms;
  }

  @Override
  public double[] score(double x, double y) {
    double[] terms = terms(x, y);
    double largest = Arrays.stream(terms).max().orElseThrow();
    double sum = 0;
    double meanX = 0;
    double meanY = 0;
    for (int k = 0; k < terms.length; k++) {
      double weight = Math.exp(terms[k] - largest);
      sum += weight;
      meanX += weight * centres[k][0];
      meanY += weight * centres[k][1];
    }
    double variance = deviation * deviation;
    return new double[] {(meanX / sum - x) / variance, (meanY / sum - y) / variance};
  }

  @Override
  public double[] draw(RandomGenerator random) {
    double u = random.nextDouble();
    int k = 0;
    while (k < weights.length - 1 && u >= weights[k]) {
      u -= weights[k];
      k++;
    }
    return new double[] {
      centres[k][0] + deviation * random.nextGaussian(),
      centres[k][1] + deviation * random.nextGaussian()
    };
  }
}
