/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Objects;
import java.util.Optional;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Broadcast;
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

  /** A copy as {@code [rows, groups, K, positions]}. */
  private INDArray grouped(INDArray channels) {
    return channels
        .dup('c')
        .reshape('c', new long[] {channels.size(0), channels.size(1) / groupSize, groupSize, -1});
  }

  @Override
  public Optional<String> findBadData(INDArray x, INDArray mask) {
    INDArray data = grouped(x.castTo(DataType.DOUBLE));
    INDArray excess = data.sum(2).subi(1);
    if (mask != null) {
      INDArray counted = grouped(mask.neq(0).castTo(DataType.DOUBLE));
      excess.muli(counted.max(2));
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

  /** {@code log p} of every category, as {@code [rows, groups, K, positions]}; new. */
  private INDArray logSoftmax(INDArray eta) {
    INDArray logits = grouped(eta);
    Broadcast.sub(logits, logits.max(2), logits, 0, 1, 3);
    INDArray logSum = Transforms.log(Transforms.exp(logits, true).sum(2), false);
    return Broadcast.sub(logits, logSum, logits, 0, 1, 3);
  }

  /** Data times mask, one row a row of the output, as {@code [rows, groups, K, positions]}. */
  private INDArray counts(INDArray x, INDArray mask, int samples) {
    INDArray counts = grouped(LikelihoodRows.repeat(x, samples));
    return mask == null ? counts : counts.muli(grouped(LikelihoodRows.repeat(mask, samples)));
  }

  @Override
  public double[] logProbability(INDArray x, INDArray mask, INDArray eta) {
    int samples = LikelihoodRows.samples(this, x, mask, eta);
    return LikelihoodRows.sums(counts(x, mask, samples).muli(logSoftmax(eta)));
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
    double[] result = LikelihoodRows.sums(counts.mul(logP));
    INDArray derivative = Transforms.exp(logP, false);
    Broadcast.mul(derivative, counts.sum(2), derivative, 0, 1, 3);
    derivative.subi(counts);
    LikelihoodRows.scale(derivative, weights);
    gradient.assign(derivative.reshape('c', eta.shape()));
    return result;
  }

  @Override
  public void mean(INDArray eta, INDArray out) {
    out.assign(Transforms.exp(logSoftmax(eta), false).reshape('c', eta.shape()));
  }

  @Override
  public INDArray sample(INDArray eta, RandomStream random) {
    double[] p = logSoftmax(eta.castTo(DataType.DOUBLE)).data().asDouble();
    int categories = (int) groupSize;
    int positions = (int) (eta.length() / (eta.size(0) * eta.size(1)));
    INDArray uniform = Nd4j.createUninitialized(DataType.DOUBLE, p.length / categories);
    random.uniform(uniform);
    double[] draws = uniform.data().asDouble();
    double[] states = new double[p.length];
    for (int cell = 0; cell < draws.length; cell++) {
      int first = cell / positions * categories * positions + cell % positions;
      states[first + positions * draw(p, first, positions, draws[cell])] = 1;
    }
    return Nd4j.createFromArray(states).reshape('c', eta.shape()).castTo(eta.dataType());
  }

  /** Inverse of the cumulative sum; a category of probability 0 is never drawn. */
  private int draw(double[] logP, int first, int stride, double uniform) {
    double left = uniform;
    int last = 0;
    for (int c = 0; c < groupSize; c++) {
      double p = Math.exp(logP[first + c * stride]);
      if (p > 0) {
        if (left < p) {
          return c;
        }
        last = c;
      }
      left -= p;
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
