/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** Machines with two unbounded sides: the condition on their weights, and who asks for it. */
class RbmNormalisableTest {

  private static RbmModel model(
      double[][] w, double[] c, double[] b, UnitType visible, UnitType hidden) {
    return new RbmModel(
        Nd4j.createFromArray(w).dup('f'),
        Nd4j.createFromArray(c),
        Nd4j.createFromArray(b),
        visible,
        hidden);
  }

  private static RbmModel model(double[][] w, UnitType visible, UnitType hidden) {
    return model(w, new double[w[0].length], new double[w.length], visible, hidden);
  }

  /**
   * {@code log Z = (n log 2 pi - log det P + eta P^-1 eta - sum b^2 / s^2) / 2} over both sides,
   * with the precision {@code P} of {@code (v, h)}; it is finite as long as the norm is below 1,
   * and the integral of the free energy agrees.
   */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3, -0.6, 0.8})
  void gaussianMachinesHaveTheClosedFormOfLogZ(double scale) {
    double[] sv = {0.5, 1.5};
    double[] sh = {0.8, 1.2};
    double[] b = {0.3, -0.2};
    double[] c = {-0.4, 0.1};
    double[][] w = {{0.5 * scale, 0.2 * scale}, {-0.3 * scale, 0.7 * scale}};
    RbmModel model = model(w, c, b, GaussianUnits.withVariance(sv), GaussianUnits.withVariance(sh));
    assertTrue(model.couplingNorm() < 1);
    double[][] p = new double[4][5];
    for (int i = 0; i < 2; i++) {
      p[i][i] = 1 / sv[i];
      p[2 + i][2 + i] = 1 / sh[i];
      p[i][4] = b[i] / sv[i];
      p[2 + i][4] = c[i] / sh[i];
      for (int j = 0; j < 2; j++) {
        p[i][2 + j] = -w[i][j] / (sv[i] * sh[j]);
        p[2 + j][i] = p[i][2 + j];
      }
    }
    double exact = 2 * Math.log(2 * Math.PI);
    for (int i = 0; i < 2; i++) {
      exact -= b[i] * b[i] / sv[i] / 2 + c[i] * c[i] / sh[i] / 2;
    }
    double[] eta = {p[0][4], p[1][4], p[2][4], p[3][4]};
    // Gaussian elimination leaves the determinant on the diagonal and P^-1 eta in the last column.
    for (int k = 0; k < 4; k++) {
      exact -= Math.log(p[k][k]) / 2;
      for (int i = 0; i < 4; i++) {
        double factor = p[i][k] / p[k][k];
        for (int j = k; i != k && j < 5; j++) {
          p[i][j] -= factor * p[k][j];
        }
      }
    }
    for (int i = 0; i < 4; i++) {
      exact += eta[i] * p[i][4] / p[i][i] / 2;
    }
    assertEquals(exact, logIntegral(model, true), 1e-9);
    assertEquals(exact, logIntegral(model, false), 1e-9);
  }

  /** Of {@code exp(-F)} over two real-valued units, by the trapezoidal rule. */
  private static double logIntegral(RbmModel model, boolean visible) {
    int points = 401;
    double step = 0.1;
    double[][] states = new double[points * points][2];
    for (int i = 0; i < states.length; i++) {
      states[i][0] = (i / points - points / 2) * step;
      states[i][1] = (i % points - points / 2) * step;
    }
    INDArray x = Nd4j.createFromArray(states);
    double sum = 0;
    for (double f : NdAssert.values(visible ? model.freeEnergy(x) : model.freeEnergyOfHidden(x))) {
      sum += step * step * Math.exp(-f);
    }
    return Math.log(sum);
  }

  @Test
  void theNormIsTheLargestSingularValueOfTheScaledWeights() {
    UnitType unit = GaussianUnits.unitVariance();
    double[][] diagonal = {{0.3, 0, 0}, {0, -0.9, 0}};
    assertEquals(0.9, model(diagonal, unit, unit).couplingNorm(), 1e-9);
    // (1, 2)' (2, -1, 2) / 10 has the one singular value sqrt(5) 3 / 10.
    double[][] one = {{0.2, -0.1, 0.2}, {0.4, -0.2, 0.4}};
    assertEquals(0.3 * Math.sqrt(5), model(one, unit, unit).couplingNorm(), 1e-9);
    assertEquals(
        0.9 / 0.5 / 2,
        model(diagonal, GaussianUnits.withVariance(4, 0.25), GaussianUnits.withVariance(9, 4, 1))
            .couplingNorm(),
        1e-9);
    GaussianUnits learned = GaussianUnits.learnedVariance();
    INDArray logVariance = Nd4j.createFromArray(Math.log(4), Math.log(0.25));
    assertEquals(
        1.8, model(diagonal, learned.withParameters(logVariance), unit).couplingNorm(), 1e-9);
    RbmModel machine = model(diagonal, unit, unit);
    RbmModel tempered = machine.tempered(-0.5, machine.hiddenBias(), machine.visibleBias());
    assertEquals(0.45, tempered.couplingNorm(), 1e-9);
    assertEquals(0, model(new double[2][3], unit, unit).couplingNorm());
  }

  /** Two equal singular values have no single vector to converge to. */
  @Test
  void equalSingularValues() {
    UnitType unit = GaussianUnits.unitVariance();
    double[][] w = {{0.6, 0, 0}, {0, 0.6, 0}, {0, 0, 0.6}, {0, 0, 0}};
    assertEquals(0.6, model(w, unit, unit).couplingNorm(), 1e-9);
  }

  /** Negative weights between units that are never negative only help. */
  @Test
  void unitsThatAreNeverNegative() {
    double[][] w = {{-50, 0.5}, {0.2, -3}};
    for (UnitType visible :
        new UnitType[] {new TruncatedGaussianUnits(), new NoisyRectifiedUnits()}) {
      for (UnitType hidden :
          new UnitType[] {new TruncatedGaussianUnits(), new NoisyRectifiedUnits()}) {
        RbmModel model = model(w, visible, hidden);
        assertEquals(0.5, model.couplingNorm(), 1e-9);
        model.requireNormalisable();
        RbmModel tempered = model.tempered(-1, model.hiddenBias(), model.visibleBias());
        assertTrue(tempered.couplingNorm() >= 50, "with the other sign they do not");
      }
      assertTrue(model(w, visible, GaussianUnits.unitVariance()).couplingNorm() >= 50);
      assertTrue(model(w, GaussianUnits.unitVariance(), visible).couplingNorm() >= 50);
    }
  }

  /**
   * {@code Z = (pi / 2 + asin w) / sqrt(1 - w^2)} for one truncated Gaussian unit on each side
   * without biases, which goes to infinity with the norm {@code w} to 1.
   */
  @ParameterizedTest
  @ValueSource(doubles = {-0.9, 0, 0.5, 0.9})
  void logZOfTwoTruncatedGaussianUnits(double w) {
    RbmModel model =
        model(new double[][] {{w}}, new TruncatedGaussianUnits(), new TruncatedGaussianUnits());
    assertEquals(Math.max(w, 0), model.couplingNorm(), 1e-9);
    double exact = Math.log((Math.PI / 2 + Math.asin(w)) / Math.sqrt(1 - w * w));
    assertEquals(
        exact, UnitCases.logSum(model.visibleUnits(), 1, v -> model.freeEnergy(v).neg()), 1e-9);
    assertEquals(
        exact,
        UnitCases.logSum(model.hiddenUnits(), 1, h -> model.freeEnergyOfHidden(h).neg()),
        1e-9);
  }

  @Test
  void aBoundedSideIsAlwaysNormalisable() {
    double[][] w = {{50, -3}, {7, 1e6}};
    for (UnitType bounded : new UnitType[] {new BernoulliUnits(), new SpinUnits()}) {
      for (RbmModel model :
          new RbmModel[] {
            model(w, GaussianUnits.unitVariance(), bounded),
            model(w, bounded, GaussianUnits.unitVariance())
          }) {
        assertEquals(0, model.couplingNorm());
        model.requireNormalisable();
      }
    }
  }

  @Test
  void theNormIsNamed() {
    UnitType unit = GaussianUnits.unitVariance();
    model(new double[][] {{0.999999}}, unit, unit).requireNormalisable();
    for (double bad : new double[] {1, 1.000001, 3, Double.NaN, Double.POSITIVE_INFINITY}) {
      RbmModel model = model(new double[][] {{bad}}, unit, unit);
      String message =
          assertThrows(NotNormalisableException.class, model::requireNormalisable).getMessage();
      assertTrue(message.contains("norm " + bad), message);
      assertTrue(message.contains("accepted: less than 1"), message);
      assertTrue(message.contains("Gaussian units of variance 1"), message);
    }
  }

  private static MultiLayerNetwork gaussian(double deviation, double rate) {
    return RbmNetworks.network(
        RbmNetworks.global(new Sgd(rate)),
        b ->
            b.visibleUnits(GaussianUnits.unitVariance())
                .hiddenUnits(GaussianUnits.unitVariance())
                .weightInit(new NormalDistribution(0, deviation))
                .scoreEvery(2));
  }

  @Test
  void aNetworkDoesNotStartOutsideOfTheDomain() {
    String message =
        assertThrows(DL4JInvalidConfigException.class, () -> gaussian(2, 0.1)).getMessage();
    assertTrue(message.contains("\"rbm\"") && message.contains("norm"), message);
    assertTrue(message.contains("NormalDistribution(0, 0.01)"), message);
    gaussian(0.01, 0.1);
  }

  /** Fine-tuning knows no such bound, and what it made must open. */
  @Test
  void aModelFileWithLargeWeightsOpens() throws Exception {
    MultiLayerNetwork network = gaussian(0.01, 0.1);
    network.getParam("0_W").muli(1000);
    byte[] file = LayerChecks.saved(network);
    MultiLayerNetwork restored =
        org.deeplearning4j.util.ModelSerializer.restoreMultiLayerNetwork(
            new java.io.ByteArrayInputStream(file), true);
    NdAssert.assertSame(network.params(), restored.params());
    INDArray data = RbmNetworks.realData(4, 1);
    restored.output(data);
    assertThrows(NotNormalisableException.class, () -> restored.pretrainLayer(0, data));
  }

  @Test
  void trainingThatLeavesTheDomainStopsAndChangesNothingThen() {
    MultiLayerNetwork network = gaussian(0.01, 0.001);
    INDArray data = RbmNetworks.realData(50, 1).muli(4);
    RestrictedBoltzmannMachineLayer layer = RbmNetworks.layer(network);
    INDArray before = null;
    NotNormalisableException thrown = null;
    for (int step = 0; step < 1000 && thrown == null; step++) {
      before = network.params().dup();
      try {
        network.pretrainLayer(0, data);
      } catch (NotNormalisableException e) {
        thrown = e;
      }
    }
    assertTrue(thrown != null, "data of variance 36 ask for weights beyond the domain");
    assertTrue(thrown.getMessage().contains("layer name: rbm"), thrown.getMessage());
    NdAssert.assertSame(before, network.params());
    assertTrue(layer.model().couplingNorm() >= 1 - 2e-3);
    assertTrue(layer.model().couplingNorm() < 2, "noticed early");
    assertFalse(Double.isNaN(network.params().sumNumber().doubleValue()));
  }

  @Test
  void lackOfGrowthIsAnErrorOfTheType() {
    assertEquals(0, new BernoulliUnits().growth(3).inverseDeviation()[2]);
    assertEquals(3, new BernoulliUnits().growth(3).nonNegative().length);
    assertThrows(
        IllegalArgumentException.class, () -> new EnergyGrowth(new double[2], new boolean[3]));
  }

  @Test
  void aWeightInitialisationThatIsTooLargeInFloat() {
    assertThrows(
        DL4JInvalidConfigException.class,
        () ->
            RbmNetworks.network(
                RbmNetworks.global(new Sgd(0.1)).dataType(DataType.FLOAT),
                b ->
                    b.visibleUnits(GaussianUnits.unitVariance())
                        .hiddenUnits(GaussianUnits.unitVariance())
                        .weightInit(WeightInit.ONES)));
  }
}
