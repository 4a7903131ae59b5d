/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Broadcast;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Real-valued data: independent normal distributions whose means the decoder puts out, {@code x_j ~
 * N(mu_j, exp(theta_j))}.
 *
 * <pre>{@code   log p(x) = -sum_j (log(2 pi) + theta_j + (x_j - mu_j)^2 exp(-theta_j)) / 2
 *   d log p / d mu_j    = (x_j - mu_j) exp(-theta_j)
 *   d log p / d theta_j = ((x_j - mu_j)^2 exp(-theta_j) - 1) / 2}</pre>
 *
 * <p>Where the log variance {@code theta} comes from:
 *
 * <ul>
 *   <li>{@link #withVariance}: given, by default 1;
 *   <li>{@link #learnedVariance}: one parameter for all values, learned by the output layer. A good
 *       first choice: the optimum is the mean squared error of the reconstructions, so that the
 *       weight of the Kullback-Leibler term sets itself (Rybkin, Daniilidis and Levine, ICML 2021);
 *   <li>{@link #learnedVariancePerOutput}: one parameter a channel, the same at all positions and
 *       for all examples;
 *   <li>{@link #varianceFromNetwork}: {@code eta = [mu (d), theta (d)]} along the channels, for
 *       each example and value. Its likelihood has no upper bound: where an output can be predicted
 *       exactly, its variance falls towards 0 and the likelihood grows without end.
 * </ul>
 *
 * <p>Log variances are never clipped. A tiny variance gives large gradients, {@code 1 / s^2} times
 * the error; below {@code theta = -88} in FLOAT and {@code -709} in DOUBLE {@code exp(-theta)} is
 * infinite and the score infinite or NaN. Leave out data that never change or add a little noise to
 * them (Theis, van den Oord and Bethge, ICLR 2016), as for grey values with 256 levels, whose
 * density is otherwise arbitrary.
 */
public final class GaussianLikelihood implements Likelihood {

  private static final long serialVersionUID = 1L;

  private static final double LOG_2_PI = Math.log(2 * Math.PI);

  private static final double DEFAULT_VARIANCE = 1;

  /** Where the variances come from. */
  public enum Variance {
    /** Given, the same for all values. */
    FIXED,
    /** One parameter for all values. */
    LEARNED,
    /** One parameter a channel. */
    LEARNED_PER_OUTPUT,
    /** Part of the decoder's output. */
    FROM_NETWORK
  }

  private final Variance source;
  private final double variance;

  /** The parameters, or null where they are not learned or have their initial values. */
  private final transient INDArray logVariance;

  private GaussianLikelihood(Variance source, double variance, INDArray logVariance) {
    if (!(variance > 0) || Double.isInfinite(variance)) {
      throw new IllegalArgumentException(
          "variance is " + variance + "; accepted: a finite number above 0");
    }
    this.source = source;
    this.variance = variance;
    this.logVariance = logVariance;
  }

  /** Creates the likelihood with variance 1. */
  public GaussianLikelihood() {
    this(Variance.FIXED, DEFAULT_VARIANCE, null);
  }

  /**
   * A given variance, the same for all values.
   *
   * @param variance finite, greater than 0
   * @return the likelihood
   * @throws IllegalArgumentException if it is not finite and positive
   */
  public static GaussianLikelihood withVariance(double variance) {
    return new GaussianLikelihood(Variance.FIXED, variance, null);
  }

  /**
   * A learned variance that all values share.
   *
   * @param initial variance at the start; finite, greater than 0
   * @return the likelihood
   * @throws IllegalArgumentException if it is not finite and positive
   */
  public static GaussianLikelihood learnedVariance(double initial) {
    return new GaussianLikelihood(Variance.LEARNED, initial, null);
  }

  /**
   * Learned variances, one a channel.
   *
   * @param initial variance at the start; finite, greater than 0
   * @return the likelihood
   * @throws IllegalArgumentException if it is not finite and positive
   */
  public static GaussianLikelihood learnedVariancePerOutput(double initial) {
    return new GaussianLikelihood(Variance.LEARNED_PER_OUTPUT, initial, null);
  }

  /**
   * Variances of each example and value from the decoder, which puts out {@code [mu, log s^2]}.
   *
   * @return the likelihood
   */
  public static GaussianLikelihood varianceFromNetwork() {
    return new GaussianLikelihood(Variance.FROM_NETWORK, DEFAULT_VARIANCE, null);
  }

  @JsonCreator
  private static GaussianLikelihood read(
      @JsonProperty("source") Variance source, @JsonProperty("variance") double variance) {
    return new GaussianLikelihood(Objects.requireNonNull(source, "source"), variance, null);
  }

  /**
   * Where the variances come from.
   *
   * @return the source
   */
  @JsonProperty("source")
  public Variance source() {
    return source;
  }

  /**
   * The given variance, or that which learned ones start with.
   *
   * @return the variance; 1 where the network gives it
   */
  @JsonProperty("variance")
  public double variance() {
    return variance;
  }

  @Override
  public String describe() {
    return switch (source) {
      case FIXED -> "a Gaussian likelihood of variance " + variance;
      case LEARNED -> "a Gaussian likelihood of learned variance, at first " + variance;
      case LEARNED_PER_OUTPUT -> "a Gaussian likelihood of learned variances, at first " + variance;
      case FROM_NETWORK -> "a Gaussian likelihood of variances from the network";
    };
  }

  private boolean isLearned() {
    return source == Variance.LEARNED || source == Variance.LEARNED_PER_OUTPUT;
  }

  @Override
  public long outputSize(long dataSize) {
    return source == Variance.FROM_NETWORK ? Math.multiplyExact(2, dataSize) : dataSize;
  }

  @Override
  public long dataSize(long outputSize) {
    if (source != Variance.FROM_NETWORK) {
      return outputSize;
    }
    if (outputSize % 2 != 0) {
      throw new IllegalArgumentException(
          "output has "
              + outputSize
              + " channels; accepted by "
              + describe()
              + ": an even number, means and as many log variances");
    }
    return outputSize / 2;
  }

  @Override
  public long parameterCount(long dataSize) {
    return switch (source) {
      case LEARNED -> 1;
      case LEARNED_PER_OUTPUT -> dataSize;
      default -> 0;
    };
  }

  @Override
  public void initializeParameters(INDArray parameters) {
    parameters.assign(Math.log(variance));
  }

  @Override
  public Likelihood withParameters(INDArray parameters) {
    return isLearned() ? new GaussianLikelihood(source, variance, parameters) : this;
  }

  @Override
  public Optional<String> findBadData(INDArray x, INDArray mask) {
    if (LikelihoodRows.allFinite(LikelihoodRows.seen(x, mask))) {
      return Optional.empty();
    }
    return Optional.of("NaN or infinite values; accepted by " + describe() + ": finite values");
  }

  @Override
  public double[] logProbability(INDArray x, INDArray mask, INDArray eta) {
    int samples = LikelihoodRows.samples(this, x, mask, eta);
    if (isUniform() && mask == null && FusedRows.accept(eta)) {
      return fused(x, eta, null, null);
    }
    INDArray errors = scaledSquares(LikelihoodRows.repeat(x, samples), eta, null);
    return terms(errors, LikelihoodRows.repeat(mask, samples), eta);
  }

  @Override
  public double[] gradient(
      INDArray x,
      INDArray mask,
      INDArray eta,
      double[] weights,
      INDArray gradient,
      INDArray parameterGradient) {
    int samples = LikelihoodRows.samples(this, x, mask, eta);
    requireParameters();
    if (isUniform() && mask == null && FusedRows.accept(eta) && FusedRows.reach(gradient)) {
      double[] result = fused(x, eta, weights, gradient);
      if (source == Variance.LEARNED) {
        parameterGradient.assign(sharedGradient(result, weights, eta.length() / eta.size(0)));
      }
      return result;
    }
    INDArray repeatedMask = LikelihoodRows.repeat(mask, samples);
    INDArray squares = scaledSquares(LikelihoodRows.repeat(x, samples), eta, means(gradient));
    if (repeatedMask != null) {
      means(gradient).muli(repeatedMask);
    }
    LikelihoodRows.scale(means(gradient), weights);
    double[] result = terms(squares, repeatedMask, eta);
    if (source != Variance.FIXED) {
      INDArray byLogVariance = squares.subi(1).muli(-0.5);
      if (repeatedMask != null) {
        byLogVariance.muli(repeatedMask);
      }
      LikelihoodRows.scale(byLogVariance, weights);
      switch (source) {
        case FROM_NETWORK -> second(gradient).assign(byLogVariance);
        case LEARNED -> parameterGradient.assign(byLogVariance.castTo(DataType.DOUBLE).sumNumber());
        default ->
            parameterGradient.assign(
                byLogVariance.castTo(DataType.DOUBLE).sum(allButChannels(eta.rank())));
      }
    }
    return result;
  }

  /** One log variance for all values. */
  private boolean isUniform() {
    return source == Variance.FIXED || source == Variance.LEARNED;
  }

  private double uniformLogVariance() {
    return logVariance == null ? Math.log(variance) : logVariance.getDouble(0);
  }

  private double[] fused(INDArray x, INDArray mean, double[] weights, INDArray gradient) {
    double logVar = uniformLogVariance();
    float precision = (float) Math.exp(-logVar);
    double constant = LOG_2_PI + logVar;
    return FusedRows.run(
        FusedRows.inRows(x),
        FusedRows.inRows(mean),
        weights,
        gradient,
        (mu, data, work, n, weight) -> {
          for (int i = 0; i < n; i++) {
            float error = mu[i] - data[i];
            work[i] = error * error;
            mu[i] = weight * (precision * error);
          }
          return -0.5 * (n * constant + precision * FusedRows.sum(work, n));
        });
  }

  /**
   * From the log-probabilities of whole rows: the sum of scaled squares is {@code -2 log p - length
   * (log(2 pi) + theta)}.
   */
  private double sharedGradient(double[] logProbability, double[] weights, long length) {
    double constant = length * (LOG_2_PI + uniformLogVariance());
    double sum = 0;
    for (int row = 0; row < weights.length; row++) {
      sum += weights[row] * (length + 2 * logProbability[row] + constant) / 2;
    }
    return sum;
  }

  /**
   * Returns {@code (x - mu)^2 exp(-theta)} and writes {@code (mu - x) exp(-theta)}.
   *
   * @param x one row a row of {@code eta}. Not modified.
   * @param eta outputs. Not modified.
   * @param scaledError modified, unless it is null
   */
  private INDArray scaledSquares(INDArray x, INDArray eta, INDArray scaledError) {
    INDArray error = means(eta).sub(x);
    INDArray scaled;
    switch (source) {
      case FROM_NETWORK -> scaled = error.mul(Transforms.exp(second(eta).neg(), false));
      case LEARNED_PER_OUTPUT -> {
        INDArray precision = Transforms.exp(channelLogVariance(error).negi(), false);
        scaled = Broadcast.mul(error, precision, error.ulike(), 1);
      }
      default -> scaled = error.mul(Math.exp(-uniformLogVariance()));
    }
    if (scaledError != null) {
      scaledError.assign(scaled);
    }
    return error.muli(scaled);
  }

  /** One a channel; a copy. */
  private INDArray channelLogVariance(INDArray means) {
    return logVariance == null
        ? Nd4j.valueArrayOf(new long[] {means.size(1)}, Math.log(variance), means.dataType())
        : logVariance.castTo(means.dataType()).reshape(means.size(1)).dup();
  }

  private double[] terms(INDArray squares, INDArray mask, INDArray eta) {
    INDArray terms = squares.add(LOG_2_PI);
    switch (source) {
      case FROM_NETWORK -> terms.addi(second(eta));
      case LEARNED_PER_OUTPUT -> Broadcast.add(terms, channelLogVariance(terms), terms, 1);
      default -> terms.addi(uniformLogVariance());
    }
    if (mask != null) {
      terms.muli(mask);
    }
    double[] sums = LikelihoodRows.sums(terms);
    for (int row = 0; row < sums.length; row++) {
      sums[row] *= -0.5;
    }
    return sums;
  }

  private INDArray means(INDArray eta) {
    return source == Variance.FROM_NETWORK ? channels(eta, 0, eta.size(1) / 2) : eta;
  }

  private static INDArray second(INDArray eta) {
    return channels(eta, eta.size(1) / 2, eta.size(1));
  }

  private static INDArray channels(INDArray eta, long from, long to) {
    INDArrayIndex[] part = new INDArrayIndex[eta.rank()];
    Arrays.fill(part, NDArrayIndex.all());
    part[1] = NDArrayIndex.interval(from, to);
    return eta.get(part);
  }

  private static int[] allButChannels(int rank) {
    int[] dimensions = new int[rank - 1];
    for (int i = 1; i < dimensions.length; i++) {
      dimensions[i] = i + 1;
    }
    return dimensions;
  }

  private void requireParameters() {
    if (isLearned() && logVariance == null) {
      throw new IllegalStateException(
          describe() + " was asked for a gradient without its parameters; see withParameters");
    }
  }

  @Override
  public void mean(INDArray eta, INDArray out) {
    out.assign(means(eta));
  }

  @Override
  public INDArray sample(INDArray eta, RandomStream random) {
    INDArray mean = means(eta);
    INDArray out = Nd4j.createUninitialized(eta.dataType(), mean.shape(), 'c').assign(0);
    double deviation = isUniform() ? Math.exp(uniformLogVariance() / 2) : 1;
    random.gaussian(out, deviation, out);
    switch (source) {
      case FROM_NETWORK -> out.muli(Transforms.exp(second(eta).div(2), false));
      case LEARNED_PER_OUTPUT ->
          Broadcast.mul(out, Transforms.exp(channelLogVariance(out).divi(2), false), out, 1);
      default -> {}
    }
    return out.addi(mean);
  }

  /** Equal options, and the same array of learned variances if there is one. */
  @Override
  public boolean equals(Object other) {
    return other instanceof GaussianLikelihood likelihood
        && source == likelihood.source
        && Double.compare(variance, likelihood.variance) == 0
        && logVariance == likelihood.logVariance;
  }

  @Override
  public int hashCode() {
    return Objects.hash(source, variance);
  }

  @Override
  public String toString() {
    return describe();
  }
}
