/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

class StreamVertexTest {

  private static final double H = 1e-5;

  private static ComputationGraphConfiguration.GraphBuilder builder(InputType input) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .dataType(DataType.DOUBLE)
        .updater(new NoOp())
        .graphBuilder()
        .addInputs("x")
        .setInputTypes(input);
  }

  private static ComputationGraph initialised(ComputationGraphConfiguration.GraphBuilder builder) {
    ComputationGraph graph = new ComputationGraph(builder.build());
    graph.init();
    graph.params().addi(EnergyNetworks.normal(5, graph.params().shape()).muli(0.3));
    return graph;
  }

  private static ElementWiseVertex elementWise(ElementWiseVertex.Op op) {
    return new ElementWiseVertex(op);
  }

  /** Products of two and three factors, one of them the input, maximum and shift. */
  private static ComputationGraph products() {
    return initialised(
        builder(InputType.feedForward(4))
            .addLayer("a", EnergyNetworks.dense(4, new ActivationSwish()), "x")
            .addLayer("b", EnergyNetworks.dense(4, new ActivationTanH()), "x")
            .addVertex("two", elementWise(ElementWiseVertex.Op.Product), "a", "x")
            .addVertex("shifted", new ShiftVertex(0.4), "two")
            .addVertex("three", elementWise(ElementWiseVertex.Op.Product), "a", "b", "shifted")
            .addVertex("max", elementWise(ElementWiseVertex.Op.Max), "three", "b", "x")
            .addVertex("scaled", new FrozenVertex(new ScaleVertex(0.7)), "max")
            .addLayer("c", EnergyNetworks.dense(5, new ActivationSoftPlus()), "scaled")
            .addLayer("energy", EnergyNetworks.output(), "c")
            .setOutputs("energy"));
  }

  private static ComputationGraph shapes() {
    return initialised(
        builder(InputType.feedForward(4))
            .addLayer("a", EnergyNetworks.dense(8, new ActivationSwish()), "x")
            .addVertex("image", new ReshapeVertex(-1, 2, 2, 2), "a")
            .addLayer(
                "convolution",
                new ConvolutionLayer.Builder(2, 1).nOut(3).activation(Activation.SOFTPLUS).build(),
                "image")
            .addVertex(
                "flat",
                new PreprocessorVertex(new CnnToFeedForwardPreProcessor(1, 2, 3)),
                "convolution")
            .addVertex(
                "there and back",
                new PreprocessorVertex(
                    new ComposableInputPreProcessor(
                        new FeedForwardToCnnPreProcessor(2, 3, 1),
                        new CnnToFeedForwardPreProcessor(2, 3, 1))),
                "flat")
            .addLayer("energy", EnergyNetworks.output(), "there and back")
            .setOutputs("energy"));
  }

  /** Dense layers on the steps of a time series, in two branches. */
  private static ComputationGraph series() {
    return initialised(
        builder(InputType.recurrent(2))
            .addLayer("a", EnergyNetworks.dense(3, new ActivationSwish()), "x")
            .addVertex("steps", new PreprocessorVertex(new FeedForwardToRnnPreProcessor()), "a")
            .addLayer("mean", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "steps")
            .addLayer("largest", new GlobalPoolingLayer.Builder(PoolingType.MAX).build(), "steps")
            .addVertex("product", elementWise(ElementWiseVertex.Op.Product), "mean", "largest")
            .addLayer("energy", EnergyNetworks.output(), "product")
            .setOutputs("energy"));
  }

  private static ComputationGraph channelsLast() {
    ConvolutionLayer convolution =
        new ConvolutionLayer.Builder(2, 2)
            .nOut(2)
            .dataFormat(CNN2DFormat.NHWC)
            .activation(Activation.SWISH)
            .build();
    return initialised(
        builder(InputType.convolutional(3, 3, 2, CNN2DFormat.NHWC))
            .addLayer("a", convolution, "x")
            .addLayer("b", convolution.clone(), "x")
            .addVertex("merged", new MergeVertex(), "a", "b")
            .addLayer("c", convolution.clone(), "merged")
            .addLayer("energy", EnergyNetworks.output(), "c")
            .setOutputs("energy"));
  }

  private static final Map<String, Supplier<ComputationGraph>> GRAPHS =
      Map.of(
          "products", StreamVertexTest::products,
          "shapes", StreamVertexTest::shapes,
          "series", StreamVertexTest::series,
          "channels last", StreamVertexTest::channelsLast);

  private static long[] exampleShape(String name) {
    return switch (name) {
      case "series" -> new long[] {2, 5};
      case "channels last" -> new long[] {3, 3, 2};
      default -> new long[] {4};
    };
  }

  private static INDArray points(String name, long n, long seed) {
    long[] example = exampleShape(name);
    long[] shape = new long[example.length + 1];
    shape[0] = n;
    System.arraycopy(example, 0, shape, 1, example.length);
    return EnergyNetworks.normal(seed, shape);
  }

  @TestFactory
  Stream<DynamicTest> derivatives() {
    return GRAPHS.entrySet().stream()
        .map(entry -> dynamicTest(entry.getKey(), () -> derivatives(entry)));
  }

  private static void derivatives(Map.Entry<String, Supplier<ComputationGraph>> entry) {
    ComputationGraph graph = entry.getValue().get();
    NetworkEnergy energy = new NetworkEnergy(graph, 50);
    INDArray x = points(entry.getKey(), 3, 1);
    INDArray v = points(entry.getKey(), 3, 2);
    INDArray above = x.add(v.mul(H));
    INDArray below = x.sub(v.mul(H));
    NdAssert.assertClose(output(graph, x), energy.energy(x), 1e-12);
    INDArray first = output(graph, above).sub(output(graph, below)).divi(2 * H);
    NdAssert.assertClose(first, energy.directionalDerivative(x, v), 1e-8);
    NdAssert.assertClose(first, dot(energy.gradient(x), v), 1e-8);
    INDArray product = energy.gradient(above).sub(energy.gradient(below)).divi(2 * H);
    INDArray exact = energy.hessianVectorProduct(x, v);
    NdAssert.assertClose(product, exact, 1e-8);
    NdAssert.assertClose(dot(exact, v), energy.quadraticForm(x, v), 1e-12);
    INDArray diagonal = energy.hessianDiagonal(x);
    NdAssert.assertClose(dot(diagonal, diagonal.like().addi(1)), energy.hessianTrace(x), 1e-11);
  }

  private static INDArray dot(INDArray a, INDArray b) {
    return a.mul(b).dup('c').reshape('c', new long[] {a.size(0), a.length() / a.size(0)}).sum(1);
  }

  private static INDArray output(ComputationGraph graph, INDArray x) {
    return graph.outputSingle(x).reshape('c', new long[] {x.size(0)});
  }

  @TestFactory
  Stream<DynamicTest> parameterGradient() {
    return GRAPHS.entrySet().stream()
        .flatMap(
            entry ->
                Stream.of(
                        StreamLayout.VALUE,
                        StreamLayout.FIRST,
                        new StreamLayout(2, 1),
                        new StreamLayout(4, 2))
                    .map(
                        layout ->
                            dynamicTest(
                                entry.getKey() + " " + layout,
                                () -> parameterGradient(entry, layout))));
  }

  private static void parameterGradient(
      Map.Entry<String, Supplier<ComputationGraph>> entry, StreamLayout layout) {
    ComputationGraph graph = entry.getValue().get();
    String before = graph.getConfiguration().toJson();
    ComputationGraph twin = StreamNetworks.twin(graph, layout, new StreamTestLoss(layout));
    INDArray stack = points(entry.getKey(), 2L * layout.streams(), 3);
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, 2L * layout.streams(), 1);
    assertTrue(LayerChecks.checkGradients(twin, stack, labels, null, null));
    assertEquals(before, graph.getConfiguration().toJson());
    ComputationGraph rebuilt =
        new ComputationGraph(
            ComputationGraphConfiguration.fromJson(twin.getConfiguration().toJson()));
    rebuilt.init(graph.params(), true);
    NdAssert.assertSame(twin.outputSingle(stack), rebuilt.outputSingle(stack));
  }

  /** (ab)'' = a''b + 2a'b' + ab'' of powers of x, with 1 and 2 as factors of the directions. */
  @Test
  void productOfPowers() {
    ProductStreams products = new ProductStreams(new StreamLayout(2, 1));
    double x = 1.7;
    // x^2 along 1 and 2: derivatives 2x and 4x, sum of the second derivatives 2 + 8.
    INDArray square = Nd4j.createFromArray(new double[][] {{x * x}, {2 * x}, {4 * x}, {10}});
    INDArray cube =
        Nd4j.createFromArray(
            new double[][] {{x * x * x}, {3 * x * x}, {6 * x * x}, {6 * x * (1 + 4)}});
    double fourth = Math.pow(x, 4);
    INDArray expected =
        Nd4j.createFromArray(
            new double[][] {{fourth * x}, {5 * fourth}, {10 * fourth}, {20 * x * x * x * (1 + 4)}});
    NdAssert.assertClose(expected, products.product(square, cube), 1e-13);
    NdAssert.assertClose(expected, products.product(cube, square), 1e-13);
  }

  @Test
  void badInput() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new DerivativeStreamsVertex(new ScaleVertex(2), StreamLayout.FIRST))
            .getMessage();
    assertTrue(message.contains("ScaleVertex"), message);
    ComputationGraph broadcast =
        initialised(
            builder(InputType.feedForward(4))
                .addLayer("a", EnergyNetworks.dense(1, new ActivationSwish()), "x")
                .addVertex("product", elementWise(ElementWiseVertex.Op.Product), "x", "a")
                .addLayer("energy", EnergyNetworks.output(), "product")
                .setOutputs("energy"));
    message =
        assertThrows(
                DL4JInvalidInputException.class,
                () -> new NetworkEnergy(broadcast).energy(EnergyNetworks.normal(1, 2, 4)))
            .getMessage();
    assertTrue(message.contains("vertex 'product'"), message);
    ComputationGraph mixed =
        initialised(
            builder(InputType.feedForward(4))
                .addVertex("mixed", new ReshapeVertex('f', new int[] {-1, 4}, null), "x")
                .addLayer("energy", EnergyNetworks.output(), "mixed")
                .setOutputs("energy"));
    message =
        assertThrows(DL4JInvalidConfigException.class, () -> new NetworkEnergy(mixed)).getMessage();
    assertTrue(message.contains("vertex 'mixed' (ReshapeVertex) has order 'f'"), message);
    for (DerivativeStreamsVertex vertex :
        List.of(
            new DerivativeStreamsVertex(new ShiftVertex(2), StreamLayout.FIRST),
            new DerivativeStreamsVertex(new ShiftVertex(2), StreamLayout.SECOND))) {
      assertEquals(vertex, vertex.clone());
      assertEquals(vertex.hashCode(), vertex.clone().hashCode());
    }
  }
}
