/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * Elementwise work on the memory of arrays, block by block on the Java heap. The JVM vectorises
 * loops over {@code float[]}, so that functions for which ND4J's CPU backend has only plain code
 * take a fraction of the time, copies included.
 *
 * <p>Only for arrays that {@link #reach} can reach; others are left to ND4J's operations. Large
 * arrays are divided among as many threads as ND4J uses, those of the common pool; where blocks
 * begin does not depend on their number.
 */
public final class HostBlocks {

  /** Number of values in a block, but for the last; a few blocks fit the first-level cache. */
  public static final int LENGTH = 2048;

  /** Half a thread's share at least, about 20 microseconds: what it costs to wake one. */
  private static final int BLOCKS_A_THREAD = 24;

  private static final ThreadLocal<float[]> BLOCK =
      ThreadLocal.withInitial(() -> new float[LENGTH]);

  private static final ThreadLocal<float[]> OTHER_BLOCK =
      ThreadLocal.withInitial(() -> new float[LENGTH]);

  private static final ThreadLocal<float[]> THIRD_BLOCK =
      ThreadLocal.withInitial(() -> new float[LENGTH]);

  private HostBlocks() {}

  /** Work on the blocks of two arrays at the same place. Called by several threads at once. */
  @FunctionalInterface
  public interface PairWork {

    /**
     * Works on a pair of blocks.
     *
     * @param block values of the first array, to be replaced by the results
     * @param other values of the second array; what is left there is lost
     * @param n how many values count, {@link #LENGTH} but for the last block
     * @param from position of the first value in the arrays, a multiple of {@link #LENGTH}
     */
    void on(float[] block, float[] other, int n, long from);
  }

  /** Work on a range of positions. Called by several threads at once. */
  @FunctionalInterface
  public interface RangeWork {

    /**
     * Works on a range.
     *
     * @param from the first position, a multiple of {@link #LENGTH}
     * @param to the position behind the last
     */
    void on(long from, long to);
  }

  /** Work on one block. Called by several threads at once. */
  @FunctionalInterface
  public interface Work {

    /**
     * Works on a block.
     *
     * @param block its values, in order of memory; to be replaced by the results, if there are any
     * @param n how many values count, {@link #LENGTH} but for the last block
     * @param from position of the first value in the array, a multiple of {@link #LENGTH}
     */
    void on(float[] block, int n, long from);
  }

  /** Work on the blocks of three arrays at the same place. Called by several threads at once. */
  @FunctionalInterface
  public interface TripleWork {

    /**
     * Works on three blocks.
     *
     * @param first values of the first array, to be replaced by the results, as in the others
     * @param second values of the second array
     * @param third values of the third array
     * @param n how many values count, {@link #LENGTH} but for the last block
     */
    void on(float[] first, float[] second, float[] third, int n);
  }

  /**
   * Tells whether the values of an array can be reached here.
   *
   * @param array any array. Not modified.
   * @return true for arrays of type FLOAT without gaps, in the memory of the CPU backend
   */
  public static boolean reach(INDArray array) {
    return array.dataType() == DataType.FLOAT
        && array.elementWiseStride() == 1
        && !array.isEmpty()
        && HostMemory.holdsArrays();
  }

  /**
   * Looks at every value.
   *
   * @param in the array. Not modified.
   * @param work gets each block
   * @throws IllegalArgumentException if the array cannot be reached
   */
  public static void read(INDArray in, Work work) {
    require(in);
    run(in, null, work, null, null);
  }

  /**
   * Writes a function of each value of one array into another, or into itself.
   *
   * @param in the array. Not modified, unless it is {@code out}.
   * @param out an array of the same shape and order. Modified.
   * @param work gets each block of {@code in} and leaves that of {@code out} in its place
   * @throws IllegalArgumentException if an array cannot be reached or the orders of memory differ
   */
  public static void map(INDArray in, INDArray out, Work work) {
    requireAlike(in, out);
    run(in, out, work, null, null);
  }

  /**
   * Writes a function of each value of one array into another, and a function of the result into a
   * third.
   *
   * @param in the array. Not modified, unless it is {@code out}.
   * @param out an array of the same shape and order. Modified.
   * @param work gets each block of {@code in} and leaves that of {@code out} in its place
   * @param next one more array of the same shape and order. Modified.
   * @param nextWork gets each block of {@code out} and leaves that of {@code next} in its place
   * @throws IllegalArgumentException if an array cannot be reached or the orders of memory differ
   */
  public static void map(INDArray in, INDArray out, Work work, INDArray next, Work nextWork) {
    requireAlike(in, out);
    requireAlike(out, next);
    run(in, out, work, next, nextWork);
  }

  /**
   * Writes a function of the values at the same place of two arrays.
   *
   * @param in the first array. Not modified, unless it is {@code out}.
   * @param other the second array, of the same shape and order. Not modified, unless it is {@code
   *     out}.
   * @param out an array of the same shape and order. Modified.
   * @param work gets the blocks of both and leaves that of {@code out} in place of the first
   * @throws IllegalArgumentException if an array cannot be reached or the orders of memory differ
   */
  public static void map(INDArray in, INDArray other, INDArray out, PairWork work) {
    requireAlike(in, other);
    requireAlike(in, out);
    run(
        in,
        out,
        (block, n, from) -> {
          float[] otherBlock = OTHER_BLOCK.get();
          memory(other).position(from).get(otherBlock, 0, n);
          work.on(block, otherBlock, n, from);
        },
        null,
        null);
    Reference.reachabilityFence(other);
  }

  /**
   * Replaces the values at the same place of two arrays.
   *
   * @param first an array. Modified.
   * @param second an array of the same shape and order. Modified.
   * @param work gets the blocks of both and leaves the results in their place
   * @throws IllegalArgumentException if an array cannot be reached or the orders of memory differ
   */
  public static void update(INDArray first, INDArray second, PairWork work) {
    requireAlike(first, second);
    run(
        first,
        first,
        (block, n, from) -> {
          float[] secondBlock = OTHER_BLOCK.get();
          FloatPointer secondMemory = memory(second).position(from);
          secondMemory.get(secondBlock, 0, n);
          work.on(block, secondBlock, n, from);
          secondMemory.put(secondBlock, 0, n);
        },
        null,
        null);
    Reference.reachabilityFence(second);
  }

  /**
   * Replaces the values at the same place of three arrays.
   *
   * @param first an array. Modified.
   * @param second an array of the same shape and order. Modified.
   * @param third an array of the same shape and order. Modified.
   * @param work gets the blocks of all three and leaves the results in their place
   * @throws IllegalArgumentException if an array cannot be reached or the orders of memory differ
   */
  public static void update(INDArray first, INDArray second, INDArray third, TripleWork work) {
    requireAlike(first, second);
    requireAlike(first, third);
    run(
        first,
        first,
        (block, n, from) -> {
          float[] secondBlock = OTHER_BLOCK.get();
          float[] thirdBlock = THIRD_BLOCK.get();
          FloatPointer secondMemory = memory(second).position(from);
          FloatPointer thirdMemory = memory(third).position(from);
          secondMemory.get(secondBlock, 0, n);
          thirdMemory.get(thirdBlock, 0, n);
          work.on(block, secondBlock, thirdBlock, n);
          secondMemory.put(secondBlock, 0, n);
          thirdMemory.put(thirdBlock, 0, n);
        },
        null,
        null);
    Reference.reachabilityFence(second);
    Reference.reachabilityFence(third);
  }

  private static void requireAlike(INDArray in, INDArray out) {
    require(in);
    require(out);
    if (!Arrays.equals(in.shape(), out.shape()) || in.ordering() != out.ordering()) {
      throw new IllegalArgumentException(
          "arrays have shapes "
              + Arrays.toString(in.shape())
              + in.ordering()
              + " and "
              + Arrays.toString(out.shape())
              + out.ordering()
              + "; accepted: the same shape and order");
    }
  }

  private static void require(INDArray array) {
    if (!reach(array)) {
      throw new IllegalArgumentException(
          "array of type "
              + array.dataType()
              + " and element-wise stride "
              + array.elementWiseStride()
              + "; accepted: FLOAT without gaps on the CPU backend");
    }
  }

  private static void run(INDArray in, INDArray out, Work work, INDArray next, Work nextWork) {
    ranges(in.length(), (from, to) -> run(in, out, work, next, nextWork, from, to));
    Reference.reachabilityFence(in);
    Reference.reachabilityFence(out);
    Reference.reachabilityFence(next);
  }

  /**
   * Divides positions among as many threads as ND4J uses, at multiples of {@link #LENGTH}.
   *
   * @param length number of positions, at least 1
   * @param work gets each range, perhaps several threads at once
   */
  public static void ranges(long length, RangeWork work) {
    int blocks = Math.toIntExact((length - 1) / LENGTH + 1);
    int threads = threads(blocks);
    if (threads == 1) {
      work.on(0, length);
      return;
    }
    IntStream.range(0, threads)
        .parallel()
        .forEach(
            i -> {
              long from = (long) LENGTH * (blocks * (long) i / threads);
              long to = (long) LENGTH * (blocks * (i + 1L) / threads);
              work.on(from, Math.min(to, length));
            });
  }

  private static int threads(int blocks) {
    int most = blocks / BLOCKS_A_THREAD;
    if (most < 2) {
      return 1;
    }
    return Math.min(most, NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads());
  }

  private static void run(
      INDArray in, INDArray out, Work work, INDArray next, Work nextWork, long start, long end) {
    FloatPointer source = memory(in);
    FloatPointer target = out == null ? null : out == in ? source : memory(out);
    FloatPointer nextTarget = next == null ? null : memory(next);
    float[] block = BLOCK.get();
    for (long from = start; from < end; from += LENGTH) {
      int n = (int) Math.min(LENGTH, end - from);
      source.position(from).get(block, 0, n);
      work.on(block, n, from);
      if (target != null) {
        target.position(from).put(block, 0, n);
      }
      if (nextTarget != null) {
        nextWork.on(block, n, from);
        nextTarget.position(from).put(block, 0, n);
      }
    }
  }

  /**
   * The memory of an array within {@link #reach}, for passes over more arrays than the methods here
   * take. Keep the array reachable while it is in use.
   *
   * @param array the array
   * @return a new pointer to the first value of the array itself, also where it is a view of a
   *     larger one
   */
  public static FloatPointer memory(INDArray array) {
    return (FloatPointer) array.data().addressPointer();
  }
}
