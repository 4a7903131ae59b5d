/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;

/** Several samples of an example. */
@Tag("gpu")
class SampleBoundTest {

  private static final int EXAMPLES = 3;
  private static final int CHANNELS = 6;

  static Stream<Likelihood> families() {
    return LikelihoodCases.families();
  }

  private static LikelihoodOutputLayer layer(
      LikelihoodOutput conf, int inputs, DataType type, INDArray params) {
    conf.setNIn(InputType.feedForward(inputs), true);
    NeuralNetConfiguration global =
        new NeuralNetConfiguration.Builder().updater(new Sgd(1)).seed(1).layer(conf).build();
    LikelihoodOutputLayer layer =
        (LikelihoodOutputLayer) conf.instantiate(global, null, 0, params, params != null, type);
    if (params != null) {
      layer.setBackpropGradientsViewArray(params.ulike());
    }
    return layer;
  }

  private static LikelihoodOutputLayer layer(
      Likelihood family, SampleBound bound, ScoreFunctionBaseline baseline, DataType type) {
    long count = family.parameterCount(CHANNELS);
    return layer(
        new LikelihoodOutput.Builder(family).bound(bound).baseline(baseline).build(),
        (int) family.outputSize(CHANNELS) + (bound.hasColumn() ? 1 : 0),
        type,
        count == 0 ? null : Nd4j.create(type, 1, count));
  }

  private static void set(
      LikelihoodOutputLayer layer, INDArray input, INDArray labels, INDArray mask) {
    layer.setInput(input, LayerWorkspaceMgr.noWorkspaces());
    layer.setLabels(labels);
    layer.setMaskArray(mask);
  }

  private static double score(
      LikelihoodOutputLayer layer, INDArray input, INDArray labels, INDArray mask) {
    set(layer, input, labels, mask);
    return layer.computeScore(0, true, LayerWorkspaceMgr.noWorkspaces());
  }

  private static INDArray epsilon(
      LikelihoodOutputLayer layer, INDArray input, INDArray labels, INDArray mask) {
    set(layer, input, labels, mask);
    return layer.backpropGradient(null, LayerWorkspaceMgr.noWorkspaces()).getSecond();
  }

  private static INDArray input(Likelihood family, SampleBound bound, int samples) {
    return LikelihoodCases.normal(
        new SplittableRandom(31),
        (long) EXAMPLES * samples,
        family.outputSize(CHANNELS) + (bound.hasColumn() ? 1 : 0));
  }

  private static INDArray labels(Likelihood family) {
    return LikelihoodCases.data(family, new long[] {EXAMPLES, CHANNELS}, new SplittableRandom(32));
  }

