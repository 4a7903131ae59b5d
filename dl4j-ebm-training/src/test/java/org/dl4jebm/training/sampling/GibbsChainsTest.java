/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.MixedUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.SoftmaxUnits;
import org.dl4jebm.layers.rbm.SpinUnits;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link GibbsChains} on machines that can be enumerated. */
@Tag("gpu")
class GibbsChainsTest {

  private static final int CHAINS = 50_000;
  private static final TinyRbm TINY = TinyRbm.oracle(4, 3).scaleWeights(2);
  private static final double[] KNOWN = {1, 0, 1, 0};
  private static final double[] EXAMPLE = {1, 0, 0, 0};

  /** {@code p(v | v_0 = 1, v_2 = 0)} over all states, by enumeration. */
  private static double[] conditional() {
    double[] p = TINY.visibleProbabilities();
    double[][] states = TinyRbm.states(4);
    double sum = 0;
    for (int s = 0; s < p.length; s++) {
      p[s] = states[s][0] == 1 && states[s][2] == 0 ? p[s] : 0;
      sum += p[s];
    }
    for (int s = 0; s < p.length; s++) {
      p[s] /= sum;
    }
    return p;
  }

  private static INDArray repeated(double[] row, DataType type) {
    return Nd4j.tile(Nd4j.createFromArray(new double[][] {row}).castTo(type), CHAINS, 1);
  }

  private static void assertDistribution(double[] p, INDArray v) {
    double distance = TinyRbm.totalVariation(p, TinyRbm.frequencies(v));
    double limit = Limits.totalVariation(p, CHAINS);
    assertTrue(distance < limit, () -> "total variation " + distance + " over " + limit);
    assertTrue(limit < 0.03, "the limit must be tight enough to mean something");
  }

  /** Chains that start at the conditional distribution stay there, however they mix. */
  @ParameterizedTest
  @CsvSource({"1,DOUBLE", "4,DOUBLE", "16,FLOAT"})
  void clampedChainsDoNotDrift(int sweeps, DataType type) {
    double[] p = conditional();
    INDArray start = TinyRbm.draw(p, 4, CHAINS, 3, type);
    try (RandomStream random = new RandomStream(sweeps)) {
      GibbsChains chains =
          GibbsChains.clamped(TINY.model(type), start, Nd4j.createFromArray(KNOWN), random);
      assertDistribution(p, chains.sweep(sweeps).visible());
      // An average of one sweep moves the chains as well.
      chains.meanOver(1);
      assertDistribution(p, chains.visible());
      assertEquals(sweeps + 1, chains.sweeps());
    }
  }

  /** From a wrong start they find the conditional distribution. */
  @Test
  void clampedChainsCompleteExamples() {
    double[] p = conditional();
    try (RandomStream random = new RandomStream(11)) {
      GibbsChains chains =
          GibbsChains.clamped(
              TINY.model(DataType.FLOAT),
              repeated(EXAMPLE, DataType.FLOAT),
              Nd4j.createFromArray(KNOWN),
              random);
      chains.sweep(40);
      assertDistribution(p, chains.visible());
      INDArray means = chains.meanOver(20);
      double[] mean = NdAssert.values(means.castTo(DataType.DOUBLE).mean(0));
      double[][] states = TinyRbm.states(4);
      for (int i = 0; i < 4; i++) {
        double exact = 0;
        for (int s = 0; s < p.length; s++) {
          exact += p[s] * states[s][i];
        }
        // Known units are exact; a chain's average of means has no more variance than a state.
        double limit = KNOWN[i] == 1 ? 1e-12 : Limits.bernstein(exact * (1 - exact), 1, CHAINS);
        assertEquals(exact, mean[i], limit, "unit " + i);
      }
    }
  }

