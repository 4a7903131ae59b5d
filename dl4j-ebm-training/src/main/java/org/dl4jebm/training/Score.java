/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The score of a distribution, {@code s(x) = grad log p(x)}. Of an energy it is {@code -grad E(x)},
 * so that every {@link DifferentiableEnergy} is a score; a score network is one without an energy.
 */
@FunctionalInterface
public interface Score {

  /**
   * Computes the score of each point.
   *
   * @param x points, {@code [n, ...]}, one along the first dimension. Not modified.
   * @return of the shape of {@code x}, new
   */
  INDArray score(INDArray x);
}
