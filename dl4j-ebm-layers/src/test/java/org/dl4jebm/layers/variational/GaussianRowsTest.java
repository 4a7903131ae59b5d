/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jebm.layers.ColumnSums;
import org.dl4jebm.layers.random.CounterNoise;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The passes over FLOAT memory against ND4J's operations in DOUBLE. */
class GaussianRowsTest {

  private static final int K = 37;
  private static final int ROWS = 211;

  /** A few roundings of values of about 1, relative or absolute. */
  private static final double LIMIT = 2e-6;

  private static INDArray random(int columns, int seed) {
    Nd4j.getRandom().setSeed(seed);
    return Nd4j.randn(DataType.DOUBLE, ROWS, columns).castTo(DataType.FLOAT);
  }

  private static void assertNear(INDArray expected, INDArray actual) {
    assertEquals(DataType.FLOAT, actual.dataType());
    for (int i = 0; i < expected.size(0); i++) {
      for (int j = 0; j < expected.size(1); j++) {
        double e = expected.getDouble(i, j);
        assertEquals(e, actual.getDouble(i, j), LIMIT * Math.max(1, Math.abs(e)));
      }
    }
  }

  @Test
  void floatsAreAsDoubles() {
    INDArray eta = random(2 * K, 1);
    INDArray noise = random(K, 2);
    INDArray gradient = random(K, 3);
    INDArray inDouble = eta.castTo(DataType.DOUBLE);
    INDArray noiseInDouble = noise.castTo(DataType.DOUBLE);
    INDArray gradientInDouble = gradient.castTo(DataType.DOUBLE);
    assertTrue(GaussianRows.reach(eta, noise, gradient));
    for (LocationScale q : new LocationScale[] {new DiagonalGaussian(), new DiagonalLaplace()}) {
      assertNear(q.sample(inDouble, noiseInDouble, 1), q.sample(eta, noise, 1));
      assertNear(
          q.sampleGradient(inDouble, noiseInDouble, 1, gradientInDouble),
          q.sampleGradient(eta, noise, 1, gradient));
    }
    DiagonalGaussian q = new DiagonalGaussian();
    assertNear(q.divergence(inDouble, null), q.divergence(eta, null));
    assertNear(
        q.divergenceGradient(inDouble, null, gradientInDouble),
        q.divergenceGradient(eta, null, gradient));
  }

  @Test
  void exponentialsAtTheEnds() {
    double[] x = {Double.NaN, -1000, 1000, 0, 1, 88, -80, -0.001};
    double[] actual = x.clone();
    ExpBlocks.apply(actual, actual.length);
    for (int i = 0; i < x.length; i++) {
      float expected = (float) Math.exp(x[i]);
      double limit = Float.isNaN(expected) ? 1 : 1.5 * Math.ulp(expected);
      assertEquals(expected, (float) actual[i], limit);
    }
  }

  @Test
  void normalNumbersAreThoseOfTheCounter() {
    INDArray expected = Nd4j.create(DataType.DOUBLE, 300, 100);
    INDArray actual = Nd4j.create(DataType.FLOAT, 300, 100);
    DiagonalGaussian q = new DiagonalGaussian();
    CounterNoise.fill(17, q::noise, expected);
    LatentNoise.fill(17, q, actual);
    assertNear(expected, actual);
  }

  @Test
  void columnSumsOfAnyOrder() {
    INDArray matrix = random(K, 5);
    double[] expected = matrix.castTo(DataType.DOUBLE).sum(0).toDoubleVector();
    assertArrayEquals(expected, ColumnSums.of(matrix), 1e-5);
    assertArrayEquals(expected, ColumnSums.of(matrix.dup('f')), 1e-5);
  }
}
