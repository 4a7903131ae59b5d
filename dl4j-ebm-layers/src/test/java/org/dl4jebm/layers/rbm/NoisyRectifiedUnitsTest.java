/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What is exact about {@link NoisyRectifiedUnits}, against plain sums over the Bernoulli copies,
 * and how far their samples are from the stepped sigmoid unit that they stand for.
 */
class NoisyRectifiedUnitsTest {

  private static final NoisyRectifiedUnits UNITS = new NoisyRectifiedUnits();
  private static final int COPIES = 400;

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double exactMean(double z) {
    double sum = 0;
    for (int k = COPIES; k >= 1; k--) {
      sum += sigmoid(z - k + 0.5);
    }
    return sum;
  }

  private static double exactVariance(double z) {
    double sum = 0;
    for (int k = COPIES; k >= 1; k--) {
      double p = sigmoid(z - k + 0.5);
      sum += p * (1 - p);
    }
    return sum;
  }

  private static double exactLogPartition(double z) {
    double sum = 0;
    for (int k = COPIES; k >= 1; k--) {
      double x = z - k + 0.5;
      sum += Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource(names = {"DOUBLE", "FLOAT"})
  void sumsOverTheCopies(DataType type) {
    double rounding = type == DataType.DOUBLE ? 8e-15 : 5e-7;
    for (double z = -40; z < 60; z += 0.37) {
      INDArray field = Nd4j.createFromArray(new double[][] {{z}}).castTo(type);
      double exact = field.getDouble(0);
      double log = UNITS.logPartition(field, Nd4j.zeros(type, 1)).getDouble(0);
      UNITS.fieldToMean(field);
      double mean = exactMean(exact);
      double logExact = exactLogPartition(exact);
      assertEquals(mean, field.getDouble(0), rounding * mean, "mean at " + z);
      assertEquals(logExact, log, rounding * Math.max(logExact, 1e-3), "A at " + z);
    }
  }

  /** {@code exp(n z - e(n))} sums to {@code exp(A(z))} over all whole numbers. */
  @Test
  void eulersIdentity() {
    double[][] numbers = new double[80][1];
    for (int n = 0; n < numbers.length; n++) {
      numbers[n][0] = n;
    }
    INDArray x = Nd4j.createFromArray(numbers);
    for (double z : new double[] {-7, -1, 0, 0.3, 4, 20}) {
      INDArray bias = Nd4j.createFromArray(z);
      double sum = 0;
      for (double energy : NdAssert.values(UNITS.energyTerm(x, bias))) {
        sum += Math.exp(-energy);
      }
      double log =
          UNITS.logPartition(Nd4j.createFromArray(new double[][] {{z}}), bias).getDouble(0);
      assertEquals(Math.log(sum), log, 1e-13 * (1 + log), "z = " + z);
    }
  }

  @Test
  void energiesOfWholeNumbers() {
    double logarithms = 0;
    for (int n = 0; n < 30; n++) {
      logarithms += n == 0 ? 0 : Math.log1p(-Math.exp(-n));
      for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
        INDArray x = Nd4j.createFromArray(new double[][] {{n}}).castTo(type);
        INDArray bias = Nd4j.createFromArray(0.5).castTo(type);
        double exact = n * n / 2.0 + logarithms - 0.5 * n;
        double rounding = type == DataType.DOUBLE ? 1e-14 : 1e-6;
        assertEquals(
            exact, UNITS.energyTerm(x, bias).getDouble(0), rounding * (1 + exact), "x = " + n);
      }
    }
  }

  @Test
  void theMeanIsNearlySoftplus() {
    double worst = 0;
    for (double z = -15; z < 15; z += 0.01) {
      worst = Math.max(worst, Math.abs(Math.log1p(Math.exp(z)) - exactMean(z)));
    }
    assertEquals(0.0106, worst, 1e-4);
  }

  /** Samples are those of Nair and Hinton. */
  @ParameterizedTest
  @CsvSource({"DOUBLE,0", "FLOAT,0", "FLOAT,-1", "DOUBLE,0.7", "FLOAT,2", "DOUBLE,5"})
  void samplesHaveTheMomentsOfARectifiedNormalDistribution(DataType type, double z) {
    int n = 200_000;
    INDArray x = Nd4j.valueArrayOf(new long[] {n, 1}, z, type);
    try (RandomStream random = new RandomStream(3)) {
      UNITS.fieldToSample(x, random);
    }
    double variance = sigmoid(z);
    double[] moments = new double[5];
    int points = 200_001;
    double step = 12.0 / points;
    for (int i = 0; i < points; i++) {
      double normal = -6 + (i + 0.5) * step;
      double sample = Math.max(0, z + Math.sqrt(variance) * normal);
      double density = step * Math.exp(-normal * normal / 2) / Math.sqrt(2 * Math.PI);
      for (int k = 1; k < 5; k++) {
        moments[k] += density * Math.pow(sample, k);
      }
    }
    INDArray values = x.castTo(DataType.DOUBLE);
    assertEquals(
        moments[1],
        values.meanNumber().doubleValue(),
        Limits.SIGMAS * Math.sqrt((moments[2] - moments[1] * moments[1]) / n));
    assertEquals(
        moments[2],
        values.mul(values).meanNumber().doubleValue(),
        Limits.SIGMAS * Math.sqrt((moments[4] - moments[2] * moments[2]) / n));
    assertTrue(values.minNumber().doubleValue() >= 0);
  }

  /** The figures that the class gives for its samples. */
  @Test
  void momentsOfTheSamplesAgainstThoseOfTheUnit() {
    double worstMean = 0;
    double worstVariance = 0;
    double highMean = 0;
    double highVariance = 0;
    for (double z = -12; z < 12; z += 0.01) {
      double s = Math.sqrt(sigmoid(z));
      double density = Math.exp(-z * z / s / s / 2) / Math.sqrt(2 * Math.PI);
      double below = below(z / s);
      double mean = z * below + s * density;
      double square = (z * z + s * s) * below + z * s * density;
      double meanError = exactMean(z) - mean;
      double varianceError = exactVariance(z) - (square - mean * mean);
      worstMean = Math.max(worstMean, Math.abs(meanError));
      worstVariance = Math.max(worstVariance, Math.abs(varianceError));
      if (z > 3) {
        highMean = Math.max(highMean, Math.abs(meanError));
        highVariance = Math.max(highVariance, Math.abs(varianceError));
      }
    }
    assertEquals(0.408, worstMean, 1e-3);
    assertEquals(0.347, worstVariance, 1e-3);
    assertTrue(highMean < 0.05 && highVariance < 0.05);
  }

  /** Of the standard normal distribution, by the trapezoidal rule. */
  private static double below(double t) {
    int points = 4000;
    double step = (t + 9) / points;
    double sum = 0;
    for (int i = 0; i <= points && t > -9; i++) {
      double x = -9 + i * step;
      sum += (i == 0 || i == points ? 0.5 : 1) * step * Math.exp(-x * x / 2);
    }
    return sum / Math.sqrt(2 * Math.PI);
  }

  /**
   * A chain that starts at the exact distribution leaves it, by 0.09 in total variation after 16
   * sweeps. How far, depends on the fields: with hidden biases of 3 the units are where the
   * approximation is good, and nothing is to be seen.
   */
  @ParameterizedTest
  @CsvSource({"0, 0.08, 0.10", "3, 0, 0.01"})
  void driftAwayFromTheSteppedSigmoidUnits(double bias, double low, double high) {
    TinyRbm tiny = TinyRbm.oracle(3, 2);
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(tiny.weights()).muli(0.5),
            Nd4j.createFromArray(tiny.hiddenBias()).addi(bias),
            Nd4j.createFromArray(tiny.visibleBias()),
            new BernoulliUnits(),
            UNITS);
    int rows = 100_000;
    double[] p = NdAssert.values(model.freeEnergy(Nd4j.createFromArray(TinyRbm.states(3))));
    double z = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(-p[i]);
      z += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= z;
    }
    INDArray v = TinyRbm.draw(p, 3, rows, 41, DataType.DOUBLE);
    try (RandomStream random = new RandomStream(42)) {
      v = model.gibbs(v, 16, random);
    }
    double distance = TinyRbm.totalVariation(p, TinyRbm.frequencies(v));
    double limit = Limits.totalVariation(p, rows);
    assertTrue(distance < high + limit && distance > low - limit, () -> "distance " + distance);
  }
}
