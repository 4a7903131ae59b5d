/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The softmax of rows and its logarithm, for logits of any size. ND4J's own softmax takes a maximum
 * that is never below 0 and so gives NaN in DOUBLE for rows of values that all lie below about
 * -700; its log-softmax is the logarithm of that and gives -Infinity for logits far apart.
 */
public final class StableSoftmax {

  private StableSoftmax() {}

  /**
   * Replaces every row by its softmax.
   *
   * @param rows {@code [m, K]}. Modified.
   * @return {@code rows}
   */
  public static INDArray softmax(INDArray rows) {
    return softmax(rows, 1);
  }

  /**
   * Replaces every row {@code x} by the softmax of {@code x / temperature}, also where the
   * quotients are beyond the largest number of the type.
   *
   * @param rows {@code [m, K]}. Modified.
   * @param temperature greater than 0
   * @return {@code rows}
   */
  public static INDArray softmax(INDArray rows, double temperature) {
    rows.subiColumnVector(rows.max(1));
    if (temperature != 1) {
      rows.divi(temperature);
    }
    Transforms.exp(rows, false);
    return rows.diviColumnVector(rows.sum(1));
  }

  /**
   * Replaces every row by the logarithm of its softmax.
   *
   * @param rows {@code [m, K]}. Modified.
   * @return {@code rows}
   */
  public static INDArray logSoftmax(INDArray rows) {
    rows.subiColumnVector(rows.max(1));
    return rows.subiColumnVector(Transforms.log(Transforms.exp(rows, true).sum(1), false));
  }
}
