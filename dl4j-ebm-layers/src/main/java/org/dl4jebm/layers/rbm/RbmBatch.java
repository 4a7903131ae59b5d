/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What an {@link RbmEstimator} gets for one step of training.
 *
 * @param data visible states, {@code [n, nIn]}, any order and type. Not modified.
 * @param iteration updates made before this one, for schedules
 * @param epoch passes over the data made before this one, for schedules
 * @param withScore whether the score is wanted, which costs time
 */
public record RbmBatch(INDArray data, int iteration, int epoch, boolean withScore) {

  /**
   * A batch at the start of training, with its score.
   *
   * @param data visible states, {@code [n, nIn]}
   * @return iteration 0 of epoch 0
   */
  public static RbmBatch of(INDArray data) {
    return new RbmBatch(data, 0, 0, true);
  }
}
