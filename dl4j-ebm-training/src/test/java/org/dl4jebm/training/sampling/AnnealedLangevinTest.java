/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.training.NoisyScore;
import org.dl4jebm.training.sampling.AnnealedLangevinOptions.Convention;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

@Tag("gpu")
class AnnealedLangevinTest {

  /** Data N(0, 1). */
  private static final NoisyScore NORMAL = (x, sigma) -> x.div(-(1 + sigma * sigma));

  private static final double[] SIGMAS = {3, 1.2, 0.4};

  /** For normal data the variance follows a recursion, move by move. */
  @ParameterizedTest
  @EnumSource(Convention.class)
  void varianceFollowsTheRecursion(Convention convention) {
    for (boolean denoise : new boolean[] {false, true}) {
      AnnealedLangevinOptions options =
          AnnealedLangevinOptions.of(SIGMAS)
              .withSteps(4)
              .withEpsilon(0.03, convention)
              .withDenoising(denoise);
      double variance = 1.0 / 12;
      for (double sigma : SIGMAS) {
        double step = 0.03 * sigma * sigma / 0.16;
        double drift = convention == Convention.PAPER ? step / 2 : step;
        for (int t = 0; t < 4; t++) {
          double factor = 1 - drift / (1 + sigma * sigma);
          variance = factor * factor * variance + 2 * drift;
        }
      }
      variance *= denoise ? Math.pow(1 - 0.16 / 1.16, 2) : 1;
      try (RandomStream random = new RandomStream(3)) {
        INDArray start = TestEnergies.uniform(5, DataType.DOUBLE, 1000, 200).subi(0.5);
        AnnealedLangevin chains = AnnealedLangevin.from(NORMAL, start, options, random);
        INDArray end = chains.run();
        assertTrue(chains.isFinished());
        assertEquals(denoise ? 13 : 12, chains.steps());
        assertEquals(1, TestEnergies.meanSquare(end) / variance, Limits.meanSquare(200_000));
        NdAssert.assertSame(end, chains.step(5).points());
      }
    }
  }

  /**
   * Two modes ten apart, with weights .2 and .8. Plain Langevin chains keep the half and half they
   * start with (to within the noise of 4000 draws, false alarm 1e-9), annealed ones find the
   * weights; what is left is their bias, which these steps hold below 0.02.
   */
  @Test
  void annealingFindsTheWeightsOfModes() {
    double[] sigmas = new double[10];
    for (int i = 0; i < 10; i++) {
      sigmas[i] = 10 * Math.pow(0.01, i / 9.0);
    }
    NoisyScore mixture =
        (x, sigma) -> {
          double variance = 1 + sigma * sigma;
          // p(mode at 5 | x) = logistic(10 x / variance + log 4), by components of the mean.
          INDArray five = Transforms.sigmoid(x.mul(10 / variance).addi(Math.log(4)), false);
          return five.muli(10).subi(5).subi(x).divi(variance);
        };
    int n = 4000;
    INDArray start = TestEnergies.uniform(8, DataType.DOUBLE, n, 1).muli(16).subi(8);
    double noise = Limits.bernstein(0.25, 1, n);
    try (RandomStream random = new RandomStream(4)) {
      INDArray plain =
          LangevinChains.from(x -> mixture.score(x, 0.1), start, Langevin.ofPaperStep(0.1), random)
              .step(300)
              .points();
      assertEquals(0.5, share(plain), noise + 0.05);
      INDArray annealed =
          AnnealedLangevin.from(
                  mixture,
                  start,
                  AnnealedLangevinOptions.of(sigmas)
                      .withSteps(100)
                      .withEpsilon(0.0015, Convention.PAPER),
                  random)
              .run();
      assertEquals(0.2, share(annealed), noise + 0.02);
    }
  }

  private static double share(INDArray x) {
    return TestEnergies.frequencies(x, 0)[0];
  }

