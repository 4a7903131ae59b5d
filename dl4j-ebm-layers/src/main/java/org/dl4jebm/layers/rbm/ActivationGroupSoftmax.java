/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.StableSoftmax;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The softmax function over each group of {@code K} neighbouring columns, {@code a_k = exp(z_k) /
 * sum_l exp(z_l)}: what a layer of hidden {@link SoftmaxUnits} computes in supervised passes. For
 * one group over all columns use DL4J's own {@code ActivationSoftmax}.
 */
public final class ActivationGroupSoftmax extends BaseActivationFunction {

  private static final long serialVersionUID = 1L;

  private final int groupSize;

  /**
   * Creates the function.
   *
   * @param groupSize number {@code K} of columns of a group, 2 or more
   * @throws IllegalArgumentException if it is less than 2
   */
  @JsonCreator
  public ActivationGroupSoftmax(@JsonProperty("groupSize") int groupSize) {
    if (groupSize < 2) {
      throw new IllegalArgumentException("groupSize is " + groupSize + "; accepted: 2 or more");
    }
    this.groupSize = groupSize;
  }

  @Override
  public INDArray getActivation(INDArray in, boolean training) {
    return in.assign(activations(in));
  }

  /** One group a row, in an array of its own. */
  private INDArray activations(INDArray in) {
    INDArray rows = groups(in.dup('c'));
    StableSoftmax.softmax(rows);
    return rows.reshape('c', in.shape());
  }

  private INDArray groups(INDArray contiguous) {
    if (contiguous.size(-1) % groupSize != 0) {
      throw new IllegalArgumentException(
          "softmax over groups of "
              + groupSize
              + " columns of "
              + contiguous.size(-1)
              + "; accepted: a multiple of "
              + groupSize);
    }
    return contiguous.reshape('c', new long[] {contiguous.length() / groupSize, groupSize});
  }

  /** {@code dz_k = a_k (epsilon_k - sum_l a_l epsilon_l)}. */
  @Override
  public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
    assertShape(in, epsilon);
    INDArray a = groups(activations(in));
    INDArray slope = groups(epsilon.dup('c'));
    slope.subiColumnVector(a.mul(slope).sum(1));
    return new Pair<>(slope.muli(a).reshape('c', in.shape()), null);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ActivationGroupSoftmax softmax && groupSize == softmax.groupSize;
  }

  @Override
  public int hashCode() {
    return 31 * ActivationGroupSoftmax.class.hashCode() + groupSize;
  }

  @Override
  public String toString() {
    return "softmax over groups of " + groupSize;
  }
}
