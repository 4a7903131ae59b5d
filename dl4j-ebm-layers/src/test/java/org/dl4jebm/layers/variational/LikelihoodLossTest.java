/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/** The likelihoods as losses of DL4J's own output layers. */
class LikelihoodLossTest {

  private static final int CHANNELS = 6;

  static Stream<Likelihood> families() {
    return Stream.of(
        new BernoulliLikelihood(),
        GaussianLikelihood.withVariance(0.3),
        new CategoricalLikelihood(3));
  }

  private static MultiLayerNetwork network(InputType input, Layer... layers) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(3)
            .dataType(DataType.DOUBLE)
            .updater(new NoOp())
            .list();
    Arrays.stream(layers).forEach(list::layer);
    MultiLayerNetwork network = new MultiLayerNetwork(list.setInputType(input).build());
    network.init();
    return network;
  }

  private static INDArray binary(long... shape) {
    return LikelihoodCases.uniform(new SplittableRandom(3), shape).gt(0.4).castTo(DataType.DOUBLE);
  }

  @ParameterizedTest
  @MethodSource("families")
  void outputLayerAndLossLayer(Likelihood family) {
    LikelihoodLoss loss = new LikelihoodLoss(family);
    INDArray input = LikelihoodCases.normal(new SplittableRandom(1), 4, 3);
    INDArray labels = LikelihoodCases.data(family, new long[] {4, 6}, new SplittableRandom(2));
    // DL4J's own layers multiply the pre-output by the mask, so that only 0 and 1 make sense.
    INDArray perRow = Nd4j.createFromArray(1.0, 0, 1, 1).reshape('c', new long[] {4, 1});
    // ... and only whole groups can be left out.
    INDArray perValue =
        LikelihoodRows.repeat(binary(2, 4).reshape('c', 8, 1), 3).reshape('c', 4, CHANNELS);
    for (boolean own : new boolean[] {false, true}) {
      MultiLayerNetwork network =
          own
              ? network(
                  InputType.feedForward(3),
                  new OutputLayer.Builder(loss)
                      .activation(Activation.IDENTITY)
                      .nOut(CHANNELS)
                      .build())
              : network(
                  InputType.feedForward(3),
                  new DenseLayer.Builder().activation(Activation.IDENTITY).nOut(CHANNELS).build(),
                  new LossLayer.Builder(loss).build());
      INDArray eta = network.output(input);
      double[] expected = LikelihoodCases.logProbability(family, labels, null, eta);
      DataSet data = new DataSet(input, labels);
      assertEquals(-Arrays.stream(expected).sum() / 4, network.score(data), 1e-11);
      assertArrayEquals(
          Arrays.stream(expected).map(l -> -l).toArray(),
          NdAssert.values(network.scoreExamples(data, false)),
          1e-11);
      for (INDArray mask : new INDArray[] {null, perRow, perValue}) {
        assertTrue(LayerChecks.checkGradients(network, input, labels, null, mask));
      }
      assertEquals(
          network.getLayerWiseConfigurations(),
          MultiLayerConfiguration.fromJson(network.getLayerWiseConfigurations().toJson()));
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void timeSeries(Likelihood family) {
    MultiLayerNetwork network =
        network(
            InputType.recurrent(2, 5),
            new SimpleRnn.Builder().nOut(3).build(),
            new RnnOutputLayer.Builder(new LikelihoodLoss(family))
                .activation(Activation.IDENTITY)
                .nOut(CHANNELS)
                .build());
    INDArray input = LikelihoodCases.normal(new SplittableRandom(1), 3, 2, 5);
    INDArray labels = LikelihoodCases.data(family, new long[] {3, 6, 5}, new SplittableRandom(2));
    INDArray steps = binary(3, 5);
    assertTrue(LayerChecks.checkGradients(network, input, labels, null, steps));
    double[] expected = LikelihoodCases.logProbability(family, labels, null, network.output(input));
    assertEquals(
        -Arrays.stream(expected).sum() / 3, network.score(new DataSet(input, labels)), 1e-11);
  }

  @ParameterizedTest
  @MethodSource("families")
  void theFunctionsAgree(Likelihood family) {
    LikelihoodLoss loss = new LikelihoodLoss(family);
    ActivationIdentity identity = new ActivationIdentity();
    INDArray labels = LikelihoodCases.data(family, new long[] {4, 6}, new SplittableRandom(2));
    INDArray eta = LikelihoodCases.normal(new SplittableRandom(1), 4, CHANNELS);
    INDArray etaBefore = eta.dup();
    INDArray labelsBefore = labels.dup();
    double sum = loss.computeScore(labels, eta, identity, null, false);
    assertEquals(sum / 4, loss.computeScore(labels, eta, identity, null, true), 1e-12);
    INDArray scores = loss.computeScoreArray(labels, eta, identity, null);
    assertArrayEquals(new long[] {4, 1}, scores.shape());
    assertEquals(sum, scores.sumNumber().doubleValue(), 1e-11);
    var both = loss.computeGradientAndScore(labels, eta, identity, null, true);
    assertEquals(sum / 4, both.getFirst(), 1e-12);
    NdAssert.assertSame(loss.computeGradient(labels, eta, identity, null), both.getSecond());
    NdAssert.assertSame(etaBefore, eta);
    NdAssert.assertSame(labelsBefore, labels);
    assertEquals(loss, new LikelihoodLoss(family));
    assertEquals(loss.hashCode(), new LikelihoodLoss(family).hashCode());
  }

  @Test
  void refused() {
    for (Likelihood family :
        new Likelihood[] {
          GaussianLikelihood.learnedVariance(1),
          GaussianLikelihood.learnedVariancePerOutput(1),
          GaussianLikelihood.varianceFromNetwork()
        }) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> new LikelihoodLoss(family));
      assertTrue(e.getMessage().contains("LikelihoodOutput"), e.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> new LikelihoodLoss(null));
    LikelihoodLoss loss = new LikelihoodLoss(new BernoulliLikelihood());
    INDArray x = Nd4j.zeros(DataType.DOUBLE, 2, 3);
    ActivationIdentity identity = new ActivationIdentity();
    assertThrows(
        IllegalArgumentException.class,
        () -> loss.computeScore(x, x, new ActivationSigmoid(), null, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> loss.computeScore(x, Nd4j.zeros(DataType.DOUBLE, 2, 4), identity, null, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> loss.computeScore(x, Nd4j.zeros(DataType.DOUBLE, 4, 3), identity, null, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> loss.computeGradient(x, x, identity, Nd4j.ones(DataType.DOUBLE, 3, 1)));
    assertThrows(
        IllegalArgumentException.class, () -> loss.computeGradient(x.add(2), x, identity, null));
  }
}
