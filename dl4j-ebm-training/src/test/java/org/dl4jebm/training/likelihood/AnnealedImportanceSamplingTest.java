/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.MixedUnits;
import org.dl4jebm.layers.rbm.NoisyRectifiedUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.SoftmaxUnits;
import org.dl4jebm.layers.rbm.SpinUnits;
import org.dl4jebm.layers.rbm.TruncatedGaussianUnits;
import org.dl4jebm.layers.rbm.UnitType;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.Oracles;
import org.dl4jebm.layers.testing.TinyRbm;
import org.dl4jebm.training.report.Progress;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link AnnealedImportanceSampling} on machines that can be enumerated. */
@Tag("gpu")
class AnnealedImportanceSamplingTest {

  private static final double[] BASE_VISIBLE = {0.3, -0.4, 0.2, 0.1};
  private static final double[] BASE_HIDDEN = {0.5, -0.2, 0.1};

  private static AisEstimate forward(RbmModel model, BaseRate base, AisOptions options) {
    return new AnnealedImportanceSampling(model, base, options).forward();
  }

  @ParameterizedTest
  @CsvSource({"DOUBLE,1", "DOUBLE,50", "FLOAT,1", "FLOAT,50"})
  void zeroWeightsHaveNoVariance(DataType type, int steps) {
    TinyRbm tiny =
        new TinyRbm(new double[3][2], new double[] {.1, -.2, .3}, new double[] {.4, -.5});
    RbmModel model = tiny.model(type);
    AnnealedImportanceSampling ais =
        new AnnealedImportanceSampling(
            model, BaseRate.ofBiases(model), AisOptions.linear(steps, 20));
    double exact = Oracles.number("zero_weight_RBM", "b=(.1,-.2,.3) c=(.4,-.5)");
    double limit = type == DataType.DOUBLE ? 50 * Oracles.TOLERANCE : 1e-6;
    INDArray starts = TinyRbm.draw(tiny.visibleProbabilities(), 3, 10, 3, type);
    AisSandwich both = ais.both(starts);
    for (AisEstimate estimate : new AisEstimate[] {both.forward(), both.reverse()}) {
      assertEquals(exact, estimate.logPartition(), limit);
      assertEquals(0, estimate.chainDeviation());
      assertEquals(0, estimate.standardError());
      assertEquals(estimate.chains(), estimate.effectiveSampleSize());
      assertEquals(exact, estimate.chainMean(), limit);
    }
  }

  /** The machine at {@code beta}, in plain Java. */
  private static TinyRbm at(TinyRbm tiny, double beta, double[] bA, double[] cA) {
    double[] b = new double[tiny.nIn];
    double[] c = new double[tiny.nOut];
    Arrays.setAll(b, i -> (1 - beta) * bA[i] + beta * tiny.visibleBias()[i]);
    Arrays.setAll(c, j -> (1 - beta) * cA[j] + beta * tiny.hiddenBias()[j]);
    return new TinyRbm(tiny.scaleWeights(beta).weights(), b, c);
  }

  /**
   * {@code E[w^power]} by sums over all paths of the chain: the vector of states is multiplied by
   * the ratios of probabilities and then moved by one sweep.
   */
  private static double moment(TinyRbm tiny, double[] betas, double[] bA, double[] cA, int power) {
    double[] u = at(tiny, betas[0], bA, cA).visibleProbabilities();
    for (int k = 1; k < betas.length; k++) {
      double[] ratio = ratios(tiny, betas[k - 1], betas[k], bA, cA);
      for (int s = 0; s < u.length; s++) {
        u[s] *= Math.pow(ratio[s], power);
      }
      u = at(tiny, betas[k], bA, cA).sweeps(u, 1);
    }
    return Arrays.stream(u).sum();
  }

