/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.RbmModelTest.UnitPair;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** Weights of examples in contrastive divergence and in the layer. */
class RbmWeightsTest {

  private static final ContrastiveDivergenceOptions CD1 = ContrastiveDivergenceOptions.DEFAULT;
  private static final double[] COUNTS = {2, 0, 1, 3};

  static Stream<UnitPair> pairs() {
    return RbmModelTest.thinPairs();
  }

  private static RbmBatch batch(INDArray data, double... weights) {
    return new RbmBatch(data, Nd4j.createFromArray(weights), 0, 0, true);
  }

  /** Each row as often as its weight says. */
  private static INDArray repeated(INDArray rows) {
    INDArray[] copies = new INDArray[6];
    int n = 0;
    for (int i = 0; i < COUNTS.length; i++) {
      for (int c = 0; c < COUNTS[i]; c++) {
        copies[n++] = rows.getRow(i, true);
      }
    }
    return Nd4j.vstack(copies);
  }

  /** Chains that start at the data are repeated with it; others stay as they are. */
  @ParameterizedTest
  @MethodSource("pairs")
  void wholeNumbersEqualRepeatedRows(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    INDArray data = pair.visibleBatch(4, 31);
    INDArray states = pair.visibleBatch(4, 32);
    for (ContrastiveDivergenceOptions options : List.of(CD1, CD1.withSparsity(0.2, 0.7))) {
      for (boolean followsData : new boolean[] {true, false}) {
        ContrastiveDivergence weighted =
            new ContrastiveDivergence(options, new FixedChains(states, followsData));
        ContrastiveDivergence plain =
            new ContrastiveDivergence(
                options, new FixedChains(followsData ? repeated(states) : states, followsData));
        GradientViews expected = new GradientViews(model, DataType.DOUBLE);
        double expectedScore = expected.fill(plain, model, repeated(data), true);
        GradientViews actual = new GradientViews(model, DataType.DOUBLE);
        double score = actual.fill(weighted, model, batch(data, COUNTS));
        NdAssert.assertClose(expected.flat, actual.flat, 1e-12);
        assertEquals(expectedScore, score, 1e-12 * (1 + expectedScore));
        assertEquals(gap(plain), gap(weighted), 1e-12 * (1 + Math.abs(gap(plain))));
      }
    }
  }

  private static double gap(RbmEstimator estimator) {
    return estimator.diagnostics().get(ResumablePretraining.FREE_ENERGY_GAP);
  }

  /** Any weights: the loss is linear in them as long as their ratios stay. */
  @ParameterizedTest
  @MethodSource("pairs")
  void theGradientIsProportionalToTheWeights(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    INDArray data = pair.visibleBatch(3, 33);
    for (int chains : new int[] {0, 2}) {
      ContrastiveDivergenceOptions options = CD1.withPersistentChains(chains).withSparsity(0.2, 1);
      double[] one = GradientViews.of(estimator(options), model, batch(data, 0.3, 1.7, 0.9));
      double[] twice = GradientViews.of(estimator(options), model, batch(data, 0.6, 3.4, 1.8));
      for (int i = 0; i < one.length; i++) {
        one[i] *= 2;
      }
      NdAssert.assertClose(one, twice, 1e-12, () -> chains + " chains");
    }
  }

  private static ContrastiveDivergence estimator(ContrastiveDivergenceOptions options) {
    return new ContrastiveDivergence(options, new RandomStream(9));
  }

