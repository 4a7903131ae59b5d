/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.dl4jebm.layers.rbm.RbmNetworks.global;
import static org.dl4jebm.layers.rbm.RbmNetworks.labels;
import static org.dl4jebm.layers.rbm.RbmNetworks.layer;
import static org.dl4jebm.layers.rbm.RbmNetworks.network;
import static org.dl4jebm.layers.rbm.RbmNetworks.realData;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.Oracles;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * Gaussian units of learned variances: their derivatives, and {@code vp} as a parameter of DL4J.
 */
class LearnedVarianceTest {

  private static final double[] START = {.5, 1, 1.5, 2, 1, .25};
  private static final UnaryOperator<RestrictedBoltzmannMachine.Builder> LEARNED =
      b -> b.visibleUnits(GaussianUnits.learnedVariance(START));
  private static final INDArray DATA = realData(8, 1);

  private static INDArray logs(double... variance) {
    return Nd4j.math().log(Nd4j.createFromArray(variance));
  }

  private static RbmModel model(INDArray logVariance) {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    return new RbmModel(
        Nd4j.createFromArray(tiny.weights()).dup('f'),
        Nd4j.createFromArray(tiny.hiddenBias()),
        Nd4j.createFromArray(tiny.visibleBias()),
        GaussianUnits.learnedVariance().withParameters(logVariance),
        new BernoulliUnits());
  }

  private static INDArray couplingOf(RbmModel model, INDArray h) {
    return h.mmul(model.weights().transpose());
  }

  @Test
  void theGradientIsTheDerivativeOfTheEnergy() {
    INDArray theta = logs(0.5, 1, 1.5, 2);
    RbmModel model = model(theta);
    INDArray v = UnitCases.batch(GaussianUnits.unitVariance(), 5, 4, 3);
    INDArray h = UnitCases.batch(new BernoulliUnits(), 5, 3, 4);
    INDArray gradient =
        model.visibleUnits().parameterGradient(v, couplingOf(model, h), model.visibleBias());
    double step = 1e-5;
    for (int i = 0; i < 4; i++) {
      double value = theta.getDouble(i);
      theta.putScalar(i, value + step);
      INDArray slope = model.energy(v, h);
      theta.putScalar(i, value - step);
      slope.subi(model.energy(v, h)).divi(2 * step);
      theta.putScalar(i, value);
      NdAssert.assertClose(slope, gradient.getColumn(i), 1e-8);
    }
  }

  /** {@code E[dE/dtheta | h]}, an integral over {@code v}, is the derivative of the free energy. */
  @Test
  void theExpectedGradientIsTheDerivativeOfTheFreeEnergy() {
    INDArray theta = logs(0.5, 1, 1.5, 2);
    RbmModel model = model(theta);
    INDArray states = Nd4j.createFromArray(TinyRbm.states(3));
    INDArray means = model.propDown(states);
    double step = 1e-5;
    for (int i = 0; i < 4; i++) {
      double value = theta.getDouble(i);
      double deviation = Math.exp(value / 2);
      theta.putScalar(i, value + step);
      INDArray slope = model.freeEnergyOfHidden(states);
      theta.putScalar(i, value - step);
      slope.subi(model.freeEnergyOfHidden(states)).divi(2 * step);
      theta.putScalar(i, value);
      for (int row = 0; row < 8; row++) {
        double mean = means.getDouble(row, i);
        int points = 1001;
        double width = 0.02;
        INDArray v = Nd4j.tile(means.getRow(row, true), points, 1);
        double[] density = new double[points];
        for (int p = 0; p < points; p++) {
          double z = (p - points / 2) * width;
          v.putScalar(p, i, mean + deviation * z);
          density[p] = width * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
        }
        INDArray h = Nd4j.tile(states.getRow(row, true), points, 1);
        double expected =
            model
                .visibleUnits()
                .parameterGradient(v, couplingOf(model, h), model.visibleBias())
                .getColumn(i)
                .mul(Nd4j.createFromArray(density))
                .sumNumber()
                .doubleValue();
        assertEquals(slope.getDouble(row), expected, 1e-8, "unit " + i + ", state " + row);
      }
    }
  }

