/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.dl4jebm.layers.rbm.RbmNetworks.data;
import static org.dl4jebm.layers.rbm.RbmNetworks.global;
import static org.dl4jebm.layers.rbm.RbmNetworks.graph;
import static org.dl4jebm.layers.rbm.RbmNetworks.labels;
import static org.dl4jebm.layers.rbm.RbmNetworks.layer;
import static org.dl4jebm.layers.rbm.RbmNetworks.network;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Data that cannot be trained on are refused by name, before anything is changed. */
class RbmBadInputTest {

  private static INDArray with(double value) {
    INDArray batch = data(4, 1);
    batch.putScalar(2, 3, value);
    return batch;
  }

  static Stream<Arguments> badForEveryType() {
    return Stream.of(
        Arguments.of("NaN", with(Double.NaN)),
        Arguments.of("infinite", with(Double.POSITIVE_INFINITY)),
        Arguments.of("infinite", with(Double.NEGATIVE_INFINITY)),
        Arguments.of("NaN", with(Double.NaN).castTo(DataType.FLOAT)),
        Arguments.of("NaN", NdAssert.fortran(with(Double.NaN))),
        Arguments.of("NaN", NdAssert.view(with(Double.NaN))),
        Arguments.of("[4, 5]", data(4, 1).get(columns(0, 5)).dup()),
        Arguments.of("[4, 7]", Nd4j.zeros(DataType.DOUBLE, 4, 7)),
        Arguments.of("[6]", Nd4j.zeros(DataType.DOUBLE, 6)),
        Arguments.of("[4, 6, 1]", Nd4j.zeros(DataType.DOUBLE, 4, 6, 1)),
        Arguments.of("[4, 1, 2, 3]", Nd4j.zeros(DataType.DOUBLE, 4, 1, 2, 3)),
        Arguments.of("[0, 6]", Nd4j.create(DataType.DOUBLE, 0, 6)));
  }

  private static org.nd4j.linalg.indexing.INDArrayIndex[] columns(int from, int to) {
    return new org.nd4j.linalg.indexing.INDArrayIndex[] {
      org.nd4j.linalg.indexing.NDArrayIndex.all(),
      org.nd4j.linalg.indexing.NDArrayIndex.interval(from, to)
    };
  }

