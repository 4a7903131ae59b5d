/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.util.random.RandomGenerator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A smooth, normalised density in the plane with its score and an exact sampler. */
public interface PlaneDensity {

  /**
   * Computes {@code log p(x, y)}.
   *
   * @param x first coordinate
   * @param y second coordinate
   * @return in nats
   */
  double logDensity(double x, double y);

  /**
   * Computes the score, {@code grad log p(x, y)}.
   *
   * @param x first coordinate
   * @param y second coordinate
   * @return both derivatives, new
   */
  double[] score(double x, double y);

  /**
   * Draws a point, independently of earlier ones.
   *
   * @param random where numbers are drawn from
   * @return both coordinates, new
   */
  double[] draw(RandomGenerator random);

  /**
   * Draws points.
   *
   * @param n how many, at least 1
   * @param random where numbers are drawn from
   * @return {@code [n, 2]}, FLOAT, new
   */
  default INDArray draw(int n, RandomGenerator random) {
    float[][] points = new float[n][];
    for (int i = 0; i < n; i++) {
      double[] point = draw(random);
      points[i] = new float[] {(float) point[0], (float) point[1]};
    }
    return Nd4j.createFromArray(points);
  }

  /**
   * Computes the mean of {@code log p} over points.
   *
   * @param points {@code [n, 2]}. Not modified.
   * @return nats per point
   */
  default double meanLogDensity(INDArray points) {
    double[] values = coordinates(points);
    double sum = 0;
    for (int i = 0; i < values.length; i += 2) {
      sum += logDensity(values[i], values[i + 1]);
    }
    return sum / points.rows();
  }

  /**
   * Computes the score of each point.
   *
   * @param points {@code [n, 2]}. Not modified.
   * @return of the shape and type of {@code points}, new
   */
  default INDArray scores(INDArray points) {
    double[] values = coordinates(points);
    for (int i = 0; i < values.length; i += 2) {
      System.arraycopy(score(values[i], values[i + 1]), 0, values, i, 2);
    }
    return Nd4j.createFromArray(values)
        .castTo(points.dataType())
        .reshape('c', new long[] {points.rows(), 2});
  }

  /** The coordinates of one point after another; ND4J's way to a matrix takes a copy a row. */
  private static double[] coordinates(INDArray points) {
    return points.dup('c').data().asDouble();
  }
}
