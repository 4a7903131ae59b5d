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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Samples of {@link RbmModel}: conditional distributions, and the stationary one. */
@Tag("gpu")
class RbmSamplingTest {

  private static final int ROWS = 100_000;
  private static final TinyRbm TINY = TinyRbm.oracle(4, 3);
  private static final double[] VARIANCE = {0.5, 1, 1.5, 2};

  /**
   * Chains that start exactly at p stay there, however fast or slow the chain mixes; see {@link
   * Limits#totalVariation} for the limit.
   */
  @ParameterizedTest
  @CsvSource({"1,DOUBLE", "4,DOUBLE", "16,DOUBLE", "1,FLOAT", "16,FLOAT"})
  void gibbsSweepsDoNotDrift(int sweeps, DataType type) {
    // Weights three times as large mix slowly, so that a wrong stationary distribution has no
    // excuse.
    for (TinyRbm tiny : new TinyRbm[] {TINY, TINY.scaleWeights(3)}) {
      double[] p = tiny.visibleProbabilities();
      INDArray start = TinyRbm.draw(p, 4, ROWS, 31, type);
      INDArray end;
      try (RandomStream random = new RandomStream(1000 + sweeps)) {
        end = tiny.model(type).gibbs(start, sweeps, random);
      }
      double distance = TinyRbm.totalVariation(p, TinyRbm.frequencies(end));
      double limit = Limits.totalVariation(p, ROWS);
      assertTrue(distance < limit, () -> "total variation " + distance + " over " + limit);
      assertTrue(limit < 0.02, "the limit must be tight enough to mean something");
    }
  }

  /** From a wrong start the chain finds p: no-drift alone would pass a chain that never moves. */
  @Test
  void gibbsSweepsConverge() {
    double[] p = TINY.visibleProbabilities();
    INDArray start = Nd4j.zeros(DataType.DOUBLE, ROWS, 4);
    INDArray end;
    try (RandomStream random = new RandomStream(5)) {
      end = TINY.model(DataType.DOUBLE).gibbs(start, 30, random);
    }
    assertTrue(
        TinyRbm.totalVariation(p, TinyRbm.frequencies(end)) < Limits.totalVariation(p, ROWS));
  }

  /** One sweep from a fixed state has the enumerated transition probabilities. */
  @Test
  void oneSweepHasTheExactTransitionProbabilities() {
    double[] start = new double[16];
    start[TinyRbm.indexOf(new double[] {1, 0, 1, 1})] = 1;
    INDArray rows = Nd4j.tile(Nd4j.createFromArray(new double[][] {{1, 0, 1, 1}}), ROWS, 1);
    for (int sweeps : new int[] {1, 2}) {
      double[] exact = TINY.sweeps(start, sweeps);
      try (RandomStream random = new RandomStream(6)) {
        INDArray end = TINY.model(DataType.DOUBLE).gibbs(rows, sweeps, random);
        assertTrue(
            TinyRbm.totalVariation(exact, TinyRbm.frequencies(end))
                < Limits.totalVariation(exact, ROWS));
      }
    }
  }

  private static RbmModel gaussian(DataType type) {
    return new RbmModel(
        Nd4j.createFromArray(TINY.weights()).castTo(type).dup('f'),
        Nd4j.createFromArray(TINY.hiddenBias()).castTo(type),
        Nd4j.createFromArray(TINY.visibleBias()).castTo(type),
        GaussianUnits.withVariance(VARIANCE),
        new BernoulliUnits());
  }

  /** The same for Gaussian visible units: hidden states, and the moments of the visible ones. */
  @ParameterizedTest
  @ValueSource(ints = {1, 4, 16})
  void gaussianGibbsSweepsDoNotDrift(int sweeps) {
    RbmModel model = gaussian(DataType.DOUBLE);
    INDArray hiddenStates = Nd4j.createFromArray(TinyRbm.states(3));
    double[] p = NdAssert.values(model.freeEnergyOfHidden(hiddenStates));
    double z = 0;
    for (int t = 0; t < p.length; t++) {
      p[t] = Math.exp(-p[t]);
      z += p[t];
    }
    for (int t = 0; t < p.length; t++) {
      p[t] /= z;
    }
    INDArray h = TinyRbm.draw(p, 3, ROWS, 32, DataType.DOUBLE);
    try (RandomStream random = new RandomStream(2000 + sweeps)) {
      INDArray v = model.gibbs(model.sampleVisible(h, random), sweeps, random);
      assertMixtureMoments(p, NdAssert.values(model.propDown(hiddenStates)), v);
      INDArray end = model.sampleHidden(v, random);
      double distance = TinyRbm.totalVariation(p, TinyRbm.frequencies(end));
      assertTrue(distance < Limits.totalVariation(p, ROWS), () -> "total variation " + distance);
    }
  }

