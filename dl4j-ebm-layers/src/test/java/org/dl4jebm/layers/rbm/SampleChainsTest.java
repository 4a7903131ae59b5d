/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.RbmModelTest.UnitPair;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link RbmEstimator#sampleChains}. */
class SampleChainsTest {

  private static final int CHAINS = 6;

  /** Units whose statistic is not the state are where means are easily got wrong. */
  private static final UnitPair PAIR =
      new UnitPair(new BernoulliUnits(), GaussianUnits.withVariance(2, 0.5, 1.5));

  private static final RbmModel MODEL = PAIR.model(DataType.DOUBLE);

  private static RbmEstimator trained(RbmObjective objective, RandomStream random) {
    RbmEstimator estimator = objective.estimator(random);
    INDArray data = PAIR.visibleBatch(5, 3);
    for (int step = 0; step < 3; step++) {
      GradientViews.of(estimator, MODEL, new RbmBatch(data, null, step, 0, false));
    }
    return estimator;
  }

  private static void assertMeansOf(INDArray hiddenStates, RbmEstimator estimator) {
    try (RandomStream stream = new RandomStream(4);
        RandomStream same = new RandomStream(4)) {
      Map<String, INDArray> before = estimator.state();
      Pair<INDArray, INDArray> visible = estimator.sampleChains(MODEL, stream).orElseThrow();
      Pair<INDArray, INDArray> expected = MODEL.propDownAndSample(hiddenStates, same);
      NdAssert.assertClose(expected.getFirst(), visible.getFirst(), 1e-12);
      NdAssert.assertSame(expected.getSecond(), visible.getSecond());
      Map<String, INDArray> after = estimator.state();
      before.forEach((name, array) -> NdAssert.assertSame(array, after.get(name)));
    }
  }

  @Test
  void persistentChains() {
    for (ContrastiveDivergenceOptions options :
        List.of(
            ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(CHAINS),
            ContrastiveDivergenceOptions.DEFAULT
                .withPersistentChains(CHAINS)
                .withFastWeights(FastWeights.ofRate(0.1)))) {
      try (RandomStream random = new RandomStream(9)) {
        RbmEstimator estimator = options.estimator(random);
        assertEquals(Optional.empty(), estimator.sampleChains(MODEL, random));
        RbmEstimator moved = trained(options, random);
        long[] position = random.state();
        assertMeansOf(moved.state().get(PersistentChains.CHAINS), moved);
        assertArrayEquals(position, random.state());
      }
    }
  }

  /** The replicas are kept as statistics; here those at temperature 1 count, in their order. */
  @Test
  void temperedChainsAtTheColdEnd() {
    try (RandomStream random = new RandomStream(9)) {
      RbmEstimator estimator =
          trained(
              ContrastiveDivergenceOptions.DEFAULT
                  .withPersistentChains(CHAINS)
                  .withTempering(new Tempering(3, 3, 0.5, 0, Tempering.Path.ENERGY)),
              random);
      Map<String, INDArray> state = estimator.state();
      double[] replicaAt = state.get(TemperatureLadder.REPLICA_AT).getRow(0).toDoubleVector();
      int[] rows = new int[CHAINS];
      for (int chain = 0; chain < CHAINS; chain++) {
        rows[chain] = (int) replicaAt[chain] * CHAINS + chain;
      }
      INDArray statistics = Nd4j.pullRows(state.get(TemperedChains.REPLICAS), 1, rows);
      INDArray states = statistics.mulRowVector(Nd4j.createFromArray(statisticScale()).rdiv(1));
      assertMeansOf(states, estimator);
      assertTrue(
          estimator.diagnostics().keySet().stream()
              .anyMatch(name -> name.startsWith(Tempering.SWAP_RATE)),
          "rates are there also where no score was asked for");
      RbmEstimator restored = restored(estimator, random);
      assertEquals(estimator.diagnostics(), restored.diagnostics());
    }
  }

  private static RbmEstimator restored(RbmEstimator estimator, RandomStream random) {
    RbmEstimator other =
        ContrastiveDivergenceOptions.DEFAULT
            .withPersistentChains(CHAINS)
            .withTempering(new Tempering(3, 3, 0.5, 0, Tempering.Path.ENERGY))
            .estimator(random);
    other.setState(MODEL, estimator.state());
    return other;
  }

  private static double[] statisticScale() {
    INDArray ones = Nd4j.ones(DataType.DOUBLE, 1, 3);
    PAIR.hidden().toStatistic(ones);
    return ones.toDoubleVector();
  }

  @Test
  void noneWhereChainsStartAtTheDataOrThereAreNone() {
    try (RandomStream random = new RandomStream(9)) {
      RbmEstimator estimator = trained(ContrastiveDivergenceOptions.DEFAULT, random);
      assertEquals(Optional.empty(), estimator.sampleChains(MODEL, random));
    }
  }
}