  @Test
  void logZIsThatOfGivenVariances() {
    INDArray theta = logs(Oracles.numbers("gaussian_bernoulli_RBM", "s2"));
    assertEquals(
        Oracles.number("gaussian_bernoulli_RBM", "logZ"),
        new RbmEnumeration(model(theta)).logZ(),
        Oracles.TOLERANCE * 12);
  }

  @Test
  void unitsSeeLaterChangesOfTheirParameters() {
    INDArray theta = logs(0.5, 1, 1.5, 2);
    RbmModel model = model(theta);
    INDArray v = UnitCases.batch(GaussianUnits.unitVariance(), 5, 4, 3);
    theta.assign(Math.log(0.7));
    RbmModel fixed =
        new RbmModel(
            model.weights(),
            model.hiddenBias(),
            model.visibleBias(),
            GaussianUnits.withVariance(0.7),
            model.hiddenUnits());
    NdAssert.assertClose(fixed.freeEnergy(v), model.freeEnergy(v), 1e-13);
    NdAssert.assertClose(fixed.propUp(v), model.propUp(v), 1e-13);
    GaussianUnits units = GaussianUnits.learnedVariance(2);
    assertNotEquals(units, units.withParameters(theta));
    assertEquals(units.withParameters(theta), units.withParameters(theta));
    String message =
        assertThrows(IllegalArgumentException.class, () -> units.withParameters(theta).checkSize(5))
            .getMessage();
    assertTrue(message.contains("4 learned variances for 5"), message);
    assertSame(fixed.visibleUnits(), fixed.visibleUnits().withParameters(theta));
    assertThrows(
        UnsupportedOperationException.class,
        () -> fixed.visibleUnits().parameterGradient(v, v, model.visibleBias()));
  }

  @Test
  void theyAreAParameterOfTheLayerWithTheRightsOfABias() {
    MultiLayerNetwork network =
        network(
            global(new Adam(0.1)).biasUpdater(new Nesterovs(0.2)),
            b -> {
              LEARNED.apply(b).constrainBias(new NonNegativeConstraint());
              b.l2(0.1).l2Bias(0.2);
              return b;
            });
    RestrictedBoltzmannMachineLayer layer = layer(network);
    RestrictedBoltzmannMachine conf = layer.layerConf();
    assertEquals(List.of("W", "b", "vb", "vp"), List.copyOf(layer.paramTable(false).keySet()));
    assertEquals(List.of("W", "b"), List.copyOf(layer.paramTable(true).keySet()));
    assertEquals(47, layer.numParams());
    NdAssert.assertClose(logs(START), network.getParam("0_vp"), 1e-14);
    assertEquals(new Nesterovs(0.2), conf.getUpdaterByParam("vp"));
    assertSame(conf.getRegularizationBias(), conf.getRegularizationByParam("vp"));
    assertTrue(conf.isPretrainParam("vp"));
    assertTrue(conf.getConstraints().get(0).getParams().contains("vp"));
    assertEquals(47, conf.getMemoryReport(InputType.feedForward(6)).getParameterSize());
    assertEquals(
        2 * 30 + 5 + 6 + 6, conf.getMemoryReport(InputType.feedForward(6)).getUpdaterStateSize());
    // l2 / 2 of the squared logarithms is part of the score
    double before = layer.calcRegularizationScore(false);
    network.getParam("0_vp").muli(2);
    double squares = Math.pow(logs(START).norm2Number().doubleValue(), 2);
    assertEquals(0.2 / 2 * 3 * squares, layer.calcRegularizationScore(false) - before, 1e-12);
    network.pretrainLayer(0, DATA);
    assertTrue(network.getParam("0_vp").minNumber().doubleValue() >= 0, "the constraint acts");
  }

