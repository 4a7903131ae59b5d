/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.UnitType;
import org.dl4jebm.training.likelihood.AisEstimate;
import org.dl4jebm.training.likelihood.AisOptions;
import org.dl4jebm.training.likelihood.AnnealedImportanceSampling;
import org.dl4jebm.training.likelihood.BaseRate;
import org.dl4jebm.training.sampling.GibbsChains;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Gibbs chains and annealed importance sampling on a device, against sums over all states. */
class DeviceSamplingTest {

  private static final int IN = 4;
  private static final int OUT = 3;
  private static final int STATES = 1 << IN;

  static java.util.List<TestDevices.Kind> kinds() {
    return TestDevices.all();
  }

  private static RbmModel model(UnitType visible, float scale) {
    INDArray w = Nd4j.createFromArray(TestDevices.numbers(IN * OUT, 1)).reshape('f', IN, OUT);
    return new RbmModel(
        w.mul(scale),
        Nd4j.createFromArray(TestDevices.numbers(OUT, 2)),
        Nd4j.createFromArray(TestDevices.numbers(IN, 3)),
        visible,
        new BernoulliUnits());
  }

  private static INDArray allStates() {
    float[][] states = new float[STATES][IN];
    for (int v = 0; v < STATES; v++) {
      for (int i = 0; i < IN; i++) {
        states[v][i] = v >> i & 1;
      }
    }
    return Nd4j.createFromArray(states);
  }

  private static double[] minusFreeEnergies(RbmModel model) {
    return model.freeEnergy(allStates()).castTo(DataType.DOUBLE).neg().toDoubleVector();
  }

  private static double logZ(RbmModel model) {
    double sum = 0;
    for (double f : minusFreeEnergies(model)) {
      sum += Math.exp(f);
    }
    return Math.log(sum);
  }

  private static double[] distribution(RbmModel model) {
    double[] p = minusFreeEnergies(model);
    double log = logZ(model);
    for (int v = 0; v < p.length; v++) {
      p[v] = Math.exp(p[v] - log);
    }
    return p;
  }

  private static INDArray draws(double[] p, int n) {
    Random random = new Random(11);
    int[] chosen = new int[n];
    for (int r = 0; r < n; r++) {
      double u = random.nextDouble();
      int v = 0;
      for (double sum = p[0]; sum < u && v < p.length - 1; sum += p[v]) {
        v++;
      }
      chosen[r] = v;
    }
    float[][] rows = new float[n][IN];
    for (int r = 0; r < n; r++) {
      for (int i = 0; i < IN; i++) {
        rows[r][i] = chosen[r] >> i & 1;
      }
    }
    return Nd4j.createFromArray(rows);
  }

  /**
   * The mean total variation of n draws from S states is at most {@code sqrt(S / n) / 2}; one draw
   * changes it by at most 1/n, so that by McDiarmid it exceeds its mean by {@code sqrt(log(1e6) /
   * (2 n))} once in a million times.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 4, 16})
  void chainsThatStartAtTheirDistributionStayThere(int sweeps) {
    int n = 20_000;
    RbmModel model = model(new BernoulliUnits(), 2);
    double[] p = distribution(model);
    try (DeviceStandIn standIn = DeviceStandIn.host();
        RandomStream random = new RandomStream(5);
        GibbsChains chains = GibbsChains.from(model, draws(p, n), random).on(Execution.DEVICE)) {
      float[][] rows = chains.sweep(sweeps).visible().toFloatMatrix();
      assertEquals(1, standIn.opened());
      assertEquals(sweeps, chains.sweeps());
      double[] found = new double[STATES];
      for (float[] row : rows) {
        int v = 0;
        for (int i = 0; i < IN; i++) {
          v |= (int) row[i] << i;
        }
        found[v] += 1.0 / n;
      }
      double distance = 0;
      for (int v = 0; v < STATES; v++) {
        distance += Math.abs(found[v] - p[v]) / 2;
      }
      double limit = Math.sqrt((double) STATES / n) / 2 + Math.sqrt(Math.log(1e6) / (2 * n));
      assertTrue(distance < limit, distance + " of " + limit);
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void blocksMakeNoDifference(TestDevices.Kind kind) {
    int n = 23;
    RbmModel model = model(GaussianUnits.withVariance(0.5, 1, 2, 3), 1);
    INDArray start = Nd4j.createFromArray(TestDevices.numbers(n * IN, 8)).reshape('c', n, IN);
    try (Device device = kind.open();
        DeviceChains whole = new DeviceChains(device, model, n, null, n);
        DeviceChains parts = new DeviceChains(device, model, n, null, 7)) {
      whole.start(start, 99, 3);
      parts.start(start, 99, 3);
      for (int i = 0; i < 3; i++) {
        whole.sweep();
        parts.sweep();
      }
      assertArrayEquals(whole.visible(), parts.visible());
      assertArrayEquals(whole.sumOfMeans(5), parts.sumOfMeans(5));
    }
  }

  @Test
  void knownUnitsKeepTheirValuesAndSavedChainsGoOnWithTheSameNumbers() {
    RbmModel model = model(new BernoulliUnits(), 1);
    INDArray examples = draws(distribution(model), 10);
    INDArray known = Nd4j.createFromArray(1f, 0f, 0f, 1f);
    try (DeviceStandIn standIn = DeviceStandIn.host();
        RandomStream random = new RandomStream(5);
        GibbsChains chains =
            GibbsChains.clamped(model, examples, known, random).on(Execution.DEVICE)) {
      assertEquals(1, standIn.opened());
      chains.sweep(3);
      GibbsChains.State state = chains.state();
      INDArray later = chains.sweep(4).visible();
      INDArray mean = chains.meanOver(130);
      chains.restore(state);
      assertEquals(later, chains.sweep(4).visible());
      assertEquals(mean, chains.meanOver(130));
      assertEquals(137, chains.sweeps());
      for (int column : new int[] {0, 3}) {
        assertEquals(examples.getColumn(column), later.getColumn(column));
        assertEquals(examples.getColumn(column), mean.getColumn(column));
      }
      chains.on(Execution.ND4J);
      assertEquals(138, chains.sweep(1).sweeps());
    }
  }

  /** Means of conditional means over many chains; 5 deviations of at most 1/2 of one chain. */
  @Test
  void meansAreThoseOfTheMachine() {
    int n = 5000;
    RbmModel model = model(new BernoulliUnits(), 1);
    double[] p = distribution(model);
    try (DeviceStandIn standIn = DeviceStandIn.host();
        RandomStream random = new RandomStream(5);
        GibbsChains chains = GibbsChains.from(model, draws(p, n), random).on(Execution.DEVICE)) {
      assertEquals(1, standIn.opened());
      double[] found = chains.meanOver(3).castTo(DataType.DOUBLE).mean(0).toDoubleVector();
      for (int i = 0; i < IN; i++) {
        double expected = 0;
        for (int v = 0; v < STATES; v++) {
          expected += p[v] * (v >> i & 1);
        }
        assertEquals(expected, found[i], 5 * 0.5 / Math.sqrt(n));
      }
    }
  }

