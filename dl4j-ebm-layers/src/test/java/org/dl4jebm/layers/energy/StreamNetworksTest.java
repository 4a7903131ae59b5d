/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

@Tag("gpu")
class StreamNetworksTest {

  @TestFactory
  Stream<DynamicTest> parameterGradientOfEveryLayer() {
    return EnergyNetworks.all().entrySet().stream()
        .map(
            entry ->
                dynamicTest(
                    entry.getKey(),
                    () -> checkGradients(entry.getValue().get(), StreamLayout.SECOND, 2)));
  }

  @TestFactory
  Stream<DynamicTest> parameterGradientOfEveryActivation() {
    return ActivationTableTest.activations().entrySet().stream()
        .map(
            entry ->
                dynamicTest(
                    entry.getKey().toString(),
                    () -> {
                      if (entry.getValue() >= 0) {
                        checkGradients(
                            EnergyNetworks.mlp(DataType.DOUBLE, entry.getKey(), 2),
                            entry.getValue() > 0 ? StreamLayout.SECOND : StreamLayout.FIRST,
                            2);
                      }
                    }));
  }

  @TestFactory
  Stream<DynamicTest> parameterGradientOfEveryLayout() {
    return Stream.of(
            StreamLayout.VALUE,
            new StreamLayout(3, 0),
            new StreamLayout(3, 1),
            new StreamLayout(4, 2),
            new StreamLayout(3, 3))
        .map(
            layout ->
                dynamicTest(
                    layout.toString(),
                    () ->
                        checkGradients(
                            EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSwish(), 2),
                            layout,
                            3)));
  }

  /** DL4J's own gradient check of a loss with all streams in it. */
  private static void checkGradients(EnergyNetworks.Case made, StreamLayout layout, int n) {
    MultiLayerNetwork twin =
        StreamNetworks.twin(made.network(), layout, new StreamTestLoss(layout));
    INDArray stack = made.points((long) layout.inputStreams() * n, 61);
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, (long) layout.streams() * n, 1);
    Set<String> constants =
        twin.paramTable().keySet().stream()
            .filter(
                name ->
                    name.contains("mean")
                        || name.contains("var")
                        || name.contains("log")
                        || isFrozen(twin, name))
            .collect(Collectors.toSet());
    DataType before = Nd4j.dataType();
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    try {
      assertTrue(
          GradientCheckUtil.checkGradients(
              new GradientCheckUtil.MLNConfig()
                  .net(twin)
                  .input(stack)
                  .labels(labels)
                  .excludeParams(constants)
                  .subset(true)
                  .maxPerParam(8)
                  .maxRelError(1e-5)
                  .minAbsoluteError(1e-8)
                  .print(GradientCheckUtil.PrintMode.FAILURES_ONLY)));
    } finally {
      Nd4j.setDefaultDataTypes(before, before);
    }
    INDArray gradient = twin.calculateGradients(stack, labels, null, null).getFirst().gradient();
    assertTrue(gradient.amaxNumber().doubleValue() > 1e-3);
  }

  private static boolean isFrozen(MultiLayerNetwork twin, String name) {
    int layer = Integer.parseInt(name.substring(0, name.indexOf('_')));
    return ((DerivativeStreams) twin.getLayerWiseConfigurations().getConf(layer).getLayer())
        .isFrozen();
  }

  @Test
  void sumsOfSecondDerivatives() {
    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSoftPlus(), 3);
    int n = 2;
    INDArray stack = made.points(5 * n, 71);
    INDArray each = output(made, new StreamLayout(4, 4), stack);
    INDArray pairs = output(made, new StreamLayout(4, 2), stack);
    INDArray all = output(made, new StreamLayout(4, 1), stack);
    for (int i = 0; i < n; i++) {
      double[] second = new double[4];
      for (int k = 0; k < 4; k++) {
        second[k] = each.getDouble((5 + k) * n + i);
        assertEquals(each.getDouble(k * n + i), pairs.getDouble(k * n + i), 1e-14);
      }
      assertEquals(second[0] + second[1], pairs.getDouble(5 * n + i), 1e-13);
      assertEquals(second[2] + second[3], pairs.getDouble(6 * n + i), 1e-13);
      assertEquals(second[0] + second[1] + second[2] + second[3], all.getDouble(5 * n + i), 1e-13);
    }
  }

  private static INDArray output(EnergyNetworks.Case made, StreamLayout layout, INDArray stack) {
    return StreamNetworks.twin(made.network(), layout, new StreamTestLoss(layout)).output(stack);
  }

  @Test
  void trainingTheTwinTrainsTheNetwork() {
    for (DataType type : List.of(DataType.DOUBLE, DataType.FLOAT)) {
      MultiLayerNetwork network =
          EnergyNetworks.network(
              type,
              new Sgd(0.01),
              InputType.feedForward(3),
              List.of(EnergyNetworks.dense(4, new ActivationSoftPlus()), EnergyNetworks.output()));
      StreamLayout layout = StreamLayout.SECOND;
      MultiLayerNetwork twin = StreamNetworks.twin(network, layout, new StreamTestLoss(layout));
      INDArray before = network.params().dup();
      INDArray stack = EnergyNetworks.normal(81, 8, 3).castTo(type);
      INDArray labels = Nd4j.zeros(type, 12, 1);
      INDArray gradient =
          twin.calculateGradients(stack, labels, null, null).getFirst().gradient().dup();
      twin.fit(new DataSet(stack, labels));
      // Divided by the 12 rows of the output.
      NdAssert.assertClose(before.sub(gradient.mul(0.01 / 12)), network.params(), 1e-6);
      NdAssert.assertSame(network.params(), twin.params());
    }
  }

  @Test
  void configurationIsStored() {
    for (var entry : EnergyNetworks.all().entrySet()) {
      EnergyNetworks.Case made = entry.getValue().get();
      String before = made.network().getLayerWiseConfigurations().toJson();
      StreamLayout layout = new StreamLayout(2, 1);
      MultiLayerNetwork twin =
          StreamNetworks.twin(made.network(), layout, new StreamTestLoss(layout));
      assertEquals(before, made.network().getLayerWiseConfigurations().toJson());
      MultiLayerConfiguration conf = twin.getLayerWiseConfigurations();
      INDArray stack = made.points(6, 91);
      for (MultiLayerConfiguration copy :
          List.of(MultiLayerConfiguration.fromJson(conf.toJson()), conf.clone())) {
        assertEquals(conf, copy, entry.getKey());
        MultiLayerNetwork rebuilt = new MultiLayerNetwork(copy);
        rebuilt.init(made.network().params(), true);
        NdAssert.assertSame(twin.output(stack), rebuilt.output(stack));
      }
    }
  }

  @Test
  void badInput() {
    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSwish(), 3);
    StreamLayout layout = StreamLayout.SECOND;
    MultiLayerNetwork twin =
        StreamNetworks.twin(made.network(), layout, new StreamTestLoss(layout));
    assertThrows(DL4JInvalidInputException.class, () -> twin.output(made.points(3, 1)));
    assertThrows(IllegalArgumentException.class, () -> new StreamLayout(-1, 0));
    assertThrows(IllegalArgumentException.class, () -> new StreamLayout(3, 2));
    assertThrows(IllegalArgumentException.class, () -> new StreamLayout(2, 4));
    assertThrows(IllegalArgumentException.class, () -> new StreamLayout(2, -1));
    var dense = EnergyNetworks.dense(2, new ActivationSwish());
    assertThrows(
        IllegalArgumentException.class, () -> new DerivativeStreams(dense, layout, false, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> new DerivativeStreams(dense, StreamLayout.FIRST, true, true));
  }
}
