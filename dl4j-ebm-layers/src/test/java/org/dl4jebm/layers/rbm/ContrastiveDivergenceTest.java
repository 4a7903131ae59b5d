/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.RbmModelTest.Machine;
import org.dl4jebm.layers.rbm.RbmModelTest.UnitPair;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link ContrastiveDivergence}, everything that does not need statistics. */
class ContrastiveDivergenceTest {

  private static final long SEED = 77;
  private static final ContrastiveDivergenceOptions CD1 = ContrastiveDivergenceOptions.DEFAULT;

  static Stream<UnitPair> pairs() {
    return RbmModelTest.pairs();
  }

  static Stream<UnitPair> thinPairs() {
    return RbmModelTest.thinPairs();
  }

  /** Pairs whose hidden units can have a sparsity penalty. */
  static Stream<UnitPair> sparse() {
    return pairs().filter(pair -> pair.hidden() instanceof BernoulliUnits);
  }

  private static ContrastiveDivergenceOptions options(int k, int chains) {
    return CD1.withK(k).withPersistentChains(chains);
  }

  private static ContrastiveDivergence estimator(ContrastiveDivergenceOptions options) {
    return new ContrastiveDivergence(options, new RandomStream(SEED));
  }

  /**
   * With the visible states of the chain held fixed the estimate is the gradient of {@code sum
   * F(v0) - F(vk)}. The chain draws hidden, visible, hidden, ... states, as {@link RbmModel#gibbs}
   * does, so that the same seed gives the same chain.
   */
  @ParameterizedTest
  @MethodSource("pairs")
  void isTheDerivativeOfTheFreeEnergyDifference(UnitPair pair) {
    int n = 4;
    boolean thin = thinPairs().anyMatch(pair::equals);
    for (int k : thin ? new int[] {1, 2, 3} : new int[] {2}) {
      Machine machine = pair.machine(DataType.DOUBLE);
      RbmModel model = machine.model();
      INDArray v0 = pair.visibleBatch(n, 5);
      INDArray vk = model.gibbs(v0, k, new RandomStream(SEED));
      double[] gradient = GradientViews.of(estimator(options(k, 0)), model, v0);
      assertDerivative(machine, v0, 1, vk, gradient);
    }
  }

  /** The same with chains, whose number is not the batch size and that weigh n / m each. */
  @ParameterizedTest
  @MethodSource("thinPairs")
  void isTheDerivativeOfTheFreeEnergyDifferenceWithPersistentChains(UnitPair pair) {
    int n = 6;
    for (int chains : new int[] {2, 6, 9}) {
      Machine machine = pair.machine(DataType.DOUBLE);
      RbmModel model = machine.model();
      INDArray v0 = pair.visibleBatch(n, 6);
      ContrastiveDivergence estimator = estimator(options(1, chains));
      INDArray h = pair.hiddenBatch(chains, 7);
      GradientViews.setChains(estimator, model, h);
      RandomStream sameStream = new RandomStream(SEED);
      INDArray vk = model.sampleVisible(h, sameStream);
      double[] gradient = GradientViews.of(estimator, model, v0);
      assertDerivative(machine, v0, (double) n / chains, vk, gradient);
      NdAssert.assertSame(model.sampleHidden(vk, sameStream), GradientViews.chains(estimator));
    }
  }

  private static void assertDerivative(
      Machine machine, INDArray v0, double chainWeight, INDArray vk, double[] gradient) {
    RbmModel model = machine.model();
    double step = 1e-6;
    int entry = 0;
    for (INDArray parameter : machine.parameters()) {
      for (int i = 0; i < parameter.length(); i++, entry++) {
        double value = parameter.getDouble(i);
        parameter.putScalar(i, value + step);
        double plus = difference(model, v0, chainWeight, vk);
        parameter.putScalar(i, value - step);
        double slope = (plus - difference(model, v0, chainWeight, vk)) / (2 * step);
        parameter.putScalar(i, value);
        assertEquals(slope, gradient[entry], 1e-7 * (1 + Math.abs(slope)), "entry " + entry);
      }
    }
    assertEquals(gradient.length, entry);
  }

