/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.variational.DiagonalGaussian;
import org.dl4jebm.layers.variational.FullGaussian;
import org.dl4jebm.layers.variational.GaussianLikelihood;
import org.dl4jebm.layers.variational.LatentDistribution;
import org.dl4jebm.layers.variational.LatentVariables;
import org.dl4jebm.layers.variational.LikelihoodOutput;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * {@code z ~ N(0, I)}, {@code x ~ N(W z, s^2 I)} with {@code W = [[1,0],[.5,1],[0,2]]}, {@code s^2
 * = .5}: likelihood and posterior in closed form, and networks for it.
 */
final class LinearGaussian {

  static final double[][] W = {{1, 0}, {0.5, 1}, {0, 2}};
  static final double VARIANCE = 0.5;
  static final double[] X = {1, 2, -1};

  /** Exact values for {@link #X}, computed outside of this program. */
  static final double LOG_P = -7.182598628596;

  static final double[] POSTERIOR_MEAN = {1.17333333, -0.10666667};

  private LinearGaussian() {}

  static INDArray x() {
    return Nd4j.createFromArray(new double[][] {X});
  }

  /** Posterior covariance {@code (I + W'W / s^2)^-1}. */
  static double[][] covariance() {
    double a = 1 + (1 + 0.25) / VARIANCE;
    double b = 0.5 / VARIANCE;
    double d = 1 + (1 + 4) / VARIANCE;
    double det = a * d - b * b;
    return new double[][] {{d / det, -b / det}, {-b / det, a / det}};
  }

  /** Encoder of the exact posterior, a linear map and a constant factor; decoder W. */
  static MultiLayerNetwork exact(DataType type) {
    double[][] s = covariance();
    double[][] toMean = new double[3][5];
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 2; j++) {
        toMean[i][j] = (W[i][0] * s[0][j] + W[i][1] * s[1][j]) / VARIANCE;
      }
    }
    double l11 = Math.sqrt(s[0][0]);
    double l21 = s[0][1] / l11;
    double l22 = Math.sqrt(s[1][1] - l21 * l21);
    double[] bias = {0, 0, Math.log(l11), l21, Math.log(l22)};
    MultiLayerNetwork network = network(type, new FullGaussian(), 2, 5, null);
    set(network.getLayer(0), toMean, bias);
    setDecoder(network);
    return network;
  }

  /** A posterior {@code N(mean, diag(variance))} whatever the data; decoder W. */
  static MultiLayerNetwork constant(DataType type, double[] mean, double[] variance) {
    MultiLayerNetwork network = network(type, new DiagonalGaussian(), 2, 4, null);
    double[] bias = {mean[0], mean[1], Math.log(variance[0]), Math.log(variance[1])};
    set(network.getLayer(0), new double[3][4], bias);
    setDecoder(network);
    return network;
  }

  static MultiLayerNetwork network(
      DataType type, LatentDistribution q, int latents, int parameters, IUpdater updater) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(type)
                .updater(updater == null ? new NoOp() : updater)
                .list()
                .layer(dense(3, parameters))
                .layer(new LatentVariables.Builder(q).nIn(parameters).nOut(latents).build())
                .layer(dense(latents, 3))
                .layer(
                    new LikelihoodOutput.Builder(GaussianLikelihood.withVariance(VARIANCE))
                        .nIn(3)
                        .build())
                .build());
    network.init();
    return network;
  }

  static DenseLayer dense(int in, int out) {
    return new DenseLayer.Builder().nIn(in).nOut(out).activation(Activation.IDENTITY).build();
  }

  static void setDecoder(MultiLayerNetwork network) {
    set(network.getLayer(2), transposed(W), new double[3]);
  }

  static void set(Layer layer, double[][] weights, double[] bias) {
    layer.getParam("W").assign(Nd4j.createFromArray(weights));
    layer.getParam("b").assign(Nd4j.createFromArray(new double[][] {bias}));
  }

  /** {@code E_q[log p(x | z)]} for {@code q = N(mean, diag(diagonal))}. */
  static double reconstruction(double[] x, double[] mean, double[] diagonal) {
    double sum = -1.5 * Math.log(2 * Math.PI * VARIANCE);
    for (int i = 0; i < 3; i++) {
      double error = x[i] - W[i][0] * mean[0] - W[i][1] * mean[1];
      double spread = W[i][0] * W[i][0] * diagonal[0] + W[i][1] * W[i][1] * diagonal[1];
      sum -= (error * error + spread) / (2 * VARIANCE);
    }
    return sum;
  }

  /**
   * Variance of {@code log p(x | z)} plus {@code ratio} times {@code log p(z) - log q(z)} under
   * {@code q}: that of {@code g'e - e'He/2}, {@code e} standard normal.
   */
  static double logWeightVariance(double[] x, double[] mean, double[] diagonal, double ratio) {
    double[] g = new double[2];
    double[][] h = new double[2][2];
    for (int i = 0; i < 3; i++) {
      double error = x[i] - W[i][0] * mean[0] - W[i][1] * mean[1];
      for (int j = 0; j < 2; j++) {
        g[j] += error * W[i][j] * Math.sqrt(diagonal[j]) / VARIANCE;
        for (int l = 0; l < 2; l++) {
          h[j][l] += W[i][j] * W[i][l] * Math.sqrt(diagonal[j] * diagonal[l]) / VARIANCE;
        }
      }
    }
    double sum = 0;
    for (int j = 0; j < 2; j++) {
      g[j] -= ratio * mean[j] * Math.sqrt(diagonal[j]);
      h[j][j] += ratio * (diagonal[j] - 1);
      sum += g[j] * g[j];
    }
    for (double[] row : h) {
      sum += (row[0] * row[0] + row[1] * row[1]) / 2;
    }
    return sum;
  }

  static double[][] transposed(double[][] matrix) {
    double[][] result = new double[matrix[0].length][matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < matrix[0].length; j++) {
        result[j][i] = matrix[i][j];
      }
    }
    return result;
  }
}
