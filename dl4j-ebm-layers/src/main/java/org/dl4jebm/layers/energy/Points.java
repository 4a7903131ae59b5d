/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What is required of points and directions. */
final class Points {

  private Points() {}

  /**
   * Requires examples of finite values.
   *
   * @param x examples along the first of two or more dimensions. Not modified.
   * @param type the network's type
   * @param name names the argument in messages
   * @return the values in this type; may be the argument
   * @throws DL4JInvalidInputException if there are none, or a value is NaN or infinite
   */
  static INDArray require(INDArray x, DataType type, String name) {
    requireNotNull(x, name);
    if (x.rank() < 2 || x.isEmpty()) {
      throw new DL4JInvalidInputException(
          name
              + " has shape "
              + Arrays.toString(x.shape())
              + "; accepted: at least one example, along the first of two or more dimensions");
    }
    INDArray typed = x.castTo(type);
    // A sum of squares is NaN or infinite if a value is, and overflows only for huge values.
    INDArray flat = typed.reshape(typed.ordering(), new long[] {typed.length()});
    if (!Double.isFinite(Nd4j.getBlasWrapper().dot(flat, flat))) {
      requireEachFinite(typed, name);
    }
    return typed;
  }

  private static void requireNotNull(INDArray array, String name) {
    if (array == null) {
      throw new DL4JInvalidInputException(
          name
              + " is null; accepted: finite numbers, an example at each place of the first dimension");
    }
  }

  private static void requireEachFinite(INDArray x, String name) {
    double[] values = x.dup('c').data().asDouble();
    long length = x.length() / x.size(0);
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw new DL4JInvalidInputException(
            name
                + " has the value "
                + values[i]
                + " in example "
                + i / length
                + "; accepted: finite numbers in "
                + x.dataType());
      }
    }
  }

  /**
   * Requires one direction for each point.
   *
   * @throws DL4JInvalidInputException if the shapes differ
   */
  static void requireShape(INDArray expected, INDArray actual, String name) {
    requireNotNull(expected, "x");
    requireNotNull(actual, name);
    if (!Arrays.equals(expected.shape(), actual.shape())) {
      throw new DL4JInvalidInputException(
          name
              + " has shape "
              + Arrays.toString(actual.shape())
              + "; accepted: "
              + Arrays.toString(expected.shape()));
    }
  }
}