  private static double[] ratios(TinyRbm tiny, double from, double to, double[] bA, double[] cA) {
    TinyRbm before = at(tiny, from, bA, cA);
    TinyRbm after = at(tiny, to, bA, cA);
    double[] ratio = after.visibleProbabilities();
    double[] p = before.visibleProbabilities();
    double z = Math.exp(after.logZ() - before.logZ());
    for (int s = 0; s < ratio.length; s++) {
      ratio[s] *= z / p[s];
    }
    return ratio;
  }

  /**
   * The mean weight is Z / Z_A forward and Z_A / Z in reverse, within the limit of Bernstein's
   * inequality for the exact variance and range of a weight. 300 steps of FLOAT take the path of
   * small changes, the others that of two partition functions.
   */
  @ParameterizedTest
  @CsvSource({
    "DOUBLE,1,true",
    "DOUBLE,4,true",
    "DOUBLE,4,false",
    "DOUBLE,1,false",
    "FLOAT,4,true",
    "FLOAT,300,true",
    "FLOAT,300,false"
  })
  void meanWeightIsTheRatioOfPartitionFunctions(DataType type, int steps, boolean rising) {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model = tiny.model(type);
    double[] betas = AnnealingSchedule.linear(steps).betas();
    if (!rising) {
      Arrays.setAll(betas, k -> 1 - (double) k / steps);
    }
    double mean = moment(tiny, betas, BASE_VISIBLE, BASE_HIDDEN, 1);
    double variance = moment(tiny, betas, BASE_VISIBLE, BASE_HIDDEN, 2) - mean * mean;
    double range = 1;
    for (int k = 1; k <= steps; k++) {
      range *=
          Arrays.stream(ratios(tiny, betas[k - 1], betas[k], BASE_VISIBLE, BASE_HIDDEN))
              .max()
              .orElseThrow();
    }
    BaseRate base =
        BaseRate.given(
            model, Nd4j.createFromArray(BASE_VISIBLE), Nd4j.createFromArray(BASE_HIDDEN));
    double logBase = at(tiny, 0, BASE_VISIBLE, BASE_HIDDEN).logZ();
    assertEquals(logBase, base.logPartition(model), type == DataType.DOUBLE ? 1e-13 : 1e-6);
    assertEquals((rising ? 1 : -1) * (tiny.logZ() - logBase), Math.log(mean), 1e-11);

    int chains = steps == 300 ? 4000 : 50_000;
    AnnealedImportanceSampling ais =
        new AnnealedImportanceSampling(
            model, base, AisOptions.linear(steps, chains).withSeed(77 + steps));
    AisEstimate estimate =
        rising
            ? ais.forward()
            : ais.reverse(TinyRbm.draw(tiny.visibleProbabilities(), 4, chains, 31 + steps, type));
    double meanWeight = Math.exp((rising ? 1 : -1) * (estimate.logPartition() - logBase));
    double limit = Limits.bernstein(variance, range - mean, chains);
    assertTrue(limit < 0.1 * mean, () -> "the limit must mean something: " + limit);
    assertEquals(mean, meanWeight, limit);
    // The reported error is that of the exact variance, up to the spread of a sample variance.
    double exactError = Math.sqrt(variance / chains) / mean;
    assertEquals(1, estimate.standardError() / exactError, 0.25);
    assertEquals(chains, estimate.chains());
    assertEquals(steps, estimate.steps());
  }

