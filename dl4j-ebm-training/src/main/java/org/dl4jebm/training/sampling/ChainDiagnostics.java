/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.stat.descriptive.rank.Median;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.stat.ranking.TiesStrategy;

/**
 * How far numbers recorded along Markov chains, {@code x[chain][time]}, can be trusted: pure
 * functions, for any sampler.
 *
 * <p>Record a number that matters, such as the free energy of each chain's state, over several
 * chains that were started apart, after leaving out the beginning. Then
 *
 * <ul>
 *   <li>{@link #rankNormalizedSplitRHat} should be below 1.01 (Vehtari et al., Bayesian Analysis
 *       2021); larger values mean that the chains have not forgotten where they started;
 *   <li>{@link #effectiveSampleSize} says how many independent draws the mean is worth; 400 and
 *       more are recommended (ibid.);
 *   <li>{@link #integratedAutocorrelationTime} says how many steps one independent draw costs.
 * </ul>
 *
 * <p>None of them can see a region that no chain has visited.
 *
 * <p>Arrays are not modified. All chains must have the same length, and all numbers must be finite;
 * else the functions throw an {@link IllegalArgumentException}. Where every number is the same, the
 * diagnostics are undefined and NaN is returned.
 */
public final class ChainDiagnostics {

  /** Sokal's window ends at this multiple of the autocorrelation time. */
  private static final double WINDOW = 5;

  private static final NormalDistribution STANDARD_NORMAL = new NormalDistribution(null, 0, 1);

  private ChainDiagnostics() {}

  /**
   * Autocorrelations of a quantity, pooled over chains:
   *
   * <pre>{@code   rho(t) = sum_{c,s} (x_cs - m)(x_c,s+t - m) / sum_{c,s} (x_cs - m)^2}</pre>
   *
   * with the mean {@code m} over all chains. Biased towards 0 by the factor {@code 1 - t / n}, and
   * by the unknown mean. Chains that stay in different places show as correlations that do not
   * decay.
   *
   * @param chains {@code [chains][time]}, at least one chain of at least 2 steps. Not modified.
   * @return {@code rho(0) = 1, ..., rho(n - 1)}, new; all NaN if every number is the same
   * @throws IllegalArgumentException as the class says
   */
  public static double[] autocorrelation(double[][] chains) {
    int n = requireChains(chains, 2);
    double[] covariance = Autocovariance.mean(chains, mean(chains));
    double[] rho = new double[n];
    if (isConstant(chains)) {
      Arrays.fill(rho, Double.NaN);
      return rho;
    }
    for (int t = 0; t < n; t++) {
      rho[t] = covariance[t] / covariance[0];
    }
    return rho;
  }

  /**
   * The integrated autocorrelation time {@code tau = 1 + 2 sum_t rho(t)}: the variance of a mean
   * over {@code n} steps is {@code tau} times that of {@code n} independent draws. The sum ends at
   * the smallest window {@code M} with {@code M >= 5 tau(M)} (Sokal, Monte Carlo Methods in
   * Statistical Mechanics, 1997; he defines half of this). A chain with {@code x' = phi x + noise}
   * has {@code (1 + phi) / (1 - phi)}.
   *
   * <p>Estimates are too small unless the chains are much longer than {@code tau}; 50 times as long
   * is a usual rule. The window holds at least 5 steps; it is meant for positive correlations, so
   * where steps are anticorrelated {@link #effectiveSampleSize} is more exact.
   *
   * @param chains {@code [chains][time]}, at least one chain of at least 2 steps. Not modified.
   * @return the time in steps; below 1 for anticorrelated steps, but at least {@code 1 / log10(n)}
   *     for {@code n} numbers in all ({@code n} from 10); NaN if every number is the same
   * @throws IllegalArgumentException as the class says
   */
  public static double integratedAutocorrelationTime(double[][] chains) {
    double[] rho = autocorrelation(chains);
    double tau = 1;
    for (int t = 1; t < rho.length; t++) {
      tau += 2 * rho[t];
      if (t >= WINDOW * Math.max(1, tau)) {
        break;
      }
    }
    double numbers = (double) chains.length * chains[0].length;
    return Double.isNaN(tau) ? tau : Math.max(tau, 1 / Math.max(1, Math.log10(numbers)));
  }

