/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.datasets.iterator.IteratorMultiDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.variational.BernoulliReconstructionDistribution;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.training.pretrain.PretrainResult.LayerResult;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.AsyncDataSetIterator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Stacks that are more than RBMs one above the other. */
class NetworkKindsTest {

  private static final int SIDE = 4;

  private static INDArray images() {
    return Stacks.features(Stacks.ROWS, SIDE * SIDE).reshape(Stacks.ROWS, 1, SIDE, SIDE);
  }

  private static List<String> names(PretrainResult result) {
    return result.layers().stream().map(LayerResult::name).toList();
  }

  private static MultiLayerNetwork network(NeuralNetConfiguration.ListBuilder list) {
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    return network;
  }

  private static ConvolutionLayer convolution() {
    return new ConvolutionLayer.Builder(3, 3).nOut(2).activation(Activation.SIGMOID).build();
  }

  /** Images, convolution, (preprocessor), two RBMs. */
  private static NeuralNetConfiguration.ListBuilder overConvolution(InputType input) {
    return Stacks.global()
        .list()
        .layer(convolution())
        .layer(Stacks.rbm(8, 5).build())
        .layer(Stacks.rbm(5, 4).build())
        .layer(Stacks.output(4))
        .setInputType(input);
  }

  @Test
  void convolutionBelowAndItsPreprocessor() {
    InputType images = InputType.convolutional(SIDE, SIDE, 1);
    MultiLayerNetwork expected = network(overConvolution(images));
    Stacks.train(expected, Stacks.batches(Stacks.iterator(images())), 2, 1, 2);
    MultiLayerNetwork network = network(overConvolution(images));
    PretrainResult result =
        new GreedyPretrainer(PretrainOptions.epochs(2)).fit(network, Stacks.iterator(images()));
    Snapshot.of(expected).assertSame(network);
    assertEquals(List.of("1", "2"), names(result));
  }

