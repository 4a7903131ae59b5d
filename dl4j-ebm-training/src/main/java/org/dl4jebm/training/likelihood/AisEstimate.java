/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import java.util.Locale;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.training.Energy;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An estimate of {@code log Z} by {@link AnnealedImportanceSampling} or {@link EnergyAnnealing},
 * with the way it errs.
 *
 * <p>The standard error tells of the spread over chains only. Where no chain has found a part of
 * the model's mass, or the weights are so unequal that few chains carry them (effective sample size
 * of a few), it is far too small: look at the other direction as well.
 *
 * @param direction whether it errs low or high
 * @param logPartition the estimate of {@code log Z}, in nats
 * @param standardError of {@code logPartition} by the delta method, the coefficient of variation of
 *     the mean weight; NaN for a single chain
 * @param effectiveSampleSize {@code (sum w)^2 / sum w^2}, from 1 to the number of chains: how many
 *     equal weights the weights are worth
 * @param chainMean mean over chains of the estimate that each chain gives alone; it errs further to
 *     the same side than {@code logPartition}
 * @param chainDeviation standard deviation of the estimates of single chains, that is of the log
 *     weights; NaN for a single chain
 * @param chains number of chains
 * @param steps number of annealing steps
 */
public record AisEstimate(
    Direction direction,
    double logPartition,
    double standardError,
    double effectiveSampleSize,
    double chainMean,
    double chainDeviation,
    int chains,
    int steps) {

  /** From where to where the chains are annealed. */
  public enum Direction {

    /**
     * From the base rate to the model: {@code E[estimate] <= log Z}, and by Markov's inequality it
     * exceeds {@code log Z + t} with a probability of at most {@code exp(-t)}. Likelihoods computed
     * with it come out too high.
     */
    FORWARD("at most log Z in expectation, so that likelihoods come out too high"),

    /**
     * From the model to the base rate: {@code E[estimate] >= log Z}, and it falls short of {@code
     * log Z - t} with a probability of at most {@code exp(-t)}, provided that the starts are drawn
     * from the model. Likelihoods computed with it come out too low.
     */
    REVERSE(
        "at least log Z in expectation if the starts were drawn from the model, so that likelihoods"
            + " come out too low");

    private final String bias;

    Direction(String bias) {
      this.bias = bias;
    }

    /**
     * Says which way estimates err.
     *
     * @return a clause for a report
     */
    public String bias() {
      return bias;
    }
  }

  /** From the log weights of all chains, whose mean weight is Z / Z_A or its inverse. */
  static AisEstimate of(Direction direction, double[] logWeights, double logBase, int steps) {
    int n = logWeights.length;
    int sign = direction == Direction.FORWARD ? 1 : -1;
    double max = Arrays.stream(logWeights).max().orElseThrow();
    double[] weights = Arrays.stream(logWeights).map(x -> Math.exp(x - max)).toArray();
    double sum = Arrays.stream(weights).sum();
    double size = sum * sum / Arrays.stream(weights).map(x -> x * x).sum();
    double first = logWeights[0];
    double meanOffset = Arrays.stream(logWeights).map(x -> x - first).sum() / n;
    double squares =
        Arrays.stream(logWeights).map(x -> x - first - meanOffset).map(x -> x * x).sum();
    return new AisEstimate(
        direction,
        logBase + sign * (max + Math.log(sum / n)),
        n == 1 ? Double.NaN : Math.sqrt(Math.max(0, n / size - 1) / (n - 1)),
        size,
        logBase + sign * (first + meanOffset),
        n == 1 ? Double.NaN : Math.sqrt(squares / (n - 1)),
        n,
        steps);
  }

  /**
   * The mean log-likelihood of data, with this estimate for {@code log Z}; it errs to the other
   * side.
   *
   * @param model the machine that the estimate is of. Not modified.
   * @param data {@code [n, nIn]}. Not modified.
   * @return mean of {@code -F(v) - log Z}, in nats
   * @throws IllegalArgumentException if the data are not states of the visible units
   */
  public double meanLogLikelihood(RbmModel model, INDArray data) {
    model.requireVisibleStates(data, "data");
    return -Rows.map(data, model::freeEnergy).meanNumber().doubleValue() - logPartition;
  }

  /**
   * The mean log-likelihood of data under an energy, with this estimate for {@code log Z}; it errs
   * to the other side.
   *
   * @param energy the energy that the estimate is of
   * @param data {@code [n, ...]}. Not modified.
   * @return mean of {@code -E(x) - log Z}, in nats
   */
  public double meanLogLikelihood(Energy energy, INDArray data) {
    return -Rows.map(data, energy::energy).meanNumber().doubleValue() - logPartition;
  }

  /**
   * A line for a report.
   *
   * @return estimate, standard error, effective sample size and the way it errs
   */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "log Z %.4f +- %.4f nats by %s AIS, %d steps, effective sample size %.1f of %d chains; %s",
        logPartition,
        standardError,
        direction.name().toLowerCase(Locale.ROOT),
        steps,
        effectiveSampleSize,
        chains,
        direction.bias());
  }
}
