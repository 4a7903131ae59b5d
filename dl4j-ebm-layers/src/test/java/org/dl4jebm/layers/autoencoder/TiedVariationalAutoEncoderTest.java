/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import static org.dl4jebm.layers.autoencoder.Encoders.global;
import static org.dl4jebm.layers.autoencoder.Encoders.network;
import static org.dl4jebm.layers.autoencoder.Encoders.real;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.autoencoder.TiedVariationalAutoEncoder.Estimator;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.PretrainGradients;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class TiedVariationalAutoEncoderTest {

  private static final double PRIOR = 0.3;

  private static TiedVariationalAutoEncoder.Builder builder(Estimator estimator) {
    return new TiedVariationalAutoEncoder.Builder().estimator(estimator).prior(PRIOR);
  }

  private static TiedVariationalAutoEncoderLayer layer(MultiLayerNetwork network) {
    return (TiedVariationalAutoEncoderLayer) network.getLayer(0);
  }

  private static TiedVariationalAutoEncoderLayer layer(TiedVariationalAutoEncoder.Builder builder) {
    return layer(network(builder));
  }

  @Test
  void theBoundIsThatOfEnumeration() {
    TiedVariationalAutoEncoderLayer layer = layer(builder(Estimator.ANALYTIC));
    INDArray x = real(5);
    double[] bounds = layer.model().evidenceLowerBound(x);
    double mean = 0;
    for (int row = 0; row < 5; row++) {
      TinyCauses causes = TinyCauses.of(layer, x.getRow(row), PRIOR);
      assertEquals(causes.bound(), bounds[row], 1e-11);
      // What the bound misses is the divergence of q from the true posterior.
      assertEquals(causes.logLikelihood() - causes.divergenceFromPosterior(), bounds[row], 1e-11);
      mean += bounds[row] / 5;
    }
    for (Estimator estimator : Estimator.values()) {
      assertEquals(
          -mean, PretrainGradients.score(layer(builder(estimator)), x, null), 1e-11, "score");
    }
  }

  @Test
  void theAnalyticStepIsTheGradientOfTheScore() {
    PretrainGradients.check(layer(builder(Estimator.ANALYTIC).l2(0.1)), real(5), null);
    PretrainGradients.check(
        layer(builder(Estimator.ANALYTIC)), real(4), Nd4j.createFromArray(0.5, 2, 0, 1));
    PretrainGradients.check(layer(builder(Estimator.ANALYTIC).prior(0.5)), real(1), null);
  }

  /**
   * A batch of many copies of one example: the mean of as many independent estimates, whose
   * distribution is enumerated.
   */
  private static void assertMean(
      TiedVariationalAutoEncoder.Builder builder, INDArray x, int copies, Moments moments) {
    TiedVariationalAutoEncoderLayer layer = layer(builder);
    INDArray batch = Nd4j.zeros(DataType.DOUBLE, copies, x.length()).addiRowVector(x);
    double[] step = NdAssert.values(PretrainGradients.step(layer, batch, null));
    for (int i = 0; i < step.length; i++) {
      assertEquals(
          moments.mean()[i],
          step[i],
          1e-12 + Limits.bernstein(moments.variance()[i], moments.range()[i], copies),
          "parameter " + i);
    }
  }

  /** Mean, variance and largest distance from the mean of a gradient, for each parameter. */
  private record Moments(double[] mean, double[] variance, double[] range) {

    static Moments of(List<double[]> values, List<Double> probabilities) {
      int n = values.get(0).length;
      double[] mean = new double[n];
      double[] variance = new double[n];
      double[] range = new double[n];
      for (int v = 0; v < values.size(); v++) {
        for (int i = 0; i < n; i++) {
          mean[i] += probabilities.get(v) * values.get(v)[i];
        }
      }
      for (int v = 0; v < values.size(); v++) {
        for (int i = 0; i < n; i++) {
          double distance = Math.abs(values.get(v)[i] - mean[i]);
          variance[i] += probabilities.get(v) * distance * distance;
          range[i] = Math.max(range[i], distance);
        }
      }
      return new Moments(mean, variance, range);
    }
  }

  @Test
  void theScoreFunctionIsUnbiasedWithAndWithoutBaseline() {
    INDArray x = real(3).getRow(2);
    TiedVariationalAutoEncoderLayer exact = layer(builder(Estimator.ANALYTIC));
    double[] gradient =
        NdAssert.values(PretrainGradients.step(exact, x.reshape('c', new long[] {1, 6}), null));
    TinyCauses causes = TinyCauses.of(exact, x, PRIOR);
    for (int samples = 1; samples <= 2; samples++) {
      for (boolean baseline : new boolean[] {false, true}) {
        if (baseline && samples == 1) {
          continue;
        }
        List<double[][]> tuples = causes.tuples(samples);
        boolean withBaseline = baseline;
        Moments moments =
            Moments.of(
                tuples.stream().map(z -> causes.scoreFunction(z, withBaseline)).toList(),
                tuples.stream().map(causes::probability).toList());
        NdAssert.assertClose(gradient, moments.mean(), 1e-11, () -> "expectation");
        assertMean(
            builder(Estimator.SCORE_FUNCTION).samples(samples).baseline(baseline),
            x,
            4000,
            moments);
      }
    }
  }

  /** The samples of an iteration are drawn again, and put into the formulas in plain loops. */
  @ParameterizedTest
  @EnumSource(
      value = Estimator.class,
      names = {"RELAXED", "STRAIGHT_THROUGH", "SCORE_FUNCTION"})
  void givenItsSamplesEachEstimatorIsItsFormula(Estimator estimator) {
    int samples = 3;
    TiedVariationalAutoEncoderLayer layer =
        layer(builder(estimator).samples(samples).temperature(0.4));
    INDArray x = real(2);
    INDArray drawn = Nd4j.zeros(DataType.DOUBLE, 2 * samples, Encoders.N_OUT);
    try (RandomStream noise = layer.noise(0)) {
      if (estimator == Estimator.RELAXED) {
        noise.uniform(drawn);
      } else {
        INDArray s = layer.model().encode(x);
        drawn.assign(Nd4j.vstack(s, s, s));
        noise.bernoulli(drawn, drawn);
      }
    }
    double[] expected = new double[(int) layer.numParams()];
    for (int row = 0; row < 2; row++) {
      TinyCauses causes = TinyCauses.of(layer, x.getRow(row), PRIOR);
      double[][] codes = new double[samples][];
      for (int i = 0; i < samples; i++) {
        codes[i] = drawn.getRow(2L * i + row).toDoubleVector();
      }
      if (estimator == Estimator.SCORE_FUNCTION) {
        add(expected, causes.scoreFunction(codes, true), 0.5);
      } else {
        for (double[] code : codes) {
          add(expected, estimate(causes, estimator, code), 0.5 / samples);
        }
      }
    }
    NdAssert.assertClose(
        expected, NdAssert.values(PretrainGradients.step(layer, x, null)), 1e-12, () -> "");
  }

  private static double[] estimate(TinyCauses causes, Estimator estimator, double[] drawn) {
    if (estimator == Estimator.STRAIGHT_THROUGH) {
      return causes.straightThrough(drawn);
    }
    double[] logistic = new double[drawn.length];
    for (int k = 0; k < drawn.length; k++) {
      double u = drawn[k] + 0x1p-24;
      logistic[k] = Math.log(u) - Math.log1p(-u);
    }
    return causes.relaxed(logistic, 0.4);
  }

  private static void add(double[] sum, double[] values, double factor) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += factor * values[i];
    }
  }

  @Test
  void theStraightThroughEstimatorIsBiasedAsDocumented() {
    INDArray x = real(3).getRow(1);
    TiedVariationalAutoEncoderLayer exact = layer(builder(Estimator.ANALYTIC));
    TinyCauses causes = TinyCauses.of(exact, x, PRIOR);
    List<double[][]> tuples = causes.tuples(1);
    Moments moments =
        Moments.of(
            tuples.stream().map(z -> causes.straightThrough(z[0])).toList(),
            tuples.stream().map(causes::probability).toList());
    double[] expected =
        NdAssert.values(PretrainGradients.step(exact, x.reshape('c', new long[] {1, 6}), null));
    for (int k = 0; k < Encoders.N_OUT; k++) {
      double s = causes.s[k];
      double bias = s * (1 - s) * causes.squaredNorm(k) * (s - 0.5);
      assertTrue(Math.abs(bias) > 1e-4, "nothing to see");
      expected[Encoders.N_IN * Encoders.N_OUT + k] += bias;
      for (int i = 0; i < Encoders.N_IN; i++) {
        expected[k * Encoders.N_IN + i] += x.getDouble(i) * bias;
      }
    }
    NdAssert.assertClose(expected, moments.mean(), 1e-11, () -> "expectation");
    assertMean(builder(Estimator.STRAIGHT_THROUGH).samples(1), x, 4000, moments);
  }

  /** One cause, where the expectation is an integral over one uniform number. */
  private static Moments relaxed(TinyCauses causes, double temperature, int points) {
    List<double[]> values = new ArrayList<>();
    List<Double> probabilities = new ArrayList<>();
    for (int i = 0; i < points; i++) {
      double u = (i + 0.5) / points;
      values.add(causes.relaxed(new double[] {Math.log(u) - Math.log1p(-u)}, temperature));
      probabilities.add(1.0 / points);
    }
    return Moments.of(values, probabilities);
  }

  private static TiedVariationalAutoEncoderLayer single(
      TiedVariationalAutoEncoder.Builder builder) {
    Layer conf = builder.nIn(2).nOut(1).build();
    MultiLayerNetwork network =
        new MultiLayerNetwork(global(DataType.DOUBLE, new Sgd(1)).list().layer(conf).build());
    network.init();
    network.params().assign(Nd4j.createFromArray(1.1, -0.6, 0.4, 0.3, -0.2).reshape(1, 5));
    return layer(network);
  }

  @Test
  void relaxedVariablesHaveABiasThatFallsLinearlyWithTheTemperature() {
    INDArray x = Nd4j.createFromArray(0.7, -0.4);
    TiedVariationalAutoEncoderLayer exact = single(builder(Estimator.ANALYTIC));
    double[] gradient =
        NdAssert.values(PretrainGradients.step(exact, x.reshape('c', new long[] {1, 2}), null));
    TinyCauses causes = TinyCauses.of(exact, x, PRIOR);
    double[] temperatures = {0.1, 0.05, 0.025};
    double[] bias = new double[temperatures.length];
    double[] variance = new double[temperatures.length];
    int field = 2;
    for (int t = 0; t < temperatures.length; t++) {
      Moments moments = relaxed(causes, temperatures[t], 400_000);
      bias[t] = moments.mean()[field] - gradient[field];
      variance[t] = moments.variance()[field];
    }
    for (int t = 1; t < temperatures.length; t++) {
      assertEquals(2, bias[t - 1] / bias[t], 0.1, "bias at temperature " + temperatures[t]);
      assertEquals(2, variance[t] / variance[t - 1], 0.3, "variance");
    }
    assertTrue(Math.abs(bias[0]) > 1e-3, "nothing to see");

    Moments moments = relaxed(causes, 0.5, 100_000);
    TiedVariationalAutoEncoderLayer layer =
        single(builder(Estimator.RELAXED).samples(1).temperature(0.5));
    int copies = 20_000;
    INDArray batch = Nd4j.zeros(DataType.DOUBLE, copies, 2).addiRowVector(x);
    double[] step = NdAssert.values(PretrainGradients.step(layer, batch, null));
    for (int i = 0; i < step.length; i++) {
      assertEquals(
          moments.mean()[i],
          step[i],
          1e-5 + Limits.bernstein(moments.variance()[i], moments.range()[i], copies),
          "parameter " + i);
    }
  }

  /** Sum over the parameters of the variance of the mean of so many samples. */
  private static double total(Moments moments, int samples) {
    return Arrays.stream(moments.variance()).sum() / samples;
  }

  /** By enumeration and, of the relaxed variables, by a sum over a grid: no chance is involved. */
  @Test
  void baselinesAndReparameterizationReduceTheVariance() {
    INDArray x = real(3).getRow(2);
    TinyCauses causes = TinyCauses.of(layer(builder(Estimator.ANALYTIC)), x, PRIOR);
    List<double[][]> pairs = causes.tuples(2);
    List<Double> probabilities = pairs.stream().map(causes::probability).toList();
    double[] score = new double[2];
    for (int i = 0; i < 2; i++) {
      boolean baseline = i == 1;
      score[i] =
          total(
              Moments.of(
                  pairs.stream().map(z -> causes.scoreFunction(z, baseline)).toList(),
                  probabilities),
              1);
    }
    int points = 16;
    List<double[]> values = new ArrayList<>();
    for (int cell = 0; cell < Math.pow(points, Encoders.N_OUT); cell++) {
      double[] logistic = new double[Encoders.N_OUT];
      int rest = cell;
      for (int k = 0; k < logistic.length; k++) {
        double u = (rest % points + 0.5) / points;
        logistic[k] = Math.log(u) - Math.log1p(-u);
        rest /= points;
      }
      values.add(causes.relaxed(logistic, 0.5));
    }
    double relaxed =
        total(Moments.of(values, Collections.nCopies(values.size(), 1.0 / values.size())), 2);
    assertTrue(score[0] > 2 * score[1], score[0] + " and with baseline " + score[1]);
    assertTrue(score[1] > 2 * relaxed, score[1] + " and relaxed " + relaxed);
  }

  @ParameterizedTest
  @EnumSource(Estimator.class)
  void weightsOfExamplesAreNumbersOfCopies(Estimator estimator) {
    INDArray x = real(3);
    TiedVariationalAutoEncoderLayer layer = layer(builder(estimator));
    INDArray two = PretrainGradients.step(layer, x, Nd4j.createFromArray(2.0, 2.0, 2.0));
    double score = layer.score();
    NdAssert.assertClose(PretrainGradients.step(layer, x, null).mul(2), two, 1e-12);
    assertEquals(layer.score(), score, 1e-12);
    INDArray first = PretrainGradients.step(layer, x, Nd4j.createFromArray(1.0, 0.0, 0.0));
    INDArray others = PretrainGradients.step(layer, x, Nd4j.createFromArray(0.0, 1.0, 1.0));
    NdAssert.assertClose(PretrainGradients.step(layer, x, null), first.add(others), 1e-12);
  }

  @ParameterizedTest
  @EnumSource(Estimator.class)
  void floatIsCloseToDoubleAndTrainingGoesDownhill(Estimator estimator) {
    INDArray x = real(30);
    INDArray y = x.castTo(DataType.FLOAT);
    MultiLayerNetwork exact = network(builder(estimator));
    MultiLayerNetwork single = network(global(DataType.FLOAT, new Sgd(1)), builder(estimator));
    single.params().assign(exact.params().castTo(DataType.FLOAT));
    NdAssert.assertClose(
        PretrainGradients.step(layer(exact), x, null),
        PretrainGradients.step(layer(single), y, null),
        1e-4);
    MultiLayerNetwork trained = network(global(DataType.FLOAT, new Sgd(0.05)), builder(estimator));
    double before = PretrainGradients.score(layer(trained), y, null);
    for (int step = 0; step < 200; step++) {
      trained.pretrainLayer(0, y);
    }
    double after = PretrainGradients.score(layer(trained), y, null);
    assertTrue(after < before - 0.5, before + " to " + after);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1e-6})
  void lowTemperaturesAndLargeValuesGiveNoNaN(double temperature) {
    MultiLayerNetwork network =
        network(
            global(DataType.FLOAT, new Sgd(1e-3)),
            builder(Estimator.RELAXED).temperature(temperature).samples(3));
    network.getLayer(0).getParam("W").muli(100);
    network.pretrainLayer(0, real(50).muli(30).castTo(DataType.FLOAT));
    assertTrue(Double.isFinite(network.getLayer(0).score()));
    assertTrue(Double.isFinite(network.params().sumNumber().doubleValue()));
  }

  @Test
  void biasesCanBeLeftAlone() {
    TiedVariationalAutoEncoderLayer layer = layer(builder(Estimator.ANALYTIC).trainBiases(false));
    INDArray biases = layer.getParam("b").dup();
    INDArray visible = layer.getParam("vb").dup();
    INDArray weights = layer.getParam("W").dup();
    layer.fit(real(4), LayerWorkspaceMgr.noWorkspaces());
    NdAssert.assertSame(biases, layer.getParam("b"));
    NdAssert.assertSame(visible, layer.getParam("vb"));
    assertNotEquals(weights, layer.getParam("W"));
  }

  @Test
  void samplesOfCausesAndVisibleUnits() {
    TiedVariationalAutoEncoderLayer layer = layer(builder(Estimator.ANALYTIC));
    INDArray x = Nd4j.zeros(DataType.DOUBLE, 20_000, 6).addiRowVector(real(1).getRow(0));
    try (RandomStream random = new RandomStream(5)) {
      INDArray means = layer.model().encode(x).getRow(0);
      INDArray drawn = layer.sampleOutput(x, random).mean(0);
      for (int k = 0; k < means.length(); k++) {
        double p = means.getDouble(k);
        assertEquals(p, drawn.getDouble(k), Limits.bernstein(p * (1 - p), 1, 20_000));
      }
    }
    INDArray noise =
        layer
            .sampleVisibleGivenHidden(layer.model().encode(x))
            .getSecond()
            .sub(layer.model().decode(layer.model().encode(x)));
    assertEquals(1, noise.mul(noise).meanNumber().doubleValue(), Limits.meanSquare(noise.length()));
  }

  private static String refused(Runnable build) {
    return assertThrows(DL4JInvalidConfigException.class, build::run).getMessage();
  }

  @Test
  void badConfigurationsAreRefused() {
    assertTrue(
        refused(() -> builder(Estimator.RELAXED).name("a").temperature(0).build())
            .contains("temperature is 0.0; accepted: a finite number above 0"));
    assertTrue(
        refused(() -> builder(Estimator.SCORE_FUNCTION).samples(1).build())
            .contains("samples is 1; accepted: 2 or more, or no baseline"));
    builder(Estimator.SCORE_FUNCTION).samples(1).baseline(false).build();
    assertTrue(refused(() -> builder(Estimator.RELAXED).samples(0).build()).contains("is 0"));
    assertTrue(refused(() -> builder(null).build()).contains("estimator is null"));
    for (double prior : new double[] {0, 1, Double.NaN}) {
      assertTrue(
          refused(() -> builder(Estimator.ANALYTIC).prior(prior).build()).contains("prior is"));
    }
    assertTrue(
        refused(() -> builder(Estimator.ANALYTIC).activation(Activation.TANH).build())
            .contains("accepted: the sigmoid"));
    TiedVariationalAutoEncoder one = builder(Estimator.RELAXED).build();
    assertEquals(one, builder(Estimator.RELAXED).build());
    assertEquals(one.hashCode(), builder(Estimator.RELAXED).build().hashCode());
    for (TiedVariationalAutoEncoder.Builder other :
        List.of(
            builder(Estimator.ANALYTIC),
            builder(Estimator.RELAXED).prior(0.4),
            builder(Estimator.RELAXED).samples(5),
            builder(Estimator.RELAXED).temperature(0.1),
            builder(Estimator.RELAXED).baseline(false),
            builder(Estimator.RELAXED).trainBiases(false))) {
      assertNotEquals(one, other.build());
    }
  }

  @TestFactory
  Stream<DynamicNode> layers() {
    return Stream.of(Estimator.RELAXED, Estimator.SCORE_FUNCTION)
        .map(
            estimator ->
                dynamicContainer(
                    estimator.name(),
                    new LayerChecks(
                            () ->
                                List.of(
                                    builder(estimator)
                                        .nOut(4)
                                        .samples(3)
                                        .temperature(0.8)
                                        .baseline(false)
                                        .trainBiases(false)
                                        .build()),
                            real(5))
                        .all()));
  }
}
