/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.MixedUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RbmMoments;
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
import org.nd4j.linalg.indexing.NDArrayIndex;

/** {@link ExactLikelihood} against values from elsewhere. */
@Tag("gpu")
class ExactLikelihoodTest {

  private static final String R43 = "R(4,3)";
  private static final String GRADIENT = "R(4,3) data {1010,0111}, gradient of mean log-likelihood";
  private static final double[][] DATA = {{1, 0, 1, 0}, {0, 1, 1, 1}};
  private static final double[] VARIANCE = Oracles.numbers("gaussian_bernoulli_RBM", "s2");

  private static RbmModel tiny(int nIn, int nOut) {
    return TinyRbm.oracle(nIn, nOut).model(DataType.DOUBLE);
  }

  private static RbmModel gaussian(TinyRbm tiny) {
    return new RbmModel(
        Nd4j.createFromArray(tiny.weights()).dup('f'),
        Nd4j.createFromArray(tiny.hiddenBias()),
        Nd4j.createFromArray(tiny.visibleBias()),
        GaussianUnits.withVariance(VARIANCE),
        new BernoulliUnits());
  }

  @Test
  void oracles() {
    ExactLikelihood small = new ExactLikelihood(tiny(4, 3));
    assertEquals(Oracles.number(R43, "logZ"), small.logPartition(), 2 * Oracles.TOLERANCE);
    double[] logs =
        NdAssert.values(
            small.logLikelihood(
                Nd4j.createFromArray(new double[][] {new double[4], {1, 1, 1, 1}})));
    assertEquals(Oracles.number(R43, "log p(0000)"), logs[0], 2 * Oracles.TOLERANCE);
    assertEquals(Oracles.number(R43, "log p(1111)"), logs[1], 2 * Oracles.TOLERANCE);
    RbmMoments moments = small.moments();
    assertEquals(Oracles.number(R43, "logZ"), moments.logZ(), 2 * Oracles.TOLERANCE);
    NdAssert.assertClose(
        Oracles.numbers(R43, "E[v]"),
        NdAssert.values(moments.visible()),
        Oracles.TOLERANCE,
        () -> "E[v]");
    NdAssert.assertClose(
        Oracles.numbers(R43, "E[h]"),
        NdAssert.values(moments.hidden()),
        Oracles.TOLERANCE,
        () -> "E[h]");
    assertEquals(
        Oracles.number(R43, "E[v0 h0]"), moments.products().getDouble(0, 0), Oracles.TOLERANCE);
    double[] p = NdAssert.values(small.logLikelihood(Nd4j.createFromArray(TinyRbm.states(4))));
    double entropy = 0;
    for (double log : p) {
      entropy -= Math.exp(log) * log;
    }
    assertEquals(Oracles.number(R43, "entropy_of_v"), entropy, 3 * Oracles.TOLERANCE);

    ExactLikelihood large = new ExactLikelihood(tiny(6, 4));
    assertEquals(Oracles.number("R(6,4)", "logZ"), large.logPartition(), 2 * Oracles.TOLERANCE);
    assertEquals(
        Oracles.number("R(6,4)", "log p(0)"),
        large.meanLogLikelihood(Nd4j.zeros(DataType.DOUBLE, 1, 6)),
        2 * Oracles.TOLERANCE);
    assertEquals(
        Oracles.number("R(6,4)", "log p(1)"),
        large.meanLogLikelihood(Nd4j.ones(DataType.DOUBLE, 1, 6)),
        2 * Oracles.TOLERANCE);

    TinyRbm zero =
        new TinyRbm(new double[3][2], new double[] {.1, -.2, .3}, new double[] {.4, -.5});
    assertEquals(
        Oracles.number("zero_weight_RBM", "b=(.1,-.2,.3) c=(.4,-.5)"),
        new ExactLikelihood(zero.model(DataType.DOUBLE)).logPartition(),
        Oracles.TOLERANCE);
    assertEquals(
        Oracles.number("gaussian_bernoulli_RBM", "logZ"),
        new ExactLikelihood(gaussian(TinyRbm.oracle(4, 3))).logPartition(),
        3 * Oracles.TOLERANCE);
  }

