/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A function {@code s(x)} of each example with products of its Jacobian {@code J = ds / dx}: {@link
 * NetworkJacobian} has them exactly for most networks, {@link FiniteDifferenceJacobian}
 * approximately for all. Each method refuses NaN and infinite values with a {@code
 * DL4JInvalidInputException}.
 */
public interface JacobianProducts {

  /**
   * Computes the function.
   *
   * @param x points, {@code [n, ...]}. Not modified.
   * @return {@code s(x)}, {@code [n, ...]}, new
   */
  INDArray value(INDArray x);

  /**
   * Computes the derivative of the function along a direction for each point, {@code J v}.
   *
   * @param x points, {@code [n, ...]}. Not modified.
   * @param v one direction a point, of the shape of {@code x}. Not modified.
   * @return of the shape of {@code s(x)}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if the shapes differ
   */
  INDArray jacobianVectorProduct(INDArray x, INDArray v);

  /**
   * Computes the product with the transposed Jacobian for each point, {@code J^T u}.
   *
   * @param x points, {@code [n, ...]}. Not modified.
   * @param u one vector a point, of the shape of {@code s(x)}. Not modified.
   * @return of the shape of {@code x}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if {@code u} has another shape
   *     than {@code s(x)}
   */
  INDArray transposedProduct(INDArray x, INDArray u);
}
