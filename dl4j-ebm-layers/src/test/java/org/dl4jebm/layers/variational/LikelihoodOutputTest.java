/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryType;
import org.deeplearning4j.nn.conf.memory.MemoryUseMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/** The output layer in networks. */
@Tag("gpu")
class LikelihoodOutputTest {

  private static final int EXAMPLES = 3;
  private static final long CHANNELS = 6;

  /** NoOp would subtract the bare gradient. */
  private static final IUpdater STILL = new Sgd(0);

  static Stream<Likelihood> families() {
    return LikelihoodCases.families();
  }

  /** Where the channels of a decoder's output stand. */
  enum Kind {
    DENSE,
    NCW,
    NWC,
    NCHW,
    NHWC;

    private static final long STEPS = 4;
    private static final long HEIGHT = 3;
    private static final long WIDTH = 2;

    InputType inputType() {
      return switch (this) {
        case DENSE -> InputType.feedForward(4);
        case NCW -> InputType.recurrent(2, STEPS, RNNFormat.NCW);
        case NWC -> InputType.recurrent(2, STEPS, RNNFormat.NWC);
        case NCHW -> InputType.convolutional(HEIGHT, WIDTH, 2, CNN2DFormat.NCHW);
        case NHWC -> InputType.convolutional(HEIGHT, WIDTH, 2, CNN2DFormat.NHWC);
      };
    }

    Layer decoder(long outputs) {
      return switch (this) {
        case DENSE ->
            new DenseLayer.Builder().nOut(outputs).activation(Activation.IDENTITY).build();
        case NCW, NWC ->
            new SimpleRnn.Builder().nOut(outputs).activation(Activation.IDENTITY).build();
        default ->
            new ConvolutionLayer.Builder(2, 2)
                .nOut((int) outputs)
                .convolutionMode(ConvolutionMode.Same)
                .dataFormat(this == NHWC ? CNN2DFormat.NHWC : CNN2DFormat.NCHW)
                .activation(Activation.IDENTITY)
                .build();
      };
    }

    long[] inputShape(long n) {
      return arrange(n, this == DENSE ? 4 : 2);
    }

    long[] arrange(long n, long channels) {
      return switch (this) {
        case DENSE -> new long[] {n, channels};
        case NCW -> new long[] {n, channels, STEPS};
        case NWC -> new long[] {n, STEPS, channels};
        case NCHW -> new long[] {n, channels, HEIGHT, WIDTH};
        case NHWC -> new long[] {n, HEIGHT, WIDTH, channels};
      };
    }

    INDArray channelsFirst(INDArray array) {
      return switch (this) {
        case NWC -> array.permute(0, 2, 1);
        case NHWC -> array.permute(0, 3, 1, 2);
        default -> array;
      };
    }

    INDArray arrange(INDArray channelsFirst) {
      return switch (this) {
        case NWC -> channelsFirst.permute(0, 2, 1).dup('c');
        case NHWC -> channelsFirst.permute(0, 2, 3, 1).dup('c');
        default -> channelsFirst;
      };
    }

    INDArray input() {
      return LikelihoodCases.normal(new SplittableRandom(21), inputShape(EXAMPLES));
    }

    INDArray labels(Likelihood family) {
      long[] shape =
          channelsFirst(Nd4j.create(DataType.DOUBLE, arrange(EXAMPLES, CHANNELS))).shape();
      return arrange(LikelihoodCases.data(family, shape, new SplittableRandom(22)));
    }
  }

  private static NeuralNetConfiguration.Builder global(DataType type, IUpdater updater) {
    return new NeuralNetConfiguration.Builder().seed(7).dataType(type).updater(updater);
  }

  private static MultiLayerNetwork network(
      Kind kind, Likelihood family, DataType type, IUpdater updater) {
    return network(global(type, updater), kind, family);
  }