  @Test
  void gradientOracle() {
    LikelihoodGradient gradient =
        new ExactLikelihood(tiny(4, 3)).gradient(Nd4j.createFromArray(DATA));
    assertEquals(
        Oracles.number(GRADIENT, "W00 maximum likelihood"),
        gradient.weights().getDouble(0, 0),
        Oracles.TOLERANCE);
    assertEquals(
        Oracles.number(GRADIENT, "norm maximum likelihood"),
        gradient.weights().norm2Number().doubleValue(),
        Oracles.TOLERANCE);
    assertEquals(
        Oracles.number(GRADIENT, "mean log-likelihood"),
        gradient.meanLogLikelihood(),
        2 * Oracles.TOLERANCE);
  }

  /** Sides of either size, so that each is summed in turn; plain Java sums over both. */
  @ParameterizedTest
  @CsvSource({"4,3,1", "3,5,1", "6,2,3", "2,7,3", "5,5,8", "1,1,1", "1,4,1"})
  void momentsAndGradientAgainstSumsOverBothSides(int nIn, int nOut, double scale) {
    TinyRbm tiny = TinyRbm.oracle(nIn, nOut).scaleWeights(scale);
    ExactLikelihood exact = new ExactLikelihood(tiny.model(DataType.DOUBLE));
    assertEquals(tiny.logZ(), exact.logPartition(), 1e-12 * tiny.logZ());

    double[] expected = tiny.expectation(tiny.visibleProbabilities()).mean();
    RbmMoments moments = exact.moments();
    NdAssert.assertClose(
        expected,
        flat(moments.products(), moments.hidden(), moments.visible()),
        1e-12,
        () -> "moments");

    double[][] states = TinyRbm.states(nIn);
    double[][] data = {states[0], states[states.length - 1], states[states.length / 2]};
    LikelihoodGradient gradient = exact.gradient(Nd4j.createFromArray(data));
    double[] ofNegative = tiny.likelihoodGradient(data);
    for (int i = 0; i < ofNegative.length; i++) {
      ofNegative[i] = -ofNegative[i];
    }
    NdAssert.assertClose(
        ofNegative,
        flat(gradient.weights(), gradient.hiddenBias(), gradient.visibleBias()),
        1e-12,
        () -> "gradient");
  }

  private static double[] flat(INDArray weights, INDArray hidden, INDArray visible) {
    assertEquals(1, hidden.rank());
    assertEquals(1, visible.rank());
    return NdAssert.values(Nd4j.concat(0, weights.transpose().reshape(-1), hidden, visible));
  }

  /** The gradient is that of the value, by central differences in every parameter. */
  @ParameterizedTest
  @CsvSource({"true,1", "true,0.4", "false,1", "false,0.4"})
  void gradientIsThatOfTheValue(boolean realValued, double coupling) {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model = realValued ? gaussian(tiny) : tiny.model(DataType.DOUBLE);
    model = model.tempered(coupling, model.hiddenBias(), model.visibleBias());
    INDArray data =
        realValued
            ? Nd4j.createFromArray(new double[][] {{0.3, -1.2, 2, 0.1}, {1, 0.4, -0.7, 3}})
            : Nd4j.createFromArray(DATA);
    ExactLikelihood exact = new ExactLikelihood(model);
    LikelihoodGradient gradient = exact.gradient(data);
    assertEquals(exact.meanLogLikelihood(data), gradient.meanLogLikelihood(), 1e-12);
    check(exact, data, model.weights(), gradient.weights());
    check(exact, data, model.hiddenBias(), gradient.hiddenBias());
    check(exact, data, model.visibleBias(), gradient.visibleBias());
  }

