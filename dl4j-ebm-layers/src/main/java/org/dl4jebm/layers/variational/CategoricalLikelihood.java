/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Objects;
import java.util.Optional;
import org.dl4jebm.layers.StableSoftmax;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Groups of {@code K} channels of which one is 1: symbols, labels, grey levels. Each group has a
 * softmax of its own over its logits, {@code p_c = exp(l_c) / sum_k exp(l_k)}.
 *
 * <pre>{@code   log p(x | l) = sum over groups of sum_c x_c log p_c
 *   d log p / d l_c = x_c - p_c}</pre>
 *
 * <p>Channel {@code g K + c} is category {@code c} of group {@code g}. Data are one-hot, or
 * probabilities that sum to 1 in each group; the result is then the mean over categories drawn with
 * these, a cross-entropy. A mask weighs the terms {@code x_c log p_c}; it is as a rule the same for
 * all categories of a group.
 *
 * <p>Finite for every finite logit. In FLOAT a logit that lies far below the greatest gives the
 * difference itself, not -Infinity.
 */
public final class CategoricalLikelihood implements Likelihood {

  private static final long serialVersionUID = 1L;

  /** By how much the sum of a group may differ from 1; FLOAT probabilities round. */
  private static final double SUM_TOLERANCE = 1e-4;

  private final long groupSize;

  /**
   * Creates the likelihood.
   *
   * @param groupSize number {@code K} of categories of each group, at least 2
   * @throws IllegalArgumentException if it is less
   */
  @JsonCreator
  public CategoricalLikelihood(@JsonProperty("groupSize") long groupSize) {
    if (groupSize < 2) {
      throw new IllegalArgumentException(
          "groupSize is " + groupSize + "; accepted: 2 categories or more");
    }
    this.groupSize = groupSize;
  }

  /**
   * Number of categories of each group.
   *
   * @return at least 2
   */
  @JsonProperty("groupSize")
  public long groupSize() {
    return groupSize;
  }

  @Override
  public String describe() {
    return "a categorical likelihood with groups of " + groupSize;
  }

  @Override
  public long outputSize(long dataSize) {
    if (dataSize % groupSize != 0) {
      throw new IllegalArgumentException(
          dataSize + " channels; accepted by " + describe() + ": a multiple of " + groupSize);
    }
    return dataSize;
  }

  @Override
  public long dataSize(long outputSize) {
    return outputSize(outputSize);
  }

  /** A copy as {@code [m, K]}, one row a group and position. */
  private INDArray grouped(INDArray channels) {
    long positions = channels.length() / (channels.size(0) * channels.size(1));
    INDArray values = channels.dup('c');
    if (positions > 1) {
      values = values.reshape('c', new long[] {-1, groupSize, positions}).permute(0, 2, 1).dup('c');
    }
    return values.reshape('c', new long[] {-1, groupSize});
  }

  /** The inverse of {@link #grouped}. */
  private INDArray channels(INDArray grouped, long[] shape) {
    long positions = grouped.length() / (shape[0] * shape[1]);
    INDArray values = grouped;
    if (positions > 1) {
      values = values.reshape('c', new long[] {-1, positions, groupSize}).permute(0, 2, 1).dup('c');
    }
    return values.reshape('c', shape);
  }

  /** Sums of {@code [m, K]} for each row of the output. */
  private static double[] sums(INDArray grouped, long rows) {
    return LikelihoodRows.sums(grouped.reshape('c', new long[] {rows, -1}));
  }

  @Override
  public Optional<String> findBadData(INDArray x, INDArray mask) {
    INDArray data = grouped(x.castTo(DataType.DOUBLE));
    INDArray excess = data.sum(1).subi(1);
    if (mask != null) {
      INDArray counted = grouped(mask.neq(0).castTo(DataType.DOUBLE));
      excess.muli(counted.max(1));
      data.muli(counted);
    }
    double low = data.minNumber().doubleValue();
    double high = data.maxNumber().doubleValue();
    double farthest = Transforms.abs(excess, false).maxNumber().doubleValue();
    if (low >= 0
        && high <= 1 + SUM_TOLERANCE
        && farthest <= SUM_TOLERANCE
        && LikelihoodRows.allFinite(data)) {
      return Optional.empty();
    }
    return Optional.of(
        "values from "
            + low
            + " to "
            + high
            + " with sums of groups that differ from 1 by up to "
            + farthest
            + ", or NaN; accepted by "
            + describe()
            + ": 0 to 1, with the sum 1 in each group");
  }

  /** {@code log p} of every category, as {@code [m, K]}; new. */
  private INDArray logSoftmax(INDArray eta) {
    return StableSoftmax.logSoftmax(grouped(eta));
  }

  /** Data times mask, repeated for all samples, as {@code [m, K]}. */
  private INDArray counts(INDArray x, INDArray mask, int samples) {
    INDArray counts = grouped(LikelihoodRows.repeat(x, samples));
    return mask == null ? counts : counts.muli(grouped(LikelihoodRows.repeat(mask, samples)));
  }

  @Override
  public double[] logProbability(INDArray x, INDArray mask, INDArray eta) {
    int samples = LikelihoodRows.samples(this, x, mask, eta);
    return sums(counts(x, mask, samples).muli(logSoftmax(eta)), eta.size(0));
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
    INDArray counts = counts(x, mask, samples);
    INDArray logP = logSoftmax(eta);
    double[] result = sums(counts.mul(logP), eta.size(0));
    INDArray derivative = Transforms.exp(logP, false);
    derivative.muliColumnVector(counts.sum(1)).subi(counts);
    gradient.assign(channels(derivative, eta.shape()));
    LikelihoodRows.scale(gradient, weights);
    return result;
  }

  @Override
  public void mean(INDArray eta, INDArray out) {
    out.assign(channels(StableSoftmax.softmax(grouped(eta)), eta.shape()));
  }

  @Override
  public INDArray sample(INDArray eta, RandomStream random) {
    double[] p = StableSoftmax.softmax(grouped(eta.castTo(DataType.DOUBLE))).data().asDouble();
    int categories = (int) groupSize;
    INDArray uniform = Nd4j.createUninitialized(DataType.DOUBLE, p.length / categories);
    random.uniform(uniform);
    double[] draws = uniform.data().asDouble();
    double[] states = new double[p.length];
    for (int group = 0; group < draws.length; group++) {
      int first = group * categories;
      states[first + draw(p, first, draws[group])] = 1;
    }
    INDArray grouped =
        Nd4j.createFromArray(states).reshape('c', new long[] {draws.length, categories});
    return channels(grouped, eta.shape()).castTo(eta.dataType());
  }

  /** Inverse of the cumulative sum; a category of probability 0 is never drawn. */
  private int draw(double[] p, int first, double uniform) {
    double left = uniform;
    int last = 0;
    for (int c = 0; c < groupSize; c++) {
      if (p[first + c] > 0) {
        if (left < p[first + c]) {
          return c;
        }
        last = c;
      }
      left -= p[first + c];
    }
    return last;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CategoricalLikelihood likelihood && groupSize == likelihood.groupSize;
  }

  @Override
  public int hashCode() {
    return Objects.hash(CategoricalLikelihood.class, groupSize);
  }

  @Override
  public String toString() {
    return describe();
  }
}
