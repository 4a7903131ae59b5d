/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.dl4jebm.layers.random.NormalQuantile;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Independent normal variables, {@code z_j = mu_j + sigma_j eps_j} with {@code eps_j ~ N(0, 1)}; a
 * row of parameters holds {@code mu (k)} and then {@code log sigma^2 (k)} (Kingma and Welling, ICLR
 * 2014). The usual choice. The divergence from {@code N(m, s^2)} is {@code (log s^2 - log sigma^2 +
 * (sigma^2 + (mu - m)^2) / s^2 - 1) / 2}.
 */
public final class DiagonalGaussian extends LocationScale {

  private static final long serialVersionUID = 1L;
  private static final double LOG_SQRT_TWO_PI = Math.log(2 * Math.PI) / 2;

  /** Creates the family. */
  public DiagonalGaussian() {}

  @Override
  public String describeParameters() {
    return "mu and log sigma^2";
  }

  @Override
  double scaleExponent() {
    return 0.5;
  }

  @Override
  public double noise(double u) {
    return NormalQuantile.at(u);
  }

  @Override
  INDArray baseLogDensity(INDArray t) {
    return t.mul(t).muli(-0.5).subi(LOG_SQRT_TWO_PI);
  }

  @Override
  INDArray baseScore(INDArray t) {
    return t.neg();
  }

  @Override
  public boolean hasDivergence() {
    return true;
  }

  @Override
  public INDArray divergence(INDArray eta, INDArray prior) {
    if (prior == null && GaussianRows.reach(eta)) {
      return GaussianRows.divergence(eta);
    }
    INDArray logVariance = scaleParameter(eta);
    if (prior == null) {
      INDArray mean = location(eta);
      INDArray twice = Transforms.exp(logVariance, true);
      return twice.subi(logVariance).addi(mean.mul(mean)).subi(1).muli(0.5);
    }
    INDArray p = LatentRows.like(prior, eta);
    INDArray logRatio = logVariance.sub(scaleParameter(p));
    INDArray distance = location(eta).sub(location(p));
    INDArray twice = Transforms.exp(logRatio, true).subi(logRatio);
    distance.muli(distance).divi(Transforms.exp(scaleParameter(p), true));
    return twice.addi(distance).subi(1).muli(0.5);
  }

  @Override
  public INDArray divergenceGradient(INDArray eta, INDArray prior, INDArray weight) {
    if (prior == null && GaussianRows.reach(eta, weight)) {
      return GaussianRows.divergenceGradient(eta, weight);
    }
    if (prior == null) {
      return LatentRows.beside(
          location(eta).mul(weight),
          Transforms.exp(scaleParameter(eta), true).subi(1).muli(weight).muli(0.5));
    }
    INDArray p = LatentRows.like(prior, eta);
    INDArray logRatio = scaleParameter(eta).sub(scaleParameter(p));
    INDArray mean =
        location(eta).sub(location(p)).divi(Transforms.exp(scaleParameter(p), true)).muli(weight);
    return LatentRows.beside(mean, Transforms.exp(logRatio, false).subi(1).muli(weight).muli(0.5));
  }
}
