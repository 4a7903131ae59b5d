/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.MixedUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.SoftmaxUnits;
import org.dl4jebm.layers.rbm.SpinUnits;
import org.dl4jebm.layers.rbm.UnitType;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.Oracles;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link PseudoLikelihood} against sums in plain Java. */
@Tag("gpu")
class PseudoLikelihoodTest {

  /** {@code log p(v_i | v_rest)} of each unit, from the probabilities of all states. */
  private static double[] conditionals(TinyRbm tiny, double[] v) {
    double[] p = tiny.visibleProbabilities();
    double[] logs = new double[v.length];
    for (int i = 0; i < v.length; i++) {
      double[] flipped = v.clone();
      flipped[i] = 1 - v[i];
      double own = p[TinyRbm.indexOf(v)];
      logs[i] = Math.log(own / (own + p[TinyRbm.indexOf(flipped)]));
    }
    return logs;
  }

  private static double sum(double[] x) {
    double sum = 0;
    for (double value : x) {
      sum += value;
    }
    return sum;
  }

  @Test
  void oracle() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    assertEquals(
        Oracles.number("R(4,3)", "log pseudo-likelihood(1111)"),
        new PseudoLikelihood(model).exact(Nd4j.ones(DataType.DOUBLE, 1, 4)).getDouble(0),
        Oracles.TOLERANCE * 4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"DOUBLE", "FLOAT"})
  void allStates(DataType type) {
    TinyRbm tiny = TinyRbm.oracle(6, 4).scaleWeights(2);
    RbmModel model = tiny.model(type);
    double[][] states = TinyRbm.states(6);
    INDArray data = Nd4j.createFromArray(states).castTo(type);
    INDArray before = data.dup();
    double[] actual = NdAssert.values(new PseudoLikelihood(model).exact(data));
    for (int s = 0; s < states.length; s++) {
      assertEquals(
          sum(conditionals(tiny, states[s])),
          actual[s],
          type == DataType.DOUBLE ? 1e-12 : 2e-6,
          "state " + s);
    }
    NdAssert.assertSame(before, data);
    INDArray expected = new PseudoLikelihood(model).exact(data);
    NdAssert.assertSame(expected, new PseudoLikelihood(model).exact(NdAssert.view(data)));
    NdAssert.assertSame(expected, new PseudoLikelihood(model).exact(NdAssert.fortran(data)));
  }

  private static RbmModel model(UnitType visible, UnitType hidden) {
    TinyRbm tiny = TinyRbm.oracle(6, 4);
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(tiny.weights()).dup('f'),
            Nd4j.createFromArray(tiny.hiddenBias()),
            Nd4j.createFromArray(tiny.visibleBias()),
            visible,
            hidden);
    return model.tempered(0.7, model.hiddenBias(), model.visibleBias());
  }

  private static double logSumExp(double[] x) {
    double sum = 0;
    for (double value : x) {
      sum += Math.exp(value);
    }
    return Math.log(sum);
  }

  /** Spins and softmax variables: each variable is moved over its states, the others kept. */
  @Test
  void otherUnitTypes() {
    double[][] spin = {{-1}, {1}};
    double[][] three = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    double[][] two = {{1, 0}, {0, 1}};
    for (UnitType hidden : new UnitType[] {new BernoulliUnits(), new SpinUnits()}) {
      check(model(new SpinUnits(), hidden), spin, new double[] {1, -1, -1, 1, 1, -1});
      check(model(new SoftmaxUnits(3), hidden), three, new double[] {0, 1, 0, 0, 0, 1});
      check(model(new SoftmaxUnits(2), hidden), two, new double[] {0, 1, 1, 0, 0, 1});
    }
  }

  /** Parts of different types, with variables of one, two and three columns. */
  @Test
  void partsOfDifferentTypes() {
    UnitType units =
        MixedUnits.of(
            MixedUnits.part(1, new SpinUnits()),
            MixedUnits.part(3, new SoftmaxUnits(3)),
            MixedUnits.part(2, new BernoulliUnits()));
    double[][][] states = {{{-1}, {1}}, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{0}, {1}}, {{0}, {1}}};
    check(model(units, new SpinUnits()), states, new double[] {-1, 0, 0, 1, 1, 0});
    RbmModel real =
        model(
            MixedUnits.of(
                MixedUnits.part(4, new BernoulliUnits()),
                MixedUnits.part(2, GaussianUnits.unitVariance())),
            new SpinUnits());
    String message =
        assertThrows(IllegalArgumentException.class, () -> new PseudoLikelihood(real)).getMessage();
    assertTrue(message.startsWith("visible unit 4 is not discrete (units of parts"), message);
  }

  private static void check(RbmModel model, double[][] states, double[] v) {
    double[][][] all = new double[v.length / states[0].length][][];
    Arrays.fill(all, states);
    check(model, all, v);
  }

  /** The states of each variable, in the order of their columns. */
  private static void check(RbmModel model, double[][][] variables, double[] v) {
    double own = -model.freeEnergy(Nd4j.createFromArray(new double[][] {v})).getDouble(0);
    double[] logs = new double[variables.length];
    int from = 0;
    for (int g = 0; g < variables.length; g++) {
      double[][] states = variables[g];
      double[][] rows = new double[states.length][];
      for (int s = 0; s < states.length; s++) {
        rows[s] = v.clone();
        System.arraycopy(states[s], 0, rows[s], from, states[s].length);
      }
      from += states[0].length;
      double[] all = NdAssert.values(model.freeEnergy(Nd4j.createFromArray(rows)).neg());
      logs[g] = own - logSumExp(all);
    }
    PseudoLikelihood pl = new PseudoLikelihood(model);
    INDArray row = Nd4j.createFromArray(new double[][] {v, v});
    assertEquals(sum(logs), pl.exact(row).getDouble(1), 1e-12);
    assertStochastic(pl, v, logs);
  }

  /** Many estimates of one row have the exact value as their mean, and the right variance. */
  private static void assertStochastic(PseudoLikelihood pl, double[] v, double[] logs) {
    int n = 5000;
    double mean = sum(logs);
    double variance = 0;
    double range = 0;
    for (double log : logs) {
      double distance = logs.length * log - mean;
      variance += distance * distance / logs.length;
      range = Math.max(range, Math.abs(distance));
    }
    try (RandomStream random = new RandomStream(7)) {
      INDArray rows = Nd4j.tile(Nd4j.createFromArray(new double[][] {v}), n, 1);
      double[] estimates = NdAssert.values(pl.stochastic(rows, random));
      double actual = sum(estimates) / n;
      assertEquals(mean, actual, Limits.bernstein(variance, range, n));
      for (double estimate : estimates) {
        boolean found = false;
        for (double log : logs) {
          found |= Math.abs(estimate - logs.length * log) < 1e-10;
        }
        assertTrue(found, () -> estimate + " is that of no unit");
      }
    }
  }

  @Test
  void stochasticIsUnbiased() {
    TinyRbm tiny = TinyRbm.oracle(6, 4).scaleWeights(2);
    double[] v = {1, 0, 0, 1, 1, 0};
    assertStochastic(new PseudoLikelihood(tiny.model(DataType.DOUBLE)), v, conditionals(tiny, v));
  }

  /** Grey values: {@code log sigmoid(F(v mirrored in unit i) - F(v))}, as scikit-learn has it. */
  @Test
  void greyValuesAreMirrored() {
    RbmModel model = TinyRbm.oracle(6, 4).model(DataType.DOUBLE);
    double[] v = {0.2, 1, 0.7, 0, 0.5, 0.9};
    double own = model.freeEnergy(Nd4j.createFromArray(new double[][] {v})).getDouble(0);
    double[] logs = new double[6];
    for (int i = 0; i < 6; i++) {
      double[] mirrored = v.clone();
      mirrored[i] = 1 - v[i];
      double other = model.freeEnergy(Nd4j.createFromArray(new double[][] {mirrored})).getDouble(0);
      logs[i] = -Math.log1p(Math.exp(own - other));
    }
    PseudoLikelihood pl = new PseudoLikelihood(model);
    INDArray row = Nd4j.createFromArray(new double[][] {v});
    assertEquals(sum(logs), pl.exact(row).getDouble(0), 1e-12);
    assertStochastic(pl, v, logs);
  }

  /** More rows than a block holds, in FLOAT, on a machine of a realistic size. */
  @Test
  void manyRows() {
    int nIn = 40;
    INDArray w = Nd4j.create(DataType.FLOAT, new long[] {nIn, 3000}, 'f');
    INDArray data;
    try (RandomStream random = new RandomStream(3)) {
      random.gaussian(w.dup('f'), 0.02, w);
      data = Nd4j.create(DataType.FLOAT, 400, nIn).addi(0.5);
      random.bernoulli(data, data);
    }
    RbmModel model =
        new RbmModel(
            w,
            Nd4j.zeros(DataType.FLOAT, 3000),
            Nd4j.valueArrayOf(new long[] {nIn}, 0.3, DataType.FLOAT),
            new BernoulliUnits(),
            new BernoulliUnits());
    double[] all = NdAssert.values(new PseudoLikelihood(model).exact(data));
    RbmModel exact =
        new RbmModel(
            w.castTo(DataType.DOUBLE),
            Nd4j.zeros(DataType.DOUBLE, 3000),
            model.visibleBias().castTo(DataType.DOUBLE),
            new BernoulliUnits(),
            new BernoulliUnits());
    SplittableRandom choice = new SplittableRandom(4);
    for (int k = 0; k < 3; k++) {
      int row = k == 0 ? 399 : choice.nextInt(399);
      double alone =
          new PseudoLikelihood(exact)
              .exact(Rows.of(data, row, row + 1).castTo(DataType.DOUBLE))
              .getDouble(0);
      assertEquals(alone, all[row], 1e-10, "row " + row);
    }
  }

  @Test
  void zeroWeightsFactorise() {
    TinyRbm tiny =
        new TinyRbm(new double[3][2], new double[] {.1, -.2, .3}, new double[] {.4, -.5});
    RbmModel model = tiny.model(DataType.DOUBLE);
    INDArray states = Nd4j.createFromArray(TinyRbm.states(3));
    NdAssert.assertClose(
        new ExactLikelihood(model).logLikelihood(states),
        new PseudoLikelihood(model).exact(states),
        1e-12);
  }

  /** Energies of thousands give large negative numbers, not infinities. */
  @Test
  void hugeWeights() {
    RbmModel model = TinyRbm.oracle(6, 4).scaleWeights(2000).model(DataType.FLOAT);
    INDArray states = Nd4j.createFromArray(TinyRbm.states(6)).castTo(DataType.FLOAT);
    try (RandomStream random = new RandomStream(1)) {
      for (INDArray logs :
          new INDArray[] {
            new PseudoLikelihood(model).exact(states),
            new PseudoLikelihood(model).stochastic(states, random)
          }) {
        double lowest = 0;
        for (double log : NdAssert.values(logs)) {
          assertTrue(Double.isFinite(log) && log <= 0, () -> "log PL " + log);
          lowest = Math.min(lowest, log);
        }
        assertTrue(lowest < -1000);
      }
    }
  }

  @Test
  void badInput() {
    RbmModel real = model(GaussianUnits.unitVariance(), new BernoulliUnits());
    assertMessage(
        "visible unit 0 is not discrete (Gaussian units of variance 1); accepted by the"
            + " pseudo-likelihood: units with a finite number of states, such as Bernoulli, spin or"
            + " softmax units",
        () -> new PseudoLikelihood(real));
    PseudoLikelihood softmax =
        new PseudoLikelihood(model(new SoftmaxUnits(3), new BernoulliUnits()));
    INDArray soft = Nd4j.createFromArray(new double[][] {{0.5, 0.5, 0, 0, 0, 1}});
    assertMessage(
        "data hold a row with [0.5, 0.5, 0.0] in a group of softmax units; accepted by the"
            + " pseudo-likelihood: one-hot data",
        () -> softmax.exact(soft));
    PseudoLikelihood binary = new PseudoLikelihood(model(new BernoulliUnits(), new SpinUnits()));
    assertMessage(
        "data have shape [0, 6]; accepted: [n, 6] with n at least 1",
        () -> binary.exact(Nd4j.create(DataType.DOUBLE, 0, 6)));
    try (RandomStream random = new RandomStream(1)) {
      assertMessage(
          "data have shape [1, 5]; accepted: [n, 6] with n at least 1",
          () -> binary.stochastic(Nd4j.zeros(DataType.DOUBLE, 1, 5), random));
    }
  }

  private static void assertMessage(
      String message, org.junit.jupiter.api.function.Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
