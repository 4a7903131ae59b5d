/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.RbmModelTest.Machine;
import org.dl4jebm.layers.rbm.RbmModelTest.UnitPair;
import org.dl4jebm.layers.rbm.Tempering.Path;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Parallel tempering as a negative phase: every replica keeps its distribution. */
@Tag("gpu")
class TemperedChainsTest {

  private static final int TEMPERATURES = 4;
  private static final INDArray MU = Nd4j.createFromArray(0.6, -0.2, 0.9, 0.3);
  private static final INDArray LAMBDA = Nd4j.createFromArray(0.8, 0.1, 0.4);

  /** Pairs whose hidden states can be counted. */
  static Stream<UnitPair> pairs() {
    return RbmModelTest.pairs().filter(pair -> pair.hidden().stateCount(3).isPresent());
  }

  private static Tempering fixed(Path path) {
    return new Tempering(TEMPERATURES, TEMPERATURES, 0.5, 0, path);
  }

  /** The offsets of the path hardly move, so that the distributions stay the same. */
  private static ContrastiveDivergenceOptions options(int chains, Tempering tempering) {
    return ContrastiveDivergenceOptions.DEFAULT
        .withPersistentChains(chains)
        .withTempering(tempering)
        .withCentering(
            tempering.path() == Path.CENTERED
                ? new Centering(1e-12, Centering.Offsets.DATA)
                : null);
  }

  private static RbmModel at(RbmModel model, Path path, double beta) {
    INDArray hiddenBase = model.hiddenBias();
    INDArray visibleBase = model.visibleBias();
    if (path == Path.ENERGY) {
      hiddenBase = hiddenBase.mul(0);
      visibleBase = visibleBase.mul(0);
    } else if (path == Path.CENTERED) {
      DataType type = model.weights().dataType();
      hiddenBase = hiddenBase.add(model.weights().transpose().mmul(MU.castTo(type)));
      visibleBase = visibleBase.add(model.weights().mmul(LAMBDA.castTo(type)));
    }
    return TemperatureLadderTest.at(model, beta, hiddenBase, visibleBase);
  }

