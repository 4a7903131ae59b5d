/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import static org.dl4jebm.layers.autoencoder.Encoders.N_IN;
import static org.dl4jebm.layers.autoencoder.Encoders.global;
import static org.dl4jebm.layers.autoencoder.Encoders.network;
import static org.dl4jebm.layers.autoencoder.Encoders.normal;
import static org.dl4jebm.layers.autoencoder.Encoders.real;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.autoencoder.TiedAutoEncoder.Objective;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.PretrainGradients;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;

class TiedAutoEncoderTest {

  private static final double H = 1e-3;

  private static TiedAutoEncoder.Builder builder(Objective objective) {
    return new TiedAutoEncoder.Builder().objective(objective).noise(0.7).temperature(1.3);
  }

  private static TiedAutoEncoderLayer layer(TiedAutoEncoder.Builder builder) {
    return (TiedAutoEncoderLayer) network(builder).getLayer(0);
  }

  private static double mean(INDArray losses) {
    return losses.castTo(DataType.DOUBLE).meanNumber().doubleValue();
  }

  @ParameterizedTest
  @EnumSource(Objective.class)
  void theStepIsTheGradientOfTheScore(Objective objective) {
    TiedAutoEncoderLayer layer = layer(builder(objective).l2(0.1).l1Bias(0.2));
    PretrainGradients.check(layer, real(5), null);
    layer = layer(builder(objective));
    PretrainGradients.check(layer, real(4), Nd4j.createFromArray(0.5, 2, 0, 1));
    PretrainGradients.check(layer, real(1), null);
  }

  /** {@code E(x + h e_i)} of all rows, for central differences. */
  private static INDArray moved(TiedAutoEncoderModel model, INDArray x, int i, double h) {
    INDArray moved = x.dup();
    moved.getColumn(i).addi(h);
    return model.energy(moved);
  }

  @Test
  void theScoreIsTheSlopeOfTheEnergy() {
    TiedAutoEncoderModel model = layer(builder(Objective.RECONSTRUCTION)).model();
    INDArray x = real(6);
    INDArray score = model.score(x);
    NdAssert.assertClose(model.reconstruct(x).sub(x), score, 1e-14);
    for (int i = 0; i < N_IN; i++) {
      INDArray slope = moved(model, x, i, H).sub(moved(model, x, i, -H)).div(2 * H);
      NdAssert.assertClose(slope.neg(), score.getColumn(i), 1e-6);
    }
  }

