/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import org.dl4jebm.layers.Softplus;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Independent Bernoulli variables with {@code P(z_j = 1) = sigmoid(eta_j)}; a row of parameters
 * holds the logits. With logistic noise {@code g} the exact sample is {@code 1} where {@code eta +
 * g > 0}, and the relaxed one {@code sigmoid((eta + g) / tau)} is distributed as binary Concrete
 * (Maddison, Mnih and Teh, ICLR 2017). The divergence from logits {@code c} is {@code sigmoid(eta)
 * (eta - c) - softplus(eta) + softplus(c)}, that of the discrete variables in training too.
 *
 * @param gradient how derivatives pass in training
 * @param tau temperature in training, above 0; idle where there is a schedule
 * @param schedule the temperature by iteration or epoch, or null
 */
public record BinaryConcrete(DiscreteGradient gradient, double tau, ISchedule schedule)
    implements LatentDistribution {

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public BinaryConcrete {
    if (gradient == null) {
      throw new IllegalArgumentException("gradient is null; accepted: a DiscreteGradient");
    }
    Temperature.require(tau, schedule);
  }

  /**
   * A constant temperature.
   *
   * @param gradient how derivatives pass in training
   * @param tau temperature in training, above 0; 2/3 is Maddison et al.'s choice for binary units
   */
  public BinaryConcrete(DiscreteGradient gradient, double tau) {
    this(gradient, tau, null);
  }

  @Override
  public long parameters(long latents) {
    return latents;
  }

  @Override
  public long factors(long latents) {
    return latents;
  }

  @Override
  public String describeParameters() {
    return "logits";
  }

  @Override
  public double noise(double u) {
    return Math.log(u) - Math.log1p(-u);
  }

  @Override
  public double temperature(int iteration, int epoch) {
    return Temperature.at(tau, schedule, iteration, epoch);
  }

  @Override
  public INDArray sample(INDArray eta, INDArray noise, double temperature) {
    return gradient == DiscreteGradient.RELAXED
        ? relaxed(eta, noise, temperature)
        : exactSample(eta, noise);
  }

  private static INDArray relaxed(INDArray eta, INDArray noise, double temperature) {
    return Transforms.sigmoid(eta.add(noise).divi(temperature), false);
  }

  @Override
  public INDArray exactSample(INDArray eta, INDArray noise) {
    return Transforms.step(eta.add(noise), false);
  }

  @Override
  public INDArray sampleGradient(
      INDArray eta, INDArray noise, double temperature, INDArray gradient) {
    if (this.gradient == DiscreteGradient.SCORE_FUNCTION) {
      return eta.mul(0);
    }
    INDArray y = relaxed(eta, noise, temperature);
    return y.muli(y.rsub(1)).muli(gradient).divi(temperature);
  }

  @Override
  public INDArray mean(INDArray eta) {
    return Transforms.sigmoid(eta, true);
  }

  @Override
  public INDArray mode(INDArray eta) {
    return Transforms.step(eta, true);
  }

  @Override
  public boolean hasDivergence() {
    return true;
  }

  @Override
  public boolean isReparameterized() {
    return false;
  }

  @Override
  public INDArray divergence(INDArray eta, INDArray prior) {
    INDArray value = mean(eta);
    if (prior == null) {
      return value.muli(eta).subi(Softplus.of(eta)).addi(Math.log(2));
    }
    INDArray c = LatentRows.like(prior, eta);
    return value.muli(eta.sub(c)).subi(Softplus.of(eta)).addi(Softplus.of(c));
  }

  @Override
  public INDArray divergenceGradient(INDArray eta, INDArray prior, INDArray weight) {
    INDArray q = mean(eta);
    INDArray slope = q.mul(q.rsub(1));
    INDArray difference = prior == null ? eta : eta.sub(LatentRows.like(prior, eta));
    return slope.muli(difference).muli(weight);
  }

  @Override
  public INDArray logProbability(INDArray eta, INDArray z) {
    INDArray parameters = LatentRows.like(eta, z);
    return z.mul(parameters).subi(Softplus.of(parameters));
  }

  /**
   * The derivative in {@code z} is that of the formula {@code z eta - softplus(eta)}, as if it held
   * between 0 and 1.
   */
  @Override
  public LogProbabilityGradient logProbabilityGradient(INDArray eta, INDArray z, INDArray weight) {
    INDArray parameters = LatentRows.like(eta, z);
    return new LogProbabilityGradient(z.sub(mean(parameters)).muli(weight), parameters.mul(weight));
  }
}
