/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Arrays;
import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.ValueRange;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Broadcast;
import org.nd4j.linalg.factory.Nd4j;

/** Shapes and sums that the likelihoods have in common. */
final class LikelihoodRows {

  private LikelihoodRows() {}

  /** Refuses a data type that networks may have, but sums of logarithms do not fit into. */
  static void requireType(DataType network) {
    if (network != DataType.FLOAT && network != DataType.DOUBLE) {
      throw new IllegalArgumentException(
          "the network's data type is " + network + "; accepted: FLOAT or DOUBLE");
    }
  }

  /** The shape of data that belong to a decoder's output. */
  static long[] dataShape(Likelihood likelihood, INDArray eta) {
    if (eta.rank() < 2) {
      throw new IllegalArgumentException(
          "eta has shape "
              + Arrays.toString(eta.shape())
              + "; accepted: rows, channels and, if there are any, positions");
    }
    long[] shape = eta.shape().clone();
    shape[1] = likelihood.dataSize(shape[1]);
    return shape;
  }

  /**
   * Checks that the shapes go together.
   *
   * @return the number of samples of each example
   */
  static int samples(Likelihood likelihood, INDArray x, INDArray mask, INDArray eta) {
    long[] expected = dataShape(likelihood, eta);
    long rows = expected[0];
    long n = x.rank() == 0 ? 0 : x.size(0);
    expected[0] = n;
    if (!Arrays.equals(expected, x.shape())) {
      throw new IllegalArgumentException(
          "data have shape "
              + Arrays.toString(x.shape())
              + "; accepted for output of shape "
              + Arrays.toString(eta.shape())
              + " and "
              + likelihood.describe()
              + ": "
              + Arrays.toString(expected).replaceFirst("\\d+", "n"));
    }
    if (n == 0 || rows == 0 || rows % n != 0) {
      throw new IllegalArgumentException(
          "output has "
              + rows
              + " rows for "
              + n
              + " examples; accepted: a whole number of rows, at least 1, for each example");
    }
    if (mask != null && !Arrays.equals(mask.shape(), x.shape())) {
      throw new IllegalArgumentException(
          "mask has shape "
              + Arrays.toString(mask.shape())
              + "; accepted: that of the data, "
              + Arrays.toString(x.shape()));
    }
    if (x.dataType() != eta.dataType()) {
      throw new IllegalArgumentException(
          "data are of type " + x.dataType() + "; accepted: that of the output, " + eta.dataType());
    }
    return (int) (rows / n);
  }

  /** {@link Rows#repeatEach} of an array that may be missing. */
  static INDArray repeat(INDArray rows, int times) {
    return rows == null ? null : Rows.repeatEach(rows, times);
  }

  /** The sum of each row, in double precision. */
  static double[] sums(INDArray elements) {
    return elements
        .castTo(DataType.DOUBLE)
        .reshape('c', new long[] {elements.size(0), -1})
        .sum(1)
        .toDoubleVector();
  }

  /** Multiplies each row by its weight. */
  static void scale(INDArray elements, double[] weights) {
    if (Arrays.stream(weights).allMatch(w -> w == weights[0])) {
      if (weights[0] != 1) {
        elements.muli(weights[0]);
      }
    } else {
      INDArray column = Nd4j.createFromArray(weights).castTo(elements.dataType());
      Broadcast.mul(elements, column, elements, 0);
    }
  }

  /** The values whose mask is not 0, and 0 in place of the others. */
  static INDArray seen(INDArray values, INDArray mask) {
    return mask == null ? values : values.mul(mask.neq(0).castTo(values.dataType()));
  }

  /** Whether no value is NaN or infinite; a sum of finite values that overflows counts as such. */
  static boolean allFinite(INDArray values) {
    if (HostBlocks.reach(values)) {
      return ValueRange.holds(values, -Float.MAX_VALUE, Float.MAX_VALUE);
    }
    return Double.isFinite(values.castTo(DataType.DOUBLE).sumNumber().doubleValue());
  }
}
