/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** Small networks with RBM layers, and data for them. */
final class RbmNetworks {

  static final long SEED = 4711;
  static final int N_IN = 6;
  static final int N_OUT = 5;
  static final int CLASSES = 3;

  private RbmNetworks() {}

  static NeuralNetConfiguration.Builder global(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(SEED)
        .dataType(DataType.DOUBLE)
        .updater(updater);
  }

  /** An RBM of 6 and 5 units named {@code rbm} below a softmax layer. */
  static MultiLayerNetwork network(
      NeuralNetConfiguration.Builder global,
      UnaryOperator<RestrictedBoltzmannMachine.Builder> options) {
    return network(global, rbm(options));
  }

  static RestrictedBoltzmannMachine.Builder rbm(
      UnaryOperator<RestrictedBoltzmannMachine.Builder> options) {
    return options.apply(
        new RestrictedBoltzmannMachine.Builder().name("rbm").nIn(N_IN).nOut(N_OUT));
  }

  /** Layers below a softmax layer. */
  static MultiLayerNetwork network(
      NeuralNetConfiguration.Builder global, RestrictedBoltzmannMachine.Builder... layers) {
    NeuralNetConfiguration.ListBuilder list = global.list();
    long width = N_IN;
    for (RestrictedBoltzmannMachine.Builder layer : layers) {
      RestrictedBoltzmannMachine rbm = layer.nIn(width).build();
      list.layer(rbm);
      width = rbm.getNOut();
    }
    MultiLayerNetwork network = new MultiLayerNetwork(list.layer(output(width)).build());
    network.init();
    return network;
  }

  /** A network of one RBM of any size below a softmax layer. */
  static MultiLayerNetwork single(
      NeuralNetConfiguration.Builder global, RestrictedBoltzmannMachine.Builder layer) {
    RestrictedBoltzmannMachine rbm = layer.name("rbm").build();
    MultiLayerNetwork network =
        new MultiLayerNetwork(global.list().layer(rbm).layer(output(rbm.getNOut())).build());
    network.init();
    return network;
  }

  /** The same as {@link #network} as a graph with vertices {@code in}, {@code rbm}, {@code out}. */
  static ComputationGraph graph(
      NeuralNetConfiguration.Builder global,
      UnaryOperator<RestrictedBoltzmannMachine.Builder> options) {
    ComputationGraphConfiguration conf =
        global
            .graphBuilder()
            .addInputs("in")
            .addLayer("rbm", rbm(options).build(), "in")
            .addLayer("out", output(N_OUT), "rbm")
            .setOutputs("out")
            .build();
    ComputationGraph graph = new ComputationGraph(conf);
    graph.init();
    return graph;
  }

  private static OutputLayer output(long nIn) {
    return new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
        .activation(Activation.SOFTMAX)
        .nIn(nIn)
        .nOut(CLASSES)
        .build();
  }

  static MultiLayerNetwork network() {
    return network(global(new Sgd(0.1)), b -> b);
  }

  static RestrictedBoltzmannMachineLayer layer(MultiLayerNetwork network) {
    return layer(network.getLayer(0));
  }

  static RestrictedBoltzmannMachineLayer layer(Layer layer) {
    return (RestrictedBoltzmannMachineLayer) layer;
  }

  /** Binary data. */
  static INDArray data(int rows, long seed) {
    INDArray p = Nd4j.valueArrayOf(new long[] {rows, N_IN}, 0.4, DataType.DOUBLE);
    try (RandomStream random = new RandomStream(seed)) {
      random.bernoulli(p, p);
    }
    return p;
  }

  /** Real-valued data. */
  static INDArray realData(int rows, long seed) {
    INDArray x = Nd4j.zeros(DataType.DOUBLE, rows, N_IN);
    try (RandomStream random = new RandomStream(seed)) {
      random.gaussian(x, 1.5, x);
    }
    return x;
  }

  static INDArray labels(int rows) {
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, CLASSES);
    for (int i = 0; i < rows; i++) {
      labels.putScalar(i, i % CLASSES, 1);
    }
    return labels;
  }

  /** An estimator in the state in which the layer's own one starts. */
  static ContrastiveDivergence sameEstimator(RestrictedBoltzmannMachineLayer layer) {
    return new ContrastiveDivergence(
        layer.layerConf().contrastiveDivergenceOptions(),
        new RandomStream(Seeds.derive(layer.conf().getSeed(), layer.getIndex())));
  }
}
