/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

@Tag("gpu")
class KullbackLeiblerTermTest {

  /** Estimates of small divergences are below 0 half of the time. */
  @Test
  void estimatesBelowZeroCountInFull() {
    double[] means = {-0.3, 0.5};
    KullbackLeiblerTerm.Value plain = KullbackLeiblerTerm.DEFAULT.withBeta(2).at(means, 0, 0);
    assertEquals(0.4, plain.value(), 1e-15);
    assertArrayEquals(new double[] {2, 2}, plain.slopes());
    KullbackLeiblerTerm.Value below = KullbackLeiblerTerm.DEFAULT.withCapacity(1).at(means, 0, 0);
    assertEquals(0.8, below.value(), 1e-15);
    assertArrayEquals(new double[] {-1, -1}, below.slopes());
    KullbackLeiblerTerm.Value free = KullbackLeiblerTerm.DEFAULT.withFreeBits(0.1).at(means, 0, 0);
    assertEquals(0.6, free.value(), 1e-15);
    assertArrayEquals(new double[] {0, 1}, free.slopes());
  }

  /** Free bits first, then the distance of their sum from the capacity. */
  @Test
  void badCapacityIsRefusedAtOnce() {
    for (double nats : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> KullbackLeiblerTerm.DEFAULT.withCapacity(nats))
              .getMessage();
      assertEquals("capacity is " + nats + "; accepted: finite, 0 or more nats", message);
    }
  }

  @Test
  void freeBitsAndCapacityTogether() {
    KullbackLeiblerTerm term = KullbackLeiblerTerm.DEFAULT.withFreeBits(1).withCapacity(4);
    KullbackLeiblerTerm.Value below = term.at(new double[] {0.5, 2}, 0, 0);
    assertEquals(1, below.value(), 1e-15);
    assertArrayEquals(new double[] {0, -1}, below.slopes(), 1e-15);
    KullbackLeiblerTerm.Value above = term.at(new double[] {0.5, 5}, 0, 0);
    assertEquals(2, above.value(), 1e-15);
    assertArrayEquals(new double[] {0, 1}, above.slopes());
  }

  /** The score holds the estimate that the layer reports, whatever its sign. */
  @Test
  void aSampledDivergenceIsUnbiasedInTheScore() {
    INDArray x = LatentDistributionTest.normal(1, 2, 3);
    INDArray y = LatentDistributionTest.normal(2, 2, 3);
    boolean negative = false;
    MultiLayerNetwork with =
        network(
            KullbackLeiblerTerm.DEFAULT.withEstimator(KullbackLeiblerTerm.Estimator.MONTE_CARLO));
    MultiLayerNetwork without = network(KullbackLeiblerTerm.NONE);
    for (int i = 0; i < 8; i++) {
      DataSet data = new DataSet(x, y);
      double divergence = with.score(data, true) - without.score(data, true);
      double reported = ((LatentVariablesLayer) with.getLayer(1)).divergence();
      assertEquals(reported, divergence, 1e-12);
      negative |= reported < 0;
      with.fit(data);
      without.fit(data);
    }
    assertTrue(negative);
  }

  private static MultiLayerNetwork network(KullbackLeiblerTerm term) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0))
                .list()
                .layer(new DenseLayer.Builder().nOut(4).activation(Activation.TANH).build())
                .layer(
                    new LatentVariables.Builder(new DiagonalLogistic())
                        .nOut(2)
                        .divergence(term)
                        .build())
                .layer(new DenseLayer.Builder().nOut(3).activation(Activation.IDENTITY).build())
                .layer(new LikelihoodOutput.Builder(new GaussianLikelihood()).build())
                .setInputType(InputType.feedForward(3))
                .build());
    network.init();
    return network;
  }
}
