/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An energy {@code E(x)}, {@code p(x) = exp(-E(x)) / Z}, with its derivatives in {@code x}: {@link
 * NetworkEnergy} has them exactly for most networks, {@link FiniteDifferenceEnergy} approximately
 * for all. Points are examples along the first dimension, {@code [n, d]} or {@code [n, channels,
 * height, width]}; {@code d} is the number of values of one example. Each method refuses NaN and
 * infinite values with a {@code DL4JInvalidInputException}, before anything is computed.
 */
public interface EnergyDerivatives {

  /**
   * Computes the energy of each point.
   *
   * @param x points. Not modified.
   * @return {@code [n]}, new
   */
  INDArray energy(INDArray x);

  /**
   * Computes the energy of each point and its gradient, for the price of the gradient.
   *
   * @param x points. Not modified.
   * @return both, new
   */
  EnergyGradient energyAndGradient(INDArray x);

  /**
   * Computes the gradient of the energy of each point, {@code grad E(x)}.
   *
   * @param x points. Not modified.
   * @return of the shape of {@code x}, new
   */
  default INDArray gradient(INDArray x) {
    return energyAndGradient(x).gradient();
  }

  /**
   * Computes the gradient of the energy of each point, in a loop that has memory for it: large new
   * arrays can take as long as the work on them.
   *
   * @param x points. Not modified.
   * @param memory an array of the shape of {@code x}, perhaps used for the result. Modified.
   * @return the gradient, {@code memory} or new
   */
  default INDArray gradient(INDArray x, INDArray memory) {
    return gradient(x);
  }

  /**
   * Computes the score of each point, {@code grad log p(x) = -grad E(x)}.
   *
   * @param x points. Not modified.
   * @return of the shape of {@code x}, new
   */
  default INDArray score(INDArray x) {
    return gradient(x).negi();
  }

  /**
   * Computes the derivative of the energy along a direction for each point, {@code v . grad E(x)}.
   *
   * @param x points. Not modified.
   * @param v one direction a point, of the shape of {@code x}, of any length. Not modified.
   * @return {@code [n]}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if the shapes differ
   */
  INDArray directionalDerivative(INDArray x, INDArray v);

  /**
   * Computes the curvature along a direction for each point, {@code v^T Hess(E)(x) v}.
   *
   * @param x points. Not modified.
   * @param v one direction a point, of the shape of {@code x}, of any length. Not modified.
   * @return {@code [n]}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if the shapes differ
   */
  INDArray quadraticForm(INDArray x, INDArray v);

  /**
   * Computes the product of the Hessian with a vector for each point, {@code Hess(E)(x) v}.
   *
   * @param x points. Not modified.
   * @param v one vector a point, of the shape of {@code x}. Not modified.
   * @return of the shape of {@code x}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if the shapes differ
   */
  INDArray hessianVectorProduct(INDArray x, INDArray v);

  /**
   * Computes the diagonal of the Hessian for each point.
   *
   * @param x points. Not modified.
   * @return of the shape of {@code x}, new
   */
  INDArray hessianDiagonal(INDArray x);

  /**
   * Computes the trace of the Hessian, the Laplacian of the energy, for each point.
   *
   * @param x points. Not modified.
   * @return {@code [n]}, new
   */
  INDArray hessianTrace(INDArray x);

  /**
   * Estimates the trace of the Hessian for each point from random directions.
   *
   * @param x points. Not modified.
   * @param kind distribution of the directions
   * @param probes how many directions a point, at least 2
   * @param seed of the directions, any value but 0
   * @return the estimate with its standard error
   * @throws IllegalArgumentException if {@code probes} is below 2 or {@code seed} is 0
   */
  TraceEstimate estimateTrace(INDArray x, Probes kind, int probes, long seed);
}
