/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The scores of a distribution to which normal noise was added, {@code s(x, sigma) = grad log
 * p_sigma(x)} with {@code p_sigma} the distribution of {@code y + sigma z}, {@code y ~ p}, {@code z
 * ~ N(0, I)}. Noise-conditional score networks approximate it (Song and Ermon, NeurIPS 2019).
 */
@FunctionalInterface
public interface NoisyScore {

  /**
   * Computes the score of each point.
   *
   * @param x points, {@code [n, ...]}, one along the first dimension. Not modified.
   * @param sigma standard deviation of the noise, above 0, in the units of {@code x}
   * @return of the shape of {@code x}, new
   */
  INDArray score(INDArray x, double sigma);
}
