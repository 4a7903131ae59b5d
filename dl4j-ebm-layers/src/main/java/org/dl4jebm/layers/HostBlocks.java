/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The values of an array in its order of memory, copied to the Java heap block by block and back.
 * Loops over {@code float[]} are vectorised by the JVM, so that elementwise functions for which
 * ND4J's CPU backend has only plain code take a fraction of the time, copies included.
 *
 * <p>Only for arrays that {@link #reach} can reach; others are left to ND4J's operations. The array
 * must not be closed meanwhile.
 */
public final class HostBlocks {

  /** Number of values in a block; a few blocks fit the first-level cache. */
  public static final int LENGTH = 2048;

  private final INDArray array;
  private final FloatPointer memory;

  private HostBlocks(INDArray array) {
    this.array = array;
    this.memory = (FloatPointer) array.data().addressPointer();
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
        && Nd4j.getEnvironment().isCPU();
  }

  /**
   * Opens an array.
   *
   * @param array the array, kept
   * @return access to its present memory
   * @throws IllegalArgumentException if {@link #reach} is false
   */
  public static HostBlocks of(INDArray array) {
    if (!reach(array)) {
      throw new IllegalArgumentException(
          "array of type "
              + array.dataType()
              + " and element-wise stride "
              + array.elementWiseStride()
              + "; accepted: FLOAT without gaps on the CPU backend");
    }
    return new HostBlocks(array);
  }

  /**
   * Number of values.
   *
   * @return the length of the array
   */
  public long length() {
    return array.length();
  }

  /**
   * Number of values in the block that starts at a position.
   *
   * @param from position of the first value
   * @return {@link #LENGTH}, or less in the last block
   */
  public int blockLength(long from) {
    return (int) Math.min(LENGTH, length() - from);
  }

  /**
   * Copies a block from the array.
   *
   * @param from position of the first value
   * @param block {@link #LENGTH} values. The first {@link #blockLength} are overwritten.
   */
  public void read(long from, float[] block) {
    memory.position(from).get(block, 0, blockLength(from));
    Reference.reachabilityFence(array);
  }

  /**
   * Copies a block into the array, which is modified.
   *
   * @param from position of the first value
   * @param block {@link #LENGTH} values, of which the first {@link #blockLength} are used. Not
   *     modified.
   */
  public void write(long from, float[] block) {
    memory.position(from).put(block, 0, blockLength(from));
    Reference.reachabilityFence(array);
  }
}
