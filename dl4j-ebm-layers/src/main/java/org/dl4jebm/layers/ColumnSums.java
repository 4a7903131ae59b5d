/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Sums of the columns of a matrix. In FLOAT on the CPU they are taken row by row in loops that the
 * JVM vectorises, a few rows in single and the rest in double precision; elsewhere by ND4J.
 */
public final class ColumnSums {

  /** How many rows are summed in single precision. */
  private static final int SINGLE = 32;

  private ColumnSums() {}

  /**
   * Returns the sums.
   *
   * @param matrix {@code [n, k]}. Not modified.
   * @return {@code k} values
   */
  public static double[] of(INDArray matrix) {
    if (!byRows(matrix)) {
      return matrix.castTo(DataType.DOUBLE).sum(0).toDoubleVector();
    }
    int rows = Math.toIntExact(matrix.size(0));
    int columns = Math.toIntExact(matrix.size(1));
    int atOnce = Math.min(rows, Math.max(1, HostBlocks.LENGTH / columns));
    FloatPointer memory = HostBlocks.memory(matrix);
    float[] block = new float[atOnce * columns];
    float[] single = new float[columns];
    double[] sums = new double[columns];
    int held = 0;
    for (int from = 0; from < rows; from += atOnce) {
      int n = Math.min(atOnce, rows - from);
      memory.position((long) from * columns).get(block, 0, n * columns);
      for (int row = 0; row < n; row++) {
        add(block, row * columns, single, columns);
        if (++held == SINGLE) {
          flush(single, sums);
          held = 0;
        }
      }
    }
    flush(single, sums);
    Reference.reachabilityFence(matrix);
    return sums;
  }

  private static void add(float[] block, int offset, float[] sums, int n) {
    for (int j = 0; j < n; j++) {
      sums[j] += block[offset + j];
    }
  }

  private static void flush(float[] single, double[] sums) {
    for (int j = 0; j < sums.length; j++) {
      sums[j] += single[j];
      single[j] = 0;
    }
  }

  private static boolean byRows(INDArray matrix) {
    return matrix.rank() == 2 && matrix.ordering() == 'c' && HostBlocks.reach(matrix);
  }
}
