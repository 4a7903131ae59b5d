/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What an {@link RbmEstimator} gets for one step of training.
 *
 * @param data visible states, {@code [n, nIn]}, any order and type. Not modified.
 * @param weights a weight for each row, {@code [n]} or {@code [n, 1]}, finite and not negative (not
 *     checked here), or null for 1 each. Not modified.
 * @param iteration updates made before this one, for schedules
 * @param epoch passes over the data made before this one, for schedules
 * @param withScore whether the score is wanted, which costs time
 */
public record RbmBatch(
    INDArray data, INDArray weights, int iteration, int epoch, boolean withScore) {

  /**
   * Checks the number of weights.
   *
   * @throws IllegalArgumentException if there is not one weight a row
   */
  public RbmBatch {
    if (weights != null && (weights.length() != data.size(0) || weights.size(0) != data.size(0))) {
      throw new IllegalArgumentException(
          "weights have shape "
              + Arrays.toString(weights.shape())
              + " for "
              + data.size(0)
              + " rows of data; accepted: ["
              + data.size(0)
              + "] or ["
              + data.size(0)
              + ", 1]");
    }
  }

  /**
   * A batch at the start of training, with its score.
   *
   * @param data visible states, {@code [n, nIn]}
   * @return iteration 0 of epoch 0, weights of 1
   */
  public static RbmBatch of(INDArray data) {
    return new RbmBatch(data, null, 0, 0, true);
  }

  /**
   * The weights of the rows as an array of the given type, {@code [n]}; ones where none are set.
   */
  INDArray factors(DataType type) {
    return weights == null
        ? Nd4j.ones(type, data.size(0))
        // ND4J takes a vector that is not contiguous for a row.
        : weights.castTo(type).reshape('c', new long[] {data.size(0)}).dup();
  }

  /** The sum of the weights, the number of rows where none are set. */
  double totalWeight() {
    return weights == null
        ? data.size(0)
        : weights.castTo(DataType.DOUBLE).sumNumber().doubleValue();
  }
}
