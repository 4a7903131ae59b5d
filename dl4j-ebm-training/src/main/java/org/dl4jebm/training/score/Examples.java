/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Checks of data. */
final class Examples {

  private Examples() {}

  /**
   * Takes the examples of a batch.
   *
   * @throws DL4JInvalidInputException if it has a mask, which no objective here uses
   */
  static INDArray of(DataSet batch) {
    if (batch.hasMaskArrays()) {
      throw new DL4JInvalidInputException(
          "a batch has a mask; accepted by score matching: none, examples of the whole width and of"
              + " the same weight");
    }
    return batch.getFeatures();
  }

  /**
   * Requires examples of finite values.
   *
   * @param x examples along the first of two or more dimensions, or null. Not modified.
   * @return the values in this type, in 'c' order; may be the argument
   * @throws DL4JInvalidInputException naming what was found and what is accepted
   */
  static INDArray require(INDArray x, DataType type) {
    if (x == null || x.rank() < 2 || x.isEmpty()) {
      throw new DL4JInvalidInputException(
          "the features of a batch are "
              + (x == null ? "null" : "of shape " + Arrays.toString(x.shape()))
              + "; accepted: at least one example, along the first of two or more dimensions");
    }
    INDArray typed = x.castTo(type);
    if (typed.ordering() != 'c' || !Shape.hasDefaultStridesForShape(typed)) {
      typed = typed.dup('c');
    }
    INDArray flat = typed.reshape('c', new long[] {typed.length()});
    // A sum of squares is NaN or infinite if a value is, and overflows only for huge values.
    double squares = Nd4j.getBlasWrapper().dot(flat, flat);
    if (!Double.isFinite(squares)) {
      throw new DL4JInvalidInputException(
          "the features of a batch hold NaN or infinite values, or their squares overflow (the sum"
              + " of squares is "
              + squares
              + "); accepted: finite numbers");
    }
    return typed;
  }
}
