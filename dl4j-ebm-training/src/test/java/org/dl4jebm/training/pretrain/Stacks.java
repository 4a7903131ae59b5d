/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Tiny networks and data, a reference for pretraining, and comparison bit by bit. */
final class Stacks {

  static final int INPUTS = 6;
  static final int ROWS = 14;
  static final int BATCH = 4;

  /** Batches a pass: three full ones and one of two rows. */
  static final int BATCHES = 4;

  /** Sizes of the hidden layers; the layers are called "0", "1", "2" or "rbm0", "rbm1", "rbm2". */
  static final int[] HIDDEN = {5, 4, 3};

  private Stacks() {}

  static NeuralNetConfiguration.Builder global() {
    return global(new Nesterovs(0.1, 0.9));
  }

  static NeuralNetConfiguration.Builder global(IUpdater updater) {
    return new NeuralNetConfiguration.Builder().seed(77).updater(updater).biasInit(0.05);
  }

  static RestrictedBoltzmannMachine.Builder rbm(int in, int out) {
    return new RestrictedBoltzmannMachine.Builder().nIn(in).nOut(out).scoreEvery(3);
  }

  static OutputLayer output(int in) {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .activation(Activation.SOFTMAX)
        .nIn(in)
        .nOut(2)
        .build();
  }

  static MultiLayerNetwork mln() {
    return mln(global(), rbm -> rbm);
  }

  static MultiLayerNetwork mln(
      NeuralNetConfiguration.Builder global,
      UnaryOperator<RestrictedBoltzmannMachine.Builder> how) {
    NeuralNetConfiguration.ListBuilder list = global.list();
    int in = INPUTS;
    for (int out : HIDDEN) {
      list.layer(how.apply(rbm(in, out)).build());
      in = out;
    }
    MultiLayerNetwork network = new MultiLayerNetwork(list.layer(output(in)).build());
    network.init();
    return network;
  }

  static ComputationGraph graph() {
    return graph(global(), rbm -> rbm);
  }

  static ComputationGraph graph(
      NeuralNetConfiguration.Builder global,
      UnaryOperator<RestrictedBoltzmannMachine.Builder> how) {
    ComputationGraphConfiguration.GraphBuilder graph = global.graphBuilder().addInputs("in");
    String below = "in";
    int in = INPUTS;
    for (int i = 0; i < HIDDEN.length; i++) {
      graph.addLayer("rbm" + i, how.apply(rbm(in, HIDDEN[i])).build(), below);
      below = "rbm" + i;
      in = HIDDEN[i];
    }
    ComputationGraph network =
        new ComputationGraph(graph.addLayer("out", output(in), below).setOutputs("out").build());
    network.init();
    return network;
  }

  /** Rows of grey values in [0, 1] around two prototypes. */
  static INDArray features() {
    return features(ROWS, INPUTS);
  }