  @Test
  void theEnergyIsTheFreeEnergyOfAGaussianMachine() {
    TiedAutoEncoderLayer layer = layer(builder(Objective.RECONSTRUCTION));
    RbmModel rbm =
        new RbmModel(
            layer.getParam("W"),
            layer.getParam("b"),
            layer.getParam("vb"),
            GaussianUnits.unitVariance(),
            new BernoulliUnits());
    NdAssert.assertClose(rbm.freeEnergy(real(7)), layer.model().energy(real(7)), 1e-12);
    NdAssert.assertClose(rbm.reconstruct(real(7)), layer.model().reconstruct(real(7)), 1e-12);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1, 0.4, 2.5})
  void scoreMatchingIsTheReconstructionErrorAndAPenalty(double temperature) {
    TiedAutoEncoderLayer layer = layer(builder(Objective.SCORE_MATCHING).temperature(temperature));
    TiedAutoEncoderModel model = layer.model();
    INDArray x = real(9);
    double expected =
        mean(model.reconstructionError(x)) / (temperature * temperature)
            + (mean(model.penalty(x)) - N_IN) / temperature;
    assertEquals(expected, PretrainGradients.score(layer, x, null), 1e-12);
    assertEquals(
        mean(model.reconstructionError(x)),
        PretrainGradients.score(layer(builder(Objective.RECONSTRUCTION)), x, null),
        1e-12);
  }

  /** Hyvarinen's objective straight from the energy: slopes and curvatures by differences. */
  @ParameterizedTest
  @ValueSource(doubles = {1, 0.4})
  void scoreMatchingOfTheEnergyByFiniteDifferences(double temperature) {
    TiedAutoEncoderLayer layer = layer(builder(Objective.SCORE_MATCHING).temperature(temperature));
    INDArray x = real(5);
    INDArray here = layer.model().energy(x);
    INDArray sum = Nd4j.zeros(DataType.DOUBLE, 5);
    for (int i = 0; i < N_IN; i++) {
      INDArray above = moved(layer.model(), x, i, H);
      INDArray below = moved(layer.model(), x, i, -H);
      INDArray slope = above.sub(below).div(2 * H * temperature);
      INDArray curvature = above.add(below).sub(here.mul(2)).div(H * H * temperature);
      sum.addi(slope.mul(slope).div(2)).subi(curvature);
    }
    assertEquals(mean(sum), PretrainGradients.score(layer, x, null), 1e-5);
  }

  /** Vincent's identity, and what holds at other temperatures. */
  @ParameterizedTest
  @ValueSource(doubles = {0.3, 1, 1.7})
  void denoisingScoreMatchingIsADenoisingAutoencoder(double sigma) {
    INDArray x = real(6);
    DenoisingAutoEncoderLayer denoising =
        (DenoisingAutoEncoderLayer)
            network(
                    new DenoisingAutoEncoder.Builder()
                        .corruption(new GaussianCorruption(sigma))
                        .loss(ReconstructionLoss.SQUARED_ERROR))
                .getLayer(0);
    TiedAutoEncoderLayer matching =
        layer(builder(Objective.DENOISING_SCORE_MATCHING).noise(sigma).temperature(sigma * sigma));
    double scale = Math.pow(sigma, 4);
    NdAssert.assertClose(
        PretrainGradients.step(denoising, x, null).div(scale),
        PretrainGradients.step(matching, x, null),
        1e-10);
    assertEquals(denoising.score() / scale, matching.score(), 1e-10 / scale);

    INDArray noisy = denoising.corrupt(x, 0);
    for (double temperature : new double[] {1, 0.6}) {
      TiedAutoEncoderLayer other =
          layer(builder(Objective.DENOISING_SCORE_MATCHING).noise(sigma).temperature(temperature));
      INDArray miss =
          other.model().score(noisy).div(temperature).sub(x.sub(noisy).div(sigma * sigma));
      assertEquals(
          mean(miss.mul(miss).sum(1).div(2)),
          PretrainGradients.score(other, x, null),
          1e-10 / scale);
      if (temperature == 1 && sigma != 1) {
        assertNotEquals(matching.score(), other.score(), 1e-3);
      }
    }
  }

  /** Without weights the model is {@code N(b, T I)}. */
  @Test
  void closedFormsOfTheNormalDistribution() {
    INDArray x = normal(new long[] {40, N_IN}, 1.5, 21);
    INDArray b = x.mean(0);
    INDArray squares = x.subRowVector(b);
    double variance = mean(squares.mul(squares));
    double best = Double.POSITIVE_INFINITY;
    for (double t : new double[] {variance * 0.9, variance, variance * 1.1}) {
      TiedAutoEncoderLayer layer = layer(builder(Objective.SCORE_MATCHING).temperature(t));
      layer.getParam("W").assign(0);
      layer.getParam("vb").assign(b);
      double score = PretrainGradients.score(layer, x, null);
      assertEquals(N_IN * (variance / (2 * t * t) - 1 / t), score, 1e-12);
      if (t == variance) {
        // The minimum of score matching over the temperature is the variance, as of likelihood.
        best = score;
        INDArray step = PretrainGradients.step(layer, x, null);
        long biases = step.length() - N_IN;
        assertEquals(
            0,
            step.get(NDArrayIndex.all(), NDArrayIndex.interval(biases, step.length()))
                .norm2Number()
                .doubleValue(),
            1e-12);
      }
    }
    for (double t : new double[] {variance * 0.9, variance * 1.1}) {
      assertTrue(best < N_IN * (variance / (2 * t * t) - 1 / t));
    }
  }

  /**
   * For {@code x = b} and no weights the loss at {@code T = 1} is {@code (1 / sigma - sigma)^2
   * |epsilon|^2 / 2}, whose mean over the noise exceeds score matching of the noisy data, {@code d
   * sigma^2 / 2 - d}, by {@code d / (2 sigma^2)}, as Vincent's theorem says.
   */
  @Test
  void denoisingScoreMatchingIsScoreMatchingOfTheNoisyData() {
    double sigma = 0.6;
    int rows = 3000;
    TiedAutoEncoderLayer layer =
        layer(builder(Objective.DENOISING_SCORE_MATCHING).noise(sigma).temperature(1));
    layer.getParam("W").assign(0);
    layer.getParam("vb").assign(0);
    double score = PretrainGradients.score(layer, Nd4j.zeros(DataType.DOUBLE, rows, N_IN), null);
    double expected = N_IN * sigma * sigma / 2 - N_IN + N_IN / (2 * sigma * sigma);
    assertEquals(N_IN * Math.pow(1 / sigma - sigma, 2) / 2, expected, 1e-12);
    assertEquals(1, score / expected, Limits.meanSquare((long) rows * N_IN));
  }

  @ParameterizedTest
  @EnumSource(Objective.class)
  void floatIsCloseToDoubleAndTrainingGoesDownhill(Objective objective) {
    MultiLayerNetwork exact = network(builder(objective));
    MultiLayerNetwork single = network(global(DataType.FLOAT, new Sgd(1)), builder(objective));
    single.params().assign(exact.params().castTo(DataType.FLOAT));
    INDArray x = real(30);
    INDArray y = x.castTo(DataType.FLOAT);
    NdAssert.assertClose(
        PretrainGradients.step(Encoders.layer(exact), x, null),
        PretrainGradients.step(Encoders.layer(single), y, null),
        1e-4);
    MultiLayerNetwork trained = network(global(DataType.FLOAT, new Sgd(0.05)), builder(objective));
    double before = PretrainGradients.score(Encoders.layer(trained), y, null);
    for (int step = 0; step < 150; step++) {
      trained.pretrainLayer(0, y);
    }
    assertTrue(PretrainGradients.score(Encoders.layer(trained), y, null) < before - 0.2);
  }

  private static String refused(Runnable build) {
    return assertThrows(DL4JInvalidConfigException.class, build::run).getMessage();
  }

  @Test
  void badConfigurationsAreRefused() {
    TiedAutoEncoder.Builder named = new TiedAutoEncoder.Builder().name("a");
    assertTrue(refused(() -> named.temperature(0).build()).contains("temperature is 0.0"));
    assertTrue(refused(() -> named.noise(Double.NaN).temperature(1).build()).contains("\"a\""));
    assertTrue(
        refused(() -> named.noise(1).activation(Activation.TANH).build())
            .contains("accepted: the sigmoid"));
    assertTrue(
        refused(() -> named.activation(Activation.SIGMOID).objective(null).build())
            .contains("objective is null"));
    TiedAutoEncoder one = builder(Objective.SCORE_MATCHING).build();
    assertEquals(one, builder(Objective.SCORE_MATCHING).build());
    assertEquals(one.hashCode(), builder(Objective.SCORE_MATCHING).build().hashCode());
    assertNotEquals(one, builder(Objective.RECONSTRUCTION).build());
    assertNotEquals(one, builder(Objective.SCORE_MATCHING).noise(0.1).build());
    assertNotEquals(one, builder(Objective.SCORE_MATCHING).temperature(0.1).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> new TiedAutoEncoderModel(Nd4j.ones(3, 2), Nd4j.ones(3), Nd4j.ones(3)));
    TiedAutoEncoderLayer layer = layer(builder(Objective.RECONSTRUCTION));
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> layer.model().energy(Nd4j.ones(2, 5)))
            .getMessage()
            .contains("visible values have shape [2, 5]; accepted: [n, 6]"));
    assertThrows(IllegalArgumentException.class, () -> layer.model().decode(Nd4j.ones(2, 5)));
    INDArray bad = real(3).putScalar(1, 1, Double.POSITIVE_INFINITY);
    assertThrows(
        DL4JInvalidInputException.class, () -> layer.fit(bad, LayerWorkspaceMgr.noWorkspaces()));
  }

  @TestFactory
  Stream<DynamicNode> layers() {
    return Stream.of(Objective.values())
        .map(
            objective ->
                dynamicContainer(
                    objective.name(),
                    new LayerChecks(
                            () ->
                                List.of(
                                    builder(objective).nOut(5).build(),
                                    new TiedAutoEncoder.Builder()
                                        .objective(objective)
                                        .nOut(3)
                                        .l2(0.1)
                                        .build()),
                            real(5))
                        .all()));
  }
}