  /** The same for variances that are learned: of all units, and of one part between others. */
  @ParameterizedTest
  @CsvSource({"3,1", "5,1", "3,0.4"})
  void gradientByLearnedVariances(int nOut, double coupling) {
    TinyRbm tiny = TinyRbm.oracle(4, nOut);
    for (UnitType units :
        List.of(
            GaussianUnits.learnedVariance(),
            MixedUnits.of(
                MixedUnits.part(1, new SpinUnits()),
                MixedUnits.part(1, GaussianUnits.learnedVariance()),
                MixedUnits.part(1, new TruncatedGaussianUnits()),
                MixedUnits.part(1, GaussianUnits.learnedVariance())))) {
      INDArray theta = Nd4j.createFromArray(0.3, -0.4, 0.2, 0.6);
      theta = theta.get(NDArrayIndex.interval(0, units.parameterCount(4)));
      RbmModel model =
          new RbmModel(
              Nd4j.createFromArray(tiny.weights()).dup('f'),
              Nd4j.createFromArray(tiny.hiddenBias()),
              Nd4j.createFromArray(tiny.visibleBias()),
              units.withParameters(theta),
              new BernoulliUnits());
      model = model.tempered(coupling, model.hiddenBias(), model.visibleBias());
      INDArray data = Nd4j.createFromArray(new double[][] {{1, -1.2, 2, 0.1}, {-1, 0.4, 0.7, 3}});
      ExactLikelihood exact = new ExactLikelihood(model);
      LikelihoodGradient gradient = exact.gradient(data);
      assertEquals(exact.meanLogLikelihood(data), gradient.meanLogLikelihood(), 1e-12);
      assertEquals(1, gradient.visibleParameters().rank());
      check(exact, data, theta, gradient.visibleParameters());
      check(exact, data, model.weights(), gradient.weights());
      check(exact, data, model.visibleBias(), gradient.visibleBias());
    }
    assertNull(
        new ExactLikelihood(tiny(4, 3)).gradient(Nd4j.createFromArray(DATA)).visibleParameters());
  }

  /** FLOAT variances are taken as they are, and what follows is done in DOUBLE. */
  @Test
  void floatVariances() {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel[] models = new RbmModel[2];
    float[] theta = {0.3f, -0.4f, 0.2f, 0.6f};
    DataType[] types = {DataType.DOUBLE, DataType.FLOAT};
    for (int i = 0; i < 2; i++) {
      RbmModel single = tiny.model(DataType.FLOAT);
      models[i] =
          new RbmModel(
              single.weights().castTo(types[i]),
              single.hiddenBias().castTo(types[i]),
              single.visibleBias().castTo(types[i]),
              GaussianUnits.learnedVariance()
                  .withParameters(Nd4j.createFromArray(theta).castTo(types[i])),
              new BernoulliUnits());
    }
    INDArray data = Nd4j.createFromArray(new double[][] {{1, -1.2, 2, 0.1}, {-1, 0.4, 0.7, 3}});
    LikelihoodGradient expected = new ExactLikelihood(models[0]).gradient(data);
    LikelihoodGradient actual = new ExactLikelihood(models[1]).gradient(data);
    assertEquals(expected.meanLogLikelihood(), actual.meanLogLikelihood(), 1e-13);
    NdAssert.assertClose(expected.visibleParameters(), actual.visibleParameters(), 1e-13);
    NdAssert.assertClose(expected.weights(), actual.weights(), 1e-13);
  }

  private static void check(
      ExactLikelihood exact, INDArray data, INDArray parameter, INDArray derivative) {
    double step = 1e-5;
    double[] analytic = NdAssert.values(derivative);
    long columns = parameter.size(-1);
    INDArray matrix = parameter.rank() == 1 ? parameter.reshape(1, columns) : parameter;
    for (int i = 0; i < analytic.length; i++) {
      long[] place = {i / columns, i % columns};
      double old = matrix.getDouble(place);
      matrix.putScalar(place, old + step);
      double up = exact.meanLogLikelihood(data);
      matrix.putScalar(place, old - step);
      double down = exact.meanLogLikelihood(data);
      matrix.putScalar(place, old);
      assertEquals((up - down) / (2 * step), analytic[i], 1e-8, "element " + i);
    }
  }

