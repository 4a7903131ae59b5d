/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.random.RandomStream;
import org.junit.jupiter.api.DynamicTest;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/**
 * What every layer must pass, below a softmax output layer in a MultiLayerNetwork and in a
 * ComputationGraph: gradients, JSON, YAML and ModelSerializer round trips, arguments left alone,
 * FLOAT close to DOUBLE, memory layouts, a single row. Use it as a test factory:
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicTest> layer() {
 *   return new LayerChecks(() -> List.of(new SomeLayer.Builder().nOut(5).build()), input).all();
 * }
 * }</pre>
 */
public final class LayerChecks {

  private static final long SEED = 12345;
  private static final int CLASSES = 3;

  private final Supplier<List<org.deeplearning4j.nn.conf.layers.Layer>> layers;
  private final InputType inputType;
  private final INDArray input;
  private final INDArray labels;
  private Set<String> notFineTuned = Set.of();
  private boolean drawsInTraining;

  /**
   * Prepares the checks.
   *
   * @param layers makes new configurations of the layers below the output layer, without an updater
   *     or dropout of their own
   * @param inputType type of the input
   * @param input a batch of the layers' input in DOUBLE, with at least two rows
   */
  public LayerChecks(
      Supplier<List<org.deeplearning4j.nn.conf.layers.Layer>> layers,
      InputType inputType,
      INDArray input) {
    this.layers = layers;
    this.inputType = inputType;
    this.input = input;
    labels = Nd4j.zeros(DataType.DOUBLE, input.size(0), CLASSES);
    for (int row = 0; row < input.size(0); row++) {
      labels.putScalar(row, row % CLASSES, 1);
    }
  }

  /** The same for feed-forward input. */
  public LayerChecks(
      Supplier<List<org.deeplearning4j.nn.conf.layers.Layer>> layers, INDArray input) {
    this(layers, InputType.feedForward(input.size(1)), input);
  }

  /**
   * Leaves parameters that act on the output and are held fixed in supervised training out of the
   * gradient check.
   *
   * @param names with the name of the layer, such as {@code 0_vp}
   */
  public LayerChecks notFineTuned(String... names) {
    notFineTuned = Set.of(names);
    return this;
  }

  /**
   * Tells that the layers draw random numbers in training that depend on their index, which the two
   * network classes count differently.
   */
  public LayerChecks drawsInTraining() {
    drawsInTraining = true;
    return this;
  }

  /** All checks, by name. */
  public Stream<DynamicTest> all() {
    return Stream.of(
        dynamicTest("gradients in MultiLayerNetwork", () -> gradients(this::multiLayerNetwork)),
        dynamicTest("gradients in ComputationGraph", () -> gradients(this::graph)),
        dynamicTest("the two network classes agree", this::networkClassesAgree),
        dynamicTest("JSON and YAML", this::jsonAndYaml),
        dynamicTest("ModelSerializer", this::modelSerializer),
        dynamicTest("arguments are not modified", this::argumentsAreNotModified),
        dynamicTest("FLOAT close to DOUBLE", this::floatCloseToDouble),
        dynamicTest("memory layout of the input", this::memoryLayout),
        dynamicTest("a single row", this::singleRow),
        dynamicTest("clone()", this::layersAreCloned));
  }

  /** A network that is made for a data type and an updater. */
  private interface NetworkMaker {
    Model make(DataType type, IUpdater updater);
  }

  private NeuralNetConfiguration.Builder global(DataType type, IUpdater updater) {
    return new NeuralNetConfiguration.Builder().seed(SEED).dataType(type).updater(updater);
  }

  private OutputLayer outputLayer() {
    return new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
        .activation(Activation.SOFTMAX)
        .nOut(CLASSES)
        .build();
  }

  /** The layers below an output layer of three classes, with parameters that are not special. */
  public MultiLayerNetwork multiLayerNetwork(DataType type, IUpdater updater) {
    NeuralNetConfiguration.ListBuilder list = global(type, updater).list();
    layers.get().forEach(list::layer);
    MultiLayerNetwork network =
        new MultiLayerNetwork(list.layer(outputLayer()).setInputType(inputType).build());
    network.init();
    perturb(network.params());
    return network;
  }

  /** The same as a graph whose vertices are named {@code 0}, {@code 1}, ... */
  public ComputationGraph graph(DataType type, IUpdater updater) {
    ComputationGraphConfiguration.GraphBuilder builder =
        global(type, updater).graphBuilder().addInputs("input").setInputTypes(inputType);
    String below = "input";
    int index = 0;
    for (org.deeplearning4j.nn.conf.layers.Layer layer : layers.get()) {
      String name = String.valueOf(index++);
      builder.addLayer(name, layer, below);
      below = name;
    }
    builder.addLayer("output", outputLayer(), below).setOutputs("output");
    ComputationGraph graph = new ComputationGraph(builder.build());
    graph.init();
    perturb(graph.params());
    return graph;
  }

