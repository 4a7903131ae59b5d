/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The densities: normalised, with the right score, and sampled as they say. */
class ShapeTest {

  /** False alarms of a two-sided limit at so many standard errors: 6e-7. */
  private static final double ERRORS = 5;

  private static final double QUADRANT = 0.7;

  @ParameterizedTest
  @EnumSource
  void integratesToOneOverTheSquare(Shape shape) {
    assertEquals(0, PlaneGrid.of(shape.density()).logIntegral(), 1e-6);
  }

  @ParameterizedTest
  @EnumSource
  void scoreIsTheGradientOfTheLogDensity(Shape shape) {
    PlaneDensity density = shape.density();
    SplittableRandom random = new SplittableRandom(3);
    double h = 1e-5;
    for (int i = 0; i < 100; i++) {
      double[] at = density.draw(random);
      double[] expected = {
        (density.logDensity(at[0] + h, at[1]) - density.logDensity(at[0] - h, at[1])) / (2 * h),
        (density.logDensity(at[0], at[1] + h) - density.logDensity(at[0], at[1] - h)) / (2 * h)
      };
      assertArrayEquals(expected, density.score(at[0], at[1]), 1e-4);
    }
  }

  /**
   * Means over draws against integrals on the grid: of both coordinates, of their squares and
   * product, of a quadrant that cuts fields and curves, and of the log density, in which every
   * detail of the density has a part.
   */
  @ParameterizedTest
  @EnumSource
  void drawsAreOfTheDensity(Shape shape) {
    PlaneDensity density = shape.density();
    PlaneGrid grid = PlaneGrid.of(density);
    int quantities = 7;
    double[] mean = new double[quantities];
    double[] square = new double[quantities];
    double cell = PlaneGrid.BOX.width() / PlaneGrid.SIDE;
    for (int i = 0; i < PlaneGrid.SIDE * PlaneGrid.SIDE; i++) {
      double[] values =
          quantities(
              density, PlaneGrid.centre(i % PlaneGrid.SIDE), PlaneGrid.centre(i / PlaneGrid.SIDE));
      double p = Math.exp(grid.logDensity(i)) * cell * cell;
      for (int q = 0; q < quantities; q++) {
        mean[q] += p * values[q];
        square[q] += p * values[q] * values[q];
      }
    }
    int n = 20_000;
    double[] found = new double[quantities];
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < n; i++) {
      double[] at = density.draw(random);
      double[] values = quantities(density, at[0], at[1]);
      for (int q = 0; q < quantities; q++) {
        found[q] += values[q] / n;
      }
    }
    for (int q = 0; q < quantities; q++) {
      double error = Math.sqrt((square[q] - mean[q] * mean[q]) / n);
      // The edge of the quadrant lies on the grid; the rest is smooth.
      assertEquals(mean[q], found[q], ERRORS * error + 1e-5, shape + " " + q);
    }
    assertEquals(-mean[6], grid.entropy(), 1e-6);
  }

  private static double[] quantities(PlaneDensity density, double x, double y) {
    double quadrant = x > QUADRANT && y > QUADRANT ? 1 : 0;
    return new double[] {x, y, x * x, y * y, x * y, quadrant, density.logDensity(x, y)};
  }

  @Test
  void arraysGetWhatPointsGet() {
    PlaneDensity density = Shape.RINGS.density();
    INDArray points = density.draw(5, new SplittableRandom(2)).castTo(DataType.DOUBLE);
    INDArray scores = density.scores(points.dup('f'));
    double sum = 0;
    for (int i = 0; i < 5; i++) {
      double x = points.getDouble(i, 0);
      double y = points.getDouble(i, 1);
      assertArrayEquals(density.score(x, y), scores.getRow(i).dup().toDoubleVector(), 1e-12);
      sum += density.logDensity(x, y);
    }
    assertEquals(sum / 5, density.meanLogDensity(points), 1e-12);
  }

  @Test
  void noiseWidensAMixture() {
    GaussianMixture mixture = new GaussianMixture(new double[][] {{1, 2}}, new double[] {3}, 0.3);
    PlaneDensity noisy = mixture.withNoise(0.4);
    assertEquals(-Math.log(2 * Math.PI * 0.25), noisy.logDensity(1, 2), 1e-12);
    assertArrayEquals(new double[] {-4, 0}, noisy.score(2, 2), 1e-12);
  }

  @Test
  void badMixturesAreRefused() {
    double[][] two = {{0, 0}, {1, 1}};
    refused("weights", () -> new GaussianMixture(two, new double[] {1}, 1));
    refused("-1.0", () -> new GaussianMixture(two, new double[] {2, -1}, 1));
    refused("deviation is 0.0", () -> new GaussianMixture(two, new double[] {1, 1}, 0));
  }

  private static void refused(String named, Runnable action) {
    String message = assertThrows(IllegalArgumentException.class, action::run).getMessage();
    assertTrue(message.contains(named), message);
  }

  /** Of an energy half the log density, the grid has the log Z, the divergence and draws. */
  @Test
  void gridOfAnEnergy() {
    double variance = 0.5;
    PlaneGrid wide =
        PlaneGrid.of(
            (INDArray x) -> {
              INDArray y = x.castTo(DataType.DOUBLE);
              return y.mul(y).sum(1).divi(2 * variance);
            });
    PlaneGrid narrow =
        PlaneGrid.of(new GaussianMixture(new double[][] {{0, 0}}, new double[] {1}, 0.5));
    assertEquals(Math.log(2 * Math.PI * variance), wide.logIntegral(), 1e-5);
    double ratio = 0.25 / variance;
    assertEquals(ratio - 1 - Math.log(ratio), narrow.divergence(wide), 1e-5);
    int n = 20_000;
    INDArray drawn = narrow.draw(n, new SplittableRandom(5));
    double second = drawn.mul(drawn).meanNumber().doubleValue();
    // The variance of a square is 2 * 0.25^2, over 2 n numbers; cells add a twelfth of their
    // square.
    assertEquals(0.25 + 0.0025 / 12, second, ERRORS * 0.25 / Math.sqrt(n));
  }
}
