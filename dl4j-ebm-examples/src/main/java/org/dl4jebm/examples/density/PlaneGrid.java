/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.dl4jebm.training.Energy;
import org.dl4jebm.training.sampling.Box;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A function on the cells of a square, for integrals by the midpoint rule: {@code log} of a density
 * or of {@code exp(-E)}. Rows go from low to high {@code y}, columns from low to high {@code x}.
 */
final class PlaneGrid {

  /** Where all densities and models live. */
  static final Box BOX = new Box(-4, 4);

  /** Cells along a side, 0.05 wide: a third of the finest detail of the densities. */
  static final int SIDE = 160;

  private static final int ROWS_AT_ONCE = 40;

  private static final double STEP = BOX.width() / SIDE;

  private final double[] logs;
  private final double logIntegral;

  private PlaneGrid(double[] logs) {
    this.logs = logs;
    double largest = Arrays.stream(logs).max().orElseThrow();
    double sum = Arrays.stream(logs).map(log -> Math.exp(log - largest)).sum();
    logIntegral = largest + Math.log(sum * STEP * STEP);
  }

  static double centre(int cell) {
    return BOX.low() + (cell + 0.5) * STEP;
  }

  static PlaneGrid of(PlaneDensity density) {
    double[] logs = new double[SIDE * SIDE];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = density.logDensity(centre(i % SIDE), centre(i / SIDE));
    }
    return new PlaneGrid(logs);
  }

  static PlaneGrid of(Energy energy) {
    double[] logs = new double[SIDE * SIDE];
    for (int from = 0; from < SIDE; from += ROWS_AT_ONCE) {
      float[][] points = new float[ROWS_AT_ONCE * SIDE][];
      for (int i = 0; i < points.length; i++) {
        points[i] = new float[] {(float) centre(i % SIDE), (float) centre(from + i / SIDE)};
      }
      INDArray energies = energy.energy(Nd4j.createFromArray(points));
      double[] values = energies.toDoubleVector();
      for (int i = 0; i < values.length; i++) {
        logs[from * SIDE + i] = -values[i];
      }
    }
    return new PlaneGrid(logs);
  }

  /** {@code log} of the integral over the square: {@code log Z} of an energy. */
  double logIntegral() {
    return logIntegral;
  }

  /** {@code log} of the normalised density at a cell. */
  double logDensity(int cell) {
    return logs[cell] - logIntegral;
  }

  /** {@code KL(this || other)} of the normalised densities, in nats. */
  double divergence(PlaneGrid other) {
    double sum = 0;
    for (int i = 0; i < logs.length; i++) {
      double log = logDensity(i);
      sum += Math.exp(log) * (log - other.logDensity(i)) * STEP * STEP;
    }
    return sum;
  }

  /** Differential entropy in nats. */
  double entropy() {
    double sum = 0;
    for (int i = 0; i < logs.length; i++) {
      double log = logDensity(i);
      sum -= Math.exp(log) * log * STEP * STEP;
    }
    return sum;
  }

  /** Draws of the normalised density, exact but for being uniform within a cell. */
  INDArray draw(int n, RandomGenerator random) {
    double[] cumulative = new double[logs.length];
    double sum = 0;
    for (int i = 0; i < logs.length; i++) {
      sum += Math.exp(logDensity(i));
      cumulative[i] = sum;
    }
    float[][] points = new float[n][];
    for (int i = 0; i < n; i++) {
      int found = Arrays.binarySearch(cumulative, random.nextDouble() * sum);
      int cell = Math.min(found < 0 ? -found - 1 : found, logs.length - 1);
      double x = centre(cell % SIDE) + (random.nextDouble() - 0.5) * STEP;
      double y = centre(cell / SIDE) + (random.nextDouble() - 0.5) * STEP;
      points[i] = new float[] {(float) x, (float) y};
    }
    return Nd4j.createFromArray(points);
  }
}
