/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.dl4jebm.training.sampling.TestEnergies.Mixture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("gpu")
class ParallelTemperingTest {

  private static final double[] BETAS = {1, 0.5, 0.15};
  private static final double[] EDGES = {-4, -2.5, -2, -1.5, -1, 0, 1, 2, 4};

  /** {@code p^beta}, normalised, on a fine grid. */
  private static final class Tempered {

    private static final int CELLS = 60_000;
    private static final double LOW = -30;
    private static final double WIDTH = 60.0 / CELLS;
    private final double[] below = new double[CELLS + 1];

    Tempered(Mixture mixture, double beta) {
      INDArray x = Nd4j.linspace(DataType.DOUBLE, LOW + WIDTH / 2, WIDTH, CELLS);
      double[] energy =
          NdAssert.values(mixture.energy().energy(x.reshape('c', new long[] {CELLS, 1})));
      for (int i = 0; i < CELLS; i++) {
        double p = Math.exp(-beta * energy[i]);
        below[i + 1] = below[i] + p;
      }
      for (int i = 0; i <= CELLS; i++) {
        below[i] /= below[CELLS];
      }
    }

    double[] probabilities() {
      double[] p = new double[EDGES.length + 1];
      double last = 0;
      for (int i = 0; i <= EDGES.length; i++) {
        double next = i == EDGES.length ? 1 : below[(int) Math.round((EDGES[i] - LOW) / WIDTH)];
        p[i] = next - last;
        last = next;
      }
      return p;
    }

    INDArray draw(int n, long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      double[][] x = new double[n][1];
      for (double[] row : x) {
        double u = random.nextDouble();
        int low = 0;
        int high = CELLS;
        while (high - low > 1) {
          int middle = (low + high) / 2;
          if (below[middle] <= u) {
            low = middle;
          } else {
            high = middle;
          }
        }
        row[0] = LOW + WIDTH * (low + (u - below[low]) / (below[high] - below[low]));
      }
      return Nd4j.createFromArray(x);
    }
  }

  static Kernel[] kernels() {
    return new Kernel[] {Mala.of(0.5), Hmc.of(0.5, 3).withJitter(0.3)};
  }

  /** Every temperature keeps its distribution: total variation, 10,000 values, 1e-9 each. */
  @ParameterizedTest
  @MethodSource("kernels")
  void noDriftAtAnyTemperature(Kernel kernel) {
    int n = 10_000;
    Tempered[] exact = new Tempered[3];
    INDArray[] starts = new INDArray[3];
    for (int k = 0; k < 3; k++) {
      exact[k] = new Tempered(Mixture.TWO, BETAS[k]);
      starts[k] = exact[k].draw(n, 50 + k);
    }
    try (RandomStream random = new RandomStream(11)) {
      ParallelTempering chains =
          ParallelTempering.fromEach(Mixture.TWO.energy(), BETAS, starts, kernel, random);
      for (int steps : new int[] {1, 3, 12}) {
        chains.step(steps);
        for (int k = 0; k < 3; k++) {
          double[] p = exact[k].probabilities();
          double distance =
              TinyRbm.totalVariation(p, TestEnergies.frequencies(chains.points(k), EDGES));
          int at = k;
          assertTrue(
              distance < Limits.totalVariation(p, n), () -> steps + ", " + at + ": " + distance);
        }
      }
      for (double rate : chains.swapRates()) {
        assertTrue(rate > 0.3 && rate < 0.95, () -> "swapped " + rate);
      }
    }
  }