  /** The bias updater's step is the estimator's gradient divided by the size of the batch. */
  @Test
  void pretrainingMovesThemByTheGradient() {
    MultiLayerNetwork network = network(global(new Sgd(0.5)), LEARNED);
    RestrictedBoltzmannMachineLayer layer = layer(network);
    double[] gradient = GradientViews.of(RbmNetworks.sameEstimator(layer), layer.model(), DATA);
    INDArray before = network.getParam("0_vp").dup();
    network.pretrainLayer(0, DATA);
    INDArray moved = before.sub(network.getParam("0_vp")).divi(0.5).muli(8);
    assertArrayEquals(
        java.util.Arrays.copyOfRange(gradient, 41, 47), NdAssert.values(moved), 1e-12);
  }

  /** DL4J subtracts the whole flat gradient, that of {@code vp} included. */
  @Test
  void supervisedTrainingLeavesThemAlone() {
    MultiLayerNetwork network = network(global(new Adam(0.05)), b -> LEARNED.apply(b).l2Bias(0.1));
    for (int round = 0; round < 3; round++) {
      network.pretrainLayer(0, DATA);
      INDArray before = network.getParam("0_vp").dup();
      Gradient gradient = network.calculateGradients(DATA, labels(8), null, null).getFirst();
      assertEquals(0, gradient.getGradientFor("0_vp").amaxNumber().doubleValue());
      network.fit(DATA, labels(8));
      NdAssert.assertSame(before, network.getParam("0_vp"));
    }
  }

  @Test
  void modelFilesClonesAndTransferLearningKeepThem() throws Exception {
    MultiLayerNetwork network = network(global(new Adam(0.05)), LEARNED);
    network.pretrainLayer(0, DATA);
    INDArray learned = network.getParam("0_vp").dup();
    MultiLayerNetwork restored =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(LayerChecks.saved(network)), true);
    NdAssert.assertSame(learned, restored.getParam("0_vp"));
    assertEquals(
        GaussianUnits.learnedVariance(START), layer(restored).layerConf().getVisibleUnits());
    NdAssert.assertSame(
        layer(network).model().freeEnergy(DATA), layer(restored).model().freeEnergy(DATA));
    NdAssert.assertSame(learned, network.clone().getParam("0_vp"));

    MultiLayerNetwork wider =
        new TransferLearning.Builder(network).nOutReplace(0, 9, WeightInit.XAVIER).build();
    NdAssert.assertClose(logs(START), wider.getParam("0_vp"), 1e-14);
    wider.pretrainLayer(0, DATA);
    assertNotEquals(logs(START), wider.getParam("0_vp"));

    MultiLayerNetwork frozen =
        new TransferLearning.Builder(network)
            .fineTuneConfiguration(
                new FineTuneConfiguration.Builder().updater(new Adam(0.01)).build())
            .setFeatureExtractor(0)
            .build();
    LayerChecks.assertSameParameters(
        network.getLayer(0).paramTable(), frozen.getLayer(0).paramTable());
    frozen.fit(DATA, labels(8));
    frozen.pretrainLayer(0, DATA);
    NdAssert.assertSame(learned, frozen.getParam("0_vp"));
  }

  /** Independent inputs: the likelihood is best at weights 0 and at the variances of the data. */
  @Test
  void pretrainingFindsTheVariancesOfTheData() {
    double[] deviation = {0.3, 3, 1, 0.5, 2, 1};
    INDArray data = realData(4000, 5).divi(1.5);
    data.muliRowVector(Nd4j.createFromArray(deviation));
    INDArray exact = data.var(false, 0);
    MultiLayerNetwork network =
        network(
            global(new Sgd(0)),
            b ->
                b.visibleUnits(GaussianUnits.learnedVariance())
                    .weightInit(WeightInit.ZERO)
                    .biasUpdater(new Sgd(0.05)));
    for (int step = 0; step < 300; step++) {
      network.pretrainLayer(0, data);
    }
    // A chain's variance has a relative deviation of sqrt(2 / 4000) in one step, and what is left
    // of it in a parameter that follows with rate 0.05 / 2 is a ninth of that, 0.0025.
    NdAssert.assertClose(Nd4j.math().log(exact), network.getParam("0_vp"), 0.02);
  }
}