  /** Biases start at 0, where a wrong gradient can hide. */
  private static void perturb(INDArray params) {
    try (RandomStream random = new RandomStream(SEED)) {
      INDArray noise = Nd4j.zeros(DataType.DOUBLE, params.shape());
      INDArray zero = noise.dup();
      random.gaussian(zero, 0.3, noise);
      params.addi(noise.castTo(params.dataType()));
    }
  }

  private void gradients(NetworkMaker maker) {
    assertTrue(
        checkGradients(
            maker.make(DataType.DOUBLE, new NoOp()), input, labels, null, null, notFineTuned));
  }

  /** GradientCheckUtil on a network in DOUBLE; masks may be null. */
  public static boolean checkGradients(
      Model network, INDArray input, INDArray labels, INDArray inputMask, INDArray labelMask) {
    return checkGradients(network, input, labels, inputMask, labelMask, Set.of());
  }

  private static boolean checkGradients(
      Model network,
      INDArray input,
      INDArray labels,
      INDArray inputMask,
      INDArray labelMask,
      Set<String> exclude) {
    DataType before = Nd4j.dataType();
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    try {
      if (network instanceof MultiLayerNetwork multiLayer) {
        return GradientCheckUtil.checkGradients(
            new GradientCheckUtil.MLNConfig()
                .net(multiLayer)
                .input(input)
                .labels(labels)
                .inputMask(inputMask)
                .labelMask(labelMask)
                .excludeParams(exclude)
                .maxRelError(1e-5)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));
      }
      return GradientCheckUtil.checkGradients(
          new GradientCheckUtil.GraphConfig()
              .net((ComputationGraph) network)
              .inputs(new INDArray[] {input})
              .labels(new INDArray[] {labels})
              .inputMask(inputMask == null ? null : new INDArray[] {inputMask})
              .labelMask(labelMask == null ? null : new INDArray[] {labelMask})
              .excludeParams(exclude)
              .maxRelError(1e-5)
              .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));
    } finally {
      Nd4j.setDefaultDataTypes(before, before);
    }
  }

  private void networkClassesAgree() {
    MultiLayerNetwork network = multiLayerNetwork(DataType.DOUBLE, new Adam(0.01));
    ComputationGraph graph = graph(DataType.DOUBLE, new Adam(0.01));
    graph.params().assign(network.params());
    NdAssert.assertClose(network.output(input), graph.outputSingle(input), 1e-12);
    if (drawsInTraining) {
      return;
    }
    for (int step = 0; step < 3; step++) {
      network.fit(input, labels);
      graph.fit(new INDArray[] {input}, new INDArray[] {labels});
    }
    NdAssert.assertClose(network.params(), graph.params(), 1e-12);
  }

  private void jsonAndYaml() {
    MultiLayerNetwork network = multiLayerNetwork(DataType.DOUBLE, new Adam(0.01));
    MultiLayerConfiguration conf = network.getLayerWiseConfigurations();
    for (MultiLayerConfiguration copy :
        List.of(
            MultiLayerConfiguration.fromJson(conf.toJson()),
            MultiLayerConfiguration.fromYaml(conf.toYaml()),
            conf.clone())) {
      assertEquals(conf, copy);
      assertEquals(conf.toJson(), copy.toJson());
      MultiLayerNetwork rebuilt = new MultiLayerNetwork(copy);
      rebuilt.init();
      rebuilt.setParams(network.params());
      NdAssert.assertSame(network.output(input), rebuilt.output(input));
    }
    ComputationGraph graph = graph(DataType.DOUBLE, new Adam(0.01));
    ComputationGraphConfiguration graphConf = graph.getConfiguration();
    for (ComputationGraphConfiguration copy :
        List.of(
            ComputationGraphConfiguration.fromJson(graphConf.toJson()),
            ComputationGraphConfiguration.fromYaml(graphConf.toYaml()),
            graphConf.clone())) {
      assertEquals(graphConf, copy);
      ComputationGraph rebuilt = new ComputationGraph(copy);
      rebuilt.init();
      rebuilt.setParams(graph.params());
      NdAssert.assertSame(graph.outputSingle(input), rebuilt.outputSingle(input));
    }
  }

  private void modelSerializer() throws IOException {
    MultiLayerNetwork network = multiLayerNetwork(DataType.FLOAT, new Adam(0.01));
    DataSet data = new DataSet(input.castTo(DataType.FLOAT), labels.castTo(DataType.FLOAT));
    network.fit(data);
    MultiLayerNetwork restored =
        ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(saved(network)), true);
    assertEquals(network.getLayerWiseConfigurations(), restored.getLayerWiseConfigurations());
    assertSameParameters(network.paramTable(), restored.paramTable());
    NdAssert.assertSame(network.output(data.getFeatures()), restored.output(data.getFeatures()));
    network.fit(data);
    restored.fit(data);
    assertSameParameters(network.paramTable(), restored.paramTable());

    ComputationGraph graph = graph(DataType.FLOAT, new Adam(0.01));
    graph.fit(data);
    ComputationGraph restoredGraph =
        ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(saved(graph)), true);
    assertEquals(graph.getConfiguration(), restoredGraph.getConfiguration());
    assertSameParameters(graph.paramTable(), restoredGraph.paramTable());
    graph.fit(data);
    restoredGraph.fit(data);
    assertSameParameters(graph.paramTable(), restoredGraph.paramTable());
  }

  /** The bytes of a model file, with the updater. */
  public static byte[] saved(Model model) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ModelSerializer.writeModel(model, bytes, true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Same names in the same order, same bits. */
  public static void assertSameParameters(
      Map<String, INDArray> expected, Map<String, INDArray> actual) {
    assertEquals(List.copyOf(expected.keySet()), List.copyOf(actual.keySet()));
    expected.forEach((name, value) -> NdAssert.assertSame(value, actual.get(name), () -> name));
  }

  private void argumentsAreNotModified() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray x = input.castTo(type).dup();
      INDArray y = labels.castTo(type).dup();
      INDArray xBefore = x.dup();
      INDArray yBefore = y.dup();
      MultiLayerNetwork network = multiLayerNetwork(type, new Adam(0.01));
      network.output(x);
      network.feedForward(x, true);
      network.score(new DataSet(x, y));
      network.fit(x, y);
      network.calculateGradients(x, y, null, null);
      Layer first = network.getLayer(0);
      if (first.isPretrainLayer()) {
        network.pretrainLayer(0, x);
      }
      ComputationGraph graph = graph(type, new Adam(0.01));
      graph.output(x);
      graph.feedForward(x, true);
      graph.fit(new INDArray[] {x}, new INDArray[] {y});
      NdAssert.assertSame(xBefore, x);
      NdAssert.assertSame(yBefore, y);
    }
  }

  private void floatCloseToDouble() {
    MultiLayerNetwork exact = multiLayerNetwork(DataType.DOUBLE, new NoOp());
    MultiLayerNetwork single = multiLayerNetwork(DataType.FLOAT, new NoOp());
    single.params().assign(exact.params().castTo(DataType.FLOAT));
    INDArray x = input.castTo(DataType.FLOAT);
    INDArray y = labels.castTo(DataType.FLOAT);
    INDArray output = single.output(x);
    assertEquals(DataType.FLOAT, output.dataType());
    NdAssert.assertClose(exact.output(input), output, NdAssert.FLOAT_TOLERANCE);
    NdAssert.assertClose(
        exact.calculateGradients(input, labels, null, null).getFirst().gradient(),
        single.calculateGradients(x, y, null, null).getFirst().gradient(),
        input.size(0) * NdAssert.FLOAT_TOLERANCE);
  }

  private void memoryLayout() {
    if (input.rank() != 2) {
      return;
    }
    MultiLayerNetwork network = multiLayerNetwork(DataType.DOUBLE, new NoOp());
    INDArray output = network.output(input);
    INDArray gradient =
        network.calculateGradients(input, labels, null, null).getFirst().gradient().dup();
    for (INDArray variant : List.of(NdAssert.fortran(input), NdAssert.view(input))) {
      NdAssert.assertClose(output, network.output(variant), 1e-13);
      NdAssert.assertClose(
          gradient,
          network.calculateGradients(variant, labels, null, null).getFirst().gradient(),
          1e-12);
    }
  }

  private void singleRow() {
    MultiLayerNetwork network = multiLayerNetwork(DataType.DOUBLE, new Adam(0.01));
    INDArray one = input.get(NDArrayIndex.interval(0, 1)).dup();
    NdAssert.assertClose(network.output(input).getRow(0, true), network.output(one), 1e-13);
    network.fit(one, labels.getRow(0, true).dup());
  }

  private void layersAreCloned() {
    MultiLayerNetwork network = multiLayerNetwork(DataType.DOUBLE, new NoOp());
    for (Layer layer : network.getLayers()) {
      // DL4J's own layers return null.
      if (!(layer instanceof BaseLayer<?> own)
          || own.getClass().getName().contains("deeplearning4j")) {
        continue;
      }
      Layer copy = own.clone();
      assertNotNull(copy);
      assertNotSame(layer, copy);
      assertEquals(layer.getIndex(), copy.getIndex());
      assertEquals(layer.conf(), copy.conf());
      assertNotSame(layer.conf(), copy.conf());
      assertSameParameters(layer.paramTable(), copy.paramTable());
      copy.params().addi(1);
      layer
          .paramTable()
          .forEach((name, value) -> assertTrue(!value.equals(copy.getParam(name)), name));
    }
  }
}