  /**
   * All start in one of two modes ten deviations apart; 400 ladders, each worth an independent draw
   * in the end (false alarm 1e-9), where plain chains never leave the mode.
   */
  @Test
  void crossesBetweenModes() {
    Mixture apart = new Mixture(new double[] {0.3, 0.7}, new double[] {-5, 5}, new double[] {1, 1});
    int n = 400;
    INDArray start = TestEnergies.normal(3, DataType.DOUBLE, n, 1).subi(5);
    double[] betas = {1, 0.6, 0.3, 0.12, 0.04};
    try (RandomStream random = new RandomStream(11)) {
      EnergyChains plain = EnergyChains.from(apart.energy(), start, Mala.of(1), random);
      assertEquals(
          0, plain.step(300).points().gt(0).castTo(DataType.DOUBLE).sumNumber().intValue());
      ParallelTempering chains =
          ParallelTempering.from(apart.energy(), betas, start, Mala.of(1), random)
              .warmUp(200, Mala.TARGET_ACCEPTANCE)
              .step(300);
      double share = TestEnergies.frequencies(chains.points(), 0)[1];
      assertEquals(0.7, share, Limits.bernstein(0.21, 0.7, n));
      for (double rate : chains.acceptanceRates()) {
        assertEquals(Mala.TARGET_ACCEPTANCE, rate, 0.05);
      }
      double[][] trace = chains.trace(apart.energy(), 50, 1);
      assertEquals(n, trace.length);
    }
  }

  @Test
  void resumesWithTheSameNumbers() {
    INDArray start = TestEnergies.normal(4, DataType.FLOAT, 5, 1, 2);
    Kernel kernel = Hmc.of(0.6, 2).withJitter(0.2);
    try (RandomStream random = new RandomStream(2);
        RandomStream other = new RandomStream(99)) {
      ParallelTempering chains =
          ParallelTempering.from(Mixture.TWO.energy(), BETAS, start, kernel, random)
              .warmUp(10, 0.8)
              .step(3);
      ParallelTempering.State state = chains.state();
      chains.step(6);
      ParallelTempering resumed =
          ParallelTempering.from(Mixture.TWO.energy(), BETAS, start.mul(2), kernel, other);
      resumed.restore(state);
      resumed.step(6);
      for (int k = 0; k < 3; k++) {
        NdAssert.assertSame(chains.points(k), resumed.points(k));
      }
      assertArrayEquals(new long[] {5, 1, 2}, chains.points().shape());
      assertEquals(chains.steps(), resumed.steps());
      ParallelTempering two =
          ParallelTempering.from(Mixture.TWO.energy(), new double[] {1, 0.5}, start, kernel, other);
      assertThrows(IllegalArgumentException.class, () -> two.restore(state));
    }
  }

  @Test
  void badInput() {
    INDArray start = Nd4j.zeros(DataType.DOUBLE, 3, 1);
    try (RandomStream random = new RandomStream(2)) {
      for (double[] bad :
          new double[][] {{1}, {}, {0.9, 0.5}, {1, 1}, {1, 0.5, 0.6}, {1, 0}, {1, Double.NaN}}) {
        assertThrows(
            IllegalArgumentException.class,
            () -> ParallelTempering.from(TestEnergies.gaussian(1), bad, start, Mala.of(1), random));
      }
      assertThrows(
          IllegalArgumentException.class,
          () ->
              ParallelTempering.fromEach(
                  TestEnergies.gaussian(1),
                  BETAS,
                  new INDArray[] {start, start},
                  Mala.of(1),
                  random));
      assertThrows(
          IllegalArgumentException.class,
          () ->
              ParallelTempering.fromEach(
                  TestEnergies.gaussian(1),
                  BETAS,
                  new INDArray[] {start, start, start.castTo(DataType.FLOAT)},
                  Mala.of(1),
                  random));
      ParallelTempering chains =
          ParallelTempering.from(
              TestEnergies.gaussian(1), BETAS, start, Langevin.ofPaperStep(0.1), random);
      assertThrows(UnsupportedOperationException.class, () -> chains.warmUp(1, 0.5));
      assertThrows(IllegalArgumentException.class, () -> chains.step(-1));
      assertThrows(IllegalArgumentException.class, () -> chains.points(3));
      chains.step(2);
      assertArrayEquals(new double[] {1, 1, 1}, chains.acceptanceRates());
    }
  }
}
