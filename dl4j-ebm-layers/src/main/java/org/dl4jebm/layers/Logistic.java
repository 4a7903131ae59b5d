/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The logistic function {@code 1 / (1 + exp(-x))}.
 *
 * <p>ND4J's own takes more than 2 ns a value on one core, a quarter of a training step. In FLOAT on
 * the CPU this class uses a rational function instead, in loops that the JVM vectorises; its
 * results are the same on every machine, with an absolute error below 2.5e-7, so values below about
 * 1e-7 may become 0. NaN stays NaN, and the infinities give 0 and 1.
 */
public final class Logistic {

  /** From here on the function is 1 in FLOAT, and its approximation is cut off. */
  private static final float END = 17.4f;

  private static final float END_SQUARED = END * END;

  // Minimax approximation of tanh(x/2) / 2 by x P(x^2) / Q(x^2) on [-END, END], error 7e-9.
  private static final float P0 = 0.24999998f;
  private static final float P1 = 8.370698533734152e-3f;
  private static final float P2 = 5.484720719090767e-5f;
  private static final float P3 = 8.148915769271343e-8f;
  private static final float P4 = 1.340565135595675e-11f;
  private static final float Q1 = 0.11681605984382877f;
  private static final float Q2 = 1.620746773730349e-3f;
  private static final float Q3 = 5.171946487125319e-6f;
  private static final float Q4 = 3.095326708901574e-9f;

  private Logistic() {}

  /**
   * Replaces every value by its logistic function.
   *
   * @param x a contiguous array of any shape. Modified.
   */
  public static void apply(INDArray x) {
    if (HostBlocks.reach(x)) {
      HostBlocks.map(x, x, (block, n, from) -> apply(block, n));
    } else {
      Transforms.sigmoid(x, false);
    }
  }

  /**
   * Replaces every value by its logistic function and draws 1 with this probability, otherwise 0.
   *
   * @param x becomes the probabilities, unless it is {@code sample}; contiguous. Modified.
   * @param sample gets the states; of the shape and type of {@code x}, contiguous. Modified.
   * @param random the stream to draw from
   */
  public static void applyAndDraw(INDArray x, INDArray sample, RandomStream random) {
    if (HostBlocks.reach(x) && HostBlocks.reach(sample) && x.ordering() == sample.ordering()) {
      random.bernoulli(x, (block, n, from) -> apply(block, n), sample);
    } else {
      apply(x);
      random.bernoulli(x, sample);
    }
  }

  /**
   * Replaces the first values of a block, for use with {@link HostBlocks}.
   *
   * @param block values in FLOAT. Modified.
   * @param n how many of them to replace
   */
  public static void apply(float[] block, int n) {
    for (int i = 0; i < n; i++) {
      float x = block[i];
      float y = Math.min(x * x, END_SQUARED);
      float p = (((P4 * y + P3) * y + P2) * y + P1) * y + P0;
      float q = (((Q4 * y + Q3) * y + Q2) * y + Q1) * y + 1;
      float tanh = x * p / q;
      block[i] = 0.5f + Math.max(-0.5f, Math.min(0.5f, tanh));
    }
  }
}
