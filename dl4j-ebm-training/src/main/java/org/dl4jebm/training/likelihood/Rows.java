/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.function.Function;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Work on large arrays in blocks of rows. */
final class Rows {

  private static final long BLOCK_ROWS = 1000;

  private Rows() {}

  /** Rows {@code from} to {@code to - 1} of an array of rank 2 or more, a view where possible. */
  static INDArray of(INDArray matrix, long from, long to) {
    return org.dl4jebm.layers.Rows.range(matrix, from, to);
  }

  /** Applies a function that gives one number a row to all rows; the result is in DOUBLE. */
  static INDArray map(INDArray matrix, Function<INDArray, INDArray> function) {
    long n = matrix.size(0);
    INDArray result = Nd4j.create(DataType.DOUBLE, n);
    for (long from = 0; from < n; from += BLOCK_ROWS) {
      long to = Math.min(n, from + BLOCK_ROWS);
      INDArray values = function.apply(of(matrix, from, to));
      result.get(NDArrayIndex.interval(from, to)).assign(values.castTo(DataType.DOUBLE));
    }
    return result;
  }
}
