/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Independent latent variables {@code z_j = mu_j + s_j t_j} with noise {@code t_j} of a fixed
 * density {@code exp(f(t))}; a row of parameters holds {@code mu (k)} and then {@code (log s) / c
 * (k)}, with {@code c} of {@link #scaleExponent()}.
 *
 * <p>The scale is not clipped: in FLOAT it overflows where {@code log s} exceeds 88, and then the
 * divergence is not finite, which {@link LatentVariablesLayer} reports.
 */
abstract class LocationScale implements LatentDistribution {

  private static final long serialVersionUID = 1L;

  /** The factor {@code c} in {@code log s = c parameter}. */
  abstract double scaleExponent();

  /** {@code f(t)}, elementwise, new. */
  abstract INDArray baseLogDensity(INDArray t);

  /** {@code f'(t)}, elementwise, new. */
  abstract INDArray baseScore(INDArray t);

  @Override
  public final long parameters(long latents) {
    return 2 * latents;
  }

  @Override
  public final long factors(long latents) {
    return latents;
  }

  @Override
  public final boolean isReparameterized() {
    return true;
  }

  static INDArray location(INDArray eta) {
    return eta.get(NDArrayIndex.all(), NDArrayIndex.interval(0, eta.size(1) / 2));
  }

  static INDArray scaleParameter(INDArray eta) {
    return eta.get(NDArrayIndex.all(), NDArrayIndex.interval(eta.size(1) / 2, eta.size(1)));
  }

  private INDArray scale(INDArray eta) {
    return Transforms.exp(scaleParameter(eta).mul(scaleExponent()), false);
  }

  @Override
  public final INDArray sample(INDArray eta, INDArray noise, double temperature) {
    if (GaussianRows.reach(eta, noise)) {
      return GaussianRows.sample(eta, noise, scaleExponent());
    }
    return scale(eta).muli(noise).addi(location(eta));
  }

  @Override
  public final INDArray sampleGradient(
      INDArray eta, INDArray noise, double temperature, INDArray gradient) {
    if (GaussianRows.reach(eta, noise, gradient)) {
      return GaussianRows.sampleGradient(eta, noise, scaleExponent(), gradient);
    }
    INDArray scaled = scale(eta).muli(noise).muli(gradient).muli(scaleExponent());
    return LatentRows.beside(gradient, scaled);
  }

  @Override
  public final INDArray mean(INDArray eta) {
    return location(eta).dup('c');
  }

  @Override
  public final INDArray logProbability(INDArray eta, INDArray z) {
    INDArray parameters = LatentRows.like(eta, z);
    return baseLogDensity(standardized(parameters, z))
        .subi(scaleParameter(parameters).mul(scaleExponent()));
  }

  private INDArray standardized(INDArray eta, INDArray z) {
    return z.sub(location(eta)).divi(scale(eta));
  }

  @Override
  public final LogProbabilityGradient logProbabilityGradient(
      INDArray eta, INDArray z, INDArray weight) {
    INDArray parameters = LatentRows.like(eta, z);
    INDArray t = standardized(parameters, z);
    INDArray score = baseScore(t);
    INDArray scaleGradient = t.muli(score).addi(1).muli(weight).muli(-scaleExponent());
    INDArray latents = score.muli(weight).divi(scale(parameters));
    return new LogProbabilityGradient(LatentRows.beside(latents.neg(), scaleGradient), latents);
  }

  @Override
  public boolean equals(Object other) {
    return other != null && other.getClass() == getClass();
  }

  @Override
  public int hashCode() {
    return getClass().getName().hashCode();
  }

  @Override
  public String toString() {
    return getClass().getSimpleName();
  }
}