  /** 65,536 states in some seventy blocks, and energies of thousands. */
  @Test
  void manyBlocks() {
    int nIn = 300;
    int nOut = 16;
    SplittableRandom random = new SplittableRandom(5);
    double[][] w = new double[nIn][nOut];
    double[] b = new double[nIn];
    double[] c = new double[nOut];
    for (int i = 0; i < nIn; i++) {
      b[i] = random.nextDouble(-1, 1);
      for (int j = 0; j < nOut; j++) {
        w[i][j] = random.nextInt(-8, 9);
      }
    }
    RbmModel model = new TinyRbm(w, b, c).model(DataType.DOUBLE);

    double max = Double.NEGATIVE_INFINITY;
    double[] logs = new double[1 << nOut];
    for (int s = 0; s < logs.length; s++) {
      for (int i = 0; i < nIn; i++) {
        double field = b[i];
        for (int j = 0; j < nOut; j++) {
          field += (s >> j & 1) * w[i][j];
        }
        logs[s] += Math.max(field, 0) + Math.log1p(Math.exp(-Math.abs(field)));
      }
      max = Math.max(max, logs[s]);
    }
    double sum = 0;
    double firstHidden = 0;
    for (int s = 0; s < logs.length; s++) {
      double p = Math.exp(logs[s] - max);
      sum += p;
      firstHidden += (s & 1) * p;
    }
    ExactLikelihood exact = new ExactLikelihood(model);
    double logZ = max + Math.log(sum);
    assertTrue(logZ > 800, "exp overflows at 709");
    assertEquals(logZ, exact.logPartition(), 1e-12 * logZ);
    RbmMoments moments = exact.moments();
    assertEquals(logZ, moments.logZ(), 1e-12 * logZ);
    assertEquals(firstHidden / sum, moments.hidden().getDouble(0), 1e-10);
  }

  /** FLOAT parameters are taken as they are, and the sums are done in DOUBLE. */
  @Test
  void floatParameters() {
    TinyRbm tiny = TinyRbm.oracle(6, 4);
    RbmModel single = tiny.model(DataType.FLOAT);
    RbmModel same =
        new RbmModel(
            single.weights().castTo(DataType.DOUBLE),
            single.hiddenBias().castTo(DataType.DOUBLE),
            single.visibleBias().castTo(DataType.DOUBLE),
            new BernoulliUnits(),
            new BernoulliUnits());
    INDArray v = Nd4j.createFromArray(TinyRbm.states(6));
    assertEquals(
        new ExactLikelihood(same).logPartition(),
        new ExactLikelihood(single).logPartition(),
        1e-14);
    NdAssert.assertClose(
        new ExactLikelihood(same).logLikelihood(v),
        new ExactLikelihood(single).logLikelihood(v.castTo(DataType.FLOAT)),
        1e-14);
    assertEquals(tiny.logZ(), new ExactLikelihood(single).logPartition(), 1e-6);
  }

  @ParameterizedTest
  @CsvSource({"4,3", "3,4"})
  void samplesHaveTheExactDistribution(int nIn, int nOut) {
    TinyRbm tiny = TinyRbm.oracle(nIn, nOut).scaleWeights(2);
    int n = 20_000;
    double[] p = tiny.visibleProbabilities();
    try (RandomStream random = new RandomStream(41)) {
      INDArray v = new ExactLikelihood(tiny.model(DataType.FLOAT)).sample(n, random);
      assertEquals(DataType.FLOAT, v.dataType());
      assertTrue(TinyRbm.totalVariation(p, TinyRbm.frequencies(v)) < Limits.totalVariation(p, n));
      // In random order: the first half is a sample as well.
      double[] half = TinyRbm.frequencies(Rows.of(v, 0, n / 2));
      assertTrue(TinyRbm.totalVariation(p, half) < Limits.totalVariation(p, n / 2));
    }
  }