  @Test
  void preprocessorOfTheFirstLayerWhichIsNotPretrained() {
    InputType rows = InputType.convolutionalFlat(SIDE, SIDE, 1);
    INDArray features = Stacks.features(Stacks.ROWS, SIDE * SIDE);
    MultiLayerNetwork expected = network(overConvolution(rows));
    Stacks.train(expected, Stacks.batches(Stacks.iterator(features)), 1, 1, 2);
    MultiLayerNetwork network = network(overConvolution(rows));
    new GreedyPretrainer(PretrainOptions.epochs(1)).fit(network, Stacks.iterator(features));
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void imagesStraightIntoAnRbm() {
    NeuralNetConfiguration.ListBuilder list =
        Stacks.global()
            .list()
            .layer(Stacks.rbm(SIDE * SIDE, 5).build())
            .layer(Stacks.output(5))
            .setInputType(InputType.convolutional(SIDE, SIDE, 1));
    MultiLayerNetwork expected = network(list);
    Stacks.train(expected, Stacks.batches(Stacks.iterator(images())), 2, 0);
    MultiLayerNetwork network = network(list);
    new GreedyPretrainer(PretrainOptions.epochs(2)).fit(network, Stacks.iterator(images()));
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void convolutionAndPreprocessorInAGraph() {
    ComputationGraph[] graphs = new ComputationGraph[2];
    for (int i = 0; i < graphs.length; i++) {
      graphs[i] =
          new ComputationGraph(
              Stacks.global()
                  .graphBuilder()
                  .addInputs("in")
                  .addLayer("conv", convolution(), "in")
                  .addLayer("low", Stacks.rbm(8, 5).build(), "conv")
                  .addLayer("high", Stacks.rbm(5, 4).build(), "low")
                  .addLayer("out", Stacks.output(4), "high")
                  .setOutputs("out")
                  .setInputTypes(InputType.convolutional(SIDE, SIDE, 1))
                  .build());
      graphs[i].init();
    }
    ComputationGraph expected = graphs[0];
    expected.initGradientsView();
    List<INDArray> batches = Stacks.batches(Stacks.iterator(images()));
    Stacks.train(expected.getLayer("low"), batches, 2, x -> flatten(expected, x));
    Stacks.train(
        expected.getLayer("high"),
        batches,
        2,
        x -> expected.feedForward(new INDArray[] {x.dup()}, false).get("low"));

    PretrainResult result =
        new GreedyPretrainer(PretrainOptions.epochs(2)).fit(graphs[1], Stacks.iterator(images()));
    Snapshot.of(expected).assertSame(graphs[1]);
    assertEquals(List.of("low", "high"), names(result));
  }

  private static INDArray flatten(ComputationGraph graph, INDArray images) {
    INDArray maps = graph.feedForward(new INDArray[] {images.dup()}, false).get("conv");
    return ((org.deeplearning4j.nn.conf.graph.LayerVertex)
            graph.getConfiguration().getVertices().get("low"))
        .getPreProcessor()
        .preProcess(maps, (int) images.size(0), LayerWorkspaceMgr.noWorkspaces());
  }

  /** Two modalities with an RBM each, a joint RBM on both, and one that also sees an input. */
  private static ComputationGraph twoInputs() {
    ComputationGraph graph =
        new ComputationGraph(
            Stacks.global()
                .graphBuilder()
                .addInputs("left", "right")
                .addLayer("a", Stacks.rbm(Stacks.INPUTS, 3).build(), "left")
                .addLayer("b", Stacks.rbm(4, 2).build(), "right")
                .addVertex("both", new MergeVertex(), "a", "b")
                .addLayer("joint", Stacks.rbm(5, 4).build(), "both")
                .addLayer("skip", Stacks.rbm(4 + 4, 3).build(), "joint", "right")
                .addLayer("out", Stacks.output(3), "skip")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  private static MultiDataSetIterator twoModalities() {
    List<org.nd4j.linalg.dataset.api.MultiDataSet> rows =
        new MultiDataSet(
                new INDArray[] {Stacks.features(), Stacks.features(Stacks.ROWS, 4)},
                new INDArray[] {Stacks.labels()})
            .asList();
    return new RepeatedMultiDataSetIterator(rows);
  }

  /** DL4J's own iterator over a list cannot be reset. */
  private static final class RepeatedMultiDataSetIterator extends IteratorMultiDataSetIterator {

    private static final long serialVersionUID = 1L;

    private final transient List<org.nd4j.linalg.dataset.api.MultiDataSet> rows;
    private transient MultiDataSetIterator pass;

    RepeatedMultiDataSetIterator(List<org.nd4j.linalg.dataset.api.MultiDataSet> rows) {
      super(rows.iterator(), Stacks.BATCH);
      this.rows = rows;
      reset();
    }

    @Override
    public boolean resetSupported() {
      return true;
    }

    @Override
    public void reset() {
      pass = new IteratorMultiDataSetIterator(rows.iterator(), Stacks.BATCH);
    }

    @Override
    public boolean hasNext() {
      return pass.hasNext();
    }

    @Override
    public org.nd4j.linalg.dataset.api.MultiDataSet next() {
      return pass.next();
    }
  }

  @Test
  void severalInputsAndMergedLayers() {
    ComputationGraph expected = twoInputs();
    expected.initGradientsView();
    Map<String, String> below = Map.of("a", "left", "b", "right", "joint", "both");
    for (String name : List.of("a", "b", "joint", "skip")) {
      for (int epoch = 0; epoch < 2; epoch++) {
        MultiDataSetIterator data = twoModalities();
        while (data.hasNext()) {
          INDArray[] x = data.next().getFeatures();
          Map<String, INDArray> all = expected.feedForward(x, false);
          INDArray input =
              name.equals("skip") ? Nd4j.hstack(all.get("joint"), x[1]) : all.get(below.get(name));
          expected.getLayer(name).fit(input.dup(), LayerWorkspaceMgr.noWorkspaces());
        }
        NeuralNetConfiguration conf = expected.getLayer(name).conf();
        conf.setEpochCount(conf.getEpochCount() + 1);
      }
    }
    ComputationGraph graph = twoInputs();
    PretrainResult result =
        new GreedyPretrainer(PretrainOptions.epochs(2)).fit(graph, twoModalities());
    Snapshot.of(expected).assertSame(graph);
    assertEquals(List.of("a", "b", "joint", "skip"), sorted(names(result)));
    assertTrue(names(result).indexOf("joint") > 1 && names(result).indexOf("skip") == 3);
    assertEquals(2 * Stacks.BATCHES, graph.getLayer("joint").conf().getIterationCount());
  }

  private static List<String> sorted(List<String> names) {
    return names.stream().sorted().toList();
  }

  @Test
  void multiDataSetsWithOneInputAreAsGoodAsDataSets() {
    ComputationGraph expected = Stacks.graph();
    ComputationGraph graph = Stacks.graph();
    GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(2));
    pretrainer.fit(expected, Stacks.iterator());
    List<org.nd4j.linalg.dataset.api.MultiDataSet> rows =
        new MultiDataSet(new INDArray[] {Stacks.features()}, new INDArray[] {Stacks.labels()})
            .asList();
    pretrainer.fit(graph, new RepeatedMultiDataSetIterator(rows));
    Snapshot.of(expected).assertSame(graph);
  }

  @Test
  void frozenLayersAreLeftAloneAndUsed() {
    for (boolean withBackprop : new boolean[] {false, true}) {
      MultiLayerNetwork[] networks = new MultiLayerNetwork[2];
      for (int i = 0; i < networks.length; i++) {
        var low = Stacks.rbm(Stacks.INPUTS, 5).build();
        networks[i] =
            network(
                Stacks.global()
                    .list()
                    .layer(withBackprop ? new FrozenLayerWithBackprop(low) : new FrozenLayer(low))
                    .layer(Stacks.rbm(5, 4).build())
                    .layer(Stacks.output(4)));
      }
      double[] low = Stacks.bits(networks[1].getLayer(0).params());
      Stacks.train(networks[0], Stacks.batches(Stacks.iterator()), 2, 1);
      PretrainResult result =
          new GreedyPretrainer(PretrainOptions.epochs(2)).fit(networks[1], Stacks.iterator());
      assertEquals(List.of("1"), names(result));
      assertArrayEquals(low, Stacks.bits(networks[1].getLayer(0).params()));
      assertArrayEquals(Stacks.bits(networks[0].params()), Stacks.bits(networks[1].params()));
    }
  }

  @Test
  void layersFrozenByTransferLearningAreLeftAlone() {
    FineTuneConfiguration fineTune =
        new FineTuneConfiguration.Builder().seed(3).updater(new Sgd(0.1)).build();
    MultiLayerNetwork network =
        new TransferLearning.Builder(Stacks.mln())
            .fineTuneConfiguration(fineTune)
            .setFeatureExtractor(0)
            .build();
    double[] low = Stacks.bits(network.getLayer(0).params());
    double[] second = Stacks.bits(network.getLayer(1).params());
    PretrainResult result =
        new GreedyPretrainer(PretrainOptions.epochs(1)).fit(network, Stacks.iterator());
    assertEquals(List.of("1", "2"), names(result));
    assertArrayEquals(low, Stacks.bits(network.getLayer(0).params()));
    assertFalse(Arrays.equals(second, Stacks.bits(network.getLayer(1).params())));

    ComputationGraph graph =
        new TransferLearning.GraphBuilder(Stacks.graph())
            .fineTuneConfiguration(fineTune)
            .setFeatureExtractor("rbm1")
            .build();
    low = Stacks.bits(graph.getLayer("rbm0").params());
    result = new GreedyPretrainer(PretrainOptions.epochs(1)).fit(graph, Stacks.iterator());
    assertEquals(List.of("rbm2"), names(result));
    assertArrayEquals(low, Stacks.bits(graph.getLayer("rbm0").params()));
  }

  @Test
  void frozenVerticesOfAGraphAreLeftAlone() {
    ComputationGraph graph =
        new ComputationGraph(
            Stacks.global()
                .graphBuilder()
                .addInputs("in")
                .addVertex(
                    "low",
                    new org.deeplearning4j.nn.conf.graph.FrozenVertex(
                        new org.deeplearning4j.nn.conf.graph.LayerVertex(
                            Stacks.global()
                                .layer(Stacks.rbm(Stacks.INPUTS, 5).name("low").build())
                                .build(),
                            null)),
                    "in")
                .addLayer("high", Stacks.rbm(5, 4).build(), "low")
                .addLayer("out", Stacks.output(4), "high")
                .setOutputs("out")
                .build());
    graph.init();
    double[] low = Stacks.bits(graph.getLayer("low").params());
    PretrainResult result =
        new GreedyPretrainer(PretrainOptions.epochs(1)).fit(graph, Stacks.iterator());
    assertEquals(List.of("high"), names(result));
    assertArrayEquals(low, Stacks.bits(graph.getLayer("low").params()));
  }

  private static VariationalAutoencoder autoencoder(int in) {
    return new VariationalAutoencoder.Builder()
        .nIn(in)
        .nOut(4)
        .encoderLayerSizes(6)
        .decoderLayerSizes(6)
        .activation(Activation.TANH)
        .pzxActivationFunction(Activation.SIGMOID)
        .reconstructionDistribution(new BernoulliReconstructionDistribution(Activation.SIGMOID))
        .build();
  }

  /** Layers of DL4J's own, below, between and above RBMs. */
  private static NeuralNetConfiguration.ListBuilder withAutoencoders() {
    return Stacks.global(new Sgd(0.01))
        .dropOut(0.8)
        .list()
        .layer(
            new AutoEncoder.Builder()
                .nIn(Stacks.INPUTS)
                .nOut(5)
                .corruptionLevel(0.3)
                .activation(Activation.SIGMOID)
                .build())
        .layer(autoencoder(5))
        .layer(Stacks.rbm(4, 3).build())
        .layer(new AutoEncoder.Builder().nIn(3).nOut(3).corruptionLevel(0.3).build())
        .layer(Stacks.output(3));
  }

  @Test
  void layersOfDl4jInTheStack() {
    MultiLayerNetwork expected = network(withAutoencoders());
    MultiLayerNetwork network = network(withAutoencoders());
    Stacks.seedDefaultGenerator();
    Stacks.train(expected, Stacks.batches(Stacks.iterator()), 2, 0, 1, 2, 3);
    Stacks.seedDefaultGenerator();
    double[] start = Stacks.bits(network.params());
    PretrainResult result =
        new GreedyPretrainer(PretrainOptions.epochs(2)).fit(network, Stacks.iterator());
    Snapshot.of(expected).assertSame(network);
    assertFalse(Arrays.equals(start, Stacks.bits(network.params())));
    assertEquals(List.of("0", "1", "2", "3"), names(result));
    assertEquals("score", result.layers().get(1).scoreName());
    assertEquals("recon. error", result.layers().get(2).scoreName());
    network.fit(new DataSet(Stacks.features(), Stacks.labels()));
  }

  /** Three passes over arrays that the iterator holds. */
  private static void fitWithoutChangingTheData(Model network) {
    List<INDArray> held = Stacks.batches(Stacks.iterator());
    DataSetIterator data = Stacks.iteratorOfHeldArrays(held);
    GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(3));
    if (network instanceof MultiLayerNetwork mln) {
      pretrainer.fit(mln, data);
    } else {
      pretrainer.fit((ComputationGraph) network, data);
    }
    assertEquals(Stacks.batches(Stacks.iterator()), held);
  }

  /** An activation layer in inference mode works in place on what it is given. */
  @Test
  void layersThatWorkInPlaceDoNotChangeTheData() {
    NeuralNetConfiguration.ListBuilder list =
        Stacks.global()
            .list()
            .layer(new ActivationLayer(Activation.SIGMOID))
            .layer(new DropoutLayer(0.5))
            .layer(Stacks.rbm(Stacks.INPUTS, 5).build())
            .layer(new ActivationLayer(Activation.HARDSIGMOID))
            .layer(Stacks.rbm(5, 4).build())
            .layer(Stacks.output(4));
    MultiLayerNetwork expected = network(list);
    Stacks.train(expected, Stacks.batches(Stacks.iterator()), 3, 2, 4);
    MultiLayerNetwork network = network(list);
    fitWithoutChangingTheData(network);
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void dropoutOfAPretrainedLayerDoesNotChangeTheDataBelowADropoutLayer() {
    NeuralNetConfiguration.ListBuilder list =
        Stacks.global(new Sgd(0.01))
            .list()
            .layer(new DropoutLayer(0.5))
            .layer(new AutoEncoder.Builder().nIn(Stacks.INPUTS).nOut(5).dropOut(0.5).build())
            .layer(Stacks.output(5));
    fitWithoutChangingTheData(network(list));
  }

  /** In a graph an array may be the input of several vertices. */
  @Test
  void layersThatWorkInPlaceDoNotChangeWhatOthersSee() {
    ComputationGraph[] graphs = new ComputationGraph[2];
    for (int i = 0; i < graphs.length; i++) {
      graphs[i] =
          new ComputationGraph(
              Stacks.global()
                  .graphBuilder()
                  .addInputs("in")
                  .addLayer("low", Stacks.rbm(Stacks.INPUTS, 5).build(), "in")
                  .addLayer("squeezed", new ActivationLayer(Activation.HARDSIGMOID), "low")
                  .addLayer("high", Stacks.rbm(10, 4).build(), "low", "squeezed")
                  .addLayer("out", Stacks.output(4), "high")
                  .setOutputs("out")
                  .build());
      graphs[i].init();
    }
    ComputationGraph expected = graphs[0];
    expected.initGradientsView();
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    Stacks.train(expected.getLayer("low"), batches, 3, x -> x);
    Stacks.train(
        expected.getLayer("high"),
        batches,
        3,
        x -> {
          INDArray low =
              expected.getLayer("low").activate(x, false, LayerWorkspaceMgr.noWorkspaces());
          INDArray squeezed =
              Activation.HARDSIGMOID.getActivationFunction().getActivation(low.dup(), false);
          return Nd4j.hstack(low, squeezed);
        });
    fitWithoutChangingTheData(graphs[1]);
    Snapshot.of(expected).assertSame(graphs[1]);
  }

  private static LSTM recurrent() {
    return new LSTM.Builder().nIn(3).nOut(5).activation(Activation.SIGMOID).build();
  }

  /** Every step in time of a series is an example for the layer above. */
  @Test
  void recurrentLayersBelow() {
    INDArray series = Stacks.features().reshape(Stacks.ROWS, 3, 2);
    NeuralNetConfiguration.ListBuilder list =
        Stacks.global()
            .list()
            .layer(recurrent())
            .layer(Stacks.rbm(5, 4).build())
            .layer(new RnnOutputLayer.Builder(LossFunction.MSE).nIn(4).nOut(2).build())
            .setInputType(InputType.recurrent(3));
    MultiLayerNetwork expected = network(list);
    Stacks.train(expected, Stacks.batches(Stacks.iterator(series)), 2, 1);
    MultiLayerNetwork network = network(list);
    new GreedyPretrainer(PretrainOptions.epochs(2)).fit(network, Stacks.iterator(series));
    Snapshot.of(expected).assertSame(network);

    ComputationGraph[] graphs = new ComputationGraph[2];
    for (int i = 0; i < graphs.length; i++) {
      graphs[i] =
          new ComputationGraph(
              Stacks.global()
                  .graphBuilder()
                  .addInputs("in")
                  .addLayer("lstm", recurrent(), "in")
                  .addVertex("last", new LastTimeStepVertex("in"), "lstm")
                  .addLayer("rbm", Stacks.rbm(5, 4).build(), "last")
                  .addLayer("out", Stacks.output(4), "rbm")
                  .setOutputs("out")
                  .setInputTypes(InputType.recurrent(3))
                  .build());
      graphs[i].init();
    }
    graphs[0].initGradientsView();
    Stacks.train(
        graphs[0].getLayer("rbm"),
        Stacks.batches(Stacks.iterator(series)),
        2,
        x -> graphs[0].feedForward(new INDArray[] {x.dup()}, false).get("last"));
    new GreedyPretrainer(PretrainOptions.epochs(2)).fit(graphs[1], Stacks.iterator(series));
    Snapshot.of(graphs[0]).assertSame(graphs[1]);
  }

  @Test
  void layersOfDl4jInAGraph() {
    ComputationGraph[] graphs = new ComputationGraph[2];
    for (int i = 0; i < graphs.length; i++) {
      graphs[i] =
          new ComputationGraph(
              Stacks.global(new Sgd(0.01))
                  .graphBuilder()
                  .addInputs("in")
                  .addLayer("vae", autoencoder(Stacks.INPUTS), "in")
                  .addLayer("rbm", Stacks.rbm(4, 3).build(), "vae")
                  .addLayer("out", Stacks.output(3), "rbm")
                  .setOutputs("out")
                  .build());
      graphs[i].init();
    }
    graphs[0].initGradientsView();
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    Stacks.seedDefaultGenerator();
    Stacks.train(graphs[0].getLayer("vae"), batches, 2, x -> x);
    Stacks.train(
        graphs[0].getLayer("rbm"),
        batches,
        2,
        x -> graphs[0].feedForward(new INDArray[] {x.dup()}, false).get("vae"));
    Stacks.seedDefaultGenerator();
    PretrainResult result =
        new GreedyPretrainer(PretrainOptions.epochs(2)).fit(graphs[1], Stacks.iterator());
    assertEquals(List.of("vae", "rbm"), names(result));
    Snapshot.of(graphs[0]).assertSame(graphs[1]);
  }

  @Test
  void batchNormalizationBelowIsInInferenceMode() {
    NeuralNetConfiguration.ListBuilder list =
        Stacks.global()
            .list()
            .layer(new DenseLayer.Builder().nIn(Stacks.INPUTS).nOut(5).build())
            .layer(new BatchNormalization.Builder().nIn(5).nOut(5).build())
            .layer(new ActivationLayer(Activation.SIGMOID))
            .layer(Stacks.rbm(5, 4).build())
            .layer(Stacks.output(4));
    MultiLayerNetwork expected = network(list);
    Stacks.train(expected, Stacks.batches(Stacks.iterator()), 2, 3);
    MultiLayerNetwork network = network(list);
    double[] statistics = Stacks.bits(network.getLayer(1).params());
    new GreedyPretrainer(PretrainOptions.epochs(2)).fit(network, Stacks.iterator());
    assertArrayEquals(statistics, Stacks.bits(network.getLayer(1).params()));
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void batchesPrefetchedByAnotherThread() {
    for (Model network : List.of(Stacks.mln(), Stacks.graph())) {
      Model expected = network instanceof MultiLayerNetwork ? Stacks.mln() : Stacks.graph();
      GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(3));
      AsyncDataSetIterator async = new AsyncDataSetIterator(Stacks.iterator(), 2, true);
      if (network instanceof MultiLayerNetwork mln) {
        pretrainer.fit(mln, async);
        pretrainer.fit((MultiLayerNetwork) expected, Stacks.iterator());
      } else {
        pretrainer.fit((ComputationGraph) network, async);
        pretrainer.fit((ComputationGraph) expected, Stacks.iterator());
      }
      async.shutdown();
      Snapshot.of(expected).assertSame(network);
    }
  }

  @Test
  void labelsAreNotNeeded() {
    MultiLayerNetwork network = Stacks.mln();
    MultiLayerNetwork expected = Stacks.mln();
    GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(1));
    pretrainer.fit(network, Stacks.iteratorOfHeldArrays(Stacks.batches(Stacks.iterator())));
    pretrainer.fit(expected, Stacks.iterator());
    Snapshot.of(expected).assertSame(network);
  }
}
