/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.random;

import java.util.function.DoubleUnaryOperator;
import org.dl4jebm.layers.HostBlocks;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Noise that is a pure function of a key and of the position in the array: the same on every
 * backend, with any number of threads, in FLOAT and (but for rounding) in DOUBLE, and again when it
 * is asked for again.
 *
 * <p>Value number {@code i} is {@code quantile(u_i)} where {@code u_i = (k + 1/2) 2^-52}, {@code k}
 * the upper 52 bits of number {@code i} of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) started
 * at the key. {@code u_i} lies strictly between 0 and 1, at least 2<sup>-53</sup> from either, so
 * that {@code -log(-log u)} and the like stay finite. The numbers are made on the host; the largest
 * normal one is about 8.2.
 */
public final class CounterNoise {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private CounterNoise() {}

  /**
   * Fills an array.
   *
   * @param key the key, from {@link Seeds#derive}
   * @param quantile the inverse distribution function of the noise; called by several threads
   * @param out contiguous array of any shape, filled in 'c' order. Modified.
   * @throws IllegalArgumentException if {@code out} is not contiguous in 'c' order
   */
  public static void fill(long key, DoubleUnaryOperator quantile, INDArray out) {
    if (out.ordering() != 'c' || (out.elementWiseStride() != 1 && out.length() > 1)) {
      throw new IllegalArgumentException(
          "array of order '"
              + out.ordering()
              + "' and element-wise stride "
              + out.elementWiseStride()
              + "; accepted: contiguous in 'c' order");
    }
    if (HostBlocks.reach(out)) {
      HostBlocks.map(
          out,
          out,
          (block, n, from) -> {
            for (int i = 0; i < n; i++) {
              block[i] = (float) quantile.applyAsDouble(uniform(key, from + i));
            }
          });
    } else if (out.dataType() == DataType.DOUBLE) {
      double[] values = new double[Math.toIntExact(out.length())];
      for (int i = 0; i < values.length; i++) {
        values[i] = quantile.applyAsDouble(uniform(key, i));
      }
      out.assign(Nd4j.createFromArray(values).reshape('c', out.shape()));
    } else {
      float[] values = new float[Math.toIntExact(out.length())];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) quantile.applyAsDouble(uniform(key, i));
      }
      out.assign(Nd4j.createFromArray(values).reshape('c', out.shape()));
    }
  }

  /**
   * One uniform number.
   *
   * @param key the key
   * @param position number of the draw, 0 or more
   * @return a number strictly between 0 and 1
   */
  public static double uniform(long key, long position) {
    long z = key + (position + 1) * GOLDEN_GAMMA;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    z ^= z >>> 31;
    return ((z >>> 12) + 0.5) * 0x1p-52;
  }
}
