/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks that pixel values are numbers from 0 to 1. */
final class UnitRange {

  private UnitRange() {}

  /** Throws an IllegalArgumentException that names the first offending element. */
  static void require(INDArray matrix, String name) {
    // A NaN makes the sum NaN, whatever min and max make of it.
    boolean fine =
        Double.isFinite(matrix.sumNumber().doubleValue())
            && matrix.minNumber().doubleValue() >= 0
            && matrix.maxNumber().doubleValue() <= 1;
    if (fine) {
      return;
    }
    for (long row = 0; row < matrix.rows(); row++) {
      double[] values = matrix.getRow(row).dup().toDoubleVector();
      for (int column = 0; column < values.length; column++) {
        if (!(values[column] >= 0 && values[column] <= 1)) {
          throw new IllegalArgumentException(
              name
                  + " hold "
                  + values[column]
                  + " in row "
                  + row
                  + ", column "
                  + column
                  + "; accepted: values from 0 to 1");
        }
      }
    }
  }
}