  @Test
  void argumentsAreNotModified() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.FLOAT);
    INDArray w = model.weights().dup();
    INDArray data = Nd4j.createFromArray(DATA).castTo(DataType.FLOAT);
    INDArray before = data.dup();
    ExactLikelihood exact = new ExactLikelihood(model);
    exact.logLikelihood(data);
    LikelihoodGradient first = exact.gradient(data);
    exact.moments();
    NdAssert.assertSame(before, data);
    NdAssert.assertSame(w, model.weights());
    NdAssert.assertSame(first.weights(), exact.gradient(NdAssert.view(data)).weights());
    NdAssert.assertSame(first.weights(), exact.gradient(NdAssert.fortran(data)).weights());
  }

  @Test
  void tooManyStates() {
    RbmModel wide =
        new RbmModel(
            Nd4j.zeros(DataType.FLOAT, 784, 25),
            Nd4j.zeros(DataType.FLOAT, 25),
            Nd4j.zeros(DataType.FLOAT, 784),
            new BernoulliUnits(),
            new BernoulliUnits());
    assertMessage(
        "the machine has 784 visible units with too many states to count, or states that are not"
            + " discrete (Bernoulli units {0, 1}) and 25 hidden units with 33554432 states"
            + " (Bernoulli units {0, 1}); accepted for enumeration: at most 16777216 states on one"
            + " of the sides",
        () -> new ExactLikelihood(wide));
    RbmModel real = gaussian(TinyRbm.oracle(4, 3));
    assertThrows(
        IllegalArgumentException.class, () -> new ExactLikelihood(real, 7, Progress.silent()));
    assertEquals(
        Oracles.number("gaussian_bernoulli_RBM", "logZ"),
        new ExactLikelihood(real, 8, Progress.silent()).logPartition(),
        3 * Oracles.TOLERANCE);
    assertMessage(
        "maxStates is 0; accepted: 1 or more",
        () -> new ExactLikelihood(real, 0, Progress.silent()));
  }

  @Test
  void badInput() {
    RbmModel model = tiny(4, 3);
    ExactLikelihood exact = new ExactLikelihood(model);
    assertMessage(
        "data have shape [2, 3]; accepted: [n, 4] with n at least 1",
        () -> exact.logLikelihood(Nd4j.zeros(DataType.DOUBLE, 2, 3)));
    INDArray data = Nd4j.createFromArray(DATA);
    data.putScalar(1, 2, Double.NaN);
    assertMessage(
        "data hold NaN or infinite values, or their squares overflow; accepted: finite values",
        () -> exact.gradient(data));
    data.putScalar(1, 2, 3);
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> exact.meanLogLikelihood(data))
            .getMessage()
            .startsWith("data hold values from 0.0 to 3.0; accepted by Bernoulli units"));
    model.weights().putScalar(0, 0, Double.POSITIVE_INFINITY);
    assertMessage(
        "the weights hold NaN or infinite values, or their squares overflow; accepted: finite"
            + " values",
        exact::logPartition);
    try (RandomStream random = new RandomStream(1)) {
      assertMessage("n is 0; accepted: 1 or more", () -> exact.sample(0, random));
    }
  }

  @Test
  void interruption() {
    ExactLikelihood exact = new ExactLikelihood(tiny(4, 3));
    Thread.currentThread().interrupt();
    assertThrows(CancellationException.class, exact::logPartition);
    assertTrue(Thread.interrupted(), "the flag stays set");
    assertEquals(Oracles.number(R43, "logZ"), exact.logPartition(), 2 * Oracles.TOLERANCE);
  }

  private static void assertMessage(
      String message, org.junit.jupiter.api.function.Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
