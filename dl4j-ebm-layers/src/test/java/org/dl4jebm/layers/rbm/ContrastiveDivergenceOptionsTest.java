/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.RampSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Options of contrastive divergence: what is refused, and the schedule of {@code k}. */
class ContrastiveDivergenceOptionsTest {

  private static final ContrastiveDivergenceOptions CD1 = ContrastiveDivergenceOptions.DEFAULT;

  private static void assertRefused(String part, Executable construction) {
    String message = assertThrows(IllegalArgumentException.class, construction).getMessage();
    assertTrue(message.contains(part) && message.contains("accepted: "), message);
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    assertRefused("k is 0", () -> CD1.withK(0));
    assertRefused("k is -3", () -> CD1.withK(-3));
    assertRefused("persistentChains is -1", () -> CD1.withPersistentChains(-1));
    for (double target : new double[] {0, 1, -0.1, 1.1, Double.NaN}) {
      assertRefused("sparsityTarget is " + target, () -> CD1.withSparsity(target, 0));
    }
    for (double cost : new double[] {-1e-9, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertRefused("sparsityCost is " + cost, () -> CD1.withSparsity(0.1, cost));
    }
  }

  /** A saved model with such a schedule could not be opened. */
  @Test
  void schedulesThatCannotBeReadBackAreRefused() {
    ISchedule ramp = new RampSchedule(new FixedSchedule(4), 10);
    assertRefused(RampSchedule.class.getName(), () -> CD1.withKSchedule(ramp));
    CD1.withKSchedule(new MapSchedule(ScheduleType.EPOCH, Map.of(0, 1.0, 5, 10.0)));
  }

  @Test
  void eachMethodChangesItsOptionAlone() {
    ISchedule schedule = new FixedSchedule(4);
    FastWeights fast = FastWeights.ofRate(0.3);
    ContrastiveDivergenceOptions all =
        CD1.withKSchedule(schedule)
            .withPersistentChains(7)
            .withSparsity(0.3, 2)
            .withCentering(Centering.DEFAULT)
            .withFastWeights(fast);
    assertEquals(
        new ContrastiveDivergenceOptions(1, schedule, 7, 0.3, 2, Centering.DEFAULT, fast, null),
        all);
    assertNull(all.withK(3).kSchedule(), "a constant number replaces the schedule");
    assertEquals(3, all.withK(3).k());
    assertEquals(7, all.withK(3).persistentChains());
  }

  @Test
  void sparsityAsksForUnitsWithMeansBetweenZeroAndOne() {
    assertRefused(
        "sparsityCost is 2.0 and the hidden layer has Gaussian units",
        () ->
            CD1.withSparsity(0.1, 2)
                .check(new BernoulliUnits(), GaussianUnits.unitVariance(), 4, 3));
    CD1.withSparsity(0.1, 2).check(GaussianUnits.unitVariance(), new BernoulliUnits(), 4, 3);
    CD1.check(new BernoulliUnits(), GaussianUnits.unitVariance(), 4, 3);
  }

  @ParameterizedTest
  @CsvSource({"0,1", "0.4,1", "1.49,1", "1.5,2", "7.2,7", "-3,1", "20,20"})
  void scheduledSweepsAreRoundedAndAtLeastOne(double value, int sweeps) {
    assertEquals(sweeps, CD1.withKSchedule(new FixedSchedule(value)).sweeps(3, 1));
  }

  @Test
  void schedulesGoByIterationOrByEpoch() {
    Map<Integer, Double> values = new HashMap<>(Map.of(0, 1.0, 2, 5.0));
    ContrastiveDivergenceOptions byIteration =
        CD1.withKSchedule(new MapSchedule(ScheduleType.ITERATION, values));
    ContrastiveDivergenceOptions byEpoch =
        CD1.withKSchedule(new MapSchedule(ScheduleType.EPOCH, values));
    assertEquals(5, byIteration.sweeps(2, 0));
    assertEquals(1, byIteration.sweeps(1, 2));
    assertEquals(1, byEpoch.sweeps(2, 0));
    assertEquals(5, byEpoch.sweeps(0, 3));
    ExponentialSchedule growing = new ExponentialSchedule(ScheduleType.ITERATION, 1, 2);
    assertEquals(8, CD1.withKSchedule(growing).sweeps(3, 0));
  }

  /** The step that a schedule gives is that of a constant number, bit for bit. */
  @ParameterizedTest
  @ValueSource(ints = {0, 6})
  void aScheduleTakesTheSameStepsAsTheNumbersItGives(int chains) {
    RbmModel model = TinyRbm.oracle(5, 4).model(DataType.FLOAT);
    INDArray data = Nd4j.ones(DataType.FLOAT, 3, 5);
    int[] k = {1, 4, 2};
    ISchedule schedule =
        new MapSchedule(ScheduleType.ITERATION, new HashMap<>(Map.of(0, 1.0, 1, 4.0, 2, 2.0)));
    ContrastiveDivergenceOptions options = CD1.withPersistentChains(chains);
    RandomStream random = new RandomStream(5);
    RbmEstimator scheduled = options.withKSchedule(schedule).estimator(new RandomStream(5));
    INDArray states = null;
    for (int iteration = 0; iteration < k.length; iteration++) {
      RbmEstimator constant = options.withK(k[iteration]).estimator(random);
      GradientViews.setChains(constant, model, states);
      RbmBatch batch = new RbmBatch(data, null, iteration, 0, true);
      assertArrayEquals(
          GradientViews.of(constant, model, batch), GradientViews.of(scheduled, model, batch));
      assertEquals(k[iteration], scheduled.diagnostics().get("Gibbs sweeps"));
      states = GradientViews.chains(constant);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, 1e18})
  void aScheduleThatGivesNoNumberIsRefusedAndNothingMoves(double value) {
    RandomStream random = new RandomStream(5);
    long[] position = random.state();
    RbmModel model = TinyRbm.oracle(5, 4).model(DataType.FLOAT);
    RbmEstimator estimator =
        CD1.withPersistentChains(2).withKSchedule(new FixedSchedule(value)).estimator(random);
    assertRefused(
        "kSchedule at iteration 0, epoch 0 is " + value,
        () -> GradientViews.of(estimator, model, Nd4j.ones(DataType.FLOAT, 3, 5)));
    assertArrayEquals(position, random.state());
    assertEquals(Map.of(), estimator.state());
  }

  /** The layer hands over DL4J's counters. */
  @Test
  void theLayerCountsIterations() {
    ISchedule schedule =
        new MapSchedule(ScheduleType.ITERATION, new HashMap<>(Map.of(0, 2.0, 3, 5.0)));
    var network =
        RbmNetworks.network(
            RbmNetworks.global(new Sgd(0.1)),
            b -> b.scoreEvery(1).objective(CD1.withKSchedule(schedule)));
    RestrictedBoltzmannMachineLayer layer = RbmNetworks.layer(network);
    for (double expected : List.of(2.0, 2.0, 2.0, 5.0, 5.0)) {
      network.pretrainLayer(0, RbmNetworks.data(4, 1));
      assertEquals(expected, layer.pretrainDiagnostics().get("Gibbs sweeps"));
    }
  }
}