  /** Pixels beside a category: given the pixels the category has its posterior distribution. */
  @Test
  void clampedPartsOfDifferentTypes() {
    TinyRbm tiny = TinyRbm.oracle(6, 4);
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(tiny.weights()).dup('f'),
            Nd4j.createFromArray(tiny.hiddenBias()),
            Nd4j.createFromArray(tiny.visibleBias()),
            MixedUnits.of(
                MixedUnits.part(2, new BernoulliUnits()),
                MixedUnits.part(3, new SoftmaxUnits(3)),
                MixedUnits.part(1, new SpinUnits())),
            new BernoulliUnits());
    double[][] states = {{1, 0, 1, 0, 0, -1}, {1, 0, 0, 1, 0, -1}, {1, 0, 0, 0, 1, -1}};
    double[] p = new double[3];
    double sum = 0;
    for (int k = 0; k < 3; k++) {
      INDArray row = Nd4j.createFromArray(new double[][] {states[k]});
      p[k] = Math.exp(-model.freeEnergy(row).getDouble(0));
      sum += p[k];
    }
    INDArray start = Nd4j.tile(Nd4j.createFromArray(new double[][] {states[0]}), CHAINS, 1);
    double[] known = {1, 1, 0, 0, 0, 1};
    try (RandomStream random = new RandomStream(21)) {
      INDArray v =
          GibbsChains.clamped(model, start, Nd4j.createFromArray(known), random)
              .sweep(40)
              .visible();
      double[] mean = NdAssert.values(v.mean(0));
      assertEquals(1, mean[0]);
      assertEquals(0, mean[1]);
      assertEquals(-1, mean[5]);
      for (int k = 0; k < 3; k++) {
        double exact = p[k] / sum;
        assertEquals(exact, mean[2 + k], Limits.bernstein(exact * (1 - exact), 1, CHAINS));
      }
      known[3] = 1;
      assertMessage(
          "known[0][3] is 1.0 and differs from others of its group, the columns 2 to 4; accepted:"
              + " the same for all units of a softmax variable",
          () -> GibbsChains.clamped(model, start, Nd4j.createFromArray(known), random));
    }
  }

  /** Each chain can have known units of its own; all unknown is an ordinary chain. */
  @Test
  void masksOfSingleChains() {
    INDArray known = Nd4j.create(DataType.DOUBLE, CHAINS, 4);
    INDArray start = repeated(EXAMPLE, DataType.DOUBLE);
    for (int row = 0; row < CHAINS; row += 2) {
      known.putScalar(row, 0, 1);
      known.putScalar(row, 2, 1);
    }
    try (RandomStream random = new RandomStream(12)) {
      INDArray v =
          GibbsChains.clamped(TINY.model(DataType.DOUBLE), start, known, random)
              .sweep(60)
              .visible();
      int half = CHAINS / 2;
      double[] flat = NdAssert.values(v);
      double[][] even = new double[half][4];
      double[][] odd = new double[half][4];
      for (int row = 0; row < CHAINS; row++) {
        System.arraycopy(flat, 4 * row, (row % 2 == 0 ? even : odd)[row / 2], 0, 4);
      }
      double[] p = conditional();
      assertTrue(
          TinyRbm.totalVariation(p, TinyRbm.frequencies(Nd4j.createFromArray(even)))
              < Limits.totalVariation(p, half));
      double[] all = TINY.visibleProbabilities();
      assertTrue(
          TinyRbm.totalVariation(all, TinyRbm.frequencies(Nd4j.createFromArray(odd)))
              < Limits.totalVariation(all, half));
    }
  }

  /** Without known units the sweeps are those of the model. */
  @ParameterizedTest
  @CsvSource({"DOUBLE", "FLOAT"})
  void sweepsAreThoseOfTheModel(DataType type) {
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(TINY.weights()).castTo(type),
            Nd4j.createFromArray(TINY.hiddenBias()).castTo(type),
            Nd4j.createFromArray(TINY.visibleBias()).castTo(type),
            GaussianUnits.withVariance(0.5, 1, 1.5, 2),
            new BernoulliUnits());
    INDArray start = Nd4j.createFromArray(TinyRbm.states(4)).castTo(type);
    INDArray before = start.dup();
    try (RandomStream one = new RandomStream(5);
        RandomStream other = new RandomStream(5)) {
      INDArray expected = model.gibbs(start, 7, one);
      GibbsChains chains = GibbsChains.from(model, start, other);
      NdAssert.assertSame(start, chains.visible());
      chains.sweep(3).sweep(0);
      chains.sweep(4);
      NdAssert.assertSame(expected, chains.visible());
      NdAssert.assertSame(before, start);
    }
  }

  /** The mean over sweeps estimates the model's mean. */
  @Test
  void meanOverSweeps() {
    try (RandomStream random = new RandomStream(6)) {
      INDArray start = TinyRbm.draw(TINY.visibleProbabilities(), 4, CHAINS, 8, DataType.DOUBLE);
      INDArray means = GibbsChains.from(TINY.model(DataType.DOUBLE), start, random).meanOver(5);
      double[] exact = TINY.expectation(TINY.visibleProbabilities()).mean();
      double[] mean = NdAssert.values(means.mean(0));
      for (int i = 0; i < 4; i++) {
        double p = exact[4 * 3 + 3 + i];
        assertEquals(p, mean[i], Limits.bernstein(p * (1 - p), 1, CHAINS));
      }
    }
  }

  @Test
  void startAtBiases() {
    double[] p =
        new TinyRbm(new double[4][3], TINY.visibleBias(), TINY.hiddenBias()).visibleProbabilities();
    try (RandomStream random = new RandomStream(7)) {
      assertDistribution(
          p, GibbsChains.ofBiases(TINY.model(DataType.FLOAT), CHAINS, random).visible());
    }
  }

  @Test
  void savedChainsGoOnWithTheSameNumbers() {
    RbmModel model = TINY.model(DataType.FLOAT);
    INDArray known = Nd4j.createFromArray(0.0, 0, 0, 1);
    INDArray start = Nd4j.createFromArray(TinyRbm.states(4)).castTo(DataType.FLOAT);
    GibbsChains.State saved;
    INDArray expected;
    try (RandomStream random = new RandomStream(13)) {
      GibbsChains chains = GibbsChains.clamped(model, start, known, random).sweep(5);
      saved = chains.state();
      expected = chains.sweep(6).visible();
      assertEquals(5, saved.sweeps(), "a copy");
    }
    try (RandomStream random = new RandomStream(99)) {
      GibbsChains chains = GibbsChains.clamped(model, start, known, random);
      chains.restore(saved);
      NdAssert.assertSame(expected, chains.sweep(6).visible());
      assertEquals(11, chains.sweeps());
      chains.restore(new GibbsChains.State(start.rsub(1), saved.random(), 5));
      NdAssert.assertSame(start.getColumn(3).dup(), chains.visible().getColumn(3).dup());
      chains.restore(new GibbsChains.State(chains.visible(), saved.random(), 11));
      INDArray other = Nd4j.zeros(DataType.FLOAT, 3, 4);
      assertMessage(
          "saved chains have shape [3, 4]; accepted: [16, 4]",
          () -> chains.restore(new GibbsChains.State(other, saved.random(), 1)));
      assertEquals(11, chains.sweeps());
    }
  }

  /**
   * Free energies along chains: they agree with one another, and mix as fast as enumeration says.
   */
  @Test
  void traceForDiagnostics() {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model = tiny.model(DataType.DOUBLE);
    try (RandomStream random = new RandomStream(14)) {
      INDArray start = TinyRbm.draw(tiny.visibleProbabilities(), 4, 50, 8, DataType.DOUBLE);
      double[][] trace = GibbsChains.from(model, start, random).trace(model::freeEnergy, 1000, 2);
      assertEquals(50, trace.length);
      double tau = ChainDiagnostics.integratedAutocorrelationTime(trace);
      double exact =
          exactTime(
              tiny, NdAssert.values(model.freeEnergy(Nd4j.createFromArray(TinyRbm.states(4)))), 2);
      // As in ChainDiagnosticsTest: variance 2 (2 M + 1) / n for a window of at most 10.
      assertEquals(1, tau / exact, Limits.SIGMAS * Math.sqrt(2 * 21 / 50_000.0));
      assertTrue(ChainDiagnostics.rankNormalizedSplitRHat(trace) < 1.01);
    }
  }

  /** {@code 1 + 2 sum_t rho(t)} of a function of the state, by powers of the transition matrix. */
  private static double exactTime(TinyRbm tiny, double[] f, int every) {
    double[] p = tiny.visibleProbabilities();
    double mean = 0;
    double square = 0;
    for (int s = 0; s < p.length; s++) {
      mean += p[s] * f[s];
      square += p[s] * f[s] * f[s];
    }
    double variance = square - mean * mean;
    double[] weighted = new double[p.length];
    for (int s = 0; s < p.length; s++) {
      weighted[s] = p[s] * (f[s] - mean);
    }
    double tau = 1;
    for (int t = 1; t < 60; t++) {
      weighted = tiny.sweeps(weighted, every);
      double covariance = 0;
      for (int s = 0; s < p.length; s++) {
        covariance += weighted[s] * (f[s] - mean);
      }
      tau += 2 * covariance / variance;
    }
    return tau;
  }

  @Test
  void interruption() {
    try (RandomStream random = new RandomStream(1)) {
      GibbsChains chains = GibbsChains.ofBiases(TINY.model(DataType.FLOAT), 3, random).sweep(2);
      INDArray before = chains.visible();
      Thread.currentThread().interrupt();
      assertEquals(
          "interrupted after 2 sweeps",
          assertThrows(CancellationException.class, () -> chains.sweep(1)).getMessage());
      assertTrue(Thread.interrupted(), "the flag stays set");
      NdAssert.assertSame(before, chains.visible());
    }
  }

  @Test
  void badInput() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray v = Nd4j.zeros(DataType.DOUBLE, 2, 4);
    try (RandomStream random = new RandomStream(1)) {
      assertMessage(
          "start have shape [2, 3]; accepted: [n, 4] with n at least 1",
          () -> GibbsChains.from(model, Nd4j.zeros(DataType.DOUBLE, 2, 3), random));
      assertMessage(
          "chains is 0; accepted: 1 or more", () -> GibbsChains.ofBiases(model, 0, random));
      assertMessage(
          "known has shape [3]; accepted: [4] or [2, 4]",
          () -> GibbsChains.clamped(model, v, Nd4j.zeros(DataType.DOUBLE, 3), random));
      assertMessage(
          "known[0][2] is 0.5; accepted: 0 or 1",
          () -> GibbsChains.clamped(model, v, Nd4j.createFromArray(1, 0, 0.5, 0), random));
      RbmModel softmax =
          new RbmModel(
              model.weights(),
              model.hiddenBias(),
              model.visibleBias(),
              new SoftmaxUnits(2),
              new BernoulliUnits());
      INDArray oneHot = Nd4j.createFromArray(new double[][] {{1, 0, 0, 1}});
      assertMessage(
          "known[0][3] is 0.0 and differs from others of its group, the columns 2 to 3; accepted:"
              + " the same for all units of a softmax variable",
          () -> GibbsChains.clamped(softmax, oneHot, Nd4j.createFromArray(1, 1, 1.0, 0), random));
      GibbsChains chains = GibbsChains.from(model, v, random);
      assertMessage("count is -1; accepted: 0 or more", () -> chains.sweep(-1));
      assertMessage("count is 0; accepted: 1 or more", () -> chains.meanOver(0));
      assertMessage(
          "times is 1 and every is 0; accepted: 1 or more",
          () -> chains.trace(model::freeEnergy, 1, 0));
    }
  }

  private static void assertMessage(
      String message, org.junit.jupiter.api.function.Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