  /** {@code p(h)} of a machine over all hidden states. */
  private static double[] hiddenProbabilities(RbmModel model, double[][] states) {
    double[] p =
        NdAssert.values(
            model.freeEnergyOfHidden(
                Nd4j.createFromArray(states).castTo(model.weights().dataType())));
    double least = Arrays.stream(p).min().orElseThrow();
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(least - p[i]);
      sum += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= sum;
    }
    return p;
  }

  private static double[][] draw(double[] p, double[][] states, int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] drawn = new double[rows][];
    for (int row = 0; row < rows; row++) {
      double u = random.nextDouble();
      int s = 0;
      while (s < p.length - 1 && u >= p[s]) {
        u -= p[s++];
      }
      drawn[row] = states[s];
    }
    return drawn;
  }

  /** A saved state whose replicas have exactly the distributions of their temperatures. */
  private static Map<String, INDArray> equilibrium(
      RbmModel model, Tempering tempering, double[][] states, int chains) {
    TemperatureLadder ladder = new TemperatureLadder(tempering, chains);
    double[][] replicas = new double[ladder.rows()][];
    for (int level = 0; level < TEMPERATURES; level++) {
      double beta = ladder.inverseTemperatures()[level];
      double[] p = hiddenProbabilities(at(model, tempering.path(), beta), states);
      System.arraycopy(draw(p, states, chains, 500 + level), 0, replicas, level * chains, chains);
    }
    Map<String, INDArray> state = new TreeMap<>();
    ladder.addState(state);
    state.put(TemperedChains.REPLICAS, Nd4j.createFromArray(replicas));
    if (tempering.path() == Path.CENTERED) {
      state.put(CenteringOffsets.VISIBLE, MU);
      state.put(CenteringOffsets.HIDDEN, LAMBDA);
    }
    return state;
  }

  private static double[] frequencies(INDArray rows, double[][] states) {
    double[] counts = new double[states.length];
    double[] flat = NdAssert.values(rows);
    int units = states[0].length;
    for (int from = 0; from < flat.length; from += units) {
      double[] row = Arrays.copyOfRange(flat, from, from + units);
      counts[UnitCases.indexOf(row, states)] += (double) units / flat.length;
    }
    return counts;
  }

  private static INDArray replicas(Map<String, INDArray> state, int level) {
    INDArray at = state.get(TemperatureLadder.REPLICA_AT);
    int chains = (int) at.size(1);
    double[] replicas = NdAssert.values(at.getRow(level));
    int[] rows = new int[chains];
    for (int chain = 0; chain < chains; chain++) {
      rows[chain] = (int) replicas[chain] * chains + chain;
    }
    return Nd4j.pullRows(state.get(TemperedChains.REPLICAS), 1, rows);
  }

  /** Strong weights, so that the temperature matters. */
  private static RbmModel coupled(UnitPair pair, DataType type) {
    Machine machine = pair.machine(type);
    machine.weights().muli(pair.visible().isBounded() ? 2 : 1);
    return machine.model();
  }

  private static void assertNoDrift(UnitPair pair, DataType type, Path path) {
    int chains = 10_000;
    RbmModel model = coupled(pair, type);
    double[][] states = UnitCases.allStates(pair.hidden(), 3);
    Tempering tempering = fixed(path);
    RbmEstimator estimator =
        options(chains, tempering)
            .withKSchedule(new IterationNumber())
            .estimator(new RandomStream(31));
    estimator.setState(model, equilibrium(model, tempering, states, chains));
    INDArray data = pair.visibleBatch(2, 5);
    for (int sweeps = 1; sweeps <= 4; sweeps += 3) {
      GradientViews.of(estimator, model, new RbmBatch(data, null, sweeps, 0, true));
      Map<String, INDArray> state = estimator.state();
      for (int level = 0; level < TEMPERATURES; level++) {
        double beta = 1 - level / (TEMPERATURES - 1.0);
        double[] p = hiddenProbabilities(at(model, path, beta), states);
        double distance = TinyRbm.totalVariation(p, frequencies(replicas(state, level), states));
        double limit = Limits.totalVariation(p, chains);
        assertTrue(limit < 0.07, "the limit must be tight enough to mean something");
        assertTrue(
            distance < limit,
            pair + ", " + path + ": " + distance + " over " + limit + " at " + beta);
      }
    }
    for (int i = 0; i < TEMPERATURES - 1; i++) {
      double rate = estimator.diagnostics().get("swap rate " + i + "-" + (i + 1));
      assertTrue(rate > 0.02 && rate < 0.999, "exchanges are accepted and refused: " + rate);
    }
  }

  /** One sweep in iteration 1, four in iteration 4. */
  private static final class IterationNumber implements org.nd4j.linalg.schedule.ISchedule {
    private static final long serialVersionUID = 1L;

    @Override
    public double valueAt(int iteration, int epoch) {
      return iteration;
    }

    @Override
    public org.nd4j.linalg.schedule.ISchedule clone() {
      return this;
    }
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void replicasDoNotDrift(UnitPair pair) {
    for (Path path : Path.values()) {
      assertNoDrift(pair, DataType.DOUBLE, path);
    }
  }

  @Test
  void replicasDoNotDriftInFloat() {
    assertNoDrift(
        new UnitPair(new BernoulliUnits(), new BernoulliUnits()), DataType.FLOAT, Path.CENTERED);
  }

  /**
   * Hot and cold distributions are further apart than the test of drift lets one be from itself.
   */
  @Test
  void distributionsOfHotAndColdReplicasDiffer() {
    UnitPair pair = new UnitPair(new BernoulliUnits(), new BernoulliUnits());
    RbmModel model = coupled(pair, DataType.DOUBLE);
    double[][] states = UnitCases.allStates(pair.hidden(), 3);
    for (Path path : Path.values()) {
      double[] cold = hiddenProbabilities(at(model, path, 1), states);
      double[] hot = hiddenProbabilities(at(model, path, 0), states);
      double distance = TinyRbm.totalVariation(cold, hot);
      double limit = Limits.totalVariation(cold, 10_000);
      assertTrue(distance > 2 * limit, () -> path + ": " + distance + ", limit " + limit);
    }
  }

  /** At equilibrium the expectation is the exact gradient of the likelihood. */
  @ParameterizedTest
  @EnumSource(Path.class)
  void atEquilibriumTheGradientIsThatOfTheLikelihood(Path path) {
    int chains = 50_000;
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model = tiny.model(DataType.DOUBLE);
    double[][] data = {{1, 0, 1, 0}, {0, 1, 1, 1}};
    Tempering tempering = fixed(path);
    RbmEstimator estimator =
        options(chains, tempering).withCentering(null).estimator(new RandomStream(32));
    double[][] states = TinyRbm.states(3);
    estimator.setState(model, equilibrium(model, tempering, states, chains));
    double[] exact = tiny.likelihoodGradient(data);
    double[] variance = tiny.expectation(tiny.visibleProbabilities()).variance();
    for (int step = 0; step < 2; step++) {
      double[] gradient = GradientViews.of(estimator, model, Nd4j.createFromArray(data));
      for (int i = 0; i < exact.length; i++) {
        assertEquals(
            exact[i],
            gradient[i] / data.length,
            Limits.bernstein(variance[i], 1, chains),
            "entry " + i + " of step " + step);
      }
    }
  }

  private static final int SIDE = 12;
  private static final int HIDDEN = 4;

  /** All units off and all units on are equally probable, and nothing in between is. */
  private static RbmModel twoModes() {
    double w = 1.5;
    INDArray weights = Nd4j.valueArrayOf(new long[] {SIDE, HIDDEN}, w, DataType.DOUBLE).dup('f');
    return new RbmModel(
        weights,
        Nd4j.valueArrayOf(new long[] {HIDDEN}, -SIDE * w / 2, DataType.DOUBLE),
        Nd4j.valueArrayOf(new long[] {SIDE}, -HIDDEN * w / 2, DataType.DOUBLE),
        new BernoulliUnits(),
        new BernoulliUnits());
  }

  private static double shareOfUpperMode(INDArray hidden) {
    double upper = 0;
    for (double sum : NdAssert.values(hidden.sum(1))) {
      upper += sum > HIDDEN / 2.0 ? 1 : sum == HIDDEN / 2.0 ? 0.5 : 0;
    }
    return upper / hidden.size(0);
  }

  /**
   * Started in one of two modes, ordinary chains stay there, while tempered ones come to be in both
   * alike: a mean of independent 0/1 numbers of expectation 1/2, by Hoeffding's inequality within
   * {@code sqrt(log(2 / 1e-9) / (2 n))}.
   */
  @ParameterizedTest
  @EnumSource(
      value = Path.class,
      names = {"ENERGY", "CENTERED"})
  void temperedChainsCrossBetweenModes(Path path) {
    int chains = 1000;
    int steps = 300;
    RbmModel model = twoModes();
    INDArray data =
        Nd4j.concat(0, Nd4j.zeros(DataType.DOUBLE, 1, SIDE), Nd4j.ones(DataType.DOUBLE, 1, SIDE));
    RbmEstimator pcd =
        ContrastiveDivergenceOptions.DEFAULT
            .withPersistentChains(chains)
            .estimator(new RandomStream(33));
    GradientViews.setChains(pcd, model, Nd4j.zeros(DataType.DOUBLE, chains, HIDDEN));
    RbmEstimator tempered =
        options(chains, new Tempering(6, 6, 0.5, 0, path))
            .withCentering(null)
            .estimator(new RandomStream(34));
    Map<String, INDArray> start = new TreeMap<>();
    TemperatureLadder ladder = new TemperatureLadder(new Tempering(6, 6, 0.5, 0, path), chains);
    ladder.addState(start);
    start.put(TemperedChains.REPLICAS, Nd4j.zeros(DataType.DOUBLE, ladder.rows(), HIDDEN));
    if (path == Path.CENTERED) {
      start.put(
          CenteringOffsets.VISIBLE, Nd4j.valueArrayOf(new long[] {SIDE}, 0.5, DataType.DOUBLE));
      start.put(
          CenteringOffsets.HIDDEN, Nd4j.valueArrayOf(new long[] {HIDDEN}, 0.5, DataType.DOUBLE));
    }
    tempered.setState(model, start);
    for (int step = 0; step < steps; step++) {
      GradientViews.of(pcd, model, data);
      GradientViews.of(tempered, model, data);
    }
    double stuck = shareOfUpperMode(GradientViews.chains(pcd));
    assertTrue(stuck < 0.05, () -> "ordinary chains cross by themselves: " + stuck);
    double limit = Math.sqrt(Math.log(2 / Limits.FALSE_ALARM) / (2 * chains));
    assertEquals(0.5, shareOfUpperMode(replicas(tempered.state(), 0)), limit);
  }

  /** Exact rates of exchange of independent states at neighbouring temperatures. */
  private static double[] exactRates(TinyRbm tiny, double[] betas) {
    RbmModel model = tiny.model(DataType.DOUBLE);
    double[][] vs = TinyRbm.states(tiny.nIn);
    double[][] hs = TinyRbm.states(tiny.nOut);
    double[] u = new double[vs.length * hs.length];
    for (int s = 0; s < u.length; s++) {
      u[s] = tiny.energy(vs[s % vs.length], hs[s / vs.length]);
    }
    double[] rates = new double[betas.length - 1];
    for (int i = 0; i < rates.length; i++) {
      double[] p = boltzmann(u, betas[i]);
      double[] q = boltzmann(u, betas[i + 1]);
      for (int x = 0; x < u.length; x++) {
        for (int y = 0; y < u.length; y++) {
          rates[i] +=
              p[x] * q[y] * Math.min(1, Math.exp((betas[i] - betas[i + 1]) * (u[x] - u[y])));
        }
      }
    }
    assertEquals(tiny.nIn, model.visibleSize());
    return rates;
  }

  private static double[] boltzmann(double[] energies, double beta) {
    double[] p = Arrays.stream(energies).map(e -> Math.exp(-beta * e)).toArray();
    double sum = Arrays.stream(p).sum();
    return Arrays.stream(p).map(x -> x / sum).toArray();
  }

  private static double spread(double[] rates) {
    return Arrays.stream(rates).max().orElseThrow() - Arrays.stream(rates).min().orElseThrow();
  }

  /**
   * The ladder finds equal rates near the wanted one; they are compared by enumeration. A measured
   * rate is a mean over independent chains of numbers in [0, 1], within 0.05 of its expectation for
   * 5,000 of them (Hoeffding, false alarm 1e-9); the rest is linear interpolation.
   */
  @Test
  void theLadderAdaptsToEqualRatesOfExchange() {
    TinyRbm tiny = TinyRbm.oracle(6, 4).scaleWeights(4);
    RbmModel model = tiny.model(DataType.DOUBLE);
    INDArray data = Nd4j.ones(DataType.DOUBLE, 1, 6);
    double target = 0.6;
    for (int number : new int[] {0, 5}) {
      Tempering tempering =
          number == 0
              ? new Tempering(3, 30, target, 10, Path.ENERGY)
              : new Tempering(number, number, target, 10, Path.ENERGY);
      RbmEstimator estimator = options(5000, tempering).estimator(new RandomStream(35));
      for (int step = 0; step < 150; step++) {
        GradientViews.of(estimator, model, data);
      }
      double[] betas =
          NdAssert.values(estimator.state().get(TemperatureLadder.INVERSE_TEMPERATURES));
      double[] equallySpaced = new double[betas.length];
      for (int i = 0; i < betas.length; i++) {
        equallySpaced[i] = 1 - (double) i / (betas.length - 1);
      }
      double[] rates = exactRates(tiny, betas);
      assertTrue(spread(exactRates(tiny, equallySpaced)) > 0.25, "there must be work to do");
      assertTrue(spread(rates) < 0.1, () -> Arrays.toString(rates));
      if (number == 0) {
        double length = Arrays.stream(rates).map(r -> 1 - r).sum();
        double needed = Math.ceil(length / (1 - target));
        assertEquals(needed, betas.length - 1, 1, () -> Arrays.toString(rates));
        assertTrue(betas.length > 3);
        assertEquals(target, Arrays.stream(rates).average().orElseThrow(), 0.1);
      } else {
        assertEquals(number, betas.length);
      }
    }
  }

  /**
   * Replicas at other temperatures do not reach the gradient: chains of one mode give that mode.
   */
  @Test
  void theGradientIsThatOfTheColdReplicas() {
    RbmModel model = twoModes();
    Tempering tempering = new Tempering(2, 2, 0.5, 0, Path.COUPLING);
    RbmEstimator estimator = options(3, tempering).estimator(new RandomStream(36));
    Map<String, INDArray> state = new TreeMap<>();
    new TemperatureLadder(tempering, 3).addState(state);
    INDArray cold = Nd4j.ones(DataType.DOUBLE, 3, HIDDEN);
    state.put(
        TemperedChains.REPLICAS, Nd4j.concat(0, Nd4j.zeros(DataType.DOUBLE, 3, HIDDEN), cold));
    state.put(
        TemperatureLadder.REPLICA_AT, Nd4j.createFromArray(new double[][] {{1, 1, 1}, {0, 0, 0}}));
    // Another order of the replicas of one chain is another chain that is cold.
    for (double expected : new double[] {1, 0}) {
      estimator.setState(model, state);
      INDArray data = Nd4j.zeros(DataType.DOUBLE, 1, SIDE);
      GradientViews gradient = new GradientViews(model, DataType.DOUBLE);
      gradient.fill(estimator, model, data, false);
      assertEquals(expected, gradient.visibleBias.meanNumber().doubleValue(), 0.15);
      state.put(
          TemperatureLadder.REPLICA_AT,
          Nd4j.createFromArray(new double[][] {{0, 0, 0}, {1, 1, 1}}));
    }
  }

  @Test
  void savedReplicasAreCheckedBeforeAnythingChanges() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray data = Nd4j.ones(DataType.DOUBLE, 2, 4);
    RbmEstimator estimator = options(5, fixed(Path.CENTERED)).estimator(new RandomStream(37));
    assertEquals(Map.of(), estimator.state());
    GradientViews.of(estimator, model, data);
    Map<String, INDArray> good = estimator.state();
    for (String name : good.keySet()) {
      Map<String, INDArray> bad = new TreeMap<>(good);
      bad.put(name, Nd4j.zeros(DataType.DOUBLE, 2));
      Map<String, INDArray> less = new TreeMap<>(good);
      less.remove(name);
      for (Map<String, INDArray> state : List.of(bad, less)) {
        String message =
            assertThrows(IllegalArgumentException.class, () -> estimator.setState(model, state))
                .getMessage();
        assertTrue(message.contains("accepted: "), message);
        good.forEach((key, array) -> NdAssert.assertSame(array, estimator.state().get(key)));
      }
    }
    double[] next = GradientViews.of(estimator, model, data);
    assertTrue(Arrays.stream(next).allMatch(Double::isFinite));
    estimator.setState(model, Map.of());
    assertEquals(Map.of(), estimator.state());
  }
}
