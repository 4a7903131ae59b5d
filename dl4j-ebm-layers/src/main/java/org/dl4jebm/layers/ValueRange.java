/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.util.concurrent.atomic.AtomicBoolean;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Checks that all values of an array lie in an interval, in a fraction of the time that ND4J's
 * minimum and maximum take.
 */
public final class ValueRange {

  private static final ThreadLocal<float[]> EXCESS =
      ThreadLocal.withInitial(() -> new float[HostBlocks.LENGTH]);

  private ValueRange() {}

  /**
   * Whether {@code low <= x <= high} for every value; NaN may be overlooked.
   *
   * @param values an array of any shape. Not modified.
   * @param low smallest value that is accepted
   * @param high greatest value that is accepted
   * @return false if a value lies outside
   */
  public static boolean holds(INDArray values, float low, float high) {
    if (HostBlocks.reach(values)) {
      AtomicBoolean outside = new AtomicBoolean();
      HostBlocks.read(
          values,
          (block, n, from) -> {
            if (!holds(block, n, low, high)) {
              outside.set(true);
            }
          });
      return !outside.get();
    }
    // BLAS finds the value farthest from the middle.
    INDArray centred = values.sub((low + high) / 2);
    centred = centred.reshape(centred.ordering(), new long[] {centred.length()});
    int extreme = Nd4j.getBlasWrapper().level1().iamax(centred);
    return Math.abs(centred.getDouble(extreme)) <= (high - low) / 2;
  }

  /** The first loop is vectorised by the JVM. */
  private static boolean holds(float[] block, int n, float low, float high) {
    float[] excess = EXCESS.get();
    for (int i = 0; i < n; i++) {
      excess[i] = Math.max(low - block[i], block[i] - high);
    }
    for (int i = 0; i < n; i++) {
      if (!(excess[i] <= 0)) {
        return false;
      }
    }
    return true;
  }
}