  /**
   * Each visible unit has a mixture of normal distributions, of means {@code mu} that depend on the
   * hidden state and one variance; the means of {@code v} and {@code v^2} over many rows are
   * normal.
   */
  private static void assertMixtureMoments(double[] p, double[] mu, INDArray v) {
    for (int i = 0; i < 4; i++) {
      double s2 = VARIANCE[i];
      double first = 0;
      double second = 0;
      double fourth = 0;
      for (int t = 0; t < p.length; t++) {
        double m = mu[4 * t + i];
        first += p[t] * m;
        second += p[t] * (m * m + s2);
        fourth += p[t] * (m * m * m * m + 6 * m * m * s2 + 3 * s2 * s2);
      }
      INDArray x = v.getColumn(i);
      assertEquals(
          first,
          x.meanNumber().doubleValue(),
          Limits.SIGMAS * Math.sqrt((second - first * first) / ROWS),
          "mean " + i);
      assertEquals(
          second,
          x.mul(x).meanNumber().doubleValue(),
          Limits.SIGMAS * Math.sqrt((fourth - second * second) / ROWS),
          "mean square " + i);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"DOUBLE", "FLOAT"})
  void binaryConditionalMoments(DataType type) {
    RbmModel model = TINY.model(type);
    double[] v = {1, 0, 1, 1};
    INDArray rows = Nd4j.tile(Nd4j.createFromArray(new double[][] {v}).castTo(type), ROWS, 1);
    INDArray h;
    try (RandomStream random = new RandomStream(7)) {
      h = model.sampleHidden(rows, random);
    }
    double[] mean = NdAssert.values(h.castTo(DataType.DOUBLE).mean(0));
    double[] exact = TINY.propUp(v);
    for (int j = 0; j < 3; j++) {
      double variance = exact[j] * (1 - exact[j]);
      assertEquals(exact[j], mean[j], Limits.bernstein(variance, 1, ROWS));
    }
    for (double x : NdAssert.values(h)) {
      assertTrue(x == 0 || x == 1, () -> "state " + x);
    }
    assertUncorrelated(h.castTo(DataType.DOUBLE), mean);
  }

  /**
   * Products of centred columns have expectation 0; each lies in [-1, 1], with a variance of at
   * most 1/16. Taking the empirical mean instead of the true one moves the product by less than
   * 1e-4.
   */
  private static void assertUncorrelated(INDArray states, double[] mean) {
    INDArray centred = states.subRowVector(Nd4j.createFromArray(mean));
    INDArray covariance = centred.transpose().mmul(centred).div(states.size(0));
    for (int i = 0; i < mean.length; i++) {
      for (int j = 0; j < i; j++) {
        double limit = Limits.bernstein(1.0 / 16, 1, states.size(0)) + 1e-4;
        assertEquals(0, covariance.getDouble(i, j), limit);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"DOUBLE,1", "DOUBLE,0.3", "DOUBLE,per unit", "FLOAT,0.3", "FLOAT,per unit"})
  void gaussianConditionalMoments(DataType type, String variances) {
    double[] variance =
        variances.equals("per unit") ? VARIANCE : new double[] {Double.parseDouble(variances)};
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(TINY.weights()).castTo(type).dup('f'),
            Nd4j.createFromArray(TINY.hiddenBias()).castTo(type),
            Nd4j.createFromArray(TINY.visibleBias()).castTo(type),
            GaussianUnits.withVariance(variance),
            new BernoulliUnits());
    double[] h = {1, 0, 1};
    INDArray rows = Nd4j.tile(Nd4j.createFromArray(new double[][] {h}).castTo(type), ROWS, 1);
    INDArray v;
    try (RandomStream random = new RandomStream(8)) {
      v = model.sampleVisible(rows, random).castTo(DataType.DOUBLE);
    }
    double[] exact = new double[4];
    INDArray standard = v.dup();
    double[] mean = NdAssert.values(v.mean(0));
    for (int i = 0; i < 4; i++) {
      exact[i] = TINY.visibleBias()[i];
      for (int j = 0; j < 3; j++) {
        exact[i] += TINY.weights()[i][j] * h[j];
      }
      double s2 = variance[variance.length == 1 ? 0 : i];
      assertEquals(exact[i], mean[i], Limits.SIGMAS * Math.sqrt(s2 / ROWS), "mean " + i);
      INDArray z = v.getColumn(i).sub(exact[i]).div(Math.sqrt(s2));
      standard.putColumn(i, z);
      double meanSquare = z.mul(z).meanNumber().doubleValue();
      assertEquals(1, meanSquare, Limits.meanSquare(ROWS), "variance " + i);
    }
    // Products of independent standard normal numbers: variance 1, and a normal mean at this size.
    INDArray covariance = standard.transpose().mmul(standard).div(ROWS);
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < i; j++) {
        assertEquals(0, covariance.getDouble(i, j), 1.05 * Limits.SIGMAS / Math.sqrt(ROWS));
      }
    }
  }

  @Test
  void samplesOfSampleMethodsAndOfTheLayerLayoutDependOnTheSeedOnly() {
    RbmModel model = TINY.model(DataType.FLOAT);
    INDArray v = TinyRbm.draw(TINY.visibleProbabilities(), 4, 50, 9, DataType.FLOAT);
    INDArray first = model.gibbs(v, 3, new RandomStream(3));
    Nd4j.getRandom().setSeed(99);
    NdAssert.assertSame(first, model.gibbs(v, 3, new RandomStream(3)));
    NdAssert.assertSame(first, model.gibbs(NdAssert.fortran(v), 3, new RandomStream(3)));
    assertTrue(!first.equals(model.gibbs(v, 3, new RandomStream(4))));
  }
}