  private static double difference(RbmModel model, INDArray v0, double chainWeight, INDArray vk) {
    return model.freeEnergy(v0).sumNumber().doubleValue()
        - chainWeight * model.freeEnergy(vk).sumNumber().doubleValue();
  }

  /**
   * Visible biases of 1,000 switch every unit of the chain to a known state. Then nothing is left
   * of the sampling, and the estimate must be that of probabilities in both phases, to rounding.
   */
  @Test
  void bothPhasesUseHiddenProbabilities() {
    TinyRbm oracle = TinyRbm.oracle(4, 3);
    double[] b = {1000, -1000, -1000, 1000};
    double[] end = {1, 0, 0, 1};
    TinyRbm tiny = new TinyRbm(oracle.weights(), b, oracle.hiddenBias());
    double[][] data = {{1, 0, 1, 0}, {0, 1, 1, 1}, {0.3, 0.2, 0.9, 0}};
    double[] expected = tiny.statistics(end);
    double[] positive = tiny.positivePhase(data);
    for (int i = 0; i < expected.length; i++) {
      expected[i] = 3 * (expected[i] - positive[i]);
    }
    for (ContrastiveDivergenceOptions options :
        List.of(options(1, 0), options(5, 0), options(1, 2), options(2, 7))) {
      double[] gradient =
          GradientViews.of(
              estimator(options), tiny.model(DataType.DOUBLE), Nd4j.createFromArray(data));
      NdAssert.assertClose(expected, gradient, 1e-12, options::toString);
    }
  }

  /**
   * Sums of binary data minus sums of binary samples are whole numbers; with means they are not.
   */
  @Test
  void theChainUsesVisibleSamples() {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    INDArray data = TinyRbm.draw(tiny.visibleProbabilities(), 4, 50, 3, DataType.DOUBLE);
    double[] gradient = GradientViews.of(estimator(CD1), tiny.model(DataType.DOUBLE), data);
    for (int i = 15; i < 19; i++) {
      assertEquals(Math.rint(gradient[i]), gradient[i], 1e-12);
    }
    assertNotEquals(Math.rint(gradient[12]), gradient[12], 1e-6, "hidden bias: probabilities");
  }

  @Test
  void chainsHoldHiddenSamplesAndGoOn() {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model = tiny.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(new double[][] {{1, 0, 1, 0}, {0, 1, 1, 1}});
    ContrastiveDivergence estimator = estimator(options(1, 40));
    assertNull(GradientViews.chains(estimator), "before the first step");
    GradientViews.of(estimator, model, data);
    INDArray first = GradientViews.chains(estimator);
    assertArrayEquals(new long[] {40, 3}, first.shape());
    for (double state : NdAssert.values(first)) {
      assertTrue(state == 0 || state == 1, () -> "state " + state);
    }
    GradientViews.of(estimator, model, data);
    assertNotEquals(first, GradientViews.chains(estimator), "the chains must move");

    ContrastiveDivergence plain = estimator(CD1);
    GradientViews.of(plain, model, data);
    assertNull(GradientViews.chains(plain), "no chains without persistence");
  }

