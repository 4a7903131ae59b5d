/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.dl4jebm.training.Score;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("gpu")
class LangevinChainsTest {

  private static final Score STANDARD_NORMAL = INDArray::neg;

  @Test
  void conventionsDifferByAFactorOfTwo() {
    Langevin paper = Langevin.ofPaperStep(0.5);
    assertEquals(0.25, paper.drift());
    assertEquals(Math.sqrt(0.5), paper.noise());
    Langevin code = Langevin.ofCodeStep(0.25);
    assertEquals(paper.drift(), code.drift());
    assertEquals(paper.noise(), code.noise());
    assertEquals(1, paper.temperature(), 1e-15);
    assertEquals(1, code.temperature(), 1e-15);
    assertEquals(1.25e-6, Langevin.independent(10, 0.005).temperature(), 1e-20);
  }

  /**
   * The oracle: {@code 1 / (1 - alpha/4)}. Chains that start with that variance keep it; a million
   * independent values show a difference of 1 % (false alarm 1e-9 each).
   */
  @ParameterizedTest
  @CsvSource({"0.1, 1.0256410256", "1, 1.3333333333"})
  void stationaryVarianceOnANormalDistribution(double alpha, double expected) {
    assertEquals(1 / (1 - alpha / 4), expected, 1e-10);
    for (int steps : new int[] {1, 8}) {
      INDArray start = TestEnergies.normal(5, DataType.FLOAT, 1000, 1000).muli(Math.sqrt(expected));
      try (RandomStream random = new RandomStream(7)) {
        LangevinChains chains =
            LangevinChains.from(STANDARD_NORMAL, start, Langevin.ofPaperStep(alpha), random);
        INDArray end = chains.step(steps).points();
        double ratio = TestEnergies.meanSquare(end) / expected;
        assertEquals(1, ratio, Limits.meanSquare(1_000_000), () -> steps + " steps");
        assertEquals(steps, chains.steps());
      }
    }
  }

  /** The variance from a start at 0 follows {@code v' = (1 - drift)^2 v + noise^2}. */
  @Test
  void independentDriftAndNoise() {
    double variance = 0;
    for (int i = 0; i < 5; i++) {
      variance = 0.49 * variance + 0.01;
    }
    try (RandomStream random = new RandomStream(8)) {
      INDArray end =
          LangevinChains.from(
                  STANDARD_NORMAL,
                  Nd4j.zeros(DataType.DOUBLE, 1000, 100),
                  Langevin.independent(0.3, 0.1),
                  random)
              .step(5)
              .points();
      assertEquals(1, TestEnergies.meanSquare(end) / variance, Limits.meanSquare(100_000));
    }
  }

  @Test
  void withoutNoiseItIsGradientDescent() {
    INDArray start = Nd4j.createFromArray(new double[][] {{1, -2}, {0.5, 4}});
    INDArray before = start.dup();
    try (RandomStream random = new RandomStream(8)) {
      LangevinChains chains =
          LangevinChains.from(
              TestEnergies.gaussian(1, 2), start, Langevin.independent(0.1, 0), random);
      INDArray end = chains.step(1).points();
      NdAssert.assertClose(
          Nd4j.createFromArray(new double[][] {{0.9, -1.95}, {0.45, 3.9}}), end, 1e-15);
      NdAssert.assertSame(before, start);
      Langevin clipped = Langevin.independent(0.1, 0).withGradientClip(0.5);
      end =
          LangevinChains.from(TestEnergies.gaussian(1, 2), start, clipped, random).step(1).points();
      NdAssert.assertClose(
          Nd4j.createFromArray(new double[][] {{0.95, -1.95}, {0.45, 3.95}}), end, 1e-15);
    }
  }