  /**
   * The number of independent draws that the mean over all chains is worth, {@code chains * time /
   * tau}. Chains are split into halves; correlations within and between chains both count (Vehtari
   * et al. 2021, section 3.2); their sum ends by Geyer's initial monotone sequence (Statistical
   * Science 1992).
   *
   * @param chains {@code [chains][time]}, at least one chain of at least 4 steps. Not modified.
   * @return the size, at most {@code n log10(n)} for {@code n} numbers in all; NaN if every number
   *     is the same
   * @throws IllegalArgumentException as the class says
   */
  public static double effectiveSampleSize(double[][] chains) {
    requireChains(chains, 4);
    if (isConstant(chains)) {
      return Double.NaN;
    }
    double[][] halves = split(chains);
    int n = halves[0].length;
    double[] covariance = new double[n];
    double within = 0;
    for (double[] half : halves) {
      double[] own = Autocovariance.of(half, mean(half));
      within += own[0] * n / (n - 1) / halves.length;
      for (int t = 0; t < n; t++) {
        covariance[t] += own[t] / halves.length;
      }
    }
    double total = within * (n - 1) / n + varianceOfMeans(halves);
    double[] rho = new double[n];
    for (int t = 0; t < n; t++) {
      // The estimator of the variance within chains divides by n - 1, the covariances by n.
      rho[t] = 1 - (within - covariance[t] * n / (n - 1)) / total;
    }
    rho[0] = 1;
    double draws = (double) halves.length * n;
    double tau = Math.max(geyerTime(rho), 1 / Math.log10(draws));
    return draws / tau;
  }

  /**
   * {@code -1 + 2 sum (rho(2k) + rho(2k + 1))} over the pairs before the first that is not
   * positive, none counted for more than the one before it.
   */
  private static double geyerTime(double[] rho) {
    double sum = 0;
    double smallest = Double.POSITIVE_INFINITY;
    int t = 0;
    for (; t + 1 < rho.length; t += 2) {
      double pair = rho[t] + rho[t + 1];
      if (pair <= 0) {
        break;
      }
      smallest = Math.min(smallest, pair);
      sum += smallest;
    }
    // Half of the next pair, where it starts with a positive number, lessens the bias for
    // anticorrelated chains (Vehtari et al. 2021, as in Stan).
    double next = t < rho.length && t > 0 ? Math.max(0, rho[t]) : 0;
    return -1 + 2 * sum + next;
  }

  /**
   * The potential scale reduction of chains split into halves, {@code R = sqrt(total / within)}:
   * the square root of the ratio of the variance of all numbers to the variance within half chains
   * (Gelman and Rubin, Statistical Science 1992; Gelman et al., Bayesian Data Analysis). Blind to
   * chains that differ in spread only, and meaningless for infinite variance: prefer {@link
   * #rankNormalizedSplitRHat}.
   *
   * @param chains {@code [chains][time]}, at least one chain of at least 4 steps. Not modified.
   * @return about 1 where the halves agree, infinite where each half stays at a value of its own,
   *     NaN if every number is the same
   * @throws IllegalArgumentException as the class says
   */
  public static double splitRHat(double[][] chains) {
    requireChains(chains, 4);
    return isConstant(chains) ? Double.NaN : scaleReduction(split(chains));
  }

  /**
   * The larger of the split R-hat of the numbers' normal scores and that of the scores of their
   * distances from the median, which sees differences in location, in scale and in the tails
   * (Vehtari, Gelman, Simpson, Carpenter and Bürkner, Bayesian Analysis 2021).
   *
   * @param chains {@code [chains][time]}, at least one chain of at least 4 steps. Not modified.
   * @return about 1 where the halves agree, infinite where each half stays at a value of its own,
   *     NaN if every number is the same
   * @throws IllegalArgumentException as the class says
   */
  public static double rankNormalizedSplitRHat(double[][] chains) {
    requireChains(chains, 4);
    if (isConstant(chains)) {
      return Double.NaN;
    }
    double[][] halves = split(chains);
    double median = new Median().evaluate(flatten(halves));
    double[][] folded = new double[halves.length][];
    for (int c = 0; c < halves.length; c++) {
      folded[c] = Arrays.stream(halves[c]).map(x -> Math.abs(x - median)).toArray();
    }
    double bulk = scaleReduction(normalScores(halves));
    return isConstant(folded) ? bulk : Math.max(bulk, scaleReduction(normalScores(folded)));
  }

