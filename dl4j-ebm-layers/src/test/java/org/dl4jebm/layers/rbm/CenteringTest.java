/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.Centering.Offsets;
import org.dl4jebm.layers.rbm.RbmModelTest.Machine;
import org.dl4jebm.layers.rbm.RbmModelTest.UnitPair;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Centering changes the direction of a step, and nothing about the machine. */
class CenteringTest {

  private static final ContrastiveDivergenceOptions CENTERED =
      ContrastiveDivergenceOptions.DEFAULT.withCentering(Centering.DEFAULT);

  static Stream<UnitPair> pairs() {
    return RbmModelTest.thinPairs();
  }

  private static INDArray row(double... values) {
    return Nd4j.createFromArray(values);
  }

  /** The term {@code (t_v - mu) W (t_h - lambda)'} in place of {@code t_v W t_h'}. */
  @ParameterizedTest
  @MethodSource("pairs")
  void bothFormsHaveTheSameEnergyUpToAConstant(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    INDArray mu = row(0.3, -0.2, 0.9, 1.4);
    INDArray lambda = row(0.8, 0.1, -0.5);
    CenteredParameters centered = new CenteredParameters(mu, lambda);
    INDArray v = pair.visibleBatch(20, 41);
    INDArray h = pair.hiddenBatch(20, 42);
    INDArray statisticV = v.dup();
    pair.visible().toStatistic(statisticV);
    INDArray statisticH = h.dup();
    pair.hidden().toStatistic(statisticH);
    INDArray interaction =
        statisticV.subRowVector(mu).mmul(model.weights()).mul(statisticH.subRowVector(lambda));
    INDArray energy =
        pair.visible()
            .energyTerm(v, centered.visibleBias(model))
            .add(pair.hidden().energyTerm(h, centered.hiddenBias(model)))
            .sub(interaction.sum(1));
    double[] difference = NdAssert.values(energy.sub(model.energy(v, h)));
    for (double d : difference) {
      assertEquals(difference[0], d, 1e-12 * (1 + Math.abs(d)));
    }
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void conversionAndBack(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    CenteredParameters centered =
        new CenteredParameters(row(0.3, -0.2, 0.9, 1.4), row(0.8, 0.1, -0.5));
    RbmModel back =
        centered.ordinary(
            model.weights(),
            centered.hiddenBias(model),
            centered.visibleBias(model),
            pair.visible(),
            pair.hidden());
    NdAssert.assertClose(model.visibleBias(), back.visibleBias(), 1e-14);
    NdAssert.assertClose(model.hiddenBias(), back.hiddenBias(), 1e-14);
    // Arrays of the offsets are kept: a later change of them is seen.
    INDArray mu = row(0, 0, 0, 0);
    CenteredParameters zero = new CenteredParameters(mu, row(0, 0, 0));
    NdAssert.assertSame(model.hiddenBias(), zero.hiddenBias(model));
    mu.assign(1);
    NdAssert.assertClose(
        model.hiddenBias().add(model.weights().sum(0)), zero.hiddenBias(model), 1e-14);
  }

  /**
   * Central differences by the centred parameters, a step along them, and the ordinary parameters
   * that come of it: what the estimator must have written.
   */
  @ParameterizedTest
  @MethodSource("pairs")
  void theGradientIsTheStepOfTheCentredParameters(UnitPair pair) {
    Machine machine = pair.machine(DataType.DOUBLE);
    RbmModel model = machine.model();
    INDArray data = pair.visibleBatch(5, 43);
    INDArray states = pair.visibleBatch(5, 44);
    ContrastiveDivergence estimator =
        new ContrastiveDivergence(CENTERED, new FixedChains(states, true));
    GradientViews actual = new GradientViews(model, DataType.DOUBLE);
    actual.fill(estimator, model, data, false);
    INDArray mu = estimator.state().get(CenteringOffsets.VISIBLE);
    INDArray lambda = estimator.state().get(CenteringOffsets.HIDDEN);

    CenteredParameters centered = new CenteredParameters(mu, lambda);
    INDArray w = machine.weights();
    INDArray b = centered.visibleBias(model);
    INDArray c = centered.hiddenBias(model);
    GradientViews byCentred = new GradientViews(model, DataType.DOUBLE);
    double step = 1e-6;
    INDArray flat = w.reshape('f', new long[] {w.length()});
    int entry = 0;
    for (INDArray parameter : List.of(flat, c, b)) {
      for (int i = 0; i < parameter.length(); i++) {
        double value = parameter.getDouble(i);
        parameter.putScalar(i, value + step);
        double plus =
            difference(centered.ordinary(w, c, b, pair.visible(), pair.hidden()), data, states);
        parameter.putScalar(i, value - step);
        double minus =
            difference(centered.ordinary(w, c, b, pair.visible(), pair.hidden()), data, states);
        parameter.putScalar(i, value);
        byCentred.flat.putScalar(entry++, (plus - minus) / (2 * step));
      }
    }
    double rate = 0.25;
    INDArray newW = w.sub(byCentred.weights.mul(rate));
    RbmModel after =
        centered.ordinary(
            newW.dup('f'),
            c.sub(byCentred.hiddenBias.mul(rate)),
            b.sub(byCentred.visibleBias.mul(rate)),
            pair.visible(),
            pair.hidden());
    NdAssert.assertClose(w.sub(newW).div(rate), actual.weights, 1e-7);
    NdAssert.assertClose(
        model.hiddenBias().sub(after.hiddenBias()).div(rate), actual.hiddenBias, 1e-7);
    NdAssert.assertClose(
        model.visibleBias().sub(after.visibleBias()).div(rate), actual.visibleBias, 1e-7);
  }

  private static double difference(RbmModel model, INDArray data, INDArray states) {
    return model.freeEnergy(data).sumNumber().doubleValue()
        - model.freeEnergy(states).sumNumber().doubleValue();
  }

  /** The formulas of the papers, with the offsets of the first batch. */
  @Test
  void theFormulasOfThePapers() {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model = tiny.model(DataType.DOUBLE);
    INDArray v = Nd4j.createFromArray(new double[][] {{1, 0, 1, 0}, {0, 1, 1, 1}, {1, 1, 1, 0}});
    INDArray vm = v.rsub(1);
    INDArray h = model.propUp(v);
    INDArray hm = model.propUp(vm);
    INDArray mu = v.mean(0);
    INDArray lambda = h.mean(0);
    INDArray w =
        vm.subRowVector(mu)
            .transpose()
            .mmul(hm.subRowVector(lambda))
            .sub(v.subRowVector(mu).transpose().mmul(h.subRowVector(lambda)));
    INDArray b = vm.sum(0).sub(v.sum(0)).sub(w.mmul(lambda));
    INDArray c = hm.sum(0).sub(h.sum(0)).sub(w.transpose().mmul(mu));
    GradientViews actual = new GradientViews(model, DataType.DOUBLE);
    actual.fill(new ContrastiveDivergence(CENTERED, new FixedChains(vm, true)), model, v, false);
    NdAssert.assertClose(w, actual.weights, 1e-13);
    NdAssert.assertClose(b, actual.visibleBias, 1e-13);
    NdAssert.assertClose(c, actual.hiddenBias, 1e-13);
  }

  /** A binary machine that is trained by plain steps on given chains. */
  private static final class Trained {

    private static final double RATE = 0.05;
    private final RbmModel model;
    private final ContrastiveDivergenceOptions options;
    private ContrastiveDivergence estimator;

    Trained(RbmModel model, ContrastiveDivergenceOptions options) {
      this.model = model;
      this.options = options;
    }

    void step(INDArray data, INDArray states) {
      ContrastiveDivergence next =
          new ContrastiveDivergence(options, new FixedChains(states, false));
      if (estimator != null) {
        next.setState(model, estimator.state());
      }
      estimator = next;
      GradientViews gradient = new GradientViews(model, DataType.DOUBLE);
      gradient.fill(estimator, model, data, false);
      model.weights().subi(gradient.weights.mul(RATE));
      model.hiddenBias().subi(gradient.hiddenBias.mul(RATE));
      model.visibleBias().subi(gradient.visibleBias.mul(RATE));
    }
  }

  /** The machine whose states {@code 1 - v}, {@code 1 - h} have the energies of {@code v, h}. */
  private static RbmModel mirrored(RbmModel model, boolean visible, boolean hidden) {
    INDArray w = model.weights().dup('f');
    INDArray b = model.visibleBias().dup();
    INDArray c = model.hiddenBias().dup();
    if (visible) {
      c.addi(w.sum(0));
      w.negi();
      b.negi();
    }
    if (hidden) {
      b.addi(w.sum(1));
      w.negi();
      c.negi();
    }
    return new RbmModel(w, c, b, model.visibleUnits(), model.hiddenUnits());
  }

  private static double distance(RbmModel one, RbmModel other) {
    return one.weights().sub(other.weights()).amaxNumber().doubleValue()
        + one.visibleBias().sub(other.visibleBias()).amaxNumber().doubleValue()
        + one.hiddenBias().sub(other.hiddenBias()).amaxNumber().doubleValue();
  }

  /**
   * Training on {@code v} and on {@code 1 - v} gives mirrored machines, step by step, and so it
   * does when the hidden units are mirrored; without centering it does not.
   */
  @ParameterizedTest
  @EnumSource(Offsets.class)
  void trainingDoesNotDependOnWhatIsCalledOneAndZero(Offsets offsets) {
    double[] p = TinyRbm.oracle(4, 3).visibleProbabilities();
    for (boolean visible : new boolean[] {true, false}) {
      for (boolean hidden : new boolean[] {true, false}) {
        ContrastiveDivergenceOptions options = CENTERED.withCentering(new Centering(0.2, offsets));
        RbmModel start = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
        RbmModel plainStart = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
        Trained one = new Trained(start, options);
        Trained other = new Trained(mirrored(start, visible, hidden), options);
        ContrastiveDivergenceOptions plain = ContrastiveDivergenceOptions.DEFAULT;
        Trained onePlain = new Trained(plainStart, plain);
        Trained otherPlain = new Trained(mirrored(plainStart, visible, hidden), plain);
        for (int step = 0; step < 30; step++) {
          INDArray data = TinyRbm.draw(p, 4, 10, 100 + step, DataType.DOUBLE);
          INDArray states = TinyRbm.draw(p, 4, 8, 200 + step, DataType.DOUBLE).rsub(1);
          INDArray otherData = visible ? data.rsub(1) : data;
          INDArray otherStates = visible ? states.rsub(1) : states;
          one.step(data, states);
          other.step(otherData, otherStates);
          onePlain.step(data, states);
          otherPlain.step(otherData, otherStates);
          assertEquals(0, distance(mirrored(one.model, visible, hidden), other.model), 1e-10);
        }
        double difference = distance(mirrored(onePlain.model, visible, hidden), otherPlain.model);
        assertTrue((visible || hidden) == difference > 0.1, "without centering: " + difference);
      }
    }
  }

  /** Means of the first batch, then moving averages, of weighted rows as well. */
  @ParameterizedTest
  @EnumSource(Offsets.class)
  void offsetsAreMovingAverages(Offsets offsets) {
    RbmModel model =
        new UnitPair(GaussianUnits.withVariance(0.7), new BernoulliUnits()).model(DataType.DOUBLE);
    double share = 0.3;
    INDArray states = row(0.5, -1, 2, 1, 1.5, 0, -0.5, 2).reshape('c', 2, 4);
    ContrastiveDivergence estimator =
        new ContrastiveDivergence(
            CENTERED.withCentering(new Centering(share, offsets)), new FixedChains(states, false));
    INDArray mu = null;
    INDArray lambda = null;
    for (int step = 0; step < 3; step++) {
      INDArray data = states.mul(step - 1.3).add(0.4);
      INDArray weights = row(1 + step, 2);
      GradientViews.of(estimator, model, new RbmBatch(data, weights, step, 0, false));
      INDArray v = weightedMean(data, weights).div(0.7);
      INDArray h = weightedMean(model.propUp(data), weights);
      INDArray vm = states.mean(0).div(0.7);
      INDArray hm = model.propUp(states).mean(0);
      if (step > 0 && offsets == Offsets.MODEL) {
        v = vm;
        h = hm;
      } else if (step > 0 && offsets == Offsets.MEAN) {
        v = v.add(vm).div(2);
        h = h.add(hm).div(2);
      }
      mu = step == 0 ? v : mu.mul(1 - share).add(v.mul(share));
      lambda = step == 0 ? h : lambda.mul(1 - share).add(h.mul(share));
      Map<String, INDArray> state = estimator.state();
      NdAssert.assertClose(mu, state.get(CenteringOffsets.VISIBLE), 1e-14);
      NdAssert.assertClose(lambda, state.get(CenteringOffsets.HIDDEN), 1e-14);
    }
  }

  private static INDArray weightedMean(INDArray rows, INDArray weights) {
    return rows.mulColumnVector(weights.reshape('c', 2, 1))
        .sum(0)
        .div(weights.sumNumber().doubleValue());
  }

  /** The penalty is part of the loss whose gradient is transformed. */
  @Test
  void sparsityIsTransformedAsWell() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray data =
        TinyRbm.draw(new double[] {.5, .5}, 1, 20, 4, DataType.DOUBLE).reshape('c', 5, 4);
    FixedChains chains = new FixedChains(data.rsub(1), true);
    ContrastiveDivergenceOptions sparse = ContrastiveDivergenceOptions.DEFAULT.withSparsity(0.2, 3);
    GradientViews ordinary = new GradientViews(model, DataType.DOUBLE);
    ordinary.fill(new ContrastiveDivergence(sparse, chains), model, data, false);
    GradientViews centered = new GradientViews(model, DataType.DOUBLE);
    ContrastiveDivergence estimator =
        new ContrastiveDivergence(sparse.withCentering(Centering.DEFAULT), chains);
    centered.fill(estimator, model, data, false);
    new CenteredParameters(data.mean(0), model.propUp(data).mean(0))
        .transform(
            new RbmGradient(ordinary.weights, ordinary.hiddenBias, ordinary.visibleBias, null));
    NdAssert.assertClose(ordinary.flat, centered.flat, 1e-12);
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void floatAgreesWithDouble(UnitPair pair) {
    INDArray data = pair.visibleBatch(40, 9);
    double[] exact = GradientViews.of(estimator(CENTERED), pair.model(DataType.DOUBLE), data);
    double[] single = GradientViews.of(estimator(CENTERED), pair.model(DataType.FLOAT), data);
    NdAssert.assertClose(exact, single, 100 * NdAssert.FLOAT_TOLERANCE, pair::toString);
  }

  private static RbmEstimator estimator(ContrastiveDivergenceOptions options) {
    return options.estimator(new RandomStream(3));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -0.1, 1.01, Double.NaN})
  void slidingFactorsOutOfRangeAreRefused(double factor) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> new Centering(factor, Offsets.DATA))
            .getMessage();
    assertTrue(message.contains("is " + factor + "; accepted: "), message);
    assertThrows(IllegalArgumentException.class, () -> new Centering(0.1, null));
  }

  @Test
  void savedOffsetsAreCheckedBeforeAnythingChanges() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray data = Nd4j.ones(DataType.DOUBLE, 2, 4);
    RbmEstimator estimator = estimator(CENTERED.withPersistentChains(5));
    GradientViews.of(estimator, model, data);
    Map<String, INDArray> good = estimator.state();
    assertEquals("[chains, hiddenOffset, visibleOffset]", good.keySet().toString());
    INDArray chains = Nd4j.zeros(DataType.DOUBLE, 5, 3);
    INDArray mu = Nd4j.zeros(DataType.DOUBLE, 4);
    INDArray lambda = Nd4j.zeros(DataType.DOUBLE, 3);
    for (Map<String, INDArray> bad :
        List.of(
            Map.of("chains", chains),
            Map.of("visibleOffset", mu, "hiddenOffset", lambda),
            Map.of("chains", chains, "visibleOffset", lambda, "hiddenOffset", lambda),
            Map.of("chains", chains, "visibleOffset", mu, "hiddenOffset", mu),
            Map.of("chains", lambda, "visibleOffset", mu, "hiddenOffset", lambda))) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> estimator.setState(model, bad))
              .getMessage();
      assertTrue(message.contains("accepted: "), message);
      Map<String, INDArray> after = estimator.state();
      good.forEach((name, array) -> NdAssert.assertSame(array, after.get(name)));
    }
    estimator.setState(model, Map.of());
    assertEquals(Map.of(), estimator.state());
    double[] fresh = GradientViews.of(estimator(CENTERED), model, data);
    RbmEstimator restored = estimator(CENTERED);
    GradientViews.of(restored, model, data.mul(0.3));
    restored.setState(model, Map.of());
    RbmEstimator other = CENTERED.estimator(new RandomStream(3));
    assertArrayEquals(fresh, GradientViews.of(other, model, data));
  }
}