  /** Total variation of ten bins from 30,000 exact draws; noise crosses several walls. */
  @ParameterizedTest
  @ValueSource(doubles = {0.05, 0.6, 3})
  void reflectionKeepsTheUniformDistribution(double noise) {
    Box box = new Box(-1, 0.5);
    INDArray start = TestEnergies.uniform(6, DataType.FLOAT, 30_000, 1).muli(1.5).subi(1);
    double[] edges = new double[9];
    Arrays.setAll(edges, i -> -1 + 0.15 * (i + 1));
    double[] p = new double[10];
    Arrays.fill(p, 0.1);
    try (RandomStream random = new RandomStream(3)) {
      LangevinChains chains =
          LangevinChains.from(
              x -> x.mul(0), start, Langevin.independent(1, noise).within(box), random);
      for (int steps : new int[] {1, 3, 12}) {
        INDArray x = chains.step(steps).points();
        assertTrue(box.contains(x));
        double distance = TinyRbm.totalVariation(p, TestEnergies.frequencies(x, edges));
        assertTrue(distance < Limits.totalVariation(p, 30_000), () -> steps + ": " + distance);
      }
    }
  }

  @Test
  void reflectionFoldsAsABallBounces() {
    Box box = new Box(1, 3);
    double[] x = {1, 3, 2.25, 0.5, 3.75, 5.5, -2.5, 1 - 8.25, 3 + 9.5};
    double[] folded = new double[x.length];
    double[] sign = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double at = x[i];
      double turns = 1;
      while (at < 1 || at > 3) {
        at = at < 1 ? 2 - at : 6 - at;
        turns = -turns;
      }
      folded[i] = at;
      sign[i] = turns;
    }
    // With the first five values alone one wall is met at most.
    for (int n : new int[] {5, x.length}) {
      INDArray points = Nd4j.createFromArray(Arrays.copyOf(x, n));
      INDArray momentum = Nd4j.valueArrayOf(new long[] {n}, 0.5, DataType.DOUBLE);
      box.reflect(points, momentum);
      NdAssert.assertClose(Arrays.copyOf(folded, n), NdAssert.values(points), 1e-15, () -> "x");
      NdAssert.assertClose(
          Arrays.stream(sign).limit(n).map(s -> s / 2).toArray(),
          NdAssert.values(momentum),
          0,
          () -> "p");
    }
  }

  /** Saved and resumed chains give the numbers of uninterrupted ones. */
  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void resumes(DataType type) {
    INDArray start = TestEnergies.normal(4, type, 5, 2, 3, 2);
    Langevin kernel = Langevin.ofPaperStep(0.3).within(new Box(-6, 6));
    try (RandomStream random = new RandomStream(2);
        RandomStream other = new RandomStream(99)) {
      LangevinChains chains = LangevinChains.from(STANDARD_NORMAL, start, kernel, random).step(3);
      LangevinChains.State state = chains.state();
      INDArray expected = chains.step(4).points();
      LangevinChains resumed = LangevinChains.from(STANDARD_NORMAL, start, kernel, other).step(1);
      resumed.restore(state);
      NdAssert.assertSame(expected, resumed.step(4).points());
      assertEquals(7, resumed.steps());
      LangevinChains few =
          LangevinChains.from(
              STANDARD_NORMAL,
              start.get(org.nd4j.linalg.indexing.NDArrayIndex.interval(0, 2)),
              kernel,
              other);
      assertThrows(IllegalArgumentException.class, () -> few.restore(state));
    }
  }

  @Test
  void badInput() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> Langevin.ofPaperStep(bad));
      assertThrows(IllegalArgumentException.class, () -> Langevin.ofCodeStep(bad));
      assertThrows(IllegalArgumentException.class, () -> Langevin.independent(bad, 1));
    }
    assertThrows(IllegalArgumentException.class, () -> Langevin.independent(1, -1));
    Langevin kernel = Langevin.ofPaperStep(0.1);
    assertThrows(IllegalArgumentException.class, () -> kernel.withGradientClip(0));
    assertThrows(IllegalArgumentException.class, () -> new Box(1, 1));
    assertThrows(IllegalArgumentException.class, () -> new Box(0, Double.POSITIVE_INFINITY));
    try (RandomStream random = new RandomStream(2)) {
      INDArray start = Nd4j.zeros(DataType.DOUBLE, 3, 2);
      for (INDArray bad :
          new INDArray[] {
            Nd4j.zeros(DataType.DOUBLE, 3),
            Nd4j.empty(DataType.DOUBLE),
            Nd4j.zeros(DataType.INT32, 3, 2),
            start.dup().putScalar(2, 1, Double.NaN),
            start.dup().putScalar(0, 0, Double.NEGATIVE_INFINITY)
          }) {
        assertThrows(
            IllegalArgumentException.class,
            () -> LangevinChains.from(STANDARD_NORMAL, bad, kernel, random));
      }
      assertThrows(
          IllegalArgumentException.class,
          () ->
              LangevinChains.from(STANDARD_NORMAL, start, kernel.within(new Box(0.5, 1)), random));
      LangevinChains chains = LangevinChains.from(STANDARD_NORMAL, start, kernel, random);
      assertThrows(IllegalArgumentException.class, () -> chains.step(-1));
      assertThrows(
          IllegalArgumentException.class,
          () -> LangevinChains.from(x -> x.sum(1), start, kernel, random).step(1));
    }
  }

  /** An energy without a lower bound: what grows without end stops before it is infinite. */
  @Test
  void explosionsStopIt() {
    try (RandomStream random = new RandomStream(2)) {
      INDArray start = Nd4j.ones(DataType.FLOAT, 2, 2);
      LangevinChains chains =
          LangevinChains.from(x -> x.mul(1e4), start, Langevin.independent(10, 0.1), random);
      assertThrows(ArithmeticException.class, () -> chains.step(100));
      double largest = chains.points().maxNumber().doubleValue();
      assertTrue(largest > 1e25 && Double.isFinite(largest), () -> "" + largest);
      EnergyChains energy =
          EnergyChains.from(
              TestEnergies.of(
                  (x, g) -> {
                    for (int i = 0; i < x.length; i++) {
                      g[i] = -1e4 * x[i];
                    }
                    return 0;
                  }),
              start,
              Langevin.independent(10, 0.1),
              random);
      assertThrows(ArithmeticException.class, () -> energy.step(100));
      assertTrue(Double.isFinite(energy.points().maxNumber().doubleValue()));
    }
  }

  @Test
  void interruptionStopsBetweenMoves() {
    try (RandomStream random = new RandomStream(2)) {
      INDArray start = Nd4j.ones(DataType.DOUBLE, 2, 2);
      Langevin kernel = Langevin.ofPaperStep(0.1);
      LangevinChains plain = LangevinChains.from(STANDARD_NORMAL, start, kernel, random);
      EnergyChains energy =
          EnergyChains.from(TestEnergies.gaussian(1), start, Mala.of(0.1), random);
      ParallelTempering tempering =
          ParallelTempering.from(
              TestEnergies.gaussian(1), new double[] {1, 0.5}, start, Mala.of(0.1), random);
      AnnealedLangevin annealed =
          AnnealedLangevin.from(
              (x, sigma) -> x.neg(), start, AnnealedLangevinOptions.of(1, 0.5), random);
      for (Runnable each :
          new Runnable[] {
            () -> plain.step(3),
            () -> energy.step(3),
            () -> energy.warmUp(3, 0.5),
            () -> tempering.step(3),
            annealed::run
          }) {
        Thread.currentThread().interrupt();
        assertThrows(CancellationException.class, each::run);
        assertTrue(Thread.interrupted());
      }
      assertEquals(0, plain.steps() + energy.steps() + tempering.steps() + annealed.steps());
      assertEquals(Mala.of(0.1), energy.kernel());
    }
  }

  @Test
  void scoresThatAreNotFiniteStopIt() {
    int[] calls = {0};
    Score bad =
        x -> {
          INDArray s = x.neg();
          return ++calls[0] == 3 ? s.putScalar(0, 0, Double.NaN) : s;
        };
    try (RandomStream random = new RandomStream(2);
        RandomStream twin = new RandomStream(2)) {
      INDArray start = Nd4j.ones(DataType.DOUBLE, 3, 2);
      Langevin kernel = Langevin.ofPaperStep(0.1);
      LangevinChains chains = LangevinChains.from(bad, start, kernel, random);
      ArithmeticException e = assertThrows(ArithmeticException.class, () -> chains.step(5));
      assertTrue(e.getMessage().contains("step 3"), e::getMessage);
      assertEquals(2, chains.steps());
      LangevinChains good = LangevinChains.from(STANDARD_NORMAL, start, kernel, twin).step(2);
      NdAssert.assertSame(good.points(), chains.points());
      NdAssert.assertSame(good.step(1).points(), chains.step(1).points());
    }
  }
}
