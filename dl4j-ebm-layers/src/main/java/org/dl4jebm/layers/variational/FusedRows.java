/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.lang.ref.Reference;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.dl4jebm.layers.HostMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * One pass over the rows of FLOAT arrays in the memory of the CPU, on the Java heap, in loops that
 * the JVM vectorises: log-probability and derivative of a likelihood whose channels are
 * independent, without an array in between. A row of the data serves all samples of its example.
 *
 * <p>Rows are divided among as many threads as ND4J uses. Results do not depend on their number.
 */
final class FusedRows {

  /** Values of a row that are worked on at a time; three blocks fit the first-level cache. */
  static final int BLOCK = 2048;

  /** Below this many values a thread costs more than it brings. */
  private static final long VALUES_A_THREAD = 24L * BLOCK;

  private static final ThreadLocal<float[][]> BLOCKS =
      ThreadLocal.withInitial(() -> new float[3][BLOCK]);

  private FusedRows() {}

  /** The formulas of a likelihood. Called by several threads at once. */
  @FunctionalInterface
  interface Kernel {

    /**
     * Works on a part of a row.
     *
     * @param eta outputs; to be replaced by the derivative of {@code -weight log p}
     * @param x data at the same place. Not modified.
     * @param work may be written to
     * @param n how many values count
     * @param weight weight of the row, or NaN if no derivative is asked for
     * @return the sum of {@code log p}
     */
    double on(float[] eta, float[] x, float[] work, int n, float weight);
  }

  /** Whether a pass can be made, perhaps over a copy; for the result see {@link #reach}. */
  static boolean accept(INDArray array) {
    return array.dataType() == DataType.FLOAT
        && array.rank() >= 2
        && !array.isEmpty()
        && HostMemory.holdsArrays();
  }

  /** The array itself if it can be reached, or a copy. */
  static INDArray inRows(INDArray array) {
    return reach(array) ? array : array.dup('c');
  }

  /** Whether each row of the array lies in one piece of memory that can be reached. */
  static boolean reach(INDArray array) {
    if (!accept(array)) {
      return false;
    }
    long expected = 1;
    for (int dimension = array.rank() - 1; dimension > 0; dimension--) {
      if (array.size(dimension) != 1 && array.stride(dimension) != expected) {
        return false;
      }
      expected *= array.size(dimension);
    }
    return true;
  }

  /**
   * Runs a kernel over all rows.
   *
   * @param x data {@code [n, ...]}, within reach. Not modified.
   * @param eta outputs {@code [T n, ...]}, within reach. Not modified.
   * @param weights one a row, or null for no derivative. Not modified.
   * @param gradient gets the derivative; of the shape of {@code eta}, within reach. Not looked at
   *     without weights.
   * @param kernel the formulas
   * @return {@code log p} of each row of {@code eta}
   */
  static double[] run(
      INDArray x, INDArray eta, double[] weights, INDArray gradient, Kernel kernel) {
    int rows = Math.toIntExact(eta.size(0));
    int length = Math.toIntExact(eta.length() / rows);
    int samples = rows / Math.toIntExact(x.size(0));
    double[] logProbability = new double[rows];
    long most = Math.min(rows, eta.length() / VALUES_A_THREAD);
    int threads =
        most < 2
            ? 1
            : (int)
                Math.min(
                    most, NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads());
    if (threads == 1) {
      run(x, eta, weights, gradient, kernel, samples, length, 0, rows, logProbability);
    } else {
      IntStream.range(0, threads)
          .parallel()
          .forEach(
              i -> {
                int from = (int) (rows * (long) i / threads);
                int to = (int) (rows * (i + 1L) / threads);
                run(x, eta, weights, gradient, kernel, samples, length, from, to, logProbability);
              });
    }
    Reference.reachabilityFence(x);
    Reference.reachabilityFence(eta);
    Reference.reachabilityFence(gradient);
    return logProbability;
  }

  private static void run(
      INDArray x,
      INDArray eta,
      double[] weights,
      INDArray gradient,
      Kernel kernel,
      int samples,
      int length,
      int from,
      int to,
      double[] logProbability) {
    FloatPointer data = memory(x);
    FloatPointer output = memory(eta);
    FloatPointer target = weights == null ? null : memory(gradient);
    float[][] blocks = BLOCKS.get();
    for (int row = from; row < to; row++) {
      float weight = weights == null ? Float.NaN : (float) weights[row];
      int example = row / samples;
      double sum = 0;
      for (int done = 0; done < length; done += BLOCK) {
        int n = Math.min(BLOCK, length - done);
        if (length > BLOCK || row == from || row % samples == 0) {
          data.position(example * x.stride(0) + done).get(blocks[1], 0, n);
        }
        output.position(row * eta.stride(0) + done).get(blocks[0], 0, n);
        sum += kernel.on(blocks[0], blocks[1], blocks[2], n, weight);
        if (target != null) {
          target.position(row * gradient.stride(0) + done).put(blocks[0], 0, n);
        }
      }
      logProbability[row] = sum;
    }
  }

  /** The sum in double precision; four partial sums hide the latency of an addition. */
  static double sum(float[] values, int n) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int i = 0;
    for (; i + 3 < n; i += 4) {
      a += values[i];
      b += values[i + 1];
      c += values[i + 2];
      d += values[i + 3];
    }
    for (; i < n; i++) {
      a += values[i];
    }
    return a + b + (c + d);
  }

  /** The first value of the array itself, also where it is a view of a larger one. */
  private static FloatPointer memory(INDArray array) {
    return (FloatPointer) array.data().addressPointer();
  }
}
