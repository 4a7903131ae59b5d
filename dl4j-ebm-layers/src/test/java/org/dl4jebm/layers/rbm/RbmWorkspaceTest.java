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
import static org.dl4jebm.layers.rbm.RbmNetworks.realData;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.memory.enums.DebugMode;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;

/** Nothing that outlives an iteration may live in a workspace: the numbers are the same without. */
class RbmWorkspaceTest {

  private static final int[] BATCHES = {7, 7, 3, 7, 12, 1, 7, 3, 12, 7};

  @AfterEach
  void leaveDebugMode() {
    Nd4j.getWorkspaceManager().setDebugMode(DebugMode.DISABLED);
  }

  static Stream<Named<UnaryOperator<RestrictedBoltzmannMachine.Builder>>> options() {
    return Stream.of(
        Named.of("CD-1", b -> b),
        Named.of("CD-3, sparse", b -> b.k(3).sparsityCost(0.3)),
        Named.of("persistent chains", b -> b.persistentChains(9).k(2)),
        Named.of("score each time", b -> b.scoreEvery(1).persistentChains(5)),
        Named.of(
            "Gaussian",
            b ->
                b.visibleUnits(GaussianUnits.withVariance(.5, 1, 1.5, 2, 1, 1))
                    .persistentChains(4)));
  }

  private static List<INDArray> batches(MultiLayerNetwork network) {
    boolean real = layer(network).layerConf().getVisibleUnits() instanceof GaussianUnits;
    List<INDArray> batches = new ArrayList<>();
    for (int i = 0; i < BATCHES.length; i++) {
      batches.add(real ? realData(BATCHES[i], i + 1) : data(BATCHES[i], i + 1));
    }
    return batches;
  }

  private static MultiLayerNetwork trained(
      WorkspaceMode mode, UnaryOperator<RestrictedBoltzmannMachine.Builder> options) {
    MultiLayerNetwork network =
        network(
            global(new Adam(0.01)).trainingWorkspaceMode(mode).inferenceWorkspaceMode(mode),
            options);
    for (INDArray batch : batches(network)) {
      network.pretrainLayer(0, batch);
    }
    return network;
  }

  @ParameterizedTest
  @MethodSource("options")
  void pretrainLayerOfMultiLayerNetwork(UnaryOperator<RestrictedBoltzmannMachine.Builder> options) {
    MultiLayerNetwork without = trained(WorkspaceMode.NONE, options);
    MultiLayerNetwork with = trained(WorkspaceMode.ENABLED, options);
    assertSameState(without, with);
    INDArray chains = GradientViews.chains(layer(with).pretrainState());
    if (chains != null) {
      assertFalse(chains.isAttached());
      assertEquals(layer(with).layerConf().getPersistentChains(), chains.size(0));
    }
  }

  private static void assertSameState(MultiLayerNetwork expected, MultiLayerNetwork actual) {
    NdAssert.assertSame(expected.params(), actual.params());
    assertEquals(layer(expected).score(), layer(actual).score());
    var first = layer(expected).pretrainState();
    var second = layer(actual).pretrainState();
    NdAssert.assertSame(first.updaterState(), second.updaterState());
    if (GradientViews.chains(first) != null) {
      NdAssert.assertSame(GradientViews.chains(first), GradientViews.chains(second));
    }
  }

  /** Workspaces that spill or are bypassed must not matter either. */
  @ParameterizedTest
  @EnumSource(
      value = DebugMode.class,
      names = {"SPILL_EVERYTHING", "BYPASS_EVERYTHING"})
  void debugModes(DebugMode mode) {
    MultiLayerNetwork expected = trained(WorkspaceMode.NONE, b -> b.persistentChains(9));
    Nd4j.getWorkspaceManager().setDebugMode(mode);
    assertSameState(expected, trained(WorkspaceMode.ENABLED, b -> b.persistentChains(9)));
  }

  /** {@code Layer.fit} by itself, as a user's own loop calls it, from the very first step. */
  @ParameterizedTest
  @MethodSource("options")
  void fitOfTheLayerWithoutWorkspaces(UnaryOperator<RestrictedBoltzmannMachine.Builder> options) {
    MultiLayerNetwork expected = trained(WorkspaceMode.ENABLED, options);
    MultiLayerNetwork network = network(global(new Adam(0.01)), options);
    for (INDArray batch : batches(network)) {
      layer(network).fit(batch, LayerWorkspaceMgr.noWorkspaces());
    }
    assertSameState(expected, network);
  }

  /** A graph cannot pretrain at all with WorkspaceMode.NONE; the layer by itself can. */
  @ParameterizedTest
  @MethodSource("options")
  void pretrainLayerOfComputationGraph(UnaryOperator<RestrictedBoltzmannMachine.Builder> options) {
    ComputationGraph with = graph(global(new Nesterovs(0.05, 0.9)), options);
    ComputationGraph without = graph(global(new Nesterovs(0.05, 0.9)), options);
    RestrictedBoltzmannMachineLayer layer = layer(without.getLayer("rbm"));
    for (INDArray batch : batches(network(global(new Nesterovs(0.05, 0.9)), options))) {
      int rows = (int) batch.size(0);
      DataSet set = new DataSet(batch, labels(rows));
      with.pretrainLayer("rbm", new ListDataSetIterator<>(List.of(set), rows));
      layer.fit(batch, LayerWorkspaceMgr.noWorkspaces());
    }
    NdAssert.assertSame(without.params(), with.params());
  }

  /** Supervised passes: networks check that activations lie in the workspaces they asked for. */
  @ParameterizedTest
  @MethodSource("options")
  void supervisedTraining(UnaryOperator<RestrictedBoltzmannMachine.Builder> options) {
    INDArray[] params = new INDArray[2];
    INDArray[] outputs = new INDArray[2];
    for (WorkspaceMode mode : List.of(WorkspaceMode.NONE, WorkspaceMode.ENABLED)) {
      MultiLayerNetwork network =
          network(
              global(new Adam(0.01)).trainingWorkspaceMode(mode).inferenceWorkspaceMode(mode),
              options);
      for (INDArray batch : batches(network)) {
        network.fit(batch, labels((int) batch.size(0)));
        network.pretrainLayer(0, batch);
      }
      int i = mode == WorkspaceMode.NONE ? 0 : 1;
      params[i] = network.params();
      outputs[i] = network.output(batches(network).get(0));
    }
    NdAssert.assertSame(params[0], params[1]);
    NdAssert.assertSame(outputs[0], outputs[1]);
  }

  @Test
  void clearDropsTheInput() {
    MultiLayerNetwork network = network();
    layer(network).fit(data(3, 1), LayerWorkspaceMgr.noWorkspaces());
    layer(network).clear();
    assertNull(layer(network).input());
  }

  /** New gradient views of the network, and the updater goes on with them. */
  @Test
  void gradientViewsMayBeReplacedDuringPretraining() {
    MultiLayerNetwork expected = network(global(new Adam(0.01)), b -> b);
    MultiLayerNetwork replaced = network(global(new Adam(0.01)), b -> b);
    for (INDArray batch : batches(expected)) {
      expected.pretrainLayer(0, batch);
      replaced.initGradientsView();
      replaced.pretrainLayer(0, batch);
    }
    assertSameState(expected, replaced);
  }
}
