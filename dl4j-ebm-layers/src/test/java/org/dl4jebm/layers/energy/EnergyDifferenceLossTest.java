/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class EnergyDifferenceLossTest {

  private static MultiLayerNetwork network(double energyL2, Activation output) {
    return EnergyNetworks.network(
        DataType.DOUBLE,
        InputType.feedForward(3),
        List.of(
            EnergyNetworks.dense(4, Activation.SOFTPLUS.getActivationFunction()),
            new OutputLayer.Builder(new EnergyDifferenceLoss(energyL2))
                .nOut(1)
                .activation(output)
                .build()));
  }

  private static INDArray weights() {
    return Nd4j.createFromArray(new double[] {1, 1, -1, -0.5, 0}).reshape('c', new long[] {5, 1});
  }

  @Test
  void gradients() {
    DataType before = Nd4j.defaultFloatingPointType();
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    try {
      checkGradients();
    } finally {
      Nd4j.setDefaultDataTypes(before, before);
    }
  }

  private static void checkGradients() {
    INDArray x = EnergyNetworks.normal(4, 5, 3);
    for (double energyL2 : new double[] {0, 0.7}) {
      for (Activation output : new Activation[] {Activation.IDENTITY, Activation.SOFTPLUS}) {
        MultiLayerNetwork network = network(energyL2, output);
        assertTrue(
            GradientCheckUtil.checkGradients(
                new GradientCheckUtil.MLNConfig().net(network).input(x).labels(weights())));
      }
    }
  }

  @Test
  void scoreIsTheWeightedSumOfEnergies() {
    INDArray x = EnergyNetworks.normal(4, 5, 3);
    for (double energyL2 : new double[] {0, 0.7}) {
      MultiLayerNetwork network = network(energyL2, Activation.IDENTITY);
      double[] energy = network.output(x).toDoubleVector();
      double[] weight = weights().toDoubleVector();
      double sum = 0;
      for (int i = 0; i < 5; i++) {
        sum += weight[i] * energy[i] + energyL2 * Math.abs(weight[i]) * energy[i] * energy[i];
      }
      network.setInput(x);
      network.setLabels(weights());
      network.computeGradientAndScore();
      assertEquals(sum / 5, network.score(), 1e-12);
    }
  }

  @Test
  void storedWithTheNetwork() {
    MultiLayerNetwork network = network(0.7, Activation.IDENTITY);
    MultiLayerConfiguration conf = network.getLayerWiseConfigurations();
    MultiLayerConfiguration read = MultiLayerConfiguration.fromJson(conf.toJson());
    assertEquals(conf, read);
    assertEquals(
        new EnergyDifferenceLoss(0.7), ((OutputLayer) read.getConf(1).getLayer()).getLossFn());
    assertNotEquals(new EnergyDifferenceLoss(0.7), new EnergyDifferenceLoss());
  }

  @Test
  void badInput() {
    assertThrows(IllegalArgumentException.class, () -> new EnergyDifferenceLoss(-1));
    assertThrows(IllegalArgumentException.class, () -> new EnergyDifferenceLoss(Double.NaN));
    EnergyDifferenceLoss loss = new EnergyDifferenceLoss();
    INDArray two = Nd4j.zeros(DataType.DOUBLE, 3, 2);
    INDArray one = Nd4j.zeros(DataType.DOUBLE, 3, 1);
    var identity = Activation.IDENTITY.getActivationFunction();
    for (Runnable bad :
        new Runnable[] {
          () -> loss.computeScore(two, two, identity, null, true),
          () -> loss.computeGradient(two, one, identity, null),
          () -> loss.computeScore(one, one, identity, one, true)
        }) {
      assertThrows(IllegalArgumentException.class, bad::run);
    }
    INDArray labels = weights();
    INDArray out = EnergyNetworks.normal(3, 5, 1);
    INDArray before = out.dup();
    new EnergyDifferenceLoss(1).computeGradientAndScore(labels, out, identity, null, true);
    NdAssert.assertSame(weights(), labels);
    NdAssert.assertSame(before, out);
  }
}
