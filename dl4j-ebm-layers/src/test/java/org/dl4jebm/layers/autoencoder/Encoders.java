/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Tiny networks and data of this package's tests. */
final class Encoders {

  static final long SEED = 4712;
  static final int N_IN = 6;
  static final int N_OUT = 4;
  static final int CLASSES = 3;

  private Encoders() {}

  static NeuralNetConfiguration.Builder global(DataType type, IUpdater updater) {
    return new NeuralNetConfiguration.Builder().seed(SEED).dataType(type).updater(updater);
  }

  /** A layer of {@link #N_IN} and {@link #N_OUT} units below a softmax layer, biases not 0. */
  static MultiLayerNetwork network(
      NeuralNetConfiguration.Builder global, BasePretrainNetwork.Builder<?> builder) {
    Layer layer = builder.name("encoder").nIn(N_IN).nOut(N_OUT).build();
    MultiLayerNetwork network =
        new MultiLayerNetwork(global.list().layer(layer).layer(output(N_OUT)).build());
    network.init();
    perturb(network.params());
    return network;
  }

  /** In DOUBLE with steps of the size of the gradient. */
  static MultiLayerNetwork network(BasePretrainNetwork.Builder<?> builder) {
    return network(global(DataType.DOUBLE, new Sgd(1)), builder);
  }

  static EncoderLayer<?> layer(MultiLayerNetwork network) {
    return (EncoderLayer<?>) network.getLayer(0);
  }

  static OutputLayer output(long nIn) {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .activation(Activation.SOFTMAX)
        .nIn(nIn)
        .nOut(CLASSES)
        .build();
  }

  private static void perturb(INDArray params) {
    params.addi(normal(params.shape(), 0.3, 5).castTo(params.dataType()));
  }

  static INDArray normal(long[] shape, double deviation, long seed) {
    INDArray zero = Nd4j.zeros(DataType.DOUBLE, shape);
    INDArray out = zero.dup();
    try (RandomStream random = new RandomStream(seed)) {
      random.gaussian(zero, deviation, out);
    }
    return out;
  }

  /** Real-valued rows in DOUBLE. */
  static INDArray real(int rows) {
    return normal(new long[] {rows, N_IN}, 1.2, 11);
  }

  /** Rows in (0, 1) in DOUBLE. */
  static INDArray unit(int rows) {
    INDArray u = Nd4j.zeros(DataType.DOUBLE, rows, N_IN);
    try (RandomStream random = new RandomStream(12)) {
      random.uniform(u);
    }
    return u;
  }

  static INDArray labels(int rows) {
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, CLASSES);
    for (int i = 0; i < rows; i++) {
      labels.putScalar(i, i % CLASSES, 1);
    }
    return labels;
  }
}
