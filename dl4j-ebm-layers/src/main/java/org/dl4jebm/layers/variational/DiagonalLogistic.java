/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Independent logistic variables, {@code z_j = mu_j + s_j log(u / (1 - u))}, of density {@code
 * exp(-t) / (s (1 + exp(-t))^2)} at {@code t = (z - mu) / s}; a row of parameters holds {@code mu
 * (k)} and then {@code log s (k)}. The divergence of two such distributions has no closed form, so
 * that layers estimate it from their samples.
 */
public final class DiagonalLogistic extends LocationScale {

  private static final long serialVersionUID = 1L;

  /** Creates the family. */
  public DiagonalLogistic() {}

  @Override
  public String describeParameters() {
    return "location and log scale";
  }

  @Override
  double scaleExponent() {
    return 1;
  }

  @Override
  public double noise(double u) {
    return Math.log(u) - Math.log1p(-u);
  }

  /** Even in t, so that the exponential can be kept from overflow. */
  @Override
  INDArray baseLogDensity(INDArray t) {
    INDArray magnitude = Transforms.abs(t, true);
    INDArray tail = Transforms.log1p(Transforms.exp(magnitude.neg(), false), false);
    return magnitude.addi(tail.muli(2)).negi();
  }

  @Override
  INDArray baseScore(INDArray t) {
    return Transforms.tanh(t.mul(0.5), false).negi();
  }

  @Override
  public boolean hasDivergence() {
    return false;
  }

  @Override
  public INDArray divergence(INDArray eta, INDArray prior) {
    throw new UnsupportedOperationException(
        "the divergence of two logistic distributions has no closed form; estimate it from"
            + " samples: KullbackLeiblerTerm.Estimator.MONTE_CARLO");
  }

  @Override
  public INDArray divergenceGradient(INDArray eta, INDArray prior, INDArray weight) {
    return divergence(eta, prior);
  }
}
