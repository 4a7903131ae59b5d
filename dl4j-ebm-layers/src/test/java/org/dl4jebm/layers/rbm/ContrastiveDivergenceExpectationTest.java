/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.Oracles;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Means of many contrastive divergence estimates against their exact expectation. Only the negative
 * phase is random: {@code v_i E[h_j | v]} lies in [0, 1], its variance is known by enumeration, and
 * {@link Limits#bernstein} bounds the mean of independent chains.
 */
@Tag("gpu")
class ContrastiveDivergenceExpectationTest {

  private static final double[][] DATA = {{1, 0, 1, 0}, {0, 1, 1, 1}};
  private static final TinyRbm TINY = TinyRbm.oracle(4, 3);
  private static final int ROWS = 200_000;

  private static INDArray repeatedData(DataType type) {
    return Nd4j.tile(Nd4j.createFromArray(DATA).castTo(type), ROWS / 2, 1);
  }

  private static ContrastiveDivergence estimator(int k, int chains, long seed) {
    return new ContrastiveDivergence(
        ContrastiveDivergenceOptions.DEFAULT.withK(k).withPersistentChains(chains),
        new RandomStream(seed));
  }

  private static void assertWithin(
      double[] expected, double[] variance, double[] actual, long n, String what) {
    for (int i = 0; i < expected.length; i++) {
      double limit = Limits.bernstein(variance[i], 1, n);
      assertEquals(expected[i], actual[i], limit, what + ", entry " + i);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,DOUBLE", "3,DOUBLE", "10,DOUBLE", "1,FLOAT"})
  void contrastiveDivergence(int k, DataType type) {
    int calls = 4;
    TinyRbm.Expectation exact = TINY.contrastiveDivergence(DATA, k);
    RbmModel model = TINY.model(type);
    ContrastiveDivergence estimator = estimator(k, 0, 100 + k);
    INDArray data = repeatedData(type);
    double[] mean = new double[exact.mean().length];
    for (int call = 0; call < calls; call++) {
      double[] gradient = GradientViews.of(estimator, model, data);
      for (int i = 0; i < mean.length; i++) {
        mean[i] += gradient[i] / ROWS / calls;
      }
    }
    assertWithin(exact.mean(), exact.variance(), mean, (long) calls * ROWS, "CD-" + k);
    double oracle =
        -Oracles.number(
            "R(4,3) data {1010,0111}, gradient of mean log-likelihood", "W00 expected CD-" + k);
    assertEquals(oracle, mean[0], Limits.bernstein(exact.variance()[0], 1, (long) calls * ROWS));
  }

  /** The limits are tight enough to tell k sweeps from more, and samples from means. */
  @Test
  void theLimitsTellTheVariantsApart() {
    TinyRbm.Expectation one = TINY.contrastiveDivergence(DATA, 1);
    double limit = Limits.bernstein(one.variance()[0], 1, 4L * ROWS);
    double three = TINY.contrastiveDivergence(DATA, 3).mean()[0];
    assertTrue(Math.abs(one.mean()[0] - three) > 10 * limit, "CD-1 and CD-3 must differ");

    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(DATA);
    INDArray h = model.propUp(data);
    INDArray meanField = model.reconstruct(data);
    INDArray gradient =
        meanField
            .transpose()
            .mmul(model.propUp(meanField))
            .sub(data.transpose().mmul(h))
            .div(DATA.length);
    assertTrue(
        Math.abs(one.mean()[0] - gradient.getDouble(0, 0)) > 3 * limit,
        "a chain of means instead of samples must differ");
  }

  /**
   * New chains start at hidden units that only their bias acts on; one step is k sweeps from there.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void firstStepOfPersistentChains(int k) {
    RbmModel model = TINY.model(DataType.DOUBLE);
    double[] gradient =
        GradientViews.of(estimator(k, ROWS, 200 + k), model, Nd4j.createFromArray(DATA));
    double[] visible = TINY.sweeps(TINY.down(TINY.hiddenPriorOfBias()), k - 1);
    TinyRbm.Expectation negative = TINY.expectation(visible);
    double[] positive = TINY.positivePhase(DATA);
    double[] expected = new double[gradient.length];
    for (int i = 0; i < gradient.length; i++) {
      expected[i] = negative.mean()[i] - positive[i];
      gradient[i] /= DATA.length;
    }
    assertWithin(expected, negative.variance(), gradient, ROWS, "PCD-" + k);
  }

  /** Chains that have the model's distribution keep it, and give the exact likelihood gradient. */
  @ParameterizedTest
  @CsvSource({"1,DOUBLE", "4,DOUBLE", "1,FLOAT"})
  void persistentChainsAtEquilibriumGiveTheLikelihoodGradient(int k, DataType type) {
    RbmModel model = TINY.model(type);
    ContrastiveDivergence estimator = estimator(k, ROWS, 300 + k);
    GradientViews.setChains(
        estimator, model, TinyRbm.draw(TINY.hiddenProbabilities(), 3, ROWS, 17, type));
    double[] exact = TINY.likelihoodGradient(DATA);
    double[] variance = TINY.expectation(TINY.visibleProbabilities()).variance();
    INDArray data = Nd4j.createFromArray(DATA);
    for (int step = 0; step < 3; step++) {
      double[] gradient = GradientViews.of(estimator, model, data);
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] /= DATA.length;
      }
      assertWithin(exact, variance, gradient, ROWS, "step " + step);
    }
    double[] p = TINY.hiddenProbabilities();
    assertTrue(
        TinyRbm.totalVariation(p, TinyRbm.frequencies(GradientViews.chains(estimator)))
            < Limits.totalVariation(p, ROWS));
  }

  /** Persistent chains leave their start and approach the model's distribution. */
  @Test
  void persistentChainsConverge() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    ContrastiveDivergence estimator = estimator(1, ROWS, 400);
    INDArray data = Nd4j.createFromArray(DATA);
    double[] p = TINY.hiddenProbabilities();
    GradientViews.of(estimator, model, data);
    double first = TinyRbm.totalVariation(p, TinyRbm.frequencies(GradientViews.chains(estimator)));
    for (int step = 0; step < 20; step++) {
      GradientViews.of(estimator, model, data);
    }
    double last = TinyRbm.totalVariation(p, TinyRbm.frequencies(GradientViews.chains(estimator)));
    double limit = Limits.totalVariation(p, ROWS);
    assertTrue(first > 2 * limit, () -> "the start is already at equilibrium: " + first);
    assertTrue(last < limit, () -> "total variation " + last + " over " + limit);
  }
}
