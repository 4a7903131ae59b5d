/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A function of a point that defines a distribution up to its normalisation, {@code p(x) =
 * exp(-E(x)) / Z}. The free energy of a restricted Boltzmann machine is one: {@code
 * model::freeEnergy}.
 */
@FunctionalInterface
public interface Energy {

  /**
   * Computes the energy of each row.
   *
   * @param x points, {@code [n, d]}, one a row. Not modified.
   * @return {@code [n]}, new
   */
  INDArray energy(INDArray x);
}
