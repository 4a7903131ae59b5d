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
import java.util.TreeMap;
import java.util.stream.Stream;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.RbmModelTest.Machine;
import org.dl4jebm.layers.rbm.RbmModelTest.UnitPair;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Fast persistent contrastive divergence. */
class FastWeightsTest {

  private static final int CHAINS = 5;
  private static final ContrastiveDivergenceOptions PCD =
      ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(CHAINS).withK(2);

  static Stream<UnitPair> pairs() {
    return RbmModelTest.thinPairs();
  }

  private static RbmEstimator estimator(ContrastiveDivergenceOptions options) {
    return options.estimator(new RandomStream(21));
  }

  private static void step(RbmModel model, GradientViews gradient) {
    model.weights().subi(gradient.weights.mul(0.02));
    model.hiddenBias().subi(gradient.hiddenBias.mul(0.02));
    model.visibleBias().subi(gradient.visibleBias.mul(0.02));
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void withoutARateItIsPersistentContrastiveDivergenceBitForBit(UnitPair pair) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      RbmModel model = pair.model(type);
      RbmModel other = pair.model(type);
      RbmEstimator pcd = estimator(PCD);
      RbmEstimator fast = estimator(PCD.withFastWeights(FastWeights.ofRate(0)));
      for (int i = 0; i < 4; i++) {
        INDArray data = pair.visibleBatch(3 + i % 2, 60 + i);
        GradientViews expected = new GradientViews(model, type);
        double score = expected.fill(pcd, model, data, true);
        GradientViews actual = new GradientViews(other, type);
        assertEquals(score, actual.fill(fast, other, data, true));
        NdAssert.assertSame(expected.flat, actual.flat);
        NdAssert.assertSame(GradientViews.chains(pcd), GradientViews.chains(fast));
        step(model, expected);
        step(other, actual);
      }
    }
  }

  /**
   * The chains are those of the machine with the sum of the parameters, the data's part is that of
   * the parameters alone, and the fast part is a decaying sum of the gradients.
   */
  @ParameterizedTest
  @MethodSource("pairs")
  void chainsMoveByTheSumAndTheFastPartFollowsTheGradient(UnitPair pair) {
    double rate = 0.3;
    double decay = 0.8;
    Machine machine = pair.machine(DataType.DOUBLE);
    RbmModel model = machine.model();
    RandomStream random = new RandomStream(21);
    RbmEstimator fast = PCD.withFastWeights(new FastWeights(rate, decay)).estimator(random);
    INDArray w = Nd4j.zeros(DataType.DOUBLE, 4, 3);
    INDArray c = Nd4j.zeros(DataType.DOUBLE, 3);
    INDArray b = Nd4j.zeros(DataType.DOUBLE, 4);
    for (int i = 0; i < 4; i++) {
      INDArray data = pair.visibleBatch(6, 70 + i);
      RbmModel sum =
          new RbmModel(
              model.weights().add(w).dup('f'),
              model.hiddenBias().add(c),
              model.visibleBias().add(b),
              pair.visible(),
              pair.hidden());
      RandomStream sameStream = new RandomStream(21);
      sameStream.restore(random.state());
      RbmEstimator pcd = PCD.estimator(sameStream);
      GradientViews.setChains(pcd, model, GradientViews.chains(fast));
      GradientViews ofSum = new GradientViews(model, DataType.DOUBLE);
      ofSum.fill(pcd, sum, data, true);
      GradientViews actual = new GradientViews(model, DataType.DOUBLE);
      actual.fill(fast, model, data, true);

      NdAssert.assertClose(GradientViews.chains(pcd), GradientViews.chains(fast), 1e-12);
      NdAssert.assertClose(
          ofSum.weights.add(positivePhase(pair, sum, data)),
          actual.weights.add(positivePhase(pair, model, data)),
          1e-12);
      NdAssert.assertClose(ofSum.visibleBias, actual.visibleBias, 1e-12);
      w = w.mul(decay).sub(actual.weights.mul(rate / 6));
      c = c.mul(decay).sub(actual.hiddenBias.mul(rate / 6));
      b = b.mul(decay).sub(actual.visibleBias.mul(rate / 6));
      Map<String, INDArray> state = fast.state();
      NdAssert.assertClose(w, state.get(FastChains.WEIGHTS), 1e-12);
      NdAssert.assertClose(c, state.get(FastChains.HIDDEN_BIAS), 1e-12);
      NdAssert.assertClose(b, state.get(FastChains.VISIBLE_BIAS), 1e-12);
      step(model, actual);
    }
  }

  private static INDArray positivePhase(UnitPair pair, RbmModel model, INDArray data) {
    INDArray v = data.dup('c');
    INDArray h = model.propUp(data);
    pair.visible().toStatistic(v);
    pair.hidden().toStatistic(h);
    return v.transpose().mmul(h);
  }

  /** Free energies are those of the machine, not of the one that moves the chains. */
  @ParameterizedTest
  @MethodSource("pairs")
  void theFreeEnergyGapIsThatOfTheParameters(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    RandomStream random = new RandomStream(21);
    RbmEstimator fast = PCD.withFastWeights(new FastWeights(2, 0.5)).estimator(random);
    INDArray data = pair.visibleBatch(6, 80);
    GradientViews.of(fast, model, data);
    Map<String, INDArray> state = fast.state();
    RbmModel sum =
        new RbmModel(
            model.weights().add(state.get(FastChains.WEIGHTS)).dup('f'),
            model.hiddenBias().add(state.get(FastChains.HIDDEN_BIAS)),
            model.visibleBias().add(state.get(FastChains.VISIBLE_BIAS)),
            pair.visible(),
            pair.hidden());
    RandomStream sameStream = new RandomStream(21);
    sameStream.restore(random.state());
    INDArray states = sum.sampleVisible(state.get(PersistentChains.CHAINS), sameStream);
    states = sum.gibbs(states, 1, sameStream);
    double expected =
        model.freeEnergy(states).meanNumber().doubleValue()
            - model.freeEnergy(data).meanNumber().doubleValue();
    new GradientViews(model, DataType.DOUBLE).fill(fast, model, data, true);
    assertEquals(
        expected,
        fast.diagnostics().get(ResumablePretraining.FREE_ENERGY_GAP),
        1e-10 * (1 + Math.abs(expected)));
  }

  /** The gradient that is learned from is the centred one where there is centering. */
  @Test
  void centeringComesFirst() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray data = TinyRbm.draw(new double[] {.5, .5}, 1, 20, 4, DataType.DOUBLE);
    RbmEstimator fast =
        estimator(PCD.withCentering(Centering.DEFAULT).withFastWeights(FastWeights.ofRate(0.5)));
    GradientViews gradient = new GradientViews(model, DataType.DOUBLE);
    gradient.fill(fast, model, data.reshape('c', 5, 4), false);
    NdAssert.assertClose(
        gradient.weights.mul(-0.5 / 5), fast.state().get(FastChains.WEIGHTS), 1e-14);
  }

  @Test
  void badOptionsAreRefused() {
    for (double rate : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertRefused("learningRate of the fast weights is " + rate, () -> FastWeights.ofRate(rate));
    }
    for (double decay : new double[] {-0.1, 1, Double.NaN}) {
      assertRefused("decay of the fast weights is " + decay, () -> new FastWeights(1, decay));
    }
    assertRefused(
        "persistentChains is 0; accepted: 1 or more, where there are fast weights",
        () -> ContrastiveDivergenceOptions.DEFAULT.withFastWeights(FastWeights.ofRate(1)));
    assertRefused(
        "persistentChains is 0",
        () -> PCD.withFastWeights(FastWeights.ofRate(1)).withPersistentChains(0));
  }

  private static void assertRefused(String part, Executable construction) {
    String message = assertThrows(IllegalArgumentException.class, construction).getMessage();
    assertTrue(message.contains(part) && message.contains("accepted: "), message);
  }

  @Test
  void savedPartsAreCheckedBeforeAnythingChanges() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray data = Nd4j.ones(DataType.DOUBLE, 2, 4);
    RbmEstimator fast = estimator(PCD.withFastWeights(FastWeights.ofRate(0.1)));
    assertEquals(Map.of(), fast.state());
    GradientViews.of(fast, model, data);
    Map<String, INDArray> good = fast.state();
    for (String name : good.keySet()) {
      Map<String, INDArray> bad = new TreeMap<>(good);
      bad.put(name, Nd4j.zeros(DataType.DOUBLE, 2));
      Map<String, INDArray> less = new TreeMap<>(good);
      less.remove(name);
      for (Map<String, INDArray> state : List.of(bad, less)) {
        assertRefused("accepted: [", () -> fast.setState(model, state));
        good.forEach((key, array) -> NdAssert.assertSame(array, fast.state().get(key)));
      }
    }
    fast.setState(model, Map.of());
    assertEquals(Map.of(), fast.state());
    fast.setState(model, good);
    double[] next = GradientViews.of(fast, model, data);
    good.values().forEach(array -> array.assign(0));
    assertEquals(next.length, GradientViews.of(fast, model, data).length);
    assertTrue(fast.state().get(FastChains.WEIGHTS).norm2Number().doubleValue() > 0);
    assertArrayEquals(new long[] {4, 3}, fast.state().get(FastChains.WEIGHTS).shape());
  }
}
