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
import static org.dl4jebm.layers.rbm.RbmNetworks.rbm;
import static org.dl4jebm.layers.rbm.RbmNetworks.realData;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/** After pretraining the layer is an ordinary sigmoid layer. */
class RbmSupervisedTest {

  private static final int ROWS = 6;
  private static final INDArray DATA = realData(ROWS, 1);
  private static final INDArray LABELS = labels(ROWS);
  private static final double[] VARIANCE = {.5, 1, 1.5, 2, 1, .25};

  static Stream<Named<UnaryOperator<RestrictedBoltzmannMachine.Builder>>> units() {
    return Stream.of(
        Named.of("Bernoulli", b -> b),
        Named.of("Gaussian", b -> b.visibleUnits(GaussianUnits.unitVariance())),
        Named.of(
            "Gaussian of given variances",
            b -> b.visibleUnits(GaussianUnits.withVariance(VARIANCE))));
  }

  /** The same network with a dense layer, whose weights are divided by the variances. */
  private static MultiLayerNetwork dense(MultiLayerNetwork rbm) {
    MultiLayerNetwork dense =
        new MultiLayerNetwork(
            global(new Sgd(0.1))
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(RbmNetworks.N_IN)
                        .nOut(RbmNetworks.N_OUT)
                        .activation(Activation.SIGMOID)
                        .build())
                .layer(
                    new OutputLayer.Builder()
                        .activation(Activation.SOFTMAX)
                        .nIn(RbmNetworks.N_OUT)
                        .nOut(RbmNetworks.CLASSES)
                        .build())
                .build());
    dense.init();
    INDArray w = rbm.getParam("0_W").dup();
    layer(rbm).layerConf().getVisibleUnits().toStatistic(w.transpose());
    dense.setParam("0_W", w);
    dense.setParam("0_b", rbm.getParam("0_b"));
    dense.setParam("1_W", rbm.getParam("1_W"));
    dense.setParam("1_b", rbm.getParam("1_b"));
    return dense;
  }

  @ParameterizedTest
  @MethodSource("units")
  void isADenseSigmoidLayer(UnaryOperator<RestrictedBoltzmannMachine.Builder> units) {
    MultiLayerNetwork rbm = network(global(new Sgd(0.1)), units);
    rbm.getParam("0_b").assign(0.3);
    MultiLayerNetwork dense = dense(rbm);
    NdAssert.assertClose(dense.output(DATA), rbm.output(DATA), 1e-13);
    var expected = dense.calculateGradients(DATA, LABELS, null, null);
    Gradient gradient = rbm.calculateGradients(DATA, LABELS, null, null).getFirst();
    INDArray w = expected.getFirst().getGradientFor("0_W").dup();
    layer(rbm).layerConf().getVisibleUnits().toStatistic(w.transpose());
    NdAssert.assertClose(w, gradient.getGradientFor("0_W"), 1e-13);
    for (String key : List.of("0_b", "1_W", "1_b")) {
      NdAssert.assertClose(
          expected.getFirst().getGradientFor(key), gradient.getGradientFor(key), 1e-13, () -> key);
    }
    // The derivative by the input.
    NdAssert.assertClose(
        expected.getSecond(), rbm.calculateGradients(DATA, LABELS, null, null).getSecond(), 1e-13);
  }

  @ParameterizedTest
  @MethodSource("units")
  void gradientsWithMasks(UnaryOperator<RestrictedBoltzmannMachine.Builder> units) {
    INDArray mask = Nd4j.createFromArray(new double[][] {{1}, {0}, {1}, {1}, {0}, {1}});
    for (INDArray inputMask : new INDArray[] {null, mask}) {
      for (INDArray labelMask : new INDArray[] {null, mask}) {
        UnaryOperator<RestrictedBoltzmannMachine.Builder> options =
            b -> {
              units.apply(b).biasInit(0.2);
              b.l1(0.01).l2(0.02).l2Bias(0.03);
              return b;
            };
        assertTrue(
            LayerChecks.checkGradients(
                network(global(new NoOp()), options), DATA, LABELS, inputMask, labelMask));
        assertTrue(
            LayerChecks.checkGradients(
                graph(global(new NoOp()), options), DATA, LABELS, inputMask, labelMask));
      }
    }
  }

  /** Masked examples have neither activations nor a share in the gradient. */
  @ParameterizedTest
  @MethodSource("units")
  void maskedRowsAreOut(UnaryOperator<RestrictedBoltzmannMachine.Builder> units) {
    MultiLayerNetwork network = network(global(new Sgd(0.1)), units);
    RestrictedBoltzmannMachineLayer layer = layer(network);
    layer.setMaskArray(Nd4j.createFromArray(new double[][] {{1}, {0}, {1}, {1}, {0}, {1}}));
    INDArray out = layer.activate(DATA, false, LayerWorkspaceMgr.noWorkspaces());
    assertEquals(0, out.getRow(1).norm1Number().doubleValue());
    assertTrue(out.getRow(0).norm1Number().doubleValue() > 0);
  }

  /** Not with DropConnect: DL4J leaves the mask out of the weight gradient, for every layer. */
  @ParameterizedTest
  @MethodSource("units")
  void gradientsWithDropout(UnaryOperator<RestrictedBoltzmannMachine.Builder> units) {
    MultiLayerNetwork network = network(global(new NoOp()), b -> units.apply(b).dropOut(0.6));
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    try {
      assertTrue(
          GradientCheckUtil.checkGradients(
              new GradientCheckUtil.MLNConfig()
                  .net(network)
                  .input(DATA)
                  .labels(LABELS)
                  .maxRelError(1e-5)
                  .print(GradientCheckUtil.PrintMode.FAILURES_ONLY)
                  .callEachIter(net -> Nd4j.getRandom().setSeed(12345))));
    } finally {
      Nd4j.setDefaultDataTypes(DataType.FLOAT, DataType.FLOAT);
    }
  }

  /**
   * DL4J subtracts the whole flat gradient, pretraining parameters included; a view that was zeroed
   * only once would make them drift after the next pretraining step.
   */
  @ParameterizedTest
  @MethodSource("units")
  void theVisibleBiasStaysWhereItIs(UnaryOperator<RestrictedBoltzmannMachine.Builder> units) {
    MultiLayerNetwork network =
        network(
            global(new Adam(0.05)),
            b -> {
              units.apply(b).visibleBiasInit(0.4);
              b.l1Bias(0.1).weightDecayBias(0.1);
              return b;
            });
    INDArray batch = data(ROWS, 2);
    for (int round = 0; round < 3; round++) {
      for (int step = 0; step < 3; step++) {
        INDArray before = network.getParam("0_vb").dup();
        INDArray weights = network.getParam("0_W").dup();
        Gradient gradient = network.calculateGradients(batch, LABELS, null, null).getFirst();
        assertEquals(0, gradient.getGradientFor("0_vb").amaxNumber().doubleValue());
        network.fit(batch, LABELS);
        NdAssert.assertSame(before, network.getParam("0_vb"));
        assertNotEquals(weights, network.getParam("0_W"));
      }
      INDArray before = network.getParam("0_vb").dup();
      network.pretrainLayer(0, batch);
      assertNotEquals(before, network.getParam("0_vb"));
      assertTrue(
          layer(network).getGradientsViewArray().getDouble(35) != 0,
          "the pretraining gradient is still in the view");
    }
  }

  @Test
  void theVisibleBiasStaysWhereItIsInAGraph() {
    var graph = graph(global(new Adam(0.05)), b -> b.visibleBiasInit(0.4));
    INDArray batch = data(ROWS, 2);
    for (int round = 0; round < 3; round++) {
      layer(graph.getLayer("rbm")).fit(batch, LayerWorkspaceMgr.noWorkspaces());
      INDArray before = graph.getParam("rbm_vb").dup();
      graph.fit(new INDArray[] {batch}, new INDArray[] {LABELS});
      NdAssert.assertSame(before, graph.getParam("rbm_vb"));
    }
  }

  @Test
  void backpropagationHidesTheVisibleBias() {
    RestrictedBoltzmannMachineLayer layer = layer(network());
    assertEquals(List.of("W", "b", "vb"), List.copyOf(layer.paramTable(false).keySet()));
    assertEquals(List.of("W", "b"), List.copyOf(layer.paramTable(true).keySet()));
    assertTrue(layer.isPretrainLayer());
    assertEquals(41, layer.numParams());
  }

  /** Weight noise of a supervised step is not left over for the pretraining step after it. */
  @Test
  void supervisedWeightNoiseIsClearedToo() {
    MultiLayerNetwork network =
        network(global(new Sgd(0.1)), b -> b.weightNoise(new DropConnect(0.5)));
    network.fit(DATA, LABELS);
    List<INDArray> noisy = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      noisy.add(network.feedForwardToLayer(0, DATA, true).get(1).dup());
      network.clearLayersStates();
      layer(network).clearNoiseWeightParams();
    }
    assertNotEquals(noisy.get(0), noisy.get(1));
    NdAssert.assertSame(
        network.feedForwardToLayer(0, DATA, false).get(1),
        network.feedForwardToLayer(0, DATA, false).get(1));
  }

  @Test
  void aFrozenLayerKeepsItsParametersWhileTheNextOneLearns() {
    MultiLayerNetwork network = network(global(new Sgd(0.1)), b -> b);
    MultiLayerNetwork frozen = new TransferLearning.Builder(network).setFeatureExtractor(0).build();
    INDArray before = frozen.getLayer(0).params().dup();
    INDArray output = frozen.getLayer(1).params().dup();
    frozen.fit(DATA, LABELS);
    NdAssert.assertSame(before, frozen.getLayer(0).params());
    assertNotEquals(output, frozen.getLayer(1).params());
    NdAssert.assertSame(
        network.feedForwardToLayer(0, DATA, false).get(1),
        frozen.feedForwardToLayer(0, DATA, false).get(1));
  }

  @ParameterizedTest
  @MethodSource("units")
  void inputOfTheWrongShapeIsNamed(UnaryOperator<RestrictedBoltzmannMachine.Builder> units) {
    RestrictedBoltzmannMachineLayer layer = layer(network(global(new Sgd(0.1)), units));
    for (INDArray bad :
        List.of(
            Nd4j.zeros(DataType.DOUBLE, 2, 5),
            Nd4j.zeros(DataType.DOUBLE, 6),
            Nd4j.zeros(DataType.DOUBLE, 2, 6, 1))) {
      String message =
          assertThrows(
                  DL4JInvalidInputException.class,
                  () -> layer.activate(bad, false, LayerWorkspaceMgr.noWorkspaces()))
              .getMessage();
      assertTrue(message.contains("rbm") && message.contains("6"), message);
    }
  }

  /** Two pretrained layers under a classifier learn what one would expect them to. */
  @Test
  void pretrainingThenFineTuning() {
    MultiLayerNetwork network =
        network(
            global(new Adam(0.02)), rbm(b -> b), new RestrictedBoltzmannMachine.Builder().nOut(4));
    double[][] patterns = {{1, 1, 1, 0, 0, 0}, {0, 0, 0, 1, 1, 1}, {1, 0, 1, 0, 1, 0}};
    INDArray batch = Nd4j.createFromArray(patterns);
    for (int step = 0; step < 200; step++) {
      network.pretrainLayer(0, batch);
    }
    for (int step = 0; step < 200; step++) {
      layer(network.getLayer(1))
          .fit(
              network.feedForwardToLayer(0, batch, false).get(1), LayerWorkspaceMgr.noWorkspaces());
    }
    for (int step = 0; step < 300; step++) {
      network.fit(batch, labels(3));
    }
    NdAssert.assertSame(Nd4j.createFromArray(0L, 1, 2), network.output(batch).argMax(1));
    assertFalse(Double.isNaN(network.score()));
  }
}