  /** {@code log p} of every row and the last column. */
  private record Terms(double[] logP, double[] column) {
    static Terms of(Likelihood family, SampleBound bound, INDArray input, INDArray labels) {
      INDArray eta =
          input.get(NDArrayIndex.all(), NDArrayIndex.interval(0, family.outputSize(CHANNELS)));
      double[] column =
          bound.hasColumn()
              ? NdAssert.values(input.getColumn(input.size(1) - 1).dup())
              : new double[(int) input.size(0)];
      return new Terms(LikelihoodCases.logProbability(family, labels, null, eta), column);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void scoresAreTheBounds(Likelihood family) {
    INDArray labels = labels(family);
    for (SampleBound bound : SampleBound.values()) {
      for (int samples : new int[] {1, 4}) {
        INDArray input = input(family, bound, samples);
        Terms terms = Terms.of(family, bound, input, labels);
        double[] expected = new double[EXAMPLES];
        for (int i = 0; i < EXAMPLES; i++) {
          double mean = 0;
          double weighted = 0;
          for (int row = i * samples; row < (i + 1) * samples; row++) {
            double r = bound == SampleBound.SAMPLED ? terms.column()[row] : 0;
            mean -= (terms.logP()[row] + r) / samples;
            weighted += Math.exp(terms.logP()[row] + terms.column()[row]) / samples;
          }
          expected[i] = bound == SampleBound.IMPORTANCE_WEIGHTED ? -Math.log(weighted) : mean;
        }
        LikelihoodOutputLayer layer =
            layer(family, bound, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
        assertEquals(
            Arrays.stream(expected).sum() / EXAMPLES, score(layer, input, labels, null), 1e-11);
        set(layer, input, labels, null);
        INDArray scores = layer.computeScoreForExamples(0, LayerWorkspaceMgr.noWorkspaces());
        assertArrayEquals(new long[] {EXAMPLES, 1}, scores.shape());
        assertArrayEquals(expected, NdAssert.values(scores), 1e-11);
        set(layer, input, labels, Nd4j.createFromArray(0.0, 2, 1).reshape('c', 3, 1));
        scores = layer.computeScoreForExamples(0, LayerWorkspaceMgr.noWorkspaces());
        assertArrayEquals(
            new double[] {0, 2 * expected[1], expected[2]}, NdAssert.values(scores), 1e-11);
      }
    }
  }

  /** By central differences in the input, that is in outputs and column, and in the parameters. */
  @ParameterizedTest
  @MethodSource("families")
  void gradientsAreTheDerivatives(Likelihood family) {
    INDArray labels = labels(family);
    INDArray perExample = Nd4j.createFromArray(0.0, 2, 1).reshape('c', new long[] {3, 1});
    INDArray perValue = LikelihoodCases.uniform(new SplittableRandom(3), EXAMPLES, CHANNELS);
    for (SampleBound bound :
        new SampleBound[] {
          SampleBound.MEAN, SampleBound.SAMPLED, SampleBound.IMPORTANCE_WEIGHTED
        }) {
      for (INDArray mask : new INDArray[] {null, perExample, perValue}) {
        INDArray input = input(family, bound, 3);
        LikelihoodOutputLayer layer =
            layer(family, bound, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
        INDArray gradient = epsilon(layer, input, labels, mask);
        for (long i = 0; i < input.length(); i += 2) {
          assertEquals(
              difference(layer, input, i, input, labels, mask), gradient.getDouble(i), 1e-7);
        }
        if (layer.numParams() > 0) {
          INDArray byParameters = layer.getGradientsViewArray().dup();
          for (long i = 0; i < layer.numParams(); i++) {
            assertEquals(
                difference(layer, layer.params(), i, input, labels, mask),
                byParameters.getDouble(i),
                1e-6);
          }
        }
      }
    }
  }

  private static double difference(
      LikelihoodOutputLayer layer,
      INDArray argument,
      long index,
      INDArray input,
      INDArray labels,
      INDArray mask) {
    double step = 1e-5;
    double before = argument.getDouble(index);
    argument.putScalar(index, before + step);
    double above = score(layer, input, labels, mask);
    argument.putScalar(index, before - step);
    double below = score(layer, input, labels, mask);
    argument.putScalar(index, before);
    return EXAMPLES * (above - below) / (2 * step);
  }

  @ParameterizedTest
  @EnumSource(SampleBound.class)
  void floatCloseToDouble(SampleBound bound) {
    families()
        .forEach(
            family -> {
              INDArray input = input(family, bound, 4);
              INDArray labels = labels(family);
              LikelihoodOutputLayer exact =
                  layer(family, bound, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
              LikelihoodOutputLayer single =
                  layer(family, bound, ScoreFunctionBaseline.NONE, DataType.FLOAT);
              INDArray x = input.castTo(DataType.FLOAT);
              INDArray before = x.dup();
              NdAssert.assertClose(
                  epsilon(exact, input, labels, null),
                  epsilon(single, x, labels.castTo(DataType.FLOAT), null),
                  1e-5);
              assertEquals(
                  score(exact, input, labels, null),
                  score(single, x, labels.castTo(DataType.FLOAT), null),
                  1e-4);
              NdAssert.assertSame(before, x);
              NdAssert.assertClose(
                  exact.activate(false, LayerWorkspaceMgr.noWorkspaces()),
                  single.activate(false, LayerWorkspaceMgr.noWorkspaces()),
                  1e-5);
            });
  }

  @Test
  void oneSampleIsTheSampledBound() {
    Likelihood family = new BernoulliLikelihood();
    INDArray input = input(family, SampleBound.SAMPLED, 1);
    INDArray labels = labels(family);
    LikelihoodOutputLayer sampled =
        layer(family, SampleBound.SAMPLED, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
    LikelihoodOutputLayer weighted =
        layer(family, SampleBound.IMPORTANCE_WEIGHTED, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
    assertEquals(score(sampled, input, labels, null), score(weighted, input, labels, null), 1e-12);
    NdAssert.assertClose(
        epsilon(sampled, input, labels, null), epsilon(weighted, input, labels, null), 1e-12);
  }

  /** Weights that differ by factors of exp(1000) neither overflow nor vanish together. */
  @Test
  void logSumExpIsStable() {
    Likelihood family = new BernoulliLikelihood();
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray input = Nd4j.zeros(type, 4, CHANNELS + 1);
      INDArray r = Nd4j.createFromArray(-5000.0, -4000, 3000, 2000).castTo(type);
      input.putColumn(CHANNELS, r);
      INDArray labels = Nd4j.zeros(type, 2, CHANNELS);
      LikelihoodOutputLayer layer =
          layer(family, SampleBound.IMPORTANCE_WEIGHTED, ScoreFunctionBaseline.NONE, type);
      double reconstruction = CHANNELS * Math.log(2) + Math.log(2);
      assertEquals(reconstruction + (4000 - 3000) / 2.0, score(layer, input, labels, null), 1e-4);
      double[] gradient = NdAssert.values(epsilon(layer, input, labels, null));
      for (int row = 0; row < 4; row++) {
        double weight = row == 1 || row == 2 ? 1 : 0;
        assertEquals(-weight, gradient[row * (CHANNELS + 1) + CHANNELS], 1e-12);
        assertEquals(weight / 2, gradient[row * (CHANNELS + 1)], 1e-6);
      }
    }
  }

  /** The bound gets tighter with each sample in expectation, and is exact for a perfect q. */
  @Test
  void importanceWeightedBoundOfAnExactPosterior() {
    Likelihood family = new BernoulliLikelihood();
    INDArray input = input(family, SampleBound.IMPORTANCE_WEIGHTED, 5);
    INDArray labels = labels(family);
    Terms terms = Terms.of(family, SampleBound.IMPORTANCE_WEIGHTED, input, labels);
    double evidence = -2.5;
    for (int row = 0; row < input.size(0); row++) {
      input.putScalar(row, CHANNELS, evidence - terms.logP()[row]);
    }
    LikelihoodOutputLayer layer =
        layer(family, SampleBound.IMPORTANCE_WEIGHTED, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
    assertEquals(2.5, score(layer, input, labels, null), 1e-12);
  }

  /**
   * Two Bernoulli latent variables: the mean of the estimated gradient over all pairs of samples is
   * the derivative of the mean reconstruction error, and the baseline lowers the variance.
   */
  @ParameterizedTest
  @EnumSource(ScoreFunctionBaseline.class)
  void scoreFunctionGradientIsUnbiased(ScoreFunctionBaseline baseline) {
    double[] theta = {0.4, -0.8};
    double[][] states = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    INDArray x = labels(new BernoulliLikelihood()).getRow(1, true);
    INDArray eta = LikelihoodCases.normal(new SplittableRandom(9), 4, CHANNELS);
    double[] logP = LikelihoodCases.logProbability(new BernoulliLikelihood(), x, null, eta);
    double[] exact = new double[2];
    double[] q = new double[4];
    double[] logQ = new double[4];
    double[][] byTheta = new double[4][2];
    for (int s = 0; s < 4; s++) {
      for (int k = 0; k < 2; k++) {
        double on = 1 / (1 + Math.exp(-theta[k]));
        logQ[s] += Math.log(states[s][k] == 1 ? on : 1 - on);
        byTheta[s][k] = states[s][k] - on;
      }
      q[s] = Math.exp(logQ[s]);
      for (int k = 0; k < 2; k++) {
        exact[k] -= q[s] * logP[s] * byTheta[s][k];
      }
    }
    LikelihoodOutputLayer layer =
        layer(new BernoulliLikelihood(), SampleBound.SCORE_FUNCTION, baseline, DataType.DOUBLE);
    double[] mean = new double[2];
    double[] meanEta = new double[4];
    double meanScore = 0;
    for (int a = 0; a < 4; a++) {
      for (int b = 0; b < 4; b++) {
        INDArray input = Nd4j.create(DataType.DOUBLE, 2, CHANNELS + 1);
        int[] drawn = {a, b};
        for (int row = 0; row < 2; row++) {
          for (int j = 0; j < CHANNELS; j++) {
            input.putScalar(row, j, eta.getDouble(drawn[row], j));
          }
          input.putScalar(row, CHANNELS, logQ[drawn[row]]);
        }
        INDArray epsilon = epsilon(layer, input, x, null);
        meanScore += q[a] * q[b] * layer.computeScore(0, true, LayerWorkspaceMgr.noWorkspaces());
        for (int row = 0; row < 2; row++) {
          for (int k = 0; k < 2; k++) {
            mean[k] += q[a] * q[b] * epsilon.getDouble(row, CHANNELS) * byTheta[drawn[row]][k];
          }
          meanEta[drawn[row]] += q[a] * q[b] * epsilon.getDouble(row, 2);
        }
      }
    }
    assertArrayEquals(exact, mean, 1e-12);
    double expectedScore = 0;
    for (int s = 0; s < 4; s++) {
      expectedScore -= q[s] * logP[s];
      double on = 1 / (1 + Math.exp(-eta.getDouble(s, 2)));
      assertEquals(q[s] * (on - x.getDouble(2)), meanEta[s], 1e-12);
    }
    assertEquals(expectedScore, meanScore, 1e-12);
  }

  /** An example of weight 0 gives no gradient, one of weight 2 twice as much. */
  @ParameterizedTest
  @EnumSource(SampleBound.class)
  void weightsOfExamplesScaleTheGradient(SampleBound bound) {
    Likelihood family = new BernoulliLikelihood();
    INDArray input = input(family, bound, 2);
    INDArray labels = labels(family);
    LikelihoodOutputLayer layer = layer(family, bound, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
    INDArray expected = epsilon(layer, input, labels, null);
    for (int column = 0; column < expected.size(1); column++) {
      for (int row = 0; row < 6; row++) {
        double weight = row / 2;
        expected.putScalar(row, column, weight * expected.getDouble(row, column));
      }
    }
    INDArray weights = Nd4j.createFromArray(0.0, 1, 2).reshape('c', new long[] {3, 1});
    NdAssert.assertClose(expected, epsilon(layer, input, labels, weights), 1e-12);
  }

  /** Arrays that are changed in place after the backward pass and set again. */
  @Test
  void scoresOfTheBackwardPassEndWithItsArrays() {
    Likelihood family = new BernoulliLikelihood();
    LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
    INDArray input = input(family, SampleBound.MEAN, 2);
    INDArray labels = labels(family);
    LikelihoodOutputLayer layer =
        layer(family, SampleBound.MEAN, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
    LikelihoodOutputLayer fresh =
        layer(family, SampleBound.MEAN, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
    epsilon(layer, input, labels, null);
    assertEquals(score(fresh, input, labels, null), layer.computeScore(0, true, none), 1e-12);
    epsilon(layer, input, labels, null);
    input.addi(1);
    layer.setInput(input, none);
    assertEquals(score(fresh, input, labels, null), layer.computeScore(0, true, none), 1e-12);
    epsilon(layer, input, labels, null);
    labels.rsubi(1);
    layer.setLabels(labels);
    assertEquals(score(fresh, input, labels, null), layer.computeScore(0, true, none), 1e-12);
    epsilon(layer, input, labels, null);
    layer.setMaskArray(Nd4j.createFromArray(1.0, 0, 0).reshape('c', new long[] {3, 1}));
    assertEquals(
        score(fresh, input, labels, layer.getMaskArray()),
        layer.computeScore(0, true, none),
        1e-12);
    layer.clear();
    assertNull(layer.getLabels());
    assertThrows(IllegalStateException.class, () -> layer.computeScore(0, true, none));
  }

  @Test
  void aParameterChangedAfterTheBackwardPassCounts() {
    Likelihood family = GaussianLikelihood.learnedVariance(0.5);
    INDArray input = input(family, SampleBound.MEAN, 1);
    INDArray labels = labels(family);
    LikelihoodOutputLayer layer =
        layer(family, SampleBound.MEAN, ScoreFunctionBaseline.NONE, DataType.DOUBLE);
    epsilon(layer, input, labels, null);
    layer.params().addi(1);
    double found = layer.computeScore(0, true, LayerWorkspaceMgr.noWorkspaces());
    assertEquals(score(layer, input, labels, null), found, 1e-12);
  }

  /** {@code f_s - b_s} by hand. */
  @Test
  void baselines() {
    double[] logP = {-1, -3, -8, -2, -2, -2};
    double[] weights = new double[6];
    Arrays.fill(weights, 1.0 / 3);
    assertArrayEquals(
        new double[] {1 / 3.0, 1, 8 / 3.0, 2 / 3.0, 2 / 3.0, 2 / 3.0},
        SampleBound.SCORE_FUNCTION.columnGradient(logP, weights, 3, ScoreFunctionBaseline.NONE),
        1e-12);
    assertArrayEquals(
        new double[] {-4.5 / 3, -0.5, 2, 0, 0, 0},
        SampleBound.SCORE_FUNCTION.columnGradient(
            logP, weights, 3, ScoreFunctionBaseline.LEAVE_ONE_OUT),
        1e-12);
  }

  /** The column comes from a MergeVertex; its gradient reaches what it is computed from. */
  @ParameterizedTest
  @EnumSource(SampleBound.class)
  void inAGraph(SampleBound bound) {
    ComputationGraphConfiguration.GraphBuilder builder =
        new NeuralNetConfiguration.Builder()
            .seed(5)
            .dataType(DataType.DOUBLE)
            .updater(new Sgd(0.05))
            .graphBuilder()
            .addInputs("in")
            .setInputTypes(InputType.feedForward(3))
            .addLayer("eta", dense(CHANNELS), "in")
            .addLayer("column", dense(1), "in")
            .addVertex("merge", new MergeVertex(), "eta", "column")
            .addLayer(
                "out",
                new LikelihoodOutput.Builder(new BernoulliLikelihood()).bound(bound).build(),
                bound.hasColumn() ? "merge" : "eta")
            .setOutputs("out");
    if (!bound.hasColumn()) {
      return;
    }
    ComputationGraph graph = new ComputationGraph(builder.build());
    graph.init();
    assertEquals(
        graph.getConfiguration(),
        ComputationGraphConfiguration.fromJson(graph.getConfiguration().toJson()));
    INDArray input = LikelihoodCases.normal(new SplittableRandom(1), 6, 3);
    INDArray labels = labels(new BernoulliLikelihood());
    INDArray before = graph.getParam("column_W").dup();
    graph.fit(new INDArray[] {input}, new INDArray[] {labels});
    assertTrue(Double.isFinite(graph.score()));
    assertTrue(before.distance2(graph.getParam("column_W")) > 1e-6);
    assertArrayEquals(new long[] {6, CHANNELS}, graph.outputSingle(input).shape());
  }

  private static DenseLayer dense(int outputs) {
    return new DenseLayer.Builder().nOut(outputs).activation(Activation.IDENTITY).build();
  }

  /** Several samples of an example in a network: the same gradient as each by itself. */
  @Test
  void samplesAveragedInANetwork() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0))
                .list()
                .layer(dense(CHANNELS))
                .layer(new LikelihoodOutput.Builder(new BernoulliLikelihood()).build())
                .setInputType(InputType.feedForward(3))
                .build());
    network.init();
    INDArray input = LikelihoodCases.normal(new SplittableRandom(1), 6, 3);
    INDArray labels = labels(new BernoulliLikelihood());
    INDArray gradient =
        network.calculateGradients(input, labels, null, null).getFirst().gradient().dup();
    network.fit(input, labels);
    double score = network.score();
    INDArray repeated = LikelihoodRows.repeat(labels, 2);
    NdAssert.assertClose(
        network.calculateGradients(input, repeated, null, null).getFirst().gradient().div(2),
        gradient,
        1e-12);
    network.fit(input, repeated);
    assertEquals(network.score(), score, 1e-12);
  }
}
