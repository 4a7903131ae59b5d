/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.pretrain;

import java.util.Arrays;
import java.util.function.Supplier;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What can be wrong with a batch that a layer is to be pretrained on.
 *
 * @param layerId names the layer in messages
 */
record BatchChecks(Supplier<String> layerId) {

  void checkShape(INDArray batch, long width) {
    if (batch.rank() != 2 || batch.size(1) != width || batch.size(0) == 0) {
      throw new DL4JInvalidInputException(
          "pretraining data have shape "
              + Arrays.toString(batch.shape())
              + "; accepted: [n, "
              + width
              + "] with n at least 1 "
              + layerId.get());
    }
  }

  void checkFinite(INDArray states, String acceptedBy) {
    INDArray flat =
        states.elementWiseStride() == 1
            ? states
            : states.reshape(states.ordering(), new long[] {states.length()});
    if (!Double.isFinite(Nd4j.getBlasWrapper().dot(flat, flat))) {
      throw new DL4JInvalidInputException(
          "pretraining data hold NaN or infinite values, or their squares overflow; accepted by "
              + acceptedBy
              + ": finite values "
              + layerId.get());
    }
  }

  /** One weight a row, none of them negative, not all of them 0; null is accepted. */
  void checkWeights(INDArray weights, long rows) {
    if (weights == null) {
      return;
    }
    if (weights.length() != rows || weights.size(0) != rows) {
      refuseWeights("have shape " + Arrays.toString(weights.shape()), rows);
    }
    double sum = 0;
    for (double weight : weights.castTo(DataType.DOUBLE).dup('c').data().asDouble()) {
      if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
        refuseWeights("hold " + weight, rows);
      }
      sum += weight;
    }
    if (sum == 0) {
      refuseWeights("are all 0", rows);
    }
  }

  private void refuseWeights(String problem, long rows) {
    throw new DL4JInvalidInputException(
        "weights of examples "
            + problem
            + "; accepted: ["
            + rows
            + "] or ["
            + rows
            + ", 1] with finite numbers that are not negative, one of them greater than 0 "
            + layerId.get());
  }
}