  /**
   * Fractions of accepted swaps between neighbouring temperatures of replica exchange. Rates of 0.2
   * to 0.4 everywhere are usual; one rate near 0 cuts the ladder in two.
   *
   * @param accepted swaps accepted between temperatures {@code i} and {@code i + 1}. Not modified.
   * @param attempted swaps tried, as many numbers, each at least the accepted one. Not modified.
   * @return {@code accepted / attempted}, new; NaN where none was tried
   * @throws IllegalArgumentException if the lengths differ or a count is impossible
   */
  public static double[] swapRates(long[] accepted, long[] attempted) {
    if (accepted.length != attempted.length) {
      throw new IllegalArgumentException(
          "there are "
              + accepted.length
              + " counts of accepted swaps and "
              + attempted.length
              + " of attempted ones; accepted: as many");
    }
    double[] rates = new double[accepted.length];
    for (int i = 0; i < rates.length; i++) {
      if (accepted[i] < 0 || accepted[i] > attempted[i]) {
        throw new IllegalArgumentException(
            "accepted["
                + i
                + "] is "
                + accepted[i]
                + "; accepted: 0 to the number of attempts, "
                + attempted[i]);
      }
      rates[i] = (double) accepted[i] / attempted[i];
    }
    return rates;
  }

  private static double scaleReduction(double[][] parts) {
    int n = parts[0].length;
    double within = 0;
    for (double[] part : parts) {
      within += variance(part) / parts.length;
    }
    return Math.sqrt((within * (n - 1) / n + varianceOfMeans(parts)) / within);
  }

  /** Normal scores of ranks over all parts (Blom 1958), ties by their mean rank. */
  private static double[][] normalScores(double[][] parts) {
    int n = parts[0].length;
    double[] ranks = new NaturalRanking(TiesStrategy.AVERAGE).rank(flatten(parts));
    double[][] scores = new double[parts.length][n];
    for (int i = 0; i < ranks.length; i++) {
      scores[i / n][i % n] =
          STANDARD_NORMAL.inverseCumulativeProbability((ranks[i] - 0.375) / (ranks.length + 0.25));
    }
    return scores;
  }

  /** First and second halves; the middle step of an odd number is left out. */
  private static double[][] split(double[][] chains) {
    int half = chains[0].length / 2;
    double[][] halves = new double[2 * chains.length][];
    for (int c = 0; c < chains.length; c++) {
      halves[2 * c] = Arrays.copyOfRange(chains[c], 0, half);
      halves[2 * c + 1] = Arrays.copyOfRange(chains[c], chains[c].length - half, chains[c].length);
    }
    return halves;
  }

  private static double[] flatten(double[][] parts) {
    return Arrays.stream(parts).flatMapToDouble(Arrays::stream).toArray();
  }

  private static double varianceOfMeans(double[][] parts) {
    return parts.length == 1
        ? 0
        : variance(Arrays.stream(parts).mapToDouble(ChainDiagnostics::mean).toArray());
  }

  private static double variance(double[] x) {
    double mean = mean(x);
    return Arrays.stream(x).map(value -> (value - mean) * (value - mean)).sum() / (x.length - 1);
  }

  /** Exact where all numbers are the same. */
  private static double mean(double[] x) {
    return x[0] + Arrays.stream(x).map(value -> value - x[0]).sum() / x.length;
  }

  private static double mean(double[][] chains) {
    return mean(Arrays.stream(chains).mapToDouble(ChainDiagnostics::mean).toArray());
  }

  private static boolean isConstant(double[][] chains) {
    double first = chains[0][0];
    return Arrays.stream(chains).flatMapToDouble(Arrays::stream).allMatch(x -> x == first);
  }

  private static int requireChains(double[][] chains, int minLength) {
    if (chains.length == 0) {
      throw new IllegalArgumentException("there are no chains; accepted: one or more");
    }
    int n = chains[0].length;
    for (int c = 0; c < chains.length; c++) {
      if (chains[c].length != n || n < minLength) {
        throw new IllegalArgumentException(
            "chains["
                + c
                + "] has "
                + chains[c].length
                + " steps; accepted: "
                + minLength
                + " or more, and as many as the others");
      }
      for (int t = 0; t < n; t++) {
        if (!Double.isFinite(chains[c][t])) {
          throw new IllegalArgumentException(
              "chains[" + c + "][" + t + "] is " + chains[c][t] + "; accepted: finite numbers");
        }
      }
    }
    return n;
  }
}