  static INDArray features(int rows, int columns) {
    Random random = new Random(5);
    INDArray x = Nd4j.create(DataType.FLOAT, rows, columns);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        double prototype = (i + j) % 2 == 0 ? 0.75 : 0.1;
        x.putScalar(i, j, prototype + 0.2 * random.nextDouble());
      }
    }
    return x;
  }

  static INDArray labels() {
    INDArray y = Nd4j.create(DataType.FLOAT, ROWS, 2);
    for (int i = 0; i < ROWS; i++) {
      y.putScalar(i, i % 2, 1);
    }
    return y;
  }

  static DataSetIterator iterator() {
    return iterator(features());
  }

  static DataSetIterator iterator(INDArray features) {
    return new ListDataSetIterator<>(new DataSet(features, labels()).asList(), BATCH);
  }

  /** Gives the same arrays in every pass, where {@link #iterator} makes new ones. */
  static DataSetIterator iteratorOfHeldArrays(List<INDArray> batches) {
    return new ExistingDataSetIterator(batches.stream().map(x -> new DataSet(x, null)).toList());
  }

  /**
   * Seeds ND4J's own generator, from which weight noise and corruption come. What an RBM's first
   * step in a JVM initialises once draws from it too, so that has to happen before.
   */
  static void seedDefaultGenerator() {
    train(mln(), batches(iterator()), 1, 0);
    Nd4j.getRandom().setSeed(4321);
  }

  /** Copies of the batches of one pass. */
  static List<INDArray> batches(DataSetIterator iterator) {
    List<INDArray> batches = new ArrayList<>();
    iterator.reset();
    while (iterator.hasNext()) {
      batches.add(iterator.next().getFeatures().dup());
    }
    iterator.reset();
    return batches;
  }

  /** What a layer is trained on in the reference: a function of the network's features. */
  @FunctionalInterface
  interface InputOf {
    INDArray apply(INDArray features);
  }

  /** The reference: plain passes over a layer's input, with nothing of the trainer's in it. */
  static void train(Layer layer, List<INDArray> batches, int epochs, InputOf input) {
    for (int epoch = 0; epoch < epochs; epoch++) {
      for (INDArray batch : batches) {
        layer.fit(input.apply(batch).dup(), LayerWorkspaceMgr.noWorkspaces());
      }
      layer.conf().setEpochCount(layer.conf().getEpochCount() + 1);
    }
  }

  /** Greedy pretraining by DL4J's own forward pass. */
  static void train(MultiLayerNetwork network, List<INDArray> batches, int epochs, int... layers) {
    if (network.getFlattenedGradients() == null) {
      network.initGradientsView();
    }
    for (int i : layers) {
      train(
          network.getLayer(i),
          batches,
          epochs,
          x -> {
            INDArray below = i == 0 ? x : network.feedForwardToLayer(i - 1, x.dup(), false).get(i);
            return network.getLayerWiseConfigurations().getInputPreProcess(i) == null
                ? below
                : network
                    .getLayerWiseConfigurations()
                    .getInputPreProcess(i)
                    .preProcess(below, (int) x.size(0), LayerWorkspaceMgr.noWorkspaces());
          });
    }
  }

  static List<Layer> layersOf(Model network) {
    return network instanceof MultiLayerNetwork mln
        ? Arrays.asList(mln.getLayers())
        : Arrays.asList(((ComputationGraph) network).getLayers());
  }

  static double[] bits(INDArray array) {
    return array == null ? null : array.dup('c').reshape(array.length()).toDoubleVector();
  }

  /** Everything pretraining may change, as copies. */
  record Snapshot(double[] parameters, List<LayerSnapshot> layers) {

    static Snapshot of(Model network) {
      return new Snapshot(
          bits(network.params()), layersOf(network).stream().map(LayerSnapshot::of).toList());
    }

    void assertSame(Model network) {
      assertSame(of(network));
    }

    void assertSame(Snapshot other) {
      for (int i = 0; i < layers.size(); i++) {
        layers.get(i).assertSame("layer " + i, other.layers.get(i));
      }
      assertArrayEquals(parameters, other.parameters, "parameters");
    }
  }

  /** State of one layer apart from its parameters. */
  record LayerSnapshot(
      int iterations, int epochs, double[] updater, double[] chains, long[] random, double score) {

    static LayerSnapshot of(Layer layer) {
      PretrainState state =
          layer instanceof ResumablePretraining resumable
              ? resumable.pretrainState()
              : new PretrainState(null, Map.of(), null, 0);
      return new LayerSnapshot(
          layer.conf().getIterationCount(),
          layer.conf().getEpochCount(),
          bits(state.updaterState()),
          bits(state.arrays().get("chains")),
          state.randomState() == null && layer instanceof RestrictedBoltzmannMachineLayer rbm
              ? initialRandomState(rbm)
              : state.randomState(),
          state.score());
    }

    /** A stream that has not been opened yet is as good as one at its start. */
    private static long[] initialRandomState(RestrictedBoltzmannMachineLayer layer) {
      ResumablePretraining fresh = (ResumablePretraining) layer.clone();
      fresh.restorePretrainState(fresh.pretrainState());
      return fresh.pretrainState().randomState();
    }

    void assertSame(String where, LayerSnapshot other) {
      assertEquals(iterations, other.iterations, where + ", iterations");
      assertEquals(epochs, other.epochs, where + ", epochs");
      assertArrayEquals(updater, other.updater, where + ", updater state");
      assertArrayEquals(chains, other.chains, where + ", chains");
      assertArrayEquals(random, other.random, where + ", random state");
      assertEquals(score, other.score, where + ", score");
    }
  }
}
