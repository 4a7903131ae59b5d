/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.Oracles;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link RbmEnumeration} against exact values, closed forms and sums in plain Java. */
@Tag("gpu")
class RbmEnumerationTest {

  /** In FLOAT an energy of 10 carries a few roundings of 6e-7. */
  private static final double FLOAT = 4e-6;

  private static double tolerance(DataType type) {
    return type == DataType.DOUBLE ? Oracles.TOLERANCE : FLOAT;
  }

  @ParameterizedTest
  @CsvSource({"4,3,DOUBLE", "4,3,FLOAT", "6,4,DOUBLE", "6,4,FLOAT"})
  void logPartitionFunction(int nIn, int nOut, DataType type) {
    RbmModel model = TinyRbm.oracle(nIn, nOut).model(type);
    double exact = Oracles.number("R(" + nIn + "," + nOut + ")", "logZ");
    RbmEnumeration enumeration = new RbmEnumeration(model);
    assertFalse(enumeration.overVisible());
    assertEquals(1L << nOut, enumeration.states());
    assertEquals(exact, enumeration.logZ(), exact * tolerance(type));
    assertEquals(exact, enumeration.moments().logZ(), exact * tolerance(type));
  }

  /** The same machine with its sides exchanged is enumerated over the other side. */
  @ParameterizedTest
  @CsvSource({"DOUBLE,false", "DOUBLE,true", "FLOAT,false", "FLOAT,true"})
  void moments(DataType type, boolean exchanged) {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model = tiny.model(type);
    if (exchanged) {
      model =
          new RbmModel(
              model.weights().transpose(),
              model.visibleBias(),
              model.hiddenBias(),
              new BernoulliUnits(),
              new BernoulliUnits());
    }
    RbmEnumeration enumeration = new RbmEnumeration(model);
    assertEquals(exchanged, enumeration.overVisible());
    RbmMoments moments = enumeration.moments();
    double[] expected = tiny.expectation(tiny.visibleProbabilities()).mean();
    INDArray visible = exchanged ? moments.hidden() : moments.visible();
    INDArray hidden = exchanged ? moments.visible() : moments.hidden();
    INDArray products = exchanged ? moments.products().transpose() : moments.products();
    double limit = tolerance(type);
    assertEquals(Oracles.number("R(4,3)", "E[v0 h0]"), products.getDouble(0, 0), limit);
    NdAssert.assertClose(
        Oracles.numbers("R(4,3)", "E[v]"), NdAssert.values(visible), limit, () -> "E[v]");
    NdAssert.assertClose(
        Oracles.numbers("R(4,3)", "E[h]"), NdAssert.values(hidden), limit, () -> "E[h]");
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < 3; j++) {
        assertEquals(expected[j * 4 + i], products.getDouble(i, j), limit);
      }
    }
    assertEquals(DataType.DOUBLE, products.dataType());
  }

  /** More states than fit one block: 2^16 hidden states, below real-valued units. */
  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"DOUBLE", "FLOAT"})
  void manyBlocksOfHiddenStatesBelowGaussianUnits(DataType type) {
    int nIn = 4;
    int nOut = 16;
    TinyRbm tiny = TinyRbm.oracle(nIn, nOut);
    double[] variance = {0.5, 1, 1.5, 2};
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(tiny.weights()).castTo(type),
            Nd4j.createFromArray(tiny.hiddenBias()).castTo(type),
            Nd4j.createFromArray(tiny.visibleBias()).castTo(type),
            GaussianUnits.withVariance(variance),
            new BernoulliUnits());
    double total = 0;
    double[] meanHidden = new double[nOut];
    double[] meanStatistic = new double[nIn];
    double[][] meanProducts = new double[nIn][nOut];
    double constant = 0;
    for (double s : variance) {
      constant += Math.log(2 * Math.PI * s) / 2;
    }
    for (double[] h : TinyRbm.states(nOut)) {
      double exponent = constant;
      double[] z = tiny.visibleBias().clone();
      for (int j = 0; j < nOut; j++) {
        exponent += tiny.hiddenBias()[j] * h[j];
        for (int i = 0; i < nIn; i++) {
          z[i] += tiny.weights()[i][j] * h[j];
        }
      }
      for (int i = 0; i < nIn; i++) {
        double b = tiny.visibleBias()[i];
        exponent += (z[i] * z[i] - b * b) / (2 * variance[i]);
      }
      double p = Math.exp(exponent);
      total += p;
      for (int i = 0; i < nIn; i++) {
        meanStatistic[i] += p * z[i] / variance[i];
        for (int j = 0; j < nOut; j++) {
          meanProducts[i][j] += p * z[i] / variance[i] * h[j];
        }
      }
      for (int j = 0; j < nOut; j++) {
        meanHidden[j] += p * h[j];
      }
    }
    RbmMoments moments = new RbmEnumeration(model).moments();
    double limit = type == DataType.DOUBLE ? 1e-11 : 2e-4;
    assertEquals(Math.log(total), moments.logZ(), limit);
    for (int i = 0; i < nIn; i++) {
      assertEquals(meanStatistic[i] / total, moments.visible().getDouble(i), limit);
      for (int j = 0; j < nOut; j++) {
        assertEquals(meanProducts[i][j] / total, moments.products().getDouble(i, j), limit);
        assertEquals(meanHidden[j] / total, moments.hidden().getDouble(j), limit);
      }
    }
  }

  static Stream<Arguments> discretePairs() {
    return UnitCases.VISIBLE.stream()
        .filter(v -> v.stateCount(4).isPresent())
        .flatMap(
            v ->
                UnitCases.HIDDEN.stream()
                    .filter(h -> h.stateCount(3).isPresent())
                    .map(h -> Arguments.of(v, h)));
  }

  /** Whatever side is enumerated, the other side's states must give the same. */
  @ParameterizedTest
  @MethodSource("discretePairs")
  void bothSidesAgree(UnitType visible, UnitType hidden) {
    RbmModel model = ObjectiveChecks.model(ObjectiveChecks.parameters(4, 3), visible, hidden, 4, 3);
    double logZ = new RbmEnumeration(model).logZ();
    assertEquals(
        logSumExpOfNegative(
            model.freeEnergy(Nd4j.createFromArray(UnitCases.allStates(visible, 4)))),
        logZ,
        1e-12);
    assertEquals(
        logSumExpOfNegative(
            model.freeEnergyOfHidden(Nd4j.createFromArray(UnitCases.allStates(hidden, 3)))),
        logZ,
        1e-12);
  }

  private static double logSumExpOfNegative(INDArray energies) {
    double sum = 0;
    for (double energy : NdAssert.values(energies)) {
      sum += Math.exp(-energy);
    }
    return Math.log(sum);
  }

  @Test
  void gaussianOracle() {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(tiny.weights()),
            Nd4j.createFromArray(tiny.hiddenBias()),
            Nd4j.createFromArray(tiny.visibleBias()),
            GaussianUnits.withVariance(Oracles.numbers("gaussian_bernoulli_RBM", "s2")),
            new BernoulliUnits());
    assertEquals(
        Oracles.number("gaussian_bernoulli_RBM", "logZ"),
        new RbmEnumeration(model).logZ(),
        12 * Oracles.TOLERANCE);
  }

  @Test
  void zeroWeights() {
    TinyRbm tiny =
        new TinyRbm(new double[3][2], new double[] {.1, -.2, .3}, new double[] {.4, -.5});
    RbmMoments moments = new RbmEnumeration(tiny.model(DataType.DOUBLE)).moments();
    double exact = Oracles.number("zero_weight_RBM", "b=(.1,-.2,.3) c=(.4,-.5)");
    assertEquals(exact, moments.logZ(), 4 * Oracles.TOLERANCE);
    assertEquals(1 / (1 + Math.exp(.2)), moments.visible().getDouble(1), 1e-15);
  }

  /** All but a few states are negligible, and exp of the energies would overflow. */
  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"DOUBLE", "FLOAT"})
  void hugeWeights(DataType type) {
    RbmModel model =
        new TinyRbm(new double[][] {{1e6, -1e6}, {0, 0}}, new double[2], new double[2]).model(type);
    RbmMoments moments = new RbmEnumeration(model).moments();
    // v0 = h0 = 1, h1 = 0, v1 free: two states of energy -1e6.
    assertEquals(1e6 + Math.log(2), moments.logZ(), type == DataType.DOUBLE ? 1e-9 : 0.5);
    assertEquals(1, moments.products().getDouble(0, 0), 1e-6);
    assertEquals(0, moments.products().getDouble(0, 1), 1e-6);
    assertEquals(0.5, moments.visible().getDouble(1), 1e-6);
  }

  @Test
  void aTemperedMachine() {
    TinyRbm tiny = TinyRbm.oracle(6, 4);
    RbmModel model = tiny.model(DataType.DOUBLE);
    RbmModel tempered = model.tempered(0.3, model.hiddenBias(), model.visibleBias());
    TinyRbm scaled = tiny.scaleWeights(0.3);
    RbmMoments moments = new RbmEnumeration(tempered).moments();
    assertEquals(scaled.logZ(), moments.logZ(), 1e-12);
    double[] expected = scaled.expectation(scaled.visibleProbabilities()).mean();
    NdAssert.assertClose(
        expected, flat(moments), 1e-12, () -> "moments as the layer's parameters are laid out");
  }

  private static double[] flat(RbmMoments moments) {
    return NdAssert.values(
        Nd4j.concat(
            0,
            moments.products().dup('f').reshape('f', new long[] {moments.products().length()}),
            moments.hidden(),
            moments.visible()));
  }

  @Test
  void parametersAreSeenAndNotModified() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray weights = model.weights().dup();
    RbmEnumeration enumeration = new RbmEnumeration(model);
    double before = enumeration.logZ();
    enumeration.moments();
    NdAssert.assertSame(weights, model.weights());
    model.hiddenBias().addi(1);
    double after = enumeration.logZ();
    assertTrue(after > before + 1, before + " and then " + after);
    model.weights().putScalar(0, 0, Double.NaN);
    assertTrue(Double.isNaN(enumeration.logZ()));
    assertTrue(Double.isNaN(enumeration.moments().products().getDouble(0, 0)));
  }

  @Test
  void theLimit() {
    RbmModel model = TinyRbm.oracle(6, 4).model(DataType.DOUBLE);
    assertEquals(16, new RbmEnumeration(model, 16).states());
    String message =
        assertThrows(IllegalArgumentException.class, () -> new RbmEnumeration(model, 15))
            .getMessage();
    for (String part :
        new String[] {"6 visible units with 64", "4 hidden units with 16", "accepted", "15"}) {
      assertTrue(message.contains(part), message);
    }
    assertThrows(IllegalArgumentException.class, () -> new RbmEnumeration(model, 0));
  }

  @Test
  void neitherSideCanBeEnumerated() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    RbmEnumeration.enumeratesVisible(
                        GaussianUnits.unitVariance(),
                        new BernoulliUnits(),
                        784,
                        100,
                        Long.MAX_VALUE))
            .getMessage();
    for (String part : new String[] {"784 visible", "Gaussian", "100 hidden", "accepted"}) {
      assertTrue(message.contains(part), message);
    }
    assertFalse(
        RbmEnumeration.enumeratesVisible(
            GaussianUnits.unitVariance(), new BernoulliUnits(), 784, 24, 1L << 24));
    assertTrue(
        RbmEnumeration.enumeratesVisible(
            new BernoulliUnits(), new BernoulliUnits(), 9, 100, 1L << 24));
  }
}
