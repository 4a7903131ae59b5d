/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.EnergyGradient;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

@Tag("gpu")
class DifferentiableEnergyTest {

  @Test
  void networkAsEnergy() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .list()
                .layer(new DenseLayer.Builder().nOut(4).activation(Activation.SOFTPLUS).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.feedForward(2))
                .build());
    network.init();
    DifferentiableEnergy energy = DifferentiableEnergy.of(new NetworkEnergy(network));
    INDArray x = Nd4j.createFromArray(new double[][] {{0.3, -1.2}, {1.5, 0.4}, {-0.7, 0.1}});
    INDArray value = energy.energy(x);
    INDArray gradient = energy.gradient(x);
    assertArrayEquals(new long[] {3}, value.shape());
    assertArrayEquals(x.shape(), gradient.shape());
    EnergyGradient both = energy.energyAndGradient(x);
    assertEquals(value, both.energy());
    assertEquals(gradient, both.gradient());
    DifferentiableEnergy plain =
        new DifferentiableEnergy() {
          @Override
          public INDArray energy(INDArray points) {
            return energy.energy(points);
          }

          @Override
          public INDArray gradient(INDArray points) {
            return energy.gradient(points);
          }
        };
    assertEquals(both, plain.energyAndGradient(x));
    double h = 1e-5;
    for (int row = 0; row < 3; row++) {
      assertEquals(network.output(x).getDouble(row, 0), value.getDouble(row), 1e-12);
      for (int i = 0; i < 2; i++) {
        INDArray above = x.dup();
        above.putScalar(row, i, x.getDouble(row, i) + h);
        INDArray below = x.dup();
        below.putScalar(row, i, x.getDouble(row, i) - h);
        double difference = energy.energy(above).sub(energy.energy(below)).getDouble(row) / (2 * h);
        assertEquals(difference, gradient.getDouble(row, i), 1e-9);
      }
    }
  }
}
