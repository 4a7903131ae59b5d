/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.dl4jebm.layers.random.Seeds;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Overrides what a {@link LatentVariablesLayer} passes on outside training, for evaluation: exact
 * samples, several an example, or given values. See {@link LatentVariablesLayer#setDraw}.
 */
public final class LatentDraw {

  private final int samples;
  private final long seed;
  private final INDArray latents;
  private long passes;

  private LatentDraw(int samples, long seed, INDArray latents) {
    this.samples = samples;
    this.seed = seed;
    this.latents = latents;
  }

  /**
   * Exact samples, other ones at each pass.
   *
   * @param samples number {@code T} an example, 1 or more; the layer's output has {@code T n} rows
   *     then, those of an example together
   * @param seed any number but 0
   * @return the override
   * @throws IllegalArgumentException if {@code samples} is less than 1 or {@code seed} is 0
   */
  public static LatentDraw samples(int samples, long seed) {
    if (samples < 1) {
      throw new IllegalArgumentException("samples is " + samples + "; accepted: 1 or more");
    }
    return new LatentDraw(samples, Seeds.requireNonZero(seed, "seed"), null);
  }

  /**
   * Given values.
   *
   * @param latents {@code [T n, k, ...]} for an input of {@code n} examples, {@code T} the same for
   *     all. Not modified.
   * @return the override
   */
  public static LatentDraw given(INDArray latents) {
    return new LatentDraw(1, 1, latents);
  }

  /** How many samples an example, for an input of so many examples. */
  int samples(long examples) {
    if (latents == null) {
      return samples;
    }
    if (latents.size(0) % examples != 0) {
      throw new IllegalArgumentException(
          "given latent variables have "
              + latents.size(0)
              + " rows for "
              + examples
              + " examples; accepted: a multiple");
    }
    return Math.toIntExact(latents.size(0) / examples);
  }

  /** The given values, or null. */
  INDArray latents() {
    return latents;
  }

  /** The key of the noise of a pass. */
  long nextKey() {
    return Seeds.derive(seed, passes++);
  }
}