  @ParameterizedTest
  @CsvSource({"0,0", "3,0", "0,0.5", "3,0.5"})
  void weightsOfOneChangeNoBit(int chains, double cost) {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.FLOAT);
    INDArray data = TinyRbm.draw(new double[] {.5, .5}, 1, 12, 4, DataType.FLOAT);
    INDArray rows = data.reshape('c', 3, 4);
    ContrastiveDivergenceOptions options = CD1.withPersistentChains(chains).withSparsity(0.1, cost);
    double[] expected = GradientViews.of(estimator(options), model, RbmBatch.of(rows));
    for (INDArray ones :
        List.of(
            Nd4j.ones(DataType.FLOAT, 3),
            Nd4j.ones(DataType.DOUBLE, 3, 1),
            Nd4j.ones(DataType.INT32, 3))) {
      assertArrayEquals(
          expected,
          GradientViews.of(estimator(options), model, new RbmBatch(rows, ones, 0, 0, true)));
    }
  }

  /** Buffers are shared by batches of one size, with and without weights. */
  @Test
  void weightsOfOneBatchDoNotReachTheNext() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(new double[][] {{1, 0, 1, 0}, {0, 1, 1, 1}});
    INDArray states = data.rsub(1);
    for (boolean followsData : new boolean[] {true, false}) {
      FixedChains chains = new FixedChains(states, followsData);
      ContrastiveDivergence estimator = new ContrastiveDivergence(CD1, chains);
      double[] plain = GradientViews.of(estimator, model, RbmBatch.of(data));
      double[] weighted = GradientViews.of(estimator, model, batch(data, 5, 0.1));
      assertArrayEquals(plain, GradientViews.of(estimator, model, RbmBatch.of(data)));
      assertArrayEquals(weighted, GradientViews.of(estimator, model, batch(data, 5, 0.1)));
    }
  }

  /** The mean of many estimates against the exact expectation of weighted CD-1. */
  @Test
  void expectation() {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    int pairs = 100_000;
    double[][] rows = {{1, 0, 1, 0}, {0, 1, 1, 1}};
    double[] w = {0.5, 2};
    INDArray data = Nd4j.tile(Nd4j.createFromArray(rows), pairs, 1);
    INDArray weights = Nd4j.tile(Nd4j.createFromArray(w).reshape('c', 2, 1), pairs, 1);
    double[] actual =
        GradientViews.of(
            estimator(CD1), tiny.model(DataType.DOUBLE), new RbmBatch(data, weights, 0, 0, false));
    TinyRbm.Expectation first = tiny.contrastiveDivergence(new double[][] {rows[0]}, 1);
    TinyRbm.Expectation second = tiny.contrastiveDivergence(new double[][] {rows[1]}, 1);
    for (int i = 0; i < actual.length; i++) {
      double mean = (w[0] * first.mean()[i] + w[1] * second.mean()[i]) / 2;
      double variance =
          (w[0] * w[0] * first.variance()[i] + w[1] * w[1] * second.variance()[i]) / 2;
      assertEquals(
          mean, actual[i] / (2 * pairs), Limits.bernstein(variance, 2, 2L * pairs), "entry " + i);
    }
  }

  @Test
  void aNumberOfWeightsThatIsNotTheNumberOfRowsIsRefused() {
    INDArray data = Nd4j.zeros(DataType.FLOAT, 3, 4);
    for (INDArray bad :
        List.of(Nd4j.ones(DataType.FLOAT, 2), Nd4j.ones(DataType.FLOAT, 3, 2), Nd4j.ones(1, 3))) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> new RbmBatch(data, bad, 0, 0, false))
              .getMessage();
      assertTrue(message.contains("accepted: [3] or [3, 1]"), message);
    }
  }

  /** The layer divides by the number of rows, as DL4J does with its masks. */
  @Test
  void theLayerTakesTheStepOfTheWeightedGradient() {
    double rate = 0.1;
    MultiLayerNetwork network =
        RbmNetworks.network(
            RbmNetworks.global(new Sgd(rate)), b -> b.persistentChains(3).scoreEvery(1));
    RestrictedBoltzmannMachineLayer layer = RbmNetworks.layer(network);
    INDArray data = RbmNetworks.data(4, 5);
    INDArray weights = Nd4j.createFromArray(0.5, 2, 0, 1.5).reshape('c', 4, 1);
    INDArray before = data.dup();
    double[] gradient =
        GradientViews.of(
            RbmNetworks.sameEstimator(layer),
            layer.model(),
            new RbmBatch(data, weights, 0, 0, true));
    double[] expected = NdAssert.values(layer.params());
    for (int i = 0; i < expected.length; i++) {
      expected[i] -= rate * gradient[i] / 4;
    }
    layer.fit(data, weights, LayerWorkspaceMgr.noWorkspaces());
    NdAssert.assertClose(expected, NdAssert.values(layer.params()), 1e-12, () -> "parameters");
    NdAssert.assertSame(before, data);
    assertEquals(1, layer.conf().getIterationCount());
  }

  static Stream<Arguments> badWeights() {
    return Stream.of(
        Arguments.of("hold -1.0", Nd4j.createFromArray(1.0, -1, 1, 1)),
        Arguments.of("hold NaN", Nd4j.createFromArray(1, Double.NaN, 1, 1)),
        Arguments.of("hold Infinity", Nd4j.createFromArray(1, Double.POSITIVE_INFINITY, 1, 1)),
        Arguments.of("are all 0", Nd4j.zeros(DataType.FLOAT, 4, 1)),
        Arguments.of("[3]", Nd4j.ones(DataType.FLOAT, 3)),
        Arguments.of("[1, 4]", Nd4j.ones(DataType.FLOAT, 1, 4)),
        Arguments.of("[4, 2]", Nd4j.ones(DataType.FLOAT, 4, 2)));
  }

  @ParameterizedTest
  @MethodSource("badWeights")
  void badWeightsAreRefusedAndNothingChanges(String part, INDArray bad) {
    MultiLayerNetwork network =
        RbmNetworks.network(RbmNetworks.global(new Adam(0.01)), b -> b.persistentChains(3));
    RestrictedBoltzmannMachineLayer layer = RbmNetworks.layer(network);
    INDArray data = RbmNetworks.data(4, 5);
    layer.fit(data, null, LayerWorkspaceMgr.noWorkspaces());
    INDArray params = network.params().dup();
    PretrainState state = layer.pretrainState();
    String message =
        assertThrows(
                DL4JInvalidInputException.class,
                () -> layer.fit(data, bad, LayerWorkspaceMgr.noWorkspaces()))
            .getMessage();
    assertTrue(message.contains(part) && message.contains("accepted: [4] or [4, 1]"), message);
    assertTrue(message.contains("layer name: rbm"), message);
    NdAssert.assertSame(params, network.params());
    assertArrayEquals(state.randomState(), layer.pretrainState().randomState());
    Map<String, INDArray> arrays = layer.pretrainState().arrays();
    NdAssert.assertSame(state.arrays().get("chains"), arrays.get("chains"));
    // The weights of a refused batch are not kept for the next one.
    INDArray copy = layer.params().dup();
    layer.fit(data, null, LayerWorkspaceMgr.noWorkspaces());
    INDArray unweighted = layer.params().dup();
    layer.params().assign(copy);
    layer.conf().setIterationCount(1);
    layer.restorePretrainState(state);
    layer.fit(data, Nd4j.ones(DataType.FLOAT, 4), LayerWorkspaceMgr.noWorkspaces());
    NdAssert.assertSame(unweighted, layer.params());
  }
}
