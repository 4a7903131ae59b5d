/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.function.Supplier;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Assertions on arrays: shapes first, then every value, with the place of the first difference. */
public final class NdAssert {

  /** Relative rounding of a short FLOAT computation. */
  public static final double FLOAT_TOLERANCE = 2e-5;

  private NdAssert() {}

  /** Same shape, and each value within {@code tolerance * max(1, |expected|)}. */
  public static void assertClose(INDArray expected, INDArray actual, double tolerance) {
    assertClose(expected, actual, tolerance, () -> "");
  }

  /** Same shape, and each value within {@code tolerance * max(1, |expected|)}. */
  public static void assertClose(
      INDArray expected, INDArray actual, double tolerance, Supplier<String> message) {
    assertArrayEquals(expected.shape(), actual.shape(), () -> "shape " + message.get());
    assertClose(values(expected), values(actual), tolerance, message);
  }

  /** As many values, each within {@code tolerance * max(1, |expected|)}. */
  public static void assertClose(
      double[] expected, double[] actual, double tolerance, Supplier<String> message) {
    assertEquals(expected.length, actual.length, () -> "length " + message.get());
    for (int i = 0; i < expected.length; i++) {
      double limit = tolerance * Math.max(1, Math.abs(expected[i]));
      if (!(Math.abs(expected[i] - actual[i]) <= limit)) {
        fail(
            "element "
                + i
                + " should be "
                + expected[i]
                + " within "
                + limit
                + " but is "
                + actual[i]
                + " "
                + message.get());
      }
    }
  }

  /** Same type, shape and bits. */
  public static void assertSame(INDArray expected, INDArray actual) {
    assertSame(expected, actual, () -> "");
  }

  /** Same type, shape and bits. */
  public static void assertSame(INDArray expected, INDArray actual, Supplier<String> message) {
    assertEquals(expected.dataType(), actual.dataType(), () -> "data type " + message.get());
    assertArrayEquals(expected.shape(), actual.shape(), () -> "shape " + message.get());
    assertArrayEquals(values(expected), values(actual), message);
  }

  /** The values in 'c' order, as doubles. */
  public static double[] values(INDArray array) {
    return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
  }

  /** The same values in 'f' order. */
  public static INDArray fortran(INDArray array) {
    return array.dup('f');
  }

  /** The same values as a view of every second column of every second row of a larger array. */
  public static INDArray view(INDArray matrix) {
    INDArray larger =
        Nd4j.valueArrayOf(
            new long[] {2 * matrix.size(0), 2 * matrix.size(1)}, -7.0, matrix.dataType());
    INDArray view =
        larger.get(
            org.nd4j.linalg.indexing.NDArrayIndex.interval(1, 2, larger.size(0)),
            org.nd4j.linalg.indexing.NDArrayIndex.interval(0, 2, larger.size(1)));
    return view.assign(matrix);
  }
}
