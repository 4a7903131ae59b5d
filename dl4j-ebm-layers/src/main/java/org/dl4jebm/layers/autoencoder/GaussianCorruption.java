/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Adds independent normal noise, {@code x~ = x + N(0, deviation^2)}. For real-valued data; with
 * linear visible units training is then denoising score matching, see {@link TiedAutoEncoder}.
 *
 * @param deviation standard deviation of the noise in units of the data, 0 or greater
 */
public record GaussianCorruption(double deviation) implements Corruption {

  /**
   * Checks the deviation.
   *
   * @throws IllegalArgumentException if it is negative or not finite
   */
  public GaussianCorruption {
    if (!(deviation >= 0 && deviation < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "deviation of the Gaussian corruption is " + deviation + "; accepted: 0 or greater");
    }
  }

  @Override
  public void corrupt(INDArray clean, INDArray out, RandomStream random) {
    random.gaussian(clean, deviation, out);
  }
}