  private static MultiLayerNetwork network(
      NeuralNetConfiguration.Builder global, Kind kind, Likelihood family) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global
                .list()
                .layer(kind.decoder(family.outputSize(CHANNELS)))
                .layer(new LikelihoodOutput.Builder(family).build())
                .setInputType(kind.inputType())
                .build());
    network.init();
    return network;
  }

  private static ComputationGraph graph(
      Kind kind, Likelihood family, DataType type, IUpdater updater) {
    ComputationGraph graph =
        new ComputationGraph(
            global(type, updater)
                .graphBuilder()
                .addInputs("in")
                .addLayer("0", kind.decoder(family.outputSize(CHANNELS)), "in")
                .addLayer("1", new LikelihoodOutput.Builder(family).build(), "0")
                .setOutputs("1")
                .setInputTypes(kind.inputType())
                .build());
    graph.init();
    return graph;
  }

  private static LikelihoodOutputLayer outputLayer(MultiLayerNetwork network) {
    return (LikelihoodOutputLayer) network.getOutputLayer();
  }

  /** For gradient checks, which want this updater; both network classes where it is cheap. */
  private static Stream<Model> networks(Kind kind, Likelihood family) {
    Model network = network(kind, family, DataType.DOUBLE, new NoOp());
    return kind == Kind.DENSE
        ? Stream.of(network, graph(kind, family, DataType.DOUBLE, new NoOp()))
        : Stream.of(network);
  }

  /** One of each way of forming derivatives; the others differ in the likelihood alone. */
  static Stream<Likelihood> kindsOfFamily() {
    return Stream.of(
        new BernoulliLikelihood(),
        GaussianLikelihood.learnedVariance(0.5),
        GaussianLikelihood.learnedVariancePerOutput(0.7),
        GaussianLikelihood.varianceFromNetwork(),
        new CategoricalLikelihood(3));
  }

  @ParameterizedTest
  @MethodSource("kindsOfFamily")
  void gradients(Likelihood family) {
    for (Kind kind : Kind.values()) {
      networks(kind, family)
          .forEach(
              network ->
                  assertTrue(
                      LayerChecks.checkGradients(
                          network, kind.input(), kind.labels(family), null, null),
                      kind + " " + family));
    }
  }

  @ParameterizedTest
  @MethodSource("kindsOfFamily")
  void gradientsWithMasks(Likelihood family) {
    INDArray perExample = Nd4j.createFromArray(1.0, 0, 0.5).reshape('c', new long[] {3, 1});
    for (Kind kind : new Kind[] {Kind.DENSE, Kind.NHWC}) {
      INDArray labels = kind.labels(family);
      INDArray perValue = LikelihoodCases.uniform(new SplittableRandom(2), labels.shape());
      for (INDArray mask : List.of(perExample, perValue)) {
        networks(kind, family)
            .forEach(
                network ->
                    assertTrue(
                        LayerChecks.checkGradients(network, kind.input(), labels, null, mask),
                        kind + " " + family));
      }
    }
    INDArray perStep = LikelihoodCases.uniform(new SplittableRandom(2), EXAMPLES, Kind.STEPS);
    for (Kind kind : new Kind[] {Kind.NWC}) {
      networks(kind, family)
          .forEach(
              network ->
                  assertTrue(
                      LayerChecks.checkGradients(
                          network, kind.input(), kind.labels(family), null, perStep)));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void scoreAndOutputAreThoseOfTheLikelihood(Kind kind) {
    families()
        .forEach(
            family -> {
              MultiLayerNetwork network = network(kind, family, DataType.DOUBLE, STILL);
              ComputationGraph graph = graph(kind, family, DataType.DOUBLE, STILL);
              graph.setParams(network.params());
              INDArray input = kind.input();
              INDArray labels = kind.labels(family);
              INDArray eta = kind.channelsFirst(network.feedForwardToLayer(0, input, false).get(1));
              double[] expected =
                  LikelihoodCases.logProbability(family, kind.channelsFirst(labels), null, eta);
              double[] nats = Arrays.stream(expected).map(l -> -l).toArray();
              DataSet data = new DataSet(input, labels);
              double mean = Arrays.stream(nats).average().orElseThrow();
              assertEquals(mean, network.score(data), 1e-11);
              assertEquals(mean, graph.score(data), 1e-11);
              for (INDArray scores :
                  List.of(network.scoreExamples(data, false), graph.scoreExamples(data, false))) {
                assertArrayEquals(new long[] {EXAMPLES, 1}, scores.shape());
                assertArrayEquals(nats, NdAssert.values(scores), 1e-11);
              }
              network.fit(data);
              assertEquals(mean, network.score(), 1e-11);
              graph.fit(data);
              assertEquals(mean, graph.score(), 1e-11);
              INDArray output = network.output(input);
              assertArrayEquals(labels.shape(), output.shape());
              NdAssert.assertClose(family.mean(eta), kind.channelsFirst(output), 1e-12);
              NdAssert.assertSame(output, graph.outputSingle(input));
            });
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void flattenedLabels(Kind kind) {
    Likelihood family = new BernoulliLikelihood();
    MultiLayerNetwork network = network(kind, family, DataType.DOUBLE, STILL);
    INDArray labels = kind.labels(family);
    INDArray flat = labels.reshape('c', new long[] {EXAMPLES, -1});
    double expected = network.score(new DataSet(kind.input(), labels));
    assertEquals(expected, network.score(new DataSet(kind.input(), flat)), 1e-12);
    INDArray gradient = gradient(network, kind.input(), labels, null);
    NdAssert.assertClose(gradient, gradient(network, kind.input(), flat, null), 1e-12);
    INDArray mask = LikelihoodCases.uniform(new SplittableRandom(6), labels.shape());
    INDArray flatMask = mask.reshape('c', new long[] {EXAMPLES, -1});
    NdAssert.assertClose(
        gradient(network, kind.input(), labels, mask),
        gradient(network, kind.input(), flat, flatMask),
        1e-12);
  }

  private static INDArray gradient(
      MultiLayerNetwork network, INDArray input, INDArray labels, INDArray mask) {
    return network.calculateGradients(input, labels, null, mask).getFirst().gradient().dup();
  }

  /** DL4J turns time series into rows for a dense layer; they are turned back. */
  @Test
  void denseLayerAboveARecurrentOne() {
    Likelihood family = GaussianLikelihood.varianceFromNetwork();
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global(DataType.DOUBLE, new NoOp())
                .list()
                .layer(new SimpleRnn.Builder().nOut(3).build())
                .layer(Kind.DENSE.decoder(2 * CHANNELS))
                .layer(new LikelihoodOutput.Builder(family).build())
                .setInputType(Kind.NCW.inputType())
                .build());
    network.init();
    INDArray input = Kind.NCW.input();
    INDArray labels = Kind.NCW.labels(family);
    INDArray steps = LikelihoodCases.uniform(new SplittableRandom(2), EXAMPLES, Kind.STEPS);
    assertArrayEquals(labels.shape(), network.output(input).shape());
    for (INDArray mask : new INDArray[] {null, steps}) {
      assertTrue(LayerChecks.checkGradients(network, input, labels, null, mask));
    }
  }

  /** Steps and values of weight 0 count as if they were not there. */
  @Test
  void masksLeaveOut() {
    Likelihood family = new BernoulliLikelihood();
    for (Kind kind : new Kind[] {Kind.NCW, Kind.NWC}) {
      MultiLayerNetwork network = network(kind, family, DataType.DOUBLE, STILL);
      INDArray labels = kind.labels(family);
      INDArray mask = Nd4j.ones(DataType.DOUBLE, EXAMPLES, Kind.STEPS);
      mask.putScalar(1, 2, 0);
      INDArray eta = kind.channelsFirst(network.feedForwardToLayer(0, kind.input(), false).get(1));
      INDArray values = Nd4j.ones(DataType.DOUBLE, EXAMPLES, CHANNELS, Kind.STEPS);
      values.get(NDArrayIndex.point(1), NDArrayIndex.all(), NDArrayIndex.point(2)).assign(0);
      double[] expected =
          LikelihoodCases.logProbability(family, kind.channelsFirst(labels), values, eta);
      DataSet data = new DataSet(kind.input(), labels, null, mask);
      assertEquals(-Arrays.stream(expected).sum() / EXAMPLES, network.score(data), 1e-11);
      INDArray garbage = labels.dup();
      kind.channelsFirst(garbage)
          .get(NDArrayIndex.point(1), NDArrayIndex.all(), NDArrayIndex.point(2))
          .assign(-5);
      assertEquals(
          network.score(data),
          network.score(new DataSet(kind.input(), garbage, null, mask)),
          1e-11);
      NdAssert.assertClose(
          network.scoreExamples(data, false).getRow(0, true),
          network.scoreExamples(new DataSet(kind.input(), labels), false).getRow(0, true),
          1e-12);
    }
  }

  /** Truncated backpropagation works on slices of labels and masks; masks of the input go by. */
  @Test
  void truncatedBackpropagationAndMasksOfTheInput() {
    Likelihood family = new BernoulliLikelihood();
    for (boolean truncated : new boolean[] {false, true}) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(
              global(DataType.FLOAT, new Sgd(0.1))
                  .list()
                  .layer(Kind.NCW.decoder(CHANNELS))
                  .layer(new LikelihoodOutput.Builder(family).build())
                  .setInputType(Kind.NCW.inputType())
                  .backpropType(truncated ? BackpropType.TruncatedBPTT : BackpropType.Standard)
                  .tBPTTLength(2)
                  .build());
      network.init();
      INDArray steps = Nd4j.ones(EXAMPLES, Kind.STEPS).putScalar(0, 3, 0);
      DataSet data =
          new DataSet(
              Kind.NCW.input().castTo(DataType.FLOAT),
              Kind.NCW.labels(family).castTo(DataType.FLOAT),
              steps,
              steps);
      double before = network.score(data);
      for (int i = 0; i < 5; i++) {
        network.fit(data);
      }
      assertTrue(network.score(data) < before);
      ComputationGraph graph = graph(Kind.NCW, family, DataType.FLOAT, new Sgd(0.1));
      graph.params().assign(network.params());
      assertEquals(network.score(data), graph.score(data), 1e-5);
      graph.fit(data);
      assertTrue(graph.score(data) < network.score(data));
    }
  }

  @Test
  void minibatchAndRegularisationAsInDl4j() {
    Likelihood family = new BernoulliLikelihood();
    DataSet data = new DataSet(Kind.DENSE.input(), Kind.DENSE.labels(family));
    double mean = network(Kind.DENSE, family, DataType.DOUBLE, STILL).score(data);
    MultiLayerNetwork sum =
        network(global(DataType.DOUBLE, STILL).miniBatch(false), Kind.DENSE, family);
    assertEquals(EXAMPLES * mean, sum.score(data), 1e-11);
    MultiLayerNetwork regularised =
        network(global(DataType.DOUBLE, new NoOp()).l2(0.1), Kind.DENSE, family);
    double penalty = 0.05 * regularised.getParam("0_W").norm2Number().doubleValue();
    penalty *= regularised.getParam("0_W").norm2Number().doubleValue();
    assertEquals(mean + penalty, regularised.score(data), 1e-11);
    assertEquals(
        mean + penalty, regularised.scoreExamples(data, true).meanNumber().doubleValue(), 1e-11);
    assertTrue(
        LayerChecks.checkGradients(regularised, data.getFeatures(), data.getLabels(), null, null));
  }

  /** One shared variance has the mean squared error as its optimum. */
  @Test
  void learnedVarianceFindsTheMeanSquaredError() {
    MultiLayerNetwork network =
        network(Kind.DENSE, GaussianLikelihood.learnedVariance(3), DataType.DOUBLE, new Sgd(0.1));
    network.getParam("0_W").assign(0);
    INDArray labels = Kind.DENSE.labels(new GaussianLikelihood());
    INDArray input = Nd4j.zeros(DataType.DOUBLE, EXAMPLES, 4);
    DataSet data = new DataSet(input, labels);
    for (int step = 0; step < 300; step++) {
      network.fit(data);
    }
    double error = labels.sub(network.output(input)).norm2Number().doubleValue();
    double variance = error * error / labels.length();
    assertEquals(Math.log(variance), network.getParam("1_logVariance").getDouble(0), 1e-3);
    assertEquals(EXAMPLES, network.scoreExamples(data, false).length());
    assertEquals(
        0.5 * CHANNELS * (Math.log(2 * Math.PI * variance) + 1), network.score(data), 1e-3);
  }

  @Test
  void learnedVarianceIsAnOrdinaryParameter() {
    Likelihood family = GaussianLikelihood.learnedVariancePerOutput(0.25);
    MultiLayerNetwork network =
        network(
            global(DataType.DOUBLE, new Sgd(0.1)).biasUpdater(new Sgd(0)).l2(0.5).weightDecay(0.1),
            Kind.NCHW,
            family);
    INDArray parameter = network.getParam("1_logVariance");
    NdAssert.assertClose(
        Nd4j.valueArrayOf(new long[] {CHANNELS}, Math.log(0.25), DataType.DOUBLE),
        parameter,
        1e-15);
    INDArray before = parameter.dup();
    network.fit(Kind.NCHW.input(), Kind.NCHW.labels(family));
    NdAssert.assertSame(before, network.getParam("1_logVariance"));
    org.deeplearning4j.nn.conf.layers.Layer conf = network.getLayer(1).conf().getLayer();
    LikelihoodParamInitializer initializer = LikelihoodParamInitializer.getInstance();
    assertEquals(CHANNELS, initializer.numParams(conf));
    assertEquals(CHANNELS, initializer.numParams(network.getLayer(1).conf()));
    assertEquals(List.of("logVariance"), initializer.paramKeys(conf));
    assertEquals(List.of("logVariance"), initializer.biasKeys(conf));
    assertEquals(List.of(), initializer.weightKeys(conf));
    assertTrue(initializer.isBiasParam(conf, "logVariance"));
    assertEquals(0, network.getLayer(1).calcRegularizationScore(true));
    org.deeplearning4j.nn.api.Layer copy = outputLayer(network).clone();
    assertNotSame(network.getLayer(1), copy);
    LayerChecks.assertSameParameters(network.getLayer(1).paramTable(), copy.paramTable());
    copy.params().addi(1);
    NdAssert.assertSame(before, network.getParam("1_logVariance"));
    Likelihood learned = outputLayer(network).likelihood();
    network.getParam("1_logVariance").assign(0);
    INDArray x = Nd4j.zeros(DataType.DOUBLE, 1, CHANNELS);
    assertEquals(
        new GaussianLikelihood().logProbability(x, x)[0], learned.logProbability(x, x)[0], 1e-12);
  }

  @ParameterizedTest
  @MethodSource("families")
  void storedAndRestored(Likelihood family) throws IOException {
    MultiLayerNetwork network = network(Kind.NHWC, family, DataType.FLOAT, new Adam(0.01));
    DataSet data =
        new DataSet(
            Kind.NHWC.input().castTo(DataType.FLOAT),
            Kind.NHWC.labels(family).castTo(DataType.FLOAT));
    network.fit(data);
    MultiLayerConfiguration conf = network.getLayerWiseConfigurations();
    for (MultiLayerConfiguration copy :
        List.of(
            MultiLayerConfiguration.fromJson(conf.toJson()),
            MultiLayerConfiguration.fromYaml(conf.toYaml()),
            conf.clone())) {
      assertEquals(conf, copy);
      assertEquals(conf.toJson(), copy.toJson());
    }
    MultiLayerNetwork restored =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(LayerChecks.saved(network)), true);
    LayerChecks.assertSameParameters(network.paramTable(), restored.paramTable());
    network.fit(data);
    restored.fit(data);
    LayerChecks.assertSameParameters(network.paramTable(), restored.paramTable());
    ComputationGraph graph = graph(Kind.NCW, family, DataType.FLOAT, new Adam(0.01));
    ComputationGraphConfiguration graphConf = graph.getConfiguration();
    assertEquals(graphConf, ComputationGraphConfiguration.fromJson(graphConf.toJson()));
    ComputationGraph restoredGraph =
        ModelSerializer.restoreComputationGraph(
            new ByteArrayInputStream(LayerChecks.saved(graph)), true);
    LayerChecks.assertSameParameters(graph.paramTable(), restoredGraph.paramTable());
  }

  @ParameterizedTest
  @MethodSource("families")
  void floatCloseToDoubleAndArgumentsLeftAlone(Likelihood family) {
    for (Kind kind : Kind.values()) {
      MultiLayerNetwork exact = network(kind, family, DataType.DOUBLE, STILL);
      MultiLayerNetwork single = network(kind, family, DataType.FLOAT, STILL);
      single.params().assign(exact.params().castTo(DataType.FLOAT));
      INDArray x = kind.input().castTo(DataType.FLOAT);
      INDArray y = kind.labels(family).castTo(DataType.FLOAT);
      INDArray xBefore = x.dup();
      INDArray yBefore = y.dup();
      NdAssert.assertClose(
          gradient(exact, kind.input(), kind.labels(family), null),
          gradient(single, x, y, null),
          1e-4);
      assertEquals(DataType.FLOAT, single.output(x).dataType());
      single.fit(x, y);
      assertEquals(
          exact.score(new DataSet(kind.input(), kind.labels(family))), single.score(), 1e-3);
      NdAssert.assertSame(xBefore, x);
      NdAssert.assertSame(yBefore, y);
    }
  }

  /** Both workspace modes, evaluation, a single row and labels of another type. */
  @Test
  void asAnyOutputLayer() {
    Likelihood family = new CategoricalLikelihood(CHANNELS);
    INDArray labels = Kind.DENSE.labels(family);
    MultiLayerNetwork plain =
        network(
            global(DataType.FLOAT, new Adam(0.1))
                .trainingWorkspaceMode(WorkspaceMode.NONE)
                .inferenceWorkspaceMode(WorkspaceMode.NONE),
            Kind.DENSE,
            family);
    MultiLayerNetwork scoped =
        network(
            global(DataType.FLOAT, new Adam(0.1))
                .trainingWorkspaceMode(WorkspaceMode.ENABLED)
                .inferenceWorkspaceMode(WorkspaceMode.ENABLED),
            Kind.DENSE,
            family);
    INDArray x = Kind.DENSE.input().castTo(DataType.FLOAT);
    INDArray oneHot = Nd4j.eye(CHANNELS).get(NDArrayIndex.interval(0, 3), NDArrayIndex.all()).dup();
    for (int step = 0; step < 60; step++) {
      plain.fit(x, oneHot);
      scoped.fit(x, oneHot);
    }
    NdAssert.assertSame(plain.params(), scoped.params());
    DataSet data = new DataSet(x, oneHot);
    assertEquals(
        1,
        scoped
            .evaluate(new org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator(data))
            .accuracy());
    assertEquals(1, outputLayer(scoped).f1Score(scoped.feedForwardToLayer(0, x).get(1), oneHot));
    assertArrayEquals(new int[] {0, 1, 2}, scoped.predict(x));
    double score = scoped.score(data);
    assertEquals(score, scoped.score(new DataSet(x, oneHot.castTo(DataType.INT32))), 1e-6);
    DataSet one = new DataSet(x.getRow(1, true).dup(), oneHot.getRow(1, true).dup());
    assertEquals(scoped.scoreExamples(data, false).getDouble(1), scoped.score(one), 1e-6);
    scoped.fit(one);
    assertTrue(Double.isFinite(scoped.score()));
    scoped.clear();
    assertEquals(3, labels.size(0));
  }

  @Test
  void scoresOfTheBackwardPassAreNotMistakenForOthers() {
    Likelihood family = new BernoulliLikelihood();
    MultiLayerNetwork network = network(Kind.DENSE, family, DataType.DOUBLE, STILL);
    INDArray input = Kind.DENSE.input();
    INDArray labels = Kind.DENSE.labels(family);
    network.fit(input, labels);
    double first = network.score();
    assertEquals(first, network.score(new DataSet(input, labels)), 1e-12);
    INDArray flipped = labels.rsub(1);
    double second = network.score(new DataSet(input, flipped));
    assertTrue(Math.abs(first - second) > 1e-3);
    network.fit(input, labels);
    labels.assign(flipped);
    assertEquals(second, network.score(new DataSet(input, labels)), 1e-12);
    network.fit(input, labels);
    assertEquals(second, network.score(), 1e-12);
    network.params().addi(0.1);
    network.fit(input, labels);
    assertEquals(network.score(new DataSet(input, labels)), network.score(), 1e-12);
  }

  @Test
  void memoryReport() {
    for (Kind kind : Kind.values()) {
      LikelihoodOutput conf =
          new LikelihoodOutput.Builder(GaussianLikelihood.learnedVariancePerOutput(1))
              .updater(new Adam(0.1))
              .build();
      InputType type = kind.inputType();
      conf.setNIn(type, true);
      MemoryReport report = conf.getMemoryReport(type);
      long channels = kind == Kind.DENSE ? 4 : 2;
      assertEquals(
          4 * channels,
          report.getMemoryBytes(
              MemoryType.PARAMETERS, 1, MemoryUseMode.TRAINING, CacheMode.NONE, DataType.FLOAT));
      assertEquals(
          8 * channels,
          report.getMemoryBytes(
              MemoryType.UPDATER_STATE, 1, MemoryUseMode.TRAINING, CacheMode.NONE, DataType.FLOAT));
    }
  }
}