  /**
   * Correlated normal data with one known value: its value is exact at the end, and the mean of the
   * other follows a recursion that is linear in the known value.
   */
  @Test
  void inpaintingHoldsKnownValues() {
    double rho = 0.8;
    NoisyScore score =
        (x, sigma) -> {
          double a = 1 + sigma * sigma;
          double det = a * a - rho * rho;
          INDArray turned = Nd4j.concat(1, x.getColumns(1), x.getColumns(0));
          return turned.muli(rho).subi(x.mul(a)).divi(det);
        };
    AnnealedLangevinOptions options =
        AnnealedLangevinOptions.of(SIGMAS).withSteps(20).withEpsilon(0.02, Convention.CODE);
    int n = 20_000;
    INDArray start = TestEnergies.uniform(8, DataType.DOUBLE, n, 2);
    INDArray values = Nd4j.create(DataType.DOUBLE, n, 2);
    values.getColumn(0).assign(1.5);
    values.getColumn(1).assign(-77);
    INDArray known = Nd4j.createFromArray(new double[][] {{1, 0}});
    double mean = 0.5;
    for (int i = 0; i < SIGMAS.length; i++) {
      double a = 1 + SIGMAS[i] * SIGMAS[i];
      double det = a * a - rho * rho;
      double step = 0.02 * SIGMAS[i] * SIGMAS[i] / 0.16;
      for (int t = 0; t < 20; t++) {
        // Before the first hold the value is that of the start, 0.5 in the mean.
        double y = i == 0 && t == 0 ? 0.5 : 1.5;
        mean += step * (rho * y - a * mean) / det;
      }
    }
    try (RandomStream random = new RandomStream(4);
        RandomStream other = new RandomStream(5)) {
      AnnealedLangevin chains =
          AnnealedLangevin.inpaint(score, start, values, known, options, random);
      AnnealedLangevin.State state = chains.step(27).state();
      assertEquals(1, chains.level());
      double held = TestEnergies.meanSquare(chains.points().getColumn(0).sub(1.5));
      assertEquals(1, held / (1.2 * 1.2), Limits.meanSquare(n));
      INDArray end = chains.run();
      NdAssert.assertSame(values.getColumn(0).dup(), end.getColumn(0).dup());
      INDArray unknown = end.getColumn(1);
      double deviation = unknown.stdNumber().doubleValue();
      assertEquals(
          mean, unknown.meanNumber().doubleValue(), Limits.SIGMAS * deviation / Math.sqrt(n));
      AnnealedLangevin resumed =
          AnnealedLangevin.inpaint(score, start, values, known, options, other);
      resumed.restore(state);
      NdAssert.assertSame(end, resumed.run());
      AnnealedLangevin plain = AnnealedLangevin.from(score, start, options, other);
      assertThrows(IllegalArgumentException.class, () -> plain.restore(state));
    }
  }

  @Test
  void badInput() {
    assertThrows(IllegalArgumentException.class, () -> AnnealedLangevinOptions.of());
    assertThrows(IllegalArgumentException.class, () -> AnnealedLangevinOptions.of(1, 0));
    assertThrows(IllegalArgumentException.class, () -> AnnealedLangevinOptions.of(1, 1));
    assertThrows(IllegalArgumentException.class, () -> AnnealedLangevinOptions.of(1, 2));
    AnnealedLangevinOptions options = AnnealedLangevinOptions.of(SIGMAS);
    assertEquals(options, AnnealedLangevinOptions.of(SIGMAS.clone()));
    assertThrows(IllegalArgumentException.class, () -> options.withSteps(0));
    assertThrows(IllegalArgumentException.class, () -> options.withEpsilon(0, Convention.PAPER));
    assertThrows(IllegalArgumentException.class, () -> options.withEpsilon(1, null));
    INDArray start = Nd4j.zeros(DataType.DOUBLE, 3, 2);
    INDArray mask = Nd4j.zeros(DataType.DOUBLE, 1, 2);
    try (RandomStream random = new RandomStream(4)) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              AnnealedLangevin.inpaint(
                  NORMAL, start, Nd4j.zeros(DataType.DOUBLE, 3, 1), mask, options, random));
      assertThrows(
          IllegalArgumentException.class,
          () -> AnnealedLangevin.inpaint(NORMAL, start, start, mask.add(0.5), options, random));
      assertThrows(
          IllegalArgumentException.class,
          () ->
              AnnealedLangevin.inpaint(
                  NORMAL, start, start, Nd4j.zeros(DataType.DOUBLE, 2), options, random));
      INDArray nan = start.dup();
      nan.putScalar(0, 0, Double.NaN);
      for (INDArray values : new INDArray[] {nan, null}) {
        String message =
            assertThrows(
                    IllegalArgumentException.class,
                    () -> AnnealedLangevin.inpaint(NORMAL, start, values, mask, options, random))
                .getMessage();
        assertTrue(message.startsWith("values ") && message.contains("accepted: "), message);
      }
      for (INDArray none : new INDArray[] {nan, null}) {
        String message =
            assertThrows(
                    IllegalArgumentException.class,
                    () -> AnnealedLangevin.from(NORMAL, none, options, random))
                .getMessage();
        assertTrue(message.startsWith("start ") && message.contains("accepted: "), message);
      }
      NoisyScore bad = (x, sigma) -> sigma < 1 ? x.div(0) : x.neg();
      AnnealedLangevin chains = AnnealedLangevin.from(bad, start, options.withSteps(2), random);
      ArithmeticException e = assertThrows(ArithmeticException.class, chains::run);
      assertTrue(e.getMessage().contains("move 1 of level 3"), e::getMessage);
      assertEquals(4, chains.steps());
    }
  }
}
