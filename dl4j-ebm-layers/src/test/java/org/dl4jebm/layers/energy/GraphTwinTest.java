/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

class GraphTwinTest {

  private static final double H = 1e-5;

  private static ComputationGraphConfiguration.GraphBuilder builder() {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .dataType(DataType.DOUBLE)
        .updater(new NoOp())
        .graphBuilder()
        .addInputs("x")
        .setInputTypes(InputType.feedForward(4));
  }

  private static ComputationGraph initialised(ComputationGraphConfiguration.GraphBuilder builder) {
    ComputationGraph graph = new ComputationGraph(builder.build());
    graph.init();
    graph.params().addi(EnergyNetworks.normal(5, graph.params().shape()).muli(0.3));
    return graph;
  }

  /** Branches of different depth, one of them the input itself, that meet in every way. */
  private static ComputationGraph graph() {
    return initialised(
        builder()
            .addLayer("z", EnergyNetworks.dense(4, new ActivationSwish()), "x")
            .addVertex("skip", new ElementWiseVertex(ElementWiseVertex.Op.Add), "z", "x")
            .addLayer("b", EnergyNetworks.dense(3, new ActivationSoftPlus()), "skip")
            .addLayer("a", EnergyNetworks.dense(3, new ActivationSwish()), "z")
            .addVertex("minus", new ElementWiseVertex(ElementWiseVertex.Op.Subtract), "b", "a")
            .addVertex("mean", new ElementWiseVertex(ElementWiseVertex.Op.Average), "b", "a")
            .addVertex("scaled", new ScaleVertex(0.7), "mean")
            .addVertex("merged", new MergeVertex(), "minus", "scaled", "x")
            .addVertex("part", new SubsetVertex(1, 8), "merged")
            .addLayer("c", EnergyNetworks.dense(5, new ActivationSoftPlus()), "part")
            .addLayer("energy", EnergyNetworks.output(), "c")
            .setOutputs("energy"));
  }

  @Test
  void derivatives() {
    ComputationGraph graph = graph();
    NetworkEnergy energy = new NetworkEnergy(graph, 50);
    INDArray x = EnergyNetworks.normal(1, 3, 4);
    INDArray v = EnergyNetworks.normal(2, 3, 4);
    INDArray above = x.add(v.mul(H));
    INDArray below = x.sub(v.mul(H));
    NdAssert.assertClose(output(graph, x), energy.energy(x), 1e-12);
    INDArray first = output(graph, above).sub(output(graph, below)).divi(2 * H);
    NdAssert.assertClose(first, energy.directionalDerivative(x, v), 1e-8);
    NdAssert.assertClose(first, energy.gradient(x).mul(v).sum(1), 1e-8);
    INDArray product = energy.gradient(above).sub(energy.gradient(below)).divi(2 * H);
    INDArray exact = energy.hessianVectorProduct(x, v);
    NdAssert.assertClose(product, exact, 1e-8);
    NdAssert.assertClose(exact.mul(v).sum(1), energy.quadraticForm(x, v), 1e-12);
    INDArray diagonal = energy.hessianDiagonal(x);
    for (int i = 0; i < 4; i++) {
      INDArray unit = x.like();
      unit.getColumn(i).assign(1);
      NdAssert.assertClose(energy.quadraticForm(x, unit), diagonal.getColumn(i).dup(), 1e-12);
    }
    NdAssert.assertClose(diagonal.sum(1), energy.hessianTrace(x), 1e-12);
  }

  private static INDArray output(ComputationGraph graph, INDArray x) {
    return graph.outputSingle(x).reshape('c', new long[] {x.size(0)});
  }

  @Test
  void parameterGradient() {
    ComputationGraph graph = graph();
    String before = graph.getConfiguration().toJson();
    StreamLayout layout = new StreamLayout(2, 1);
    ComputationGraph twin = StreamNetworks.twin(graph, layout, new StreamTestLoss(layout));
    INDArray stack = EnergyNetworks.normal(3, 2L * layout.streams(), 4);
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, 2L * layout.streams(), 1);
    assertTrue(LayerChecks.checkGradients(twin, stack, labels, null, null));
    assertEquals(before, graph.getConfiguration().toJson());
    ComputationGraph rebuilt =
        new ComputationGraph(
            ComputationGraphConfiguration.fromJson(twin.getConfiguration().toJson()));
    rebuilt.init(graph.params(), true);
    NdAssert.assertSame(twin.outputSingle(stack), rebuilt.outputSingle(stack));
    twin.params().addi(0.01);
    NdAssert.assertSame(graph.params(), twin.params());
    for (String layer : List.of("z", "a", "b", "c", "energy")) {
      NdAssert.assertSame(graph.getParam(layer + "_W"), twin.getParam(layer + "_W"));
    }
  }

  @Test
  void refusals() {
    refused(new L2NormalizeVertex(), "L2NormalizeVertex");
    refused(new ReshapeVertex(3, 4), "ReshapeVertex");
    refused(new ReshapeVertex('f', new int[] {-1, 4}, null), "ReshapeVertex");
    refused(new StackVertex(), "StackVertex");
    NetworkEnergy kinks =
        new NetworkEnergy(
            initialised(
                builder()
                    .addLayer("z", EnergyNetworks.dense(4, new ActivationReLU()), "x")
                    .addLayer("energy", EnergyNetworks.output(), "z")
                    .setOutputs("energy")),
            50);
    INDArray x = EnergyNetworks.normal(1, 3, 4);
    kinks.gradient(x);
    assertThrows(DL4JInvalidConfigException.class, () -> kinks.hessianTrace(x));
    assertThrows(DL4JInvalidConfigException.class, () -> kinks.hessianVectorProduct(x, x));
  }

  private static void refused(GraphVertex vertex, String part) {
    String[] inputs = vertex instanceof StackVertex ? new String[] {"z", "x"} : new String[] {"z"};
    ComputationGraph graph =
        initialised(
            builder()
                .addLayer("z", EnergyNetworks.dense(4, new ActivationSwish()), "x")
                .addVertex("odd", vertex, inputs)
                .addLayer("energy", EnergyNetworks.output(), "odd")
                .setOutputs("energy"));
    String message =
        assertThrows(DL4JInvalidConfigException.class, () -> new NetworkEnergy(graph)).getMessage();
    assertTrue(message.contains("vertex 'odd' (" + part + ")"), message);
  }
}
