/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.lang.ref.Reference;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastCopyOp;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Operations between the rows of a matrix and a vector, each in the way that takes least time. */
public final class Rows {

  private Rows() {}

  /**
   * Writes {@code out = before * out + factor * weights matrix}. As a product with a vector: ND4J's
   * sum of a long FLOAT column loses digits, and a product with a matrix of one row takes several
   * times as long.
   *
   * @param matrixTransposed {@code [k, n]}, the transpose of a matrix in 'c' order. Not modified.
   * @param weights {@code [n]}. Not modified.
   * @param out {@code [k]}. Modified.
   * @param factor factor of the new sum
   * @param before factor of what is in {@code out}; with 0 it may be uninitialised
   */
  public static void weightedSum(
      INDArray matrixTransposed, INDArray weights, INDArray out, double factor, double before) {
    HostBlas.gemv(matrixTransposed, weights, out, factor, before);
  }

  /**
   * Some of the rows. ND4J's own {@code get} gives an empty array for the last rows of some views,
   * such as a matrix without its last columns, or without its first rows.
   *
   * @param array {@code [n, ...]}. Not modified.
   * @param from the first
   * @param to one past the last
   * @return {@code [to - from, ...]}, a view where possible
   */
  public static INDArray range(INDArray array, long from, long to) {
    INDArrayIndex[] indices = new INDArrayIndex[array.rank()];
    Arrays.fill(indices, NDArrayIndex.all());
    indices[0] = NDArrayIndex.interval(from, to);
    INDArray rows = array.get(indices);
    return rows.isEmpty() ? array.dup('c').get(indices) : rows;
  }

  /**
   * The product of each row with a vector.
   *
   * @param matrix {@code [n, k]}. Not modified.
   * @param vector {@code [k]}, of the same type. Not modified.
   * @return {@code [n]}, new
   */
  public static INDArray products(INDArray matrix, INDArray vector) {
    INDArray out = Nd4j.createUninitialized(matrix.dataType(), matrix.size(0));
    return Nd4j.exec(new Mmul(matrix, vector, out, MMulTranspose.allFalse()))[0];
  }

  /**
   * Writes a vector into each row.
   *
   * @param matrix {@code [n, k]}. Overwritten.
   * @param row {@code [k]}, of the same type. Not modified.
   */
  public static void fill(INDArray matrix, INDArray row) {
    if (!hasPlainMemory(matrix) || matrix.ordering() != 'c' || !hasPlainMemory(row)) {
      matrix.assign(row.reshape('c', new long[] {1, row.length()}).broadcast(matrix.shape()));
      return;
    }
    BytePointer target = new BytePointer(matrix.data().addressPointer());
    BytePointer filled = new BytePointer(target);
    long width = row.length() * row.dataType().width();
    long size = matrix.size(0) * width;
    Pointer.memcpy(target, new BytePointer(row.data().addressPointer()), width);
    for (long done = width; done < size; done *= 2) {
      Pointer.memcpy(target.position(done), filled, Math.min(done, size - done));
    }
    Reference.reachabilityFence(matrix);
    Reference.reachabilityFence(row);
  }

  /**
   * Repeats what stands at each place of the first dimension: of {@code a, b} it makes {@code a, a,
   * a, b, b, b}. ND4J's own {@code broadcast} and {@code repeat} take several times as long.
   *
   * @param array {@code [n, ...]}. Not modified.
   * @param times 1 or more
   * @return {@code [n * times, ...]}, new, or {@code array} itself for once
   */
  public static INDArray repeatEach(INDArray array, int times) {
    if (times == 1) {
      return array;
    }
    long[] shape = array.shape().clone();
    long n = shape[0];
    long length = array.length() / n;
    INDArray result =
        Nd4j.createUninitialized(array.dataType(), new long[] {n, times, length}, 'c');
    INDArray each = array.dup('c').reshape('c', new long[] {n, length});
    Nd4j.getExecutioner().exec(new BroadcastCopyOp(result, each, result, 0, 2));
    shape[0] = n * times;
    return result.reshape('c', shape);
  }

  private static boolean hasPlainMemory(INDArray array) {
    return array.elementWiseStride() == 1 && HostMemory.holdsArrays();
  }
}
