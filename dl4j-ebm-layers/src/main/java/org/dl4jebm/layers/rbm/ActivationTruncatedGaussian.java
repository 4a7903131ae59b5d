/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The smooth rectifier {@code a(z) = z + phi(z) / Phi(z)}, the mean of a normal distribution of
 * mean {@code z} and variance 1 cut off at 0, with derivative {@code 1 - a (a - z)}, which lies
 * between 0 and 1: what a layer of hidden {@link TruncatedGaussianUnits} computes in supervised
 * passes.
 */
public final class ActivationTruncatedGaussian extends BaseActivationFunction {

  private static final long serialVersionUID = 1L;

  /** Creates the function; all instances are equal. */
  public ActivationTruncatedGaussian() {}

  @Override
  public INDArray getActivation(INDArray in, boolean training) {
    INDArray a = in.dup('c');
    TruncatedNormal.mean(a);
    return in.assign(a);
  }

  @Override
  public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
    assertShape(in, epsilon);
    INDArray z = in.dup('c');
    INDArray a = z.dup('c');
    TruncatedNormal.mean(a);
    return new Pair<>(slope(a, z).muli(epsilon), null);
  }

  /**
   * The derivative, which is the variance of the distribution; what rounding makes negative is 0.
   *
   * @param a means. Not modified.
   * @param z fields. Not modified.
   * @return {@code 1 - a (a - z)}, new
   */
  static INDArray slope(INDArray a, INDArray z) {
    return Transforms.max(a.sub(z).muli(a).rsubi(1), 0, false);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ActivationTruncatedGaussian;
  }

  @Override
  public int hashCode() {
    return ActivationTruncatedGaussian.class.hashCode();
  }

  @Override
  public String toString() {
    return "truncated Gaussian mean";
  }
}