  static Stream<Arguments> badForBernoulliUnits() {
    List<Arguments> cases = new ArrayList<>();
    badForEveryType().forEach(cases::add);
    cases.add(Arguments.of("-0.01", with(-0.01)));
    cases.add(Arguments.of("1.01", with(1.01)));
    cases.add(Arguments.of("255.0", with(255)));
    cases.add(Arguments.of("255.0", with(255).castTo(DataType.UINT8)));
    cases.add(Arguments.of("-1.0", NdAssert.view(with(-1))));
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("badForBernoulliUnits")
  void bernoulliUnits(String part, INDArray bad) {
    check(part, bad, new BernoulliUnits());
  }

  @ParameterizedTest
  @MethodSource("badForEveryType")
  void gaussianUnits(String part, INDArray bad) {
    check(part, bad, GaussianUnits.unitVariance());
  }

  /** The same training with and without a refused batch in between. */
  private static void check(String part, INDArray bad, UnitType units) {
    MultiLayerNetwork expected = create(units);
    MultiLayerNetwork network = create(units);
    for (MultiLayerNetwork each : List.of(expected, network)) {
      each.pretrainLayer(0, data(4, 2));
    }
    INDArray params = network.params().dup();
    PretrainState state = layer(network).pretrainState();
    INDArray batchBefore = bad.isEmpty() ? null : bad.dup();

    Exception e =
        assertThrows(
            DL4JInvalidInputException.class,
            () -> layer(network).fit(bad, LayerWorkspaceMgr.noWorkspaces()));
    String message = e.getMessage();
    assertTrue(message.contains(part), message);
    assertTrue(message.contains("accepted"), message);
    assertTrue(message.contains("layer name: rbm, layer index: 0"), message);

    NdAssert.assertSame(params, network.params());
    PretrainState after = layer(network).pretrainState();
    NdAssert.assertSame(state.updaterState(), after.updaterState());
    NdAssert.assertSame(GradientViews.chains(state), GradientViews.chains(after));
    assertArrayEquals(state.randomState(), after.randomState());
    assertEquals(state.score(), after.score());
    assertEquals(1, layer(network).conf().getIterationCount());
    if (batchBefore != null) {
      NdAssert.assertSame(batchBefore, bad);
    }
    for (MultiLayerNetwork each : List.of(expected, network)) {
      each.pretrainLayer(0, data(4, 3));
    }
    NdAssert.assertSame(expected.params(), network.params());
  }

  private static MultiLayerNetwork create(UnitType units) {
    return network(
        global(new Adam(0.01)), b -> b.visibleUnits(units).persistentChains(3).scoreEvery(1));
  }

  @Test
  void throughTheNetworkClasses() {
    MultiLayerNetwork network = network();
    INDArray params = network.params().dup();
    String message =
        assertThrows(DL4JInvalidInputException.class, () -> network.pretrainLayer(0, with(2)))
            .getMessage();
    assertTrue(message.contains("rbm") && message.contains("2.0"), message);
    NdAssert.assertSame(params, network.params());
    network.pretrainLayer(0, data(4, 1));

    ComputationGraph graph = graph(global(new Adam(0.01)), b -> b);
    INDArray before = graph.params().dup();
    message =
        assertThrows(
                DL4JInvalidInputException.class,
                () ->
                    graph.pretrainLayer(
                        "rbm",
                        new ListDataSetIterator<>(
                            List.of(new DataSet(with(Double.NaN), labels(4))), 4)))
            .getMessage();
    assertTrue(message.contains("rbm") && message.contains("NaN"), message);
    NdAssert.assertSame(before, graph.params());
  }

  /** What is finite in the data's type can be infinite in the network's. */
  @Test
  void valuesThatOverflowTheNetworksType() {
    MultiLayerNetwork network =
        network(
            global(new Adam(0.01)).dataType(DataType.FLOAT),
            b -> b.visibleUnits(GaussianUnits.unitVariance()));
    INDArray params = network.params().dup();
    assertThrows(DL4JInvalidInputException.class, () -> network.pretrainLayer(0, with(1e300)));
    NdAssert.assertSame(params, network.params());
  }

  @Test
  void networksOfHalfPrecision() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> network(global(new Adam(0.01)).dataType(DataType.FLOAT16), b -> b))
            .getMessage();
    assertTrue(message.contains("HALF") && message.contains("FLOAT or DOUBLE"), message);
  }

  @Test
  void modelsOfOtherOrMixedTypes() {
    BernoulliUnits units = new BernoulliUnits();
    INDArray weights = Nd4j.zeros(DataType.DOUBLE, 3, 2);
    INDArray hiddenBias = Nd4j.zeros(DataType.DOUBLE, 2);
    INDArray visibleBias = Nd4j.zeros(DataType.FLOAT, 3);
    for (INDArray w : new INDArray[] {weights, weights.castTo(DataType.FLOAT16)}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new RbmModel(w, hiddenBias, visibleBias, units, units))
              .getMessage();
      assertTrue(message.contains(w.dataType().name()) && message.contains("accepted"), message);
    }
  }

  @Test
  void bothEndsOfTheRangeAndGreyValuesAreAccepted() {
    MultiLayerNetwork network = network();
    network.pretrainLayer(0, Nd4j.zeros(DataType.DOUBLE, 2, 6));
    network.pretrainLayer(0, Nd4j.ones(DataType.FLOAT, 2, 6));
    network.pretrainLayer(0, data(2, 1).mul(0.37));
    assertTrue(Double.isFinite(network.params().sumNumber().doubleValue()));
  }
}