  /**
   * Variance of the log weights and bias of a chain's estimate fall as 1 / K, in both directions.
   */
  @Test
  void errorFallsTenfoldWhenTemperaturesRiseTenfold() {
    TinyRbm tiny = TinyRbm.oracle(6, 4);
    RbmModel model = tiny.model(DataType.DOUBLE);
    BaseRate base =
        BaseRate.given(model, Nd4j.zeros(DataType.DOUBLE, 6), Nd4j.zeros(DataType.DOUBLE, 4));
    double exact = Oracles.number("R(6,4)", "logZ");
    int chains = 10_000;
    double[] variance = new double[3];
    double[] error = new double[3];
    INDArray starts = TinyRbm.draw(tiny.visibleProbabilities(), 6, chains, 12, DataType.DOUBLE);
    for (boolean rising : new boolean[] {true, false}) {
      for (int i = 0; i < 3; i++) {
        AnnealedImportanceSampling ais =
            new AnnealedImportanceSampling(
                model, base, AisOptions.linear(5 * (int) Math.pow(10, i), chains));
        AisEstimate estimate = rising ? ais.forward() : ais.reverse(starts);
        variance[i] = estimate.chainDeviation() * estimate.chainDeviation();
        error[i] = rising ? exact - estimate.chainMean() : estimate.chainMean() - exact;
        assertTrue(error[i] > 0, "forward estimates of single chains err low, reverse ones high");
        // The error of a chain is about half the variance of its log weight.
        double noise = Limits.SIGMAS * estimate.chainDeviation() / Math.sqrt(chains);
        assertEquals(variance[i] / 2, error[i], 0.2 * variance[i] + noise);
      }
      // A sample variance of 10,000 has a relative deviation of 1.4 %; the rest is the next order.
      assertEquals(10, variance[0] / variance[1], 3);
      assertEquals(10, variance[1] / variance[2], 1.4);
    }
  }

  /** Limits that fall tenfold with the temperatures, for the estimate itself. */
  @Test
  void estimateWithinTenfoldLimits() {
    TinyRbm tiny = TinyRbm.oracle(6, 4).scaleWeights(2);
    RbmModel model = tiny.model(DataType.FLOAT);
    BaseRate base = BaseRate.ofBiases(model);
    double exact = tiny.logZ();
    for (int i = 0; i < 3; i++) {
      AisEstimate estimate =
          forward(model, base, AisOptions.linear((int) Math.pow(10, i + 1), 10_000));
      double limit = 0.5 * Math.pow(10, -i);
      assertTrue(Limits.SIGMAS * estimate.standardError() < limit);
      assertEquals(exact, estimate.logPartition(), limit);
    }
  }

  /**
   * All visible units off, with a share of {@code 1 / (1 + exp(-4))}, or all on. Started in the
   * smaller part, the reverse estimate falls short of {@code log Z}: chains cross over only where
   * the parts have become alike.
   */
  @Test
  void startsThatMissAPartContradictTheForwardEstimate() {
    RbmModel model =
        new RbmModel(
            Nd4j.valueArrayOf(new long[] {4, 1}, 20.0, DataType.DOUBLE),
            Nd4j.createFromArray(-44.0),
            Nd4j.valueArrayOf(new long[] {4}, -10.0, DataType.DOUBLE),
            new BernoulliUnits(),
            new BernoulliUnits());
    double exact = new ExactLikelihood(model).logPartition();
    assertEquals(Math.log(1 + Math.exp(-4)), exact, 1e-3);
    BaseRate base =
        BaseRate.given(model, Nd4j.zeros(DataType.DOUBLE, 4), Nd4j.createFromArray(0.0));
    AnnealedImportanceSampling ais =
        new AnnealedImportanceSampling(model, base, AisOptions.linear(500, 400));
    AisSandwich missed = ais.both(Nd4j.ones(DataType.DOUBLE, 400, 4));
    assertEquals(exact, missed.forward().logPartition(), 0.3);
    assertTrue(missed.reverse().logPartition() < exact - 1);
    assertTrue(missed.isContradictory());
    assertTrue(missed.toString().contains("started without a part of the model"));
    try (RandomStream random = new RandomStream(6)) {
      AisSandwich fair = ais.both(new ExactLikelihood(model).sample(400, random));
      assertEquals(exact, fair.reverse().logPartition(), 0.3);
      assertFalse(fair.isContradictory());
      assertEquals(3, fair.toString().lines().count());
    }
  }