  @Test
  void withoutADeviceChainsStayOnNd4j() {
    RbmModel model = model(new BernoulliUnits(), 1);
    INDArray start = draws(distribution(model), 10);
    try (RandomStream one = new RandomStream(5);
        RandomStream other = new RandomStream(5);
        GibbsChains chains = GibbsChains.from(model, start, one);
        GibbsChains asked = GibbsChains.from(model, start, other).on(Execution.DEVICE);
        DeviceStandIn standIn = DeviceStandIn.host(100)) {
      assertEquals(chains.sweep(3).visible(), asked.sweep(3).visible());
      assertEquals(0, standIn.opened());
      asked.on(Execution.DEVICE);
      assertEquals(1, standIn.opened());
      assertEquals(chains.sweep(3).visible(), asked.sweep(3).visible());
    }
  }

  /** Five standard errors, which weights of 500 chains exceed about once in a million times. */
  @Test
  void bothDirectionsOfAnnealingEncloseTheSumOverAllStates() {
    RbmModel model = model(new BernoulliUnits(), 2);
    double exact = logZ(model);
    AisOptions options = AisOptions.linear(100, 500).withExecution(Execution.DEVICE);
    try (DeviceStandIn standIn = DeviceStandIn.host()) {
      AnnealedImportanceSampling ais =
          new AnnealedImportanceSampling(model, BaseRate.ofBiases(model), options);
      AisEstimate forward = ais.forward();
      AisEstimate reverse = ais.reverse(draws(distribution(model), 500));
      assertEquals(2, standIn.opened());
      assertEquals(exact, forward.logPartition(), 5 * forward.standardError());
      assertEquals(exact, reverse.logPartition(), 5 * reverse.standardError());
      assertTrue(forward.standardError() < 0.05 && reverse.standardError() < 0.05);
      assertEquals(forward.logPartition(), ais.forward().logPartition());
    }
  }

  @Test
  void withoutWeightsLogWeightsHaveNoVariance() {
    RbmModel model = model(new BernoulliUnits(), 0);
    AisOptions options = AisOptions.linear(20, 50).withExecution(Execution.DEVICE);
    try (DeviceStandIn standIn = DeviceStandIn.host()) {
      AisEstimate estimate =
          new AnnealedImportanceSampling(model, BaseRate.ofBiases(model), options).forward();
      assertEquals(1, standIn.opened());
      assertEquals(logZ(model), estimate.logPartition(), 1e-5);
      assertEquals(0, estimate.standardError(), 1e-9);
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void annealingInBlocksGivesTheSameWeights(TestDevices.Kind kind) {
    RbmModel model = model(new BernoulliUnits(), 2);
    INDArray visible = model.visibleBias();
    INDArray hidden = model.hiddenBias().mul(0);
    double[] betas = {0, 0.2, 0.5, 0.8, 1};
    try (Device device = kind.open()) {
      double[] whole =
          new DeviceAnnealing(device, model, visible, hidden, 1000)
              .run(betas, null, 23, 77, step -> {});
      double[] parts =
          new DeviceAnnealing(device, model, visible, hidden, 7)
              .run(betas, null, 23, 77, step -> {});
      assertArrayEquals(whole, parts);
      INDArray starts = draws(distribution(model), 23);
      double[] falling = {1, 0.5, 0};
      assertArrayEquals(
          new DeviceAnnealing(device, model, visible, hidden, 1000)
              .run(falling, starts, 23, 77, step -> {}),
          new DeviceAnnealing(device, model, visible, hidden, 5)
              .run(falling, starts, 23, 77, step -> {}));
    }
  }
}
