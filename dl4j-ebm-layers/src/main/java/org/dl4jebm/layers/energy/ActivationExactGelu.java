/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The Gaussian error linear unit itself, {@code a(z) = z Phi(z)} with the distribution function
 * {@code Phi} of a standard normal variable (Hendrycks and Gimpel 2016), which DL4J's {@code
 * ActivationGELU} approximates, in both of its forms. Smooth, so that energy networks may use it;
 * its derivatives are those of {@link ActivationTable#GELU}.
 */
public final class ActivationExactGelu extends BaseActivationFunction {

  private static final long serialVersionUID = 1L;

  /** Creates the function; all instances are equal. */
  public ActivationExactGelu() {}

  @Override
  public INDArray getActivation(INDArray in, boolean training) {
    return in.assign(ActivationTable.GELU.of(in.dup('c'), 0)[0]);
  }

  @Override
  public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
    assertShape(in, epsilon);
    return new Pair<>(ActivationTable.GELU.of(in.dup('c'), 1)[1].muli(epsilon), null);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ActivationExactGelu;
  }

  @Override
  public int hashCode() {
    return ActivationExactGelu.class.hashCode();
  }

  @Override
  public String toString() {
    return "exact gelu";
  }
}
