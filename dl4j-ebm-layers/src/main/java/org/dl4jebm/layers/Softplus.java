/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * {@code log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))}, without overflow; ND4J's own overflows at
 * 89 in FLOAT.
 *
 * <p>In FLOAT on the CPU the second term, which is at most log 2, is a rational function in loops
 * that the JVM vectorises, with an absolute error below 2e-7; elsewhere it takes five operations of
 * ND4J.
 */
public final class Softplus {

  /** From here on the second term vanishes in FLOAT beside any result that matters. */
  private static final float END = 17.4f;

  // Minimax approximation of log1p(exp(-t)) by P(t) / Q(t) on [0, END], error 2e-8.
  private static final float P0 = 0.693147161f;
  private static final float P1 = -0.213159889f;
  private static final float P2 = 0.0269386686f;
  private static final float P3 = -0.0017426052f;
  private static final float P4 = 5.74802249e-5f;
  private static final float P5 = -7.70462407e-7f;
  private static final float Q1 = 0.413820951f;
  private static final float Q2 = 0.15705552f;
  private static final float Q3 = 0.036072285f;
  private static final float Q4 = 0.00545500013f;
  private static final float Q5 = 3.46807664e-4f;
  private static final float Q6 = 8.65016382e-5f;

  private Softplus() {}

  /**
   * Returns the function of each value.
   *
   * @param x an array of any shape. Not modified.
   * @return a new array of the same shape
   */
  public static INDArray of(INDArray x) {
    if (HostBlocks.reach(x)) {
      INDArray result = x.ulike();
      if (HostBlocks.reach(result) && result.ordering() == x.ordering()) {
        HostBlocks.map(x, result, (block, n, from) -> apply(block, n));
        return result;
      }
    }
    INDArray tail = Transforms.exp(Transforms.abs(x, true).negi(), false);
    return Transforms.log1p(tail, false).addi(Transforms.relu(x, true));
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
      float t = Math.min(Math.abs(x), END);
      float p = ((((P5 * t + P4) * t + P3) * t + P2) * t + P1) * t + P0;
      float q = (((((Q6 * t + Q5) * t + Q4) * t + Q3) * t + Q2) * t + Q1) * t + 1;
      block[i] = Math.max(x, 0) + p / q;
    }
  }
}