  /** Coarse runs: the two directions err to their sides by much more than their noise. */
  @ParameterizedTest
  @CsvSource({"DOUBLE", "FLOAT"})
  void sandwich(DataType type) {
    TinyRbm tiny = TinyRbm.oracle(6, 4).scaleWeights(2);
    RbmModel model = tiny.model(type);
    double exact = tiny.logZ();
    INDArray starts = TinyRbm.draw(tiny.visibleProbabilities(), 6, 4000, 8, type);
    AisSandwich both =
        new AnnealedImportanceSampling(
                model, BaseRate.ofData(model, starts), AisOptions.linear(5, 4000))
            .both(starts);
    double forwardError = both.forward().chainDeviation() / Math.sqrt(4000);
    double reverseError = both.reverse().chainDeviation() / Math.sqrt(4000);
    assertTrue(both.forward().chainMean() < exact - Limits.SIGMAS * forwardError);
    assertTrue(both.reverse().chainMean() > exact + Limits.SIGMAS * reverseError);
    assertTrue(both.forward().logPartition() > both.forward().chainMean());
    assertTrue(both.reverse().logPartition() < both.reverse().chainMean());
    assertEquals(both.reverse().logPartition() - both.forward().logPartition(), both.gap(), 1e-12);
    INDArray data = Nd4j.createFromArray(TinyRbm.states(6)).castTo(type);
    assertEquals(
        exact - both.forward().logPartition(),
        both.forward().meanLogLikelihood(model, data)
            - new ExactLikelihood(model).meanLogLikelihood(data),
        1e-5);
    String report = both.toString();
    assertTrue(report.contains("by forward AIS, 5 steps, effective sample size"));
    assertTrue(report.contains("at most log Z in expectation, so that likelihoods come out too"));
    assertTrue(report.contains("at least log Z in expectation if the starts were drawn from"));
    assertEquals(3, report.lines().count());
  }

  private static final UnitType[] VISIBLE = {
    new BernoulliUnits(),
    new SpinUnits(),
    new SoftmaxUnits(2),
    GaussianUnits.unitVariance(),
    GaussianUnits.withVariance(0.5, 1, 1.5, 2),
    GaussianUnits.learnedVariance().withParameters(Nd4j.createFromArray(-0.5f, 0f, 0.4f, 0.7f)),
    MixedUnits.of(
        MixedUnits.part(2, new BernoulliUnits()),
        MixedUnits.part(2, GaussianUnits.withVariance(0.5, 2))),
    MixedUnits.of(
        MixedUnits.part(2, new BernoulliUnits()), MixedUnits.part(2, new SoftmaxUnits(2))),
    MixedUnits.of(
            MixedUnits.part(1, new SpinUnits()),
            MixedUnits.part(2, GaussianUnits.learnedVariance()),
            MixedUnits.part(1, new TruncatedGaussianUnits()))
        .withParameters(Nd4j.createFromArray(-0.5f, 0.7f))
  };

  private static final UnitType[] HIDDEN = {
    new BernoulliUnits(),
    new SpinUnits(),
    new SoftmaxUnits(3),
    GaussianUnits.withVariance(0.6),
    MixedUnits.of(MixedUnits.part(2, new SoftmaxUnits(2)), MixedUnits.part(1, new BernoulliUnits()))
  };

