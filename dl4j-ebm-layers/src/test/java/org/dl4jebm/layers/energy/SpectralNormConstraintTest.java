/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class SpectralNormConstraintTest {

  /** An orthogonal matrix, by Gram and Schmidt. */
  private static double[][] orthogonal(int n, long seed) {
    double[] values = NdAssert.values(EnergyNetworks.normal(seed, n, n));
    double[][] q = new double[n][n];
    for (int i = 0; i < n; i++) {
      System.arraycopy(values, i * n, q[i], 0, n);
      for (int k = 0; k < i; k++) {
        double product = 0;
        for (int j = 0; j < n; j++) {
          product += q[i][j] * q[k][j];
        }
        for (int j = 0; j < n; j++) {
          q[i][j] -= product * q[k][j];
        }
      }
      double length = 0;
      for (double x : q[i]) {
        length += x * x;
      }
      for (int j = 0; j < n; j++) {
        q[i][j] /= Math.sqrt(length);
      }
    }
    return q;
  }

  /** A matrix with known singular values. */
  private static INDArray matrix(int rows, int columns, double... singular) {
    INDArray u = Nd4j.createFromArray(orthogonal(rows, 1));
    INDArray v = Nd4j.createFromArray(orthogonal(columns, 2));
    INDArray s = Nd4j.zeros(DataType.DOUBLE, rows, columns);
    for (int i = 0; i < singular.length; i++) {
      s.putScalar(i, i, singular[i]);
    }
    return u.mmul(s).mmul(v);
  }

  @Test
  void findsTheLargestSingularValue() {
    for (int[] size : new int[][] {{6, 4}, {4, 6}, {5, 5}}) {
      INDArray w = matrix(size[0], size[1], 0.3, 3.5, 1, 2.5);
      SpectralNormConstraint constraint = new SpectralNormConstraint(1);
      assertEquals(3.5, constraint.norm(w), 1e-5);
      assertTrue(new SpectralNormConstraint(1, 1).norm(w) <= 3.5 + 1e-12);
      INDArray fortran = w.dup('f');
      constraint.apply(fortran);
      NdAssert.assertClose(w.div(3.5), fortran, 1e-5);
      INDArray once = fortran.dup();
      constraint.apply(fortran);
      NdAssert.assertClose(once, fortran, 1e-15);
      INDArray within = w.mul(0.2);
      INDArray before = within.dup();
      constraint.apply(within);
      NdAssert.assertSame(before, within);
      INDArray single = w.castTo(DataType.FLOAT);
      constraint.apply(single);
      NdAssert.assertClose(w.div(3.5), single, 1e-4);
    }
  }

  @Test
  void otherShapes() {
    SpectralNormConstraint constraint = new SpectralNormConstraint(2);
    INDArray kernels = matrix(6, 8, 4, 3, 1).reshape('c', new long[] {6, 2, 2, 2});
    assertEquals(4, constraint.norm(kernels), 1e-4);
    INDArray before = kernels.dup();
    constraint.apply(kernels);
    NdAssert.assertClose(before.mul(0.5), kernels, 1e-4);
    for (long[] shape : new long[][] {{1, 25}, {25, 1}, {25}, {1, 1, 5, 5}}) {
      INDArray vector = Nd4j.ones(DataType.DOUBLE, 25).reshape('c', shape);
      constraint.apply(vector);
      assertEquals(2, vector.norm2Number().doubleValue(), 1e-12);
    }
    INDArray zero = Nd4j.zeros(DataType.DOUBLE, 3, 2);
    constraint.apply(zero);
    assertEquals(0, zero.norm2Number().doubleValue());
  }

  @Test
  void heldThroughTrainingAndStored() {
    MultiLayerConfiguration conf =
        new NeuralNetConfiguration.Builder()
            .seed(3)
            .dataType(DataType.DOUBLE)
            .updater(new Sgd(0.01))
            .constrainWeights(new SpectralNormConstraint(0.8, 200))
            .list()
            .layer(new ConvolutionLayer.Builder(2, 2).nOut(3).activation(Activation.SWISH).build())
            .layer(new DenseLayer.Builder().nOut(6).activation(Activation.SWISH).build())
            .layer(
                new OutputLayer.Builder(LossFunction.MSE)
                    .nOut(1)
                    .activation(Activation.IDENTITY)
                    .build())
            .setInputType(InputType.convolutional(4, 4, 1))
            .build();
    MultiLayerNetwork network = new MultiLayerNetwork(conf);
    network.init();
    INDArray x = EnergyNetworks.normal(4, 8, 1, 4, 4);
    INDArray y = EnergyNetworks.normal(5, 8, 1).muli(20);
    INDArray bias = network.getLayer(1).getParam("b");
    bias.assign(7);
    for (int i = 0; i < 5; i++) {
      network.fit(x, y);
    }
    SpectralNormConstraint exact = new SpectralNormConstraint(1, 1000);
    double largest = 0;
    for (int layer = 0; layer < 3; layer++) {
      double norm = exact.norm(network.getLayer(layer).getParam("W"));
      assertTrue(norm < 0.8 * 1.001, () -> "norm " + norm);
      largest = Math.max(largest, norm);
    }
    assertEquals(0.8, largest, 0.001);
    assertTrue(bias.norm2Number().doubleValue() > 10);
    MultiLayerConfiguration read = MultiLayerConfiguration.fromJson(conf.toJson());
    assertEquals(conf, read);
    assertEquals(
        conf.getConf(1).getLayer().getConstraints(), read.getConf(1).getLayer().getConstraints());
    SpectralNormConstraint constraint =
        (SpectralNormConstraint) read.getConf(1).getLayer().getConstraints().get(0);
    assertEquals(0.8, constraint.getLimit());
    assertEquals(200, constraint.getIterations());
    assertEquals(java.util.Set.of("W"), constraint.getParams());
    assertEquals(constraint, constraint.clone());
  }

  @Test
  void badInput() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> new SpectralNormConstraint(bad));
    }
    assertThrows(IllegalArgumentException.class, () -> new SpectralNormConstraint(1, 0));
  }
}
