/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.random.CounterNoise;
import org.dl4jebm.layers.random.NormalQuantile;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The noise of a family of latent variables. That of {@link CounterNoise}; normal numbers in FLOAT
 * on the CPU within 2e-6 of it, mostly in loops that the JVM vectorises.
 */
final class LatentNoise {

  /** Beyond this distance from 1/2 the quantile is computed in double precision. */
  private static final double WIDE = 0.489;

  private LatentNoise() {}

  /**
   * Fills an array.
   *
   * @param key the key
   * @param family gives the inverse distribution function
   * @param out contiguous in 'c' order. Overwritten.
   */
  static void fill(long key, LatentDistribution family, INDArray out) {
    if (family instanceof DiagonalGaussian && out.ordering() == 'c' && HostBlocks.reach(out)) {
      HostBlocks.map(out, out, (block, n, from) -> normal(key, block, n, from));
    } else {
      CounterNoise.fill(key, family::noise, out);
    }
  }

  private static void normal(long key, float[] block, int n, long from) {
    float[] u = new float[n];
    int[] far = new int[n];
    int count = 0;
    for (int i = 0; i < n; i++) {
      double exact = CounterNoise.uniform(key, from + i);
      boolean near = Math.abs(exact - 0.5) <= WIDE;
      u[i] = near ? (float) exact : 0.5f;
      far[count] = i;
      count += near ? 0 : 1;
    }
    NormalQuantile.apply(u, block, n, 1);
    for (int j = 0; j < count; j++) {
      block[far[j]] = (float) NormalQuantile.at(CounterNoise.uniform(key, from + far[j]));
    }
  }
}
