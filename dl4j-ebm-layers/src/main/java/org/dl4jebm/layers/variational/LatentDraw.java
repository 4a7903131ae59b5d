/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.function.DoubleUnaryOperator;
import org.dl4jebm.layers.random.CounterNoise;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Overrides what a {@link LatentVariablesLayer} passes on outside training, for evaluation: exact
 * samples, several an example, or given values. See {@link LatentVariablesLayer#setDraw}.
 */
public final class LatentDraw {

  private final int samples;
  private final Noise noise;
  private final INDArray latents;

  /** Where the noise of samples comes from. */
  @FunctionalInterface
  public interface Noise {

    /**
     * Fills the noise of one pass.
     *
     * @param quantile the noise's inverse distribution function, of numbers strictly between 0 and
     *     1; may be called by several threads
     * @param out {@code [T n * positions, k]} in 'c' order, all rows of an example together.
     *     Modified.
     */
    void fill(DoubleUnaryOperator quantile, INDArray out);
  }

  private LatentDraw(int samples, Noise noise, INDArray latents) {
    this.samples = samples;
    this.noise = noise;
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
    Seeds.requireNonZero(seed, "seed");
    long[] passes = new long[1];
    return samples(
        samples,
        (quantile, out) -> CounterNoise.fill(Seeds.derive(seed, passes[0]++), quantile, out));
  }

  /**
   * Exact samples from given noise.
   *
   * @param samples number {@code T} an example, 1 or more
   * @param noise fills the noise of each pass
   * @return the override
   * @throws IllegalArgumentException if {@code samples} is less than 1
   */
  public static LatentDraw samples(int samples, Noise noise) {
    if (samples < 1) {
      throw new IllegalArgumentException("samples is " + samples + "; accepted: 1 or more");
    }
    return new LatentDraw(samples, noise, null);
  }

  /**
   * Given values.
   *
   * @param latents {@code [T n, k, ...]} for an input of {@code n} examples, {@code T} the same for
   *     all. Not modified.
   * @return the override
   */
  public static LatentDraw given(INDArray latents) {
    return new LatentDraw(1, null, latents);
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

  /** Fills the noise of a pass. */
  void fill(DoubleUnaryOperator quantile, INDArray out) {
    noise.fill(quantile, out);
  }
}
