/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Independent Laplace variables of density {@code exp(-|z - mu| / b) / (2 b)}; a row of parameters
 * holds {@code mu (k)} and then {@code log b (k)}. Heavier tails than the normal distribution, and
 * a prior that prefers few large values. With {@code d = |mu - m|} the divergence from a Laplace
 * distribution of location {@code m} and scale {@code a} is {@code log(a / b) + d / a + (b / a)
 * exp(-d / b) - 1}.
 */
public final class DiagonalLaplace extends LocationScale {

  private static final long serialVersionUID = 1L;
  private static final double LOG_TWO = Math.log(2);
  private static final double GREATEST_LOG_PRECISION = 60;

  /** Creates the family. */
  public DiagonalLaplace() {}

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
    return u < 0.5 ? Math.log(2 * u) : -Math.log(2 * (1 - u));
  }

  @Override
  INDArray baseLogDensity(INDArray t) {
    return Transforms.abs(t, true).negi().subi(LOG_TWO);
  }

  @Override
  INDArray baseScore(INDArray t) {
    return Transforms.sign(t, true).negi();
  }

  @Override
  public boolean hasDivergence() {
    return true;
  }

  @Override
  public INDArray divergence(INDArray eta, INDArray prior) {
    INDArray p = prior == null ? null : LatentRows.like(prior, eta);
    INDArray logRatio = logRatio(eta, p);
    INDArray d = Transforms.abs(distance(eta, p), false);
    INDArray remainder = Transforms.exp(overScale(d, eta).negi().addi(logRatio), false);
    return remainder.addi(overPriorScale(d, p)).subi(logRatio).subi(1);
  }

  @Override
  public INDArray divergenceGradient(INDArray eta, INDArray prior, INDArray weight) {
    INDArray p = prior == null ? null : LatentRows.like(prior, eta);
    INDArray signed = distance(eta, p);
    INDArray ratio = overScale(Transforms.abs(signed, true), eta);
    INDArray fall = Transforms.exp(ratio.neg(), false);
    INDArray location =
        overPriorScale(Transforms.sign(signed, true).muli(fall.rsub(1)), p).muli(weight);
    INDArray logScale =
        ratio.addi(1).muli(fall).muli(Transforms.exp(logRatio(eta, p), false)).subi(1).muli(weight);
    return LatentRows.beside(location, logScale);
  }

  private static INDArray logRatio(INDArray eta, INDArray prior) {
    return prior == null
        ? scaleParameter(eta).dup('c')
        : scaleParameter(eta).sub(scaleParameter(prior));
  }

  private static INDArray distance(INDArray eta, INDArray prior) {
    return prior == null ? location(eta).dup('c') : location(eta).sub(location(prior));
  }

  /** Finite also where the scale underflows; what follows from so large a ratio is the same. */
  private static INDArray overScale(INDArray distance, INDArray eta) {
    INDArray precision = Transforms.min(scaleParameter(eta).neg(), GREATEST_LOG_PRECISION, false);
    return distance.mul(Transforms.exp(precision, false));
  }

  private static INDArray overPriorScale(INDArray distance, INDArray prior) {
    return prior == null ? distance : distance.div(Transforms.exp(scaleParameter(prior), true));
  }
}