  @Test
  void chainsAreCopiedInAndOut() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray data = Nd4j.ones(DataType.DOUBLE, 2, 4);
    ContrastiveDivergence estimator = estimator(options(1, 5));
    INDArray states = Nd4j.ones(DataType.DOUBLE, 5, 3);
    GradientViews.setChains(estimator, model, states);
    states.assign(0);
    NdAssert.assertSame(Nd4j.ones(DataType.DOUBLE, 5, 3), GradientViews.chains(estimator));
    GradientViews.of(estimator, model, data);
    NdAssert.assertSame(Nd4j.zeros(DataType.DOUBLE, 5, 3), states);
    INDArray copy = GradientViews.chains(estimator);
    INDArray kept = copy.dup();
    copy.assign(7);
    NdAssert.assertSame(kept, GradientViews.chains(estimator));
    GradientViews.setChains(estimator, model, null);
    assertNull(GradientViews.chains(estimator));
  }

  @ParameterizedTest
  @CsvSource({"5,4", "5,6"})
  void aWrongNumberOfChainsIsRefused(int configured, int given) {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    GradientViews.setChains(
                        estimator(options(1, configured)),
                        TinyRbm.oracle(4, 3).model(DataType.FLOAT),
                        Nd4j.zeros(DataType.FLOAT, given, 3)))
            .getMessage();
    assertTrue(
        message.contains("[" + given + ", 3]") && message.contains(": [" + configured + ", 3]"),
        message);
  }

  @Test
  void chainsAreRefusedWhereNoneAreConfigured() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    GradientViews.setChains(
                        estimator(CD1),
                        TinyRbm.oracle(4, 3).model(DataType.FLOAT),
                        Nd4j.zeros(DataType.FLOAT, 5, 3)))
            .getMessage();
    assertTrue(message.contains("[chains]") && message.contains("accepted: nothing"), message);
  }

  /** Restored chains and random position give the steps that would have followed. */
  @Test
  void continuesFromSavedChainsAndRandomState() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.FLOAT);
    INDArray data = Nd4j.ones(DataType.FLOAT, 3, 4);
    RandomStream random = new RandomStream(SEED);
    ContrastiveDivergence estimator = new ContrastiveDivergence(options(2, 8), random);
    GradientViews.of(estimator, model, data);
    INDArray chains = GradientViews.chains(estimator);
    long[] position = random.state();
    double[] next = GradientViews.of(estimator, model, data);

    RandomStream other = new RandomStream(SEED + 1);
    ContrastiveDivergence continued = new ContrastiveDivergence(options(2, 8), other);
    GradientViews.setChains(continued, model, chains);
    other.restore(position);
    assertArrayEquals(next, GradientViews.of(continued, model, data));
  }

  /** Buffers are kept for two batch sizes; no size may see what another left behind. */
  @ParameterizedTest
  @CsvSource({"1,0", "2,0", "1,4", "2,4"})
  void changingBatchSizes(int k, int chains) {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    RandomStream random = new RandomStream(SEED);
    ContrastiveDivergence estimator = new ContrastiveDivergence(options(k, chains), random);
    for (int n : new int[] {5, 3, 5, 3, 8, 1, 5, 8}) {
      INDArray data = TinyRbm.draw(new double[] {.3, .3, .2, .2}, 2, n, n, DataType.DOUBLE);
      INDArray wide = Nd4j.concat(1, data, data.rsub(1));
      RandomStream freshRandom = new RandomStream(SEED + n);
      ContrastiveDivergence fresh = new ContrastiveDivergence(options(k, chains), freshRandom);
      if (GradientViews.chains(estimator) != null) {
        GradientViews.setChains(fresh, model, GradientViews.chains(estimator));
      }
      freshRandom.restore(random.state());
      assertArrayEquals(
          GradientViews.of(fresh, model, wide), GradientViews.of(estimator, model, wide));
    }
  }

  @ParameterizedTest
  @MethodSource("thinPairs")
  void layoutAndTypeOfTheDataDoNotMatterAndTheyAreNotModified(UnitPair pair) {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      RbmModel model = pair.model(type);
      INDArray before = model.weights().dup();
      // Values that every data type holds exactly.
      INDArray data = Nd4j.math().round(pair.visibleBatch(5, 8));
      double[] expected = GradientViews.of(estimator(CD1), model, data.castTo(type));
      for (INDArray variant :
          List.of(
              data.castTo(DataType.DOUBLE),
              data.castTo(DataType.FLOAT),
              data.castTo(DataType.INT32),
              NdAssert.fortran(data).castTo(type),
              NdAssert.view(data.castTo(type)))) {
        INDArray copy = variant.dup();
        assertArrayEquals(expected, GradientViews.of(estimator(CD1), model, variant));
        NdAssert.assertSame(copy, variant);
      }
      NdAssert.assertSame(before, model.weights());
    }
  }

  @ParameterizedTest
  @MethodSource("thinPairs")
  void floatAgreesWithDouble(UnitPair pair) {
    INDArray data = pair.visibleBatch(40, 9);
    for (ContrastiveDivergenceOptions options :
        pair.hidden() instanceof BernoulliUnits
            ? List.of(CD1, options(1, 30), CD1.withSparsity(0.2, 3))
            : List.of(CD1, options(1, 30))) {
      double[] exact = GradientViews.of(estimator(options), pair.model(DataType.DOUBLE), data);
      double[] single = GradientViews.of(estimator(options), pair.model(DataType.FLOAT), data);
      NdAssert.assertClose(exact, single, 40 * NdAssert.FLOAT_TOLERANCE, options::toString);
    }
  }

  /**
   * The same draws with and without the penalty leave its gradient, which is compared with central
   * differences of {@code n cost sum KL(target || mean activation)}.
   */
  @ParameterizedTest
  @MethodSource("sparse")
  void sparsityGradientIsTheDerivativeOfThePenalty(UnitPair pair) {
    double target = 0.15;
    double cost = 0.7;
    for (int chains : new int[] {0, 3}) {
      Machine machine = pair.machine(DataType.DOUBLE);
      RbmModel model = machine.model();
      INDArray data = pair.visibleBatch(6, 10);
      double[] with =
          GradientViews.of(estimator(options(1, chains).withSparsity(target, cost)), model, data);
      double[] without = GradientViews.of(estimator(options(1, chains)), model, data);
      double step = 1e-6;
      int entry = 0;
      for (INDArray parameter : machine.parameters()) {
        for (int i = 0; i < parameter.length(); i++, entry++) {
          double value = parameter.getDouble(i);
          parameter.putScalar(i, value + step);
          double plus = penalty(model, data, target, cost);
          parameter.putScalar(i, value - step);
          double slope = (plus - penalty(model, data, target, cost)) / (2 * step);
          parameter.putScalar(i, value);
          // Mean activations are moved by 1e-6 from 0 and 1, hence a few times 1e-6.
          assertEquals(slope, with[entry] - without[entry], 2e-5, "entry " + entry);
        }
      }
    }
  }

  private static double penalty(RbmModel model, INDArray data, double target, double cost) {
    double sum = 0;
    for (double q : NdAssert.values(model.propUp(data).mean(0))) {
      sum += target * Math.log(target / q) + (1 - target) * Math.log((1 - target) / (1 - q));
    }
    return data.size(0) * cost * sum;
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1e4, 1e4})
  void sparsityGradientStaysFiniteWhereUnitsAreStuck(double bias) {
    TinyRbm tiny = new TinyRbm(new double[4][3], new double[4], new double[] {bias, bias, bias});
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      double[] gradient =
          GradientViews.of(
              estimator(CD1.withSparsity(0.1, 1)), tiny.model(type), Nd4j.ones(type, 3, 4));
      assertTrue(Arrays.stream(gradient).allMatch(Double::isFinite));
    }
  }

  /** Buffers and chains must not be allocated in whatever workspace happens to be open. */
  @Test
  void stateSurvivesWorkspaces() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.FLOAT);
    INDArray data = TinyRbm.draw(new double[] {.5, .5}, 1, 4, 4, DataType.FLOAT);
    INDArray wide = Nd4j.tile(data, 1, 4);
    ContrastiveDivergence plain = estimator(options(1, 6));
    ContrastiveDivergence inWorkspace = estimator(options(1, 6));
    WorkspaceConfiguration configuration =
        WorkspaceConfiguration.builder()
            .initialSize(1 << 20)
            .policyAllocation(AllocationPolicy.STRICT)
            .policyLearning(LearningPolicy.NONE)
            .build();
    for (int step = 0; step < 4; step++) {
      double[] expected = GradientViews.of(plain, model, wide);
      GradientViews views = new GradientViews(model, DataType.FLOAT);
      try (MemoryWorkspace workspace =
          Nd4j.getWorkspaceManager()
              .getAndActivateWorkspace(configuration, "contrastive-divergence-test")) {
        assertTrue(workspace.isScopeActive());
        views.fill(inWorkspace, model, wide, true);
      }
      assertArrayEquals(expected, NdAssert.values(views.flat));
      assertTrue(!GradientViews.chains(inWorkspace).isAttached());
      try (MemoryWorkspace workspace =
          Nd4j.getWorkspaceManager()
              .getAndActivateWorkspace(configuration, "contrastive-divergence-test")) {
        assertTrue(workspace.isScopeActive());
        Nd4j.valueArrayOf(new long[] {100_000}, Float.NaN, DataType.FLOAT);
      }
    }
    NdAssert.assertSame(GradientViews.chains(plain), GradientViews.chains(inWorkspace));
  }

  @ParameterizedTest
  @MethodSource("thinPairs")
  void reconstructionErrorIsMeanFieldAndUsesNoRandomNumbers(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    INDArray data = pair.visibleBatch(7, 14);
    INDArray difference = model.reconstruct(data).sub(data);
    double expected = difference.mul(difference).sumNumber().doubleValue() / 7;
    for (int chains : new int[] {0, 3}) {
      for (double cost : sparse().anyMatch(pair::equals) ? new double[] {0, 1} : new double[1]) {
        ContrastiveDivergenceOptions options = options(2, chains).withSparsity(0.1, cost);
        GradientViews with = new GradientViews(model, DataType.DOUBLE);
        double error = with.fill(estimator(options), model, data, true);
        assertEquals(expected, error, 1e-12 * expected);
        GradientViews without = new GradientViews(model, DataType.DOUBLE);
        assertTrue(Double.isNaN(without.fill(estimator(options), model, data, false)));
        NdAssert.assertSame(without.flat, with.flat);
      }
    }
  }

  @Test
  void sameSeedSameGradientOtherSeedOtherGradient() {
    RbmModel model = TinyRbm.oracle(6, 4).model(DataType.FLOAT);
    INDArray data = Nd4j.ones(DataType.FLOAT, 10, 6);
    double[] first = GradientViews.of(estimator(CD1), model, data);
    Nd4j.getRandom().setSeed(1);
    double[] second = GradientViews.of(estimator(CD1), model, data);
    assertArrayEquals(first, second);
    double[] other =
        GradientViews.of(new ContrastiveDivergence(CD1, new RandomStream(SEED + 1)), model, data);
    assertTrue(!Arrays.equals(first, other));
  }

  /**
   * The gap between the free energies of chains and data, from the fields that are there anyway.
   */
  @ParameterizedTest
  @MethodSource("thinPairs")
  void theFreeEnergyGapIsThatOfTheModel(UnitPair pair) {
    RbmModel model = pair.model(DataType.DOUBLE);
    INDArray data = pair.visibleBatch(7, 15);
    for (int k = 1; k <= 2; k++) {
      ContrastiveDivergence cd = estimator(options(k, 0));
      GradientViews views = new GradientViews(model, DataType.DOUBLE);
      views.fill(cd, model, data, false);
      assertEquals(Map.of(), cd.diagnostics(), "no score, no free energies");
      cd = estimator(options(k, 0));
      views.fill(cd, model, data, true);
      INDArray vk = model.gibbs(data, k, new RandomStream(SEED));
      double expected = mean(model.freeEnergy(vk)) - mean(model.freeEnergy(data));
      assertEquals(
          expected,
          cd.diagnostics().get(ResumablePretraining.FREE_ENERGY_GAP),
          1e-12 * (1 + Math.abs(expected)));

      ContrastiveDivergence pcd = estimator(options(k, 3));
      INDArray h = pair.hiddenBatch(3, 7);
      GradientViews.setChains(pcd, model, h);
      views.fill(pcd, model, data, true);
      RandomStream sameStream = new RandomStream(SEED);
      vk = model.gibbs(model.sampleVisible(h, sameStream), k - 1, sameStream);
      expected = mean(model.freeEnergy(vk)) - mean(model.freeEnergy(data));
      assertEquals(
          expected,
          pcd.diagnostics().get(ResumablePretraining.FREE_ENERGY_GAP),
          1e-12 * (1 + Math.abs(expected)));
      views.fill(pcd, model, data, false);
      assertEquals(2, pcd.diagnostics().size(), "the last numbers stay");
    }
  }

  private static double mean(INDArray energies) {
    return Arrays.stream(energies.toDoubleVector()).average().orElseThrow();
  }
}