  /**
   * All pairs of unit types, against enumeration; in FLOAT those whose statistic is not the state.
   * Estimates from 1,000 weights with a coefficient of variation of at most 0.5 are normal, up to a
   * bias of less than a standard error / 100.
   */
  @Test
  void unitTypes() {
    TinyRbm tiny = TinyRbm.oracle(4, 3).scaleWeights(0.5);
    for (UnitType visible : VISIBLE) {
      for (UnitType hidden : HIDDEN) {
        if (!visible.isBounded() && !hidden.isBounded()) {
          continue;
        }
        for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
          if (type == DataType.FLOAT && visible.isBounded()) {
            continue;
          }
          RbmModel model =
              new RbmModel(
                  Nd4j.createFromArray(tiny.weights()).castTo(type).dup('f'),
                  Nd4j.createFromArray(tiny.hiddenBias()).castTo(type),
                  Nd4j.createFromArray(tiny.visibleBias()).castTo(type),
                  visible,
                  hidden);
          String name = visible + ", " + hidden + ", " + type;
          ExactLikelihood enumeration = new ExactLikelihood(model);
          double exact = enumeration.logPartition();
          BaseRate base =
              BaseRate.given(
                  model, Nd4j.createFromArray(BASE_VISIBLE), Nd4j.createFromArray(BASE_HIDDEN));
          AisOptions options = AisOptions.linear(80, 1000).withSeed(4);
          try (RandomStream random = new RandomStream(6)) {
            AisSandwich both =
                new AnnealedImportanceSampling(model, base, options)
                    .both(enumeration.sample(1000, random));
            check(exact, both.forward(), name);
            check(exact, both.reverse(), name);
          }
        }
      }
    }
  }

  private static void check(double exact, AisEstimate estimate, String name) {
    assertTrue(estimate.standardError() < 0.015, () -> name + ": " + estimate);
    assertTrue(estimate.standardError() > 1e-5, () -> name + ": " + estimate);
    double limit = (Limits.SIGMAS + 0.01) * estimate.standardError() + 1e-5;
    assertEquals(exact, estimate.logPartition(), limit, () -> name + ": " + estimate);
  }

  /** Real-valued visible units with an oracle from elsewhere. */
  @Test
  void gaussianOracle() {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(tiny.weights()).dup('f'),
            Nd4j.createFromArray(tiny.hiddenBias()),
            Nd4j.createFromArray(tiny.visibleBias()),
            GaussianUnits.withVariance(Oracles.numbers("gaussian_bernoulli_RBM", "s2")),
            new BernoulliUnits());
    AisEstimate estimate = forward(model, BaseRate.ofBiases(model), AisOptions.linear(1000, 1000));
    check(Oracles.number("gaussian_bernoulli_RBM", "logZ"), estimate, "oracle");
  }

  /** The fast path of FLOAT draws the same states as DOUBLE and gives the same weights. */
  @Test
  void floatCloseToDouble() {
    TinyRbm tiny = TinyRbm.oracle(6, 4).scaleWeights(3);
    AisOptions options = AisOptions.linear(400, 50);
    RbmModel exact = tiny.model(DataType.DOUBLE);
    RbmModel single = tiny.model(DataType.FLOAT);
    AisEstimate expected = forward(exact, BaseRate.ofBiases(exact), options);
    AisEstimate actual = forward(single, BaseRate.ofBiases(single), options);
    assertEquals(expected.logPartition(), actual.logPartition(), 2e-5);
    assertEquals(expected.chainDeviation(), actual.chainDeviation(), 2e-5);
  }

  /**
   * Adapted steps on a machine that changes fast at small beta have less variance than equal ones.
   */
  @Test
  void adaptedSchedule() {
    TinyRbm tiny = TinyRbm.oracle(20, 4).scaleWeights(12);
    RbmModel model = tiny.model(DataType.DOUBLE);
    BaseRate base = BaseRate.ofBiases(model);
    AisOptions options = AisOptions.linear(100, 1000);
    AnnealedImportanceSampling ais = new AnnealedImportanceSampling(model, base, options);
    AnnealingSchedule schedule = ais.adaptedSchedule(100);
    assertEquals(100, schedule.steps());
    assertEquals(schedule, AnnealingSchedule.of(schedule.betas()));
    assertEquals(schedule, ais.adaptedSchedule(100));
    AisEstimate linear = ais.forward();
    AisEstimate adapted = forward(model, base, options.withSchedule(schedule));
    assertTrue(adapted.chainDeviation() < 0.8 * linear.chainDeviation());
    double exact = new ExactLikelihood(model).logPartition();
    assertTrue(exact - adapted.chainMean() < 0.7 * (exact - linear.chainMean()));
    assertEquals(exact, adapted.logPartition(), Limits.SIGMAS * adapted.standardError());
  }

  /**
   * 2,500 chains on 2,048 units are run in three blocks; each has its place and its own samples.
   */
  @Test
  void manyChainsAreRunInBlocks() {
    int nIn = 2048;
    INDArray w = Nd4j.create(DataType.FLOAT, new long[] {nIn, 2}, 'f');
    try (RandomStream random = new RandomStream(9)) {
      random.gaussian(w.dup('f'), 0.02, w);
    }
    RbmModel model =
        new RbmModel(
            w,
            Nd4j.createFromArray(0.5f, -0.5f),
            Nd4j.valueArrayOf(new long[] {nIn}, -1, DataType.FLOAT),
            new BernoulliUnits(),
            new BernoulliUnits());
    assertEquals(1024, AnnealingChains.maxChains(model));
    ExactLikelihood enumeration = new ExactLikelihood(model);
    AnnealedImportanceSampling ais =
        new AnnealedImportanceSampling(model, BaseRate.ofBiases(model), AisOptions.linear(5, 2500));
    try (RandomStream random = new RandomStream(10)) {
      AisSandwich both = ais.both(enumeration.sample(2500, random));
      check(enumeration.logPartition(), both.forward(), "forward");
      check(enumeration.logPartition(), both.reverse(), "reverse");
      assertEquals(2500, both.forward().chains());
    }
  }

  @Test
  void sameSeedSameResult() {
    TinyRbm tiny = TinyRbm.oracle(6, 4);
    RbmModel model = tiny.model(DataType.FLOAT);
    INDArray starts = TinyRbm.draw(tiny.visibleProbabilities(), 6, 30, 8, DataType.FLOAT);
    INDArray before = starts.dup();
    INDArray weights = model.weights().dup();
    BaseRate base = BaseRate.ofData(model, starts);
    AisOptions options = AisOptions.linear(20, 30);
    AnnealedImportanceSampling ais = new AnnealedImportanceSampling(model, base, options);
    AisSandwich both = ais.both(starts);
    Nd4j.getRandom().setSeed(99);
    assertEquals(both.reverse(), ais.reverse(NdAssert.fortran(starts)));
    assertEquals(both.forward(), ais.forward());
    assertNotEquals(both.forward(), forward(model, base, options.withSeed(2)));
    NdAssert.assertSame(before, starts);
    NdAssert.assertSame(weights, model.weights());
  }

  @Test
  void oneChainHasNoError() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    AisEstimate estimate = forward(model, BaseRate.ofBiases(model), AisOptions.linear(10, 1));
    assertTrue(Double.isNaN(estimate.standardError()));
    assertTrue(Double.isNaN(estimate.chainDeviation()));
    assertEquals(1, estimate.effectiveSampleSize());
    assertEquals(estimate.logPartition(), estimate.chainMean(), 1e-12);
  }

  /** Energies of thousands, in one step: unequal weights, but numbers. */
  @ParameterizedTest
  @CsvSource({"DOUBLE,1", "FLOAT,1", "FLOAT,100"})
  void hugeWeights(DataType type, int steps) {
    RbmModel model = TinyRbm.oracle(6, 4).scaleWeights(500).model(type);
    AisEstimate estimate = forward(model, BaseRate.ofBiases(model), AisOptions.linear(steps, 50));
    assertTrue(Double.isFinite(estimate.logPartition()));
    assertTrue(estimate.effectiveSampleSize() >= 1);
    double exact = new ExactLikelihood(model).logPartition();
    // exp(-20) bounds the probability that an unbiased mean weight is so far above
    assertTrue(estimate.logPartition() < exact + 21);
  }

  @Test
  void progress() {
    StringBuilder log = new StringBuilder();
    Progress recorder =
        new Progress() {
          private long last;

          @Override
          public void start(String task, long totalSteps) {
            log.append(task).append(' ').append(totalSteps).append(' ');
            last = 0;
          }

          @Override
          public void step(long done, String detail) {
            assertEquals(++last, done);
          }

          @Override
          public void finish(String summary) {
            log.append(last).append(';');
          }

          @Override
          public void close() {}
        };
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.FLOAT);
    new AnnealedImportanceSampling(
            model, BaseRate.ofBiases(model), AisOptions.linear(10, 3), recorder)
        .both(Nd4j.zeros(DataType.FLOAT, 2, 4));
    assertEquals("forward AIS, 3 chains 10 10;reverse AIS, 2 chains 10 10;", log.toString());
  }

  @Test
  void interruption() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.FLOAT);
    AnnealedImportanceSampling ais =
        new AnnealedImportanceSampling(model, BaseRate.ofBiases(model), AisOptions.DEFAULT);
    Thread.currentThread().interrupt();
    assertEquals(
        "forward AIS was interrupted at step 1 of 10000",
        assertThrows(CancellationException.class, ais::forward).getMessage());
    assertTrue(Thread.interrupted(), "the flag stays set");
  }

  @Test
  void badInput() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray c = Nd4j.zeros(DataType.DOUBLE, 3);
    assertMessage("visibleBias has 3 numbers; accepted: 4", () -> BaseRate.given(model, c, c));
    assertMessage(
        "hiddenBias holds NaN; accepted: finite numbers",
        () ->
            BaseRate.given(
                model, Nd4j.zeros(DataType.DOUBLE, 4), Nd4j.createFromArray(0, Double.NaN, 1)));
    assertMessage(
        "data have shape [2, 3]; accepted: [n, 4] with n at least 1",
        () -> BaseRate.ofData(model, Nd4j.zeros(DataType.DOUBLE, 2, 3)));
    BaseRate base = BaseRate.ofBiases(model);
    RbmModel single = TinyRbm.oracle(4, 3).model(DataType.FLOAT);
    assertMessage(
        "the base rate is one of 4 visible and 3 hidden units in DOUBLE; accepted: one made for"
            + " this machine, 4 and 3 in FLOAT",
        () -> new AnnealedImportanceSampling(single, base, AisOptions.DEFAULT));
    UnitType noisy = new NoisyRectifiedUnits();
    UnitType binary = new BernoulliUnits();
    UnitType mixed = MixedUnits.of(MixedUnits.part(1, noisy), MixedUnits.part(3, binary));
    INDArray b = Nd4j.zeros(DataType.DOUBLE, 4);
    for (RbmModel each :
        new RbmModel[] {
          new RbmModel(model.weights(), c, b, noisy, binary),
          new RbmModel(model.weights(), c, b, binary, noisy),
          new RbmModel(model.weights(), c, b, mixed, binary)
        }) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      new AnnealedImportanceSampling(
                          each, BaseRate.ofBiases(each), AisOptions.DEFAULT))
              .getMessage();
      assertTrue(message.contains("noisy") && message.contains("TruncatedGaussianUnits"), message);
    }
    AnnealedImportanceSampling ais =
        new AnnealedImportanceSampling(model, base, AisOptions.linear(3, 2));
    assertTrue(
        assertThrows(
                IllegalArgumentException.class,
                () -> ais.both(Nd4j.valueArrayOf(new long[] {2, 4}, 7.0, DataType.DOUBLE)))
            .getMessage()
            .startsWith("starts hold values from 7.0 to 7.0; accepted by Bernoulli units"));
    assertMessage("steps is 0; accepted: 1 or more", () -> ais.adaptedSchedule(0));
    model.hiddenBias().putScalar(1, Double.NaN);
    assertMessage(
        "the hidden bias hold NaN or infinite values, or their squares overflow; accepted: finite"
            + " values",
        ais::forward);
  }

  private static void assertMessage(
      String message, org.junit.jupiter.api.function.Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
