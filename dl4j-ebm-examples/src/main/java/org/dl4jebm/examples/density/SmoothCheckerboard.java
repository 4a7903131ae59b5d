/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.util.random.RandomGenerator;
import org.apache.commons.math3.special.Erf;

/**
 * The uniform distribution on the dark fields of a checkerboard, convolved with a normal
 * distribution so that it has a score at the edges:
 *
 * <pre>{@code
 * p(x, y) = 1 / (fields side^2) sum over fields [a, a + side] x [b, b + side] of
 *           (Phi((x - a) / s) - Phi((x - a - side) / s)) (Phi((y - b) / s) - Phi((y - b - side) / s))
 * }</pre>
 */
final class SmoothCheckerboard implements PlaneDensity {

  private static final double ROOT_TWO = Math.sqrt(2);
  private static final double ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

  private final int count;
  private final double side;
  private final double deviation;

  /**
   * A board around the origin.
   *
   * @param count fields along a side, even, so that half of them are dark
   * @param side of a field
   * @param deviation of the normal distribution, above 0
   */
  SmoothCheckerboard(int count, double side, double deviation) {
    this.count = count;
    this.side = side;
    this.deviation = deviation;
  }

  private double edge(int i) {
    return (i - count / 2.0) * side;
  }

  /** The share of a smoothed interval at a point, for each interval. */
  private double[] shares(double x) {
    double[] shares = new double[count];
    for (int i = 0; i < count; i++) {
      double from = (edge(i) - x) / (deviation * ROOT_TWO);
      double to = (edge(i + 1) - x) / (deviation * ROOT_TWO);
      shares[i] = Erf.erf(from, to) / 2;
    }
    return shares;
  }

  /** Derivatives of the shares. */
  private double[] slopes(double x) {
    double[] slopes = new double[count];
    for (int i = 0; i < count; i++) {
      slopes[i] = bell(x - edge(i)) - bell(x - edge(i + 1));
    }
    return slopes;
  }

  private double bell(double distance) {
    double z = distance / deviation;
    return Math.exp(-z * z / 2) / (deviation * ROOT_TWO_PI);
  }

  /** The sum over the dark fields. */
  private double sum(double[] columns, double[] rows) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      for (int j = i % 2; j < count; j += 2) {
        sum += columns[i] * rows[j];
      }
    }
    return sum;
  }

  @Override
  public double logDensity(double x, double y) {
    double area = count * count / 2.0 * side * side;
    return Math.log(sum(shares(x), shares(y)) / area);
  }

  @Override
  public double[] score(double x, double y) {
    double[] columns = shares(x);
    double[] rows = shares(y);
    double sum = sum(columns, rows);
    return new double[] {sum(slopes(x), rows) / sum, sum(columns, slopes(y)) / sum};
  }

  @Override
  public double[] draw(RandomGenerator random) {
    int i = random.nextInt(count);
    int j = 2 * random.nextInt(count / 2) + i % 2;
    return new double[] {
      edge(i) + side * random.nextDouble() + deviation * random.nextGaussian(),
      edge(j) + side * random.nextDouble() + deviation * random.nextGaussian()
    };
  }
}
