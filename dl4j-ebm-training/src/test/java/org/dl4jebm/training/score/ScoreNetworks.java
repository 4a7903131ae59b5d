/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small energies and score networks, and data of exact moments. */
final class ScoreNetworks {

  /** The covariance of the oracle, and a square root of it. */
  static final double[][] COVARIANCE = {{2, 0.6}, {0.6, 1}};

  static final double[] PRECISION = {
    0.609756097561, -0.365853658537, -0.365853658537, 1.219512195122
  };

  private ScoreNetworks() {}

  static INDArray normal(long seed, long... shape) {
    try (RandomStream random = new RandomStream(seed)) {
      INDArray out = Nd4j.zeros(DataType.DOUBLE, shape);
      random.gaussian(out.dup(), 1, out);
      return out;
    }
  }

  /** Four points of mean 0 with the covariance of the oracle. */
  static INDArray exactData() {
    double root = Math.sqrt(2);
    double b = 0.6 / root;
    double c = Math.sqrt(1 - b * b);
    INDArray factor = Nd4j.createFromArray(new double[][] {{root, b}, {0, c}}).muli(root);
    return Nd4j.concat(0, factor, factor.neg());
  }

  private static NeuralNetConfiguration.Builder global(DataType type, IUpdater updater) {
    return new NeuralNetConfiguration.Builder().seed(3).dataType(type).updater(updater);
  }

  private static DenseLayer dense(int units, Activation activation) {
    return new DenseLayer.Builder().nOut(units).activation(activation).build();
  }

  private static DenseLayer fixed(int units, Activation activation) {
    return new DenseLayer.Builder().nOut(units).activation(activation).updater(new Sgd(0)).build();
  }

  static OutputLayer output(int outputs) {
    return new OutputLayer.Builder(LossFunction.MSE)
        .nOut(outputs)
        .activation(Activation.IDENTITY)
        .build();
  }

  /**
   * {@code E = theta_1 x_1^2 + theta_2 x_2^2 + theta_3 (x_1 + x_2)^2}, from cubes: {@code (1 + y)^3
   * + (1 - y)^3 = 2 + 6 y^2}. Only {@code theta} is trained.
   */
  static MultiLayerNetwork quadratic(IUpdater updater, double... theta) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global(DataType.DOUBLE, updater)
                .list()
                .layer(fixed(6, Activation.CUBE))
                .layer(fixed(3, Activation.IDENTITY))
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(1)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.feedForward(2))
                .build());
    network.init();
    network
        .getParam("0_W")
        .assign(Nd4j.createFromArray(new double[][] {{1, 0, 1, -1, 0, -1}, {0, 1, 1, 0, -1, -1}}));
    network.getParam("0_b").assign(1);
    network
        .getParam("1_W")
        .assign(Nd4j.concat(0, Nd4j.eye(3), Nd4j.eye(3)).castTo(DataType.DOUBLE).divi(6));
    network.getParam("1_b").assign(-1.0 / 3);
    setTheta(network, theta);
    return network;
  }

  static void setTheta(MultiLayerNetwork network, double... theta) {
    network.getParam("2_W").assign(Nd4j.createFromArray(theta).reshape('c', 3, 1));
  }

  /** The Hessian of {@link #quadratic}, row by row. */
  static double[] hessian(double... theta) {
    return new double[] {
      2 * (theta[0] + theta[2]), 2 * theta[2], 2 * theta[2], 2 * (theta[1] + theta[2])
    };
  }

  /** A network of two smooth layers. */
  static MultiLayerNetwork chain(DataType type, IUpdater updater, int width, int outputs) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global(type, updater)
                .list()
                .layer(dense(4, Activation.SOFTPLUS))
                .layer(dense(3, Activation.TANH))
                .layer(output(outputs))
                .setInputType(InputType.feedForward(width))
                .build());
    network.init();
    network.params().assign(normal(7, network.params().shape()).muli(0.5).castTo(type));
    return network;
  }

  /** The same as a graph with the same parameters. */
  static ComputationGraph graph(DataType type, IUpdater updater, int width, int outputs) {
    ComputationGraph graph =
        new ComputationGraph(
            global(type, updater)
                .graphBuilder()
                .addInputs("x")
                .addLayer("a", dense(4, Activation.SOFTPLUS), "x")
                .addLayer("b", dense(3, Activation.TANH), "a")
                .addLayer("out", output(outputs), "b")
                .setOutputs("out")
                .setInputTypes(InputType.feedForward(width))
                .build());
    graph.init();
    graph.params().assign(normal(7, graph.params().shape()).muli(0.5).castTo(type));
    return graph;
  }

  /** {@code s = W x}. */
  static MultiLayerNetwork linear(IUpdater updater) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global(DataType.DOUBLE, updater)
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(2)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.feedForward(2))
                .build());
    network.init();
    return network;
  }

  static ShuffledDataSetIterator batches(INDArray data, int size) {
    return new ShuffledDataSetIterator(data, ShuffledDataSetIterator.Options.shuffled(size, 17));
  }
}
