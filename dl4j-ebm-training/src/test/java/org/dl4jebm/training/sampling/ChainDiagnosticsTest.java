/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.dl4jebm.layers.testing.Limits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link ChainDiagnostics} on processes whose autocorrelations are known. */
class ChainDiagnosticsTest {

  private static final int CHAINS = 8;
  private static final int TIME = 65_000;

  /** Stationary chains {@code x' = phi x + noise} of variance 1 and autocorrelation phi^t. */
  private static double[][] autoregressive(double phi, int chains, int time, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    java.util.Random gaussian = new java.util.Random(random.nextLong());
    double[][] x = new double[chains][time];
    for (double[] chain : x) {
      chain[0] = gaussian.nextGaussian();
      for (int t = 1; t < time; t++) {
        chain[t] = phi * chain[t - 1] + Math.sqrt(1 - phi * phi) * gaussian.nextGaussian();
      }
    }
    return x;
  }

  /**
   * The variance of the windowed estimate is about {@code 2 (2 M + 1) tau^2 / n} (Madras and Sokal
   * 1988), M being the window; 5 tau, or 8 for short times.
   */
  private static double relativeLimit(double tau) {
    double window = Math.max(8, 5 * tau);
    return Limits.SIGMAS * Math.sqrt(2 * (2 * window + 1) / ((double) CHAINS * TIME));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.5, 0.9, 0.97})
  void autocorrelationTimeOfAutoregressiveChains(double phi) {
    double[][] x = autoregressive(phi, CHAINS, TIME, 17);
    double exact = (1 + phi) / (1 - phi);
    double limit = relativeLimit(exact);
    assertTrue(limit < 0.35, "the limit must be tight enough to mean something");
    assertEquals(1, ChainDiagnostics.integratedAutocorrelationTime(x) / exact, limit);
    // Geyer's sequence sums further into the noise than Sokal's window.
    assertEquals(1, CHAINS * TIME / ChainDiagnostics.effectiveSampleSize(x) / exact, 2 * limit);
  }

  /** A negative correlation makes a mean better than that of independent draws. */
  @Test
  void anticorrelatedChains() {
    double[][] x = autoregressive(-0.5, CHAINS, TIME, 18);
    double exact = 0.5 / 1.5;
    // The sum of alternating terms is a third of its first term, the noise is that of tau = 1.
    double limit = 3 * relativeLimit(1);
    assertEquals(1, ChainDiagnostics.integratedAutocorrelationTime(x) / exact, limit);
    assertEquals(1, CHAINS * TIME / ChainDiagnostics.effectiveSampleSize(x) / exact, 2 * limit);
  }

  /** The sum of few correlations can be 0 or less, which no variance is. */
  @Test
  void timesArePositive() {
    double[] alternating = new double[101];
    for (int i = 1; i < alternating.length; i += 2) {
      alternating[i] = 1;
    }
    assertEquals(
        1 / Math.log10(202),
        ChainDiagnostics.integratedAutocorrelationTime(new double[][] {alternating, alternating}),
        1e-12);
    assertEquals(
        1, ChainDiagnostics.integratedAutocorrelationTime(new double[][] {{1, 2, 3, 4}}), 0);
  }

  @Test
  void autocorrelationsByDefinition() {
    double[][] x = {{1, 4, 2, 8, 5, 7, 3}, {2, -1, 0, 6, 3, 3, 9}};
    double mean = Arrays.stream(x).flatMapToDouble(Arrays::stream).sum() / 14;
    double[] rho = ChainDiagnostics.autocorrelation(x);
    double variance = 0;
    for (int t = 0; t < 7; t++) {
      double sum = 0;
      for (double[] chain : x) {
        for (int s = 0; s + t < 7; s++) {
          sum += (chain[s] - mean) * (chain[s + t] - mean);
        }
      }
      variance = t == 0 ? sum : variance;
      assertEquals(sum / variance, rho[t], 1e-13, "lag " + t);
    }
  }

  /** With A = {1, 2, 3, 4} and B = {5, 6, 7, 9}, all by hand. */
  /**
   * Computed apart from this program from equations 2, 3 and 10 to 13 of Vehtari et al. (2021),
   * with half of the first pair that is not counted where it starts with a positive number.
   */
  @Test
  void effectiveSampleSizeOfShortChains() {
    double[][] chains = {{1, 2, 3, 4, 5, 5, 4, 2, 1, 1}, {2, 3, 5, 6, 6, 5, 4, 4, 2, 1}};
    assertEquals(10.842490842490841, ChainDiagnostics.effectiveSampleSize(chains), 1e-9);
  }

  @Test
  void splitRHatByHand() {
    double[][] x = {{1, 2, 3, 4}, {5, 6, 7, 9}};
    // Halves {1,2}, {3,4}, {5,6}, {7,9}: variances 1/2, 1/2, 1/2, 2; means 1.5, 3.5, 5.5, 8.
    double within = 3.5 / 4;
    double mean = 18.5 / 4;
    double between = 0;
    for (double m : new double[] {1.5, 3.5, 5.5, 8}) {
      between += (m - mean) * (m - mean) / 3;
    }
    assertEquals(Math.sqrt((within / 2 + between) / within), ChainDiagnostics.splitRHat(x), 1e-14);
  }

  @Test
  void independentDrawsPass() {
    double[][] x = autoregressive(0, 4, 1000, 19);
    // R - 1 is about (F - 1) / (2 n) with F the ratio of mean squares on 7 degrees of freedom;
    // chi-square with 7 degrees exceeds 7 * 9 with probability 4e-11.
    assertEquals(1, ChainDiagnostics.splitRHat(x), 9.0 / 1000);
    assertEquals(1, ChainDiagnostics.rankNormalizedSplitRHat(x), 9.0 / 1000);
  }

  @Test
  void aChainElsewhereIsFound() {
    double[][] x = autoregressive(0.5, 4, 1000, 20);
    assertTrue(ChainDiagnostics.splitRHat(x) < 1.05);
    x[2] = Arrays.stream(x[2]).map(value -> value + 1).toArray();
    assertTrue(ChainDiagnostics.splitRHat(x) > 1.05);
    assertTrue(ChainDiagnostics.rankNormalizedSplitRHat(x) > 1.05);
    assertTrue(ChainDiagnostics.effectiveSampleSize(x) < 100);
    assertTrue(
        ChainDiagnostics.integratedAutocorrelationTime(x) > 20,
        "the chains' different means are correlations that do not decay");
  }

  /** Three times the spread in one chain, the same mean: only the folded ranks see it. */
  @Test
  void aChainOfAnotherScaleIsFound() {
    double[][] x = autoregressive(0, 4, 1000, 21);
    x[1] = Arrays.stream(x[1]).map(value -> 3 * value).toArray();
    assertTrue(ChainDiagnostics.splitRHat(x) < 1.02);
    assertTrue(ChainDiagnostics.rankNormalizedSplitRHat(x) > 1.05);
  }

  /** A drift within each chain shows in its halves. */
  @Test
  void aDriftIsFound() {
    double[][] x = autoregressive(0, 4, 1000, 22);
    for (double[] chain : x) {
      for (int t = 0; t < chain.length; t++) {
        chain[t] += 0.002 * t;
      }
    }
    assertTrue(ChainDiagnostics.splitRHat(x) > 1.05);
    assertTrue(ChainDiagnostics.rankNormalizedSplitRHat(x) > 1.05);
  }

  /** Heavy tails: Cauchy draws have no variance, their ranks are as good as any. */
  @Test
  void rankNormalisationStandsHeavyTails() {
    SplittableRandom random = new SplittableRandom(23);
    double[][] x = new double[4][1000];
    for (double[] chain : x) {
      Arrays.setAll(chain, t -> Math.tan(Math.PI * (random.nextDouble() - 0.5)));
    }
    assertEquals(1, ChainDiagnostics.rankNormalizedSplitRHat(x), 9.0 / 1000);
  }

  @Test
  void stuckChains() {
    double[][] x = {new double[100], new double[100], new double[100]};
    Arrays.fill(x[1], 0.1);
    Arrays.fill(x[2], -3.7);
    assertEquals(Double.POSITIVE_INFINITY, ChainDiagnostics.splitRHat(x));
    assertEquals(Double.POSITIVE_INFINITY, ChainDiagnostics.rankNormalizedSplitRHat(x));
    assertEquals(3, ChainDiagnostics.effectiveSampleSize(x), 0.1, "no more than chains");
    assertTrue(ChainDiagnostics.integratedAutocorrelationTime(x) > 10);
  }

  @Test
  void constantChainsAreUndefined() {
    double[][] x = {new double[10], new double[10]};
    Arrays.fill(x[0], 0.1);
    Arrays.fill(x[1], 0.1);
    assertTrue(Double.isNaN(ChainDiagnostics.integratedAutocorrelationTime(x)));
    assertTrue(Double.isNaN(ChainDiagnostics.effectiveSampleSize(x)));
    assertTrue(Double.isNaN(ChainDiagnostics.splitRHat(x)));
    assertTrue(Double.isNaN(ChainDiagnostics.rankNormalizedSplitRHat(x)));
    for (double rho : ChainDiagnostics.autocorrelation(x)) {
      assertTrue(Double.isNaN(rho));
    }
  }

  /** The scale and the unit of the recorded quantity do not matter. */
  @Test
  void diagnosticsDoNotDependOnTheUnit() {
    double[][] x = autoregressive(0.8, 4, 400, 24);
    double[][] y = new double[4][];
    for (int c = 0; c < 4; c++) {
      y[c] = Arrays.stream(x[c]).map(value -> 1e6 - 1e-3 * value).toArray();
    }
    for (ToDoubleFunction<double[][]> diagnostic :
        Arrays.<ToDoubleFunction<double[][]>>asList(
            ChainDiagnostics::integratedAutocorrelationTime,
            ChainDiagnostics::effectiveSampleSize,
            ChainDiagnostics::splitRHat,
            ChainDiagnostics::rankNormalizedSplitRHat)) {
      double expected = diagnostic.applyAsDouble(x);
      assertEquals(expected, diagnostic.applyAsDouble(y), 1e-5 * expected);
    }
  }

  @Test
  void argumentsAreNotModified() {
    double[][] x = autoregressive(0.8, 3, 51, 25);
    double[][] before = {x[0].clone(), x[1].clone(), x[2].clone()};
    ChainDiagnostics.integratedAutocorrelationTime(x);
    ChainDiagnostics.effectiveSampleSize(x);
    ChainDiagnostics.splitRHat(x);
    ChainDiagnostics.rankNormalizedSplitRHat(x);
    assertArrayEquals(before, x);
  }

  @Test
  void swapRates() {
    assertArrayEquals(
        new double[] {0.25, 0, Double.NaN},
        ChainDiagnostics.swapRates(new long[] {1, 0, 0}, new long[] {4, 7, 0}));
    assertMessage(
        "accepted[1] is 8; accepted: 0 to the number of attempts, 7",
        () -> ChainDiagnostics.swapRates(new long[] {1, 8}, new long[] {4, 7}));
    assertMessage(
        "there are 1 counts of accepted swaps and 2 of attempted ones; accepted: as many",
        () -> ChainDiagnostics.swapRates(new long[1], new long[2]));
  }

  @Test
  void badInput() {
    assertMessage(
        "there are no chains; accepted: one or more",
        () -> ChainDiagnostics.splitRHat(new double[0][]));
    assertMessage(
        "chains[0] has 3 steps; accepted: 4 or more, and as many as the others",
        () -> ChainDiagnostics.effectiveSampleSize(new double[2][3]));
    assertMessage(
        "chains[1] has 4 steps; accepted: 2 or more, and as many as the others",
        () -> ChainDiagnostics.autocorrelation(new double[][] {new double[5], new double[4]}));
    assertMessage(
        "chains[0][2] is NaN; accepted: finite numbers",
        () -> ChainDiagnostics.splitRHat(new double[][] {{1, 2, Double.NaN, 4}}));
  }

  private static void assertMessage(
      String message, org.junit.jupiter.api.function.Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
