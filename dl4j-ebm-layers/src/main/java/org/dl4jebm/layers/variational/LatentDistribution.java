/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.io.Serializable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * A family of distributions of latent variables, {@code q(z | x)} of an encoder and {@code p(z)} of
 * a prior: its parameters, samples with their derivatives, densities and Kullback-Leibler
 * divergences. Implementations are immutable and hold the formulas of one family.
 *
 * <p>Everywhere a row holds {@code k} latent variables {@code z} or their {@code P = parameters(k)}
 * parameters {@code eta}, the encoder's raw output. All-zero parameters are the family's standard
 * member, such as N(0, 1). A distribution is a product of {@code factors(k)} independent factors;
 * divergences and log-probabilities are given for each in nats. No method modifies its arguments.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS, property = "@class")
public interface LatentDistribution extends Serializable {

  /**
   * How many parameters a row has.
   *
   * @param latents number {@code k} of latent variables, 1 or more
   * @return {@code P}
   * @throws IllegalArgumentException if the family has no distribution of so many
   */
  long parameters(long latents);

  /**
   * How many independent factors there are.
   *
   * @param latents number {@code k} of latent variables
   * @return {@code F}: {@code k}, or the number of groups, or 1
   */
  long factors(long latents);

  /**
   * Says in a few words which parameters a row holds, for messages.
   *
   * @return for example {@code mu and log sigma^2}
   */
  String describeParameters();

  /**
   * The noise's inverse distribution function: {@code noise = quantile(u)}, {@code u} uniform.
   *
   * @param u strictly between 0 and 1
   * @return a finite number
   */
  double noise(double u);

  /**
   * The temperature of training samples at a step.
   *
   * @param iteration number of the iteration
   * @param epoch number of the epoch
   * @return a finite number above 0; 1 for families without a temperature
   * @throws IllegalArgumentException if a schedule gives anything else
   */
  default double temperature(int iteration, int epoch) {
    return 1;
  }

  /**
   * Samples for training, as functions of parameters and noise.
   *
   * @param eta {@code [m, P]}
   * @param noise {@code [m, k]}
   * @param temperature the {@link #temperature}
   * @return {@code z [m, k]}, new
   */
  INDArray sample(INDArray eta, INDArray noise, double temperature);

  /**
   * Samples of the distribution itself; the same as {@link #sample} where that is exact.
   *
   * @param eta {@code [m, P]}
   * @param noise {@code [m, k]}
   * @return {@code z [m, k]}, new
   */
  default INDArray exactSample(INDArray eta, INDArray noise) {
    return sample(eta, noise, 1);
  }

  /**
   * Takes a derivative in the samples to one in the parameters, at fixed noise.
   *
   * @param eta {@code [m, P]}
   * @param noise {@code [m, k]}
   * @param temperature the {@link #temperature}
   * @param gradient {@code dL/dz [m, k]}
   * @return {@code dL/deta [m, P]}, new; zeros for a family whose samples have no derivative
   */
  INDArray sampleGradient(INDArray eta, INDArray noise, double temperature, INDArray gradient);

  /**
   * Expectations.
   *
   * @param eta {@code [m, P]}
   * @return {@code E[z] [m, k]}, new
   */
  INDArray mean(INDArray eta);

  /**
   * The most probable values.
   *
   * @param eta {@code [m, P]}
   * @return {@code [m, k]}, new
   */
  default INDArray mode(INDArray eta) {
    return mean(eta);
  }

  /**
   * Tells whether {@link #divergence} is known in closed form between two members of this family.
   *
   * @return true if so
   */
  boolean hasDivergence();

  /**
   * Tells whether the samples of {@link #sample} are exact and have the derivative of {@link
   * #sampleGradient}, so that a divergence can be estimated from them.
   *
   * @return true for continuous families, false for discrete ones
   */
  boolean isReparameterized();

  /**
   * Kullback-Leibler divergences {@code KL(q || p) = E_q[log q(z) - log p(z)]}.
   *
   * @param eta parameters of {@code q}, {@code [m, P]}
   * @param prior parameters of {@code p}, {@code [1, P]} or {@code [m, P]}, or null for all zeros
   * @return {@code [m, F]} in nats, new
   * @throws UnsupportedOperationException if there is no closed form
   */
  INDArray divergence(INDArray eta, INDArray prior);

  /**
   * Derivative of {@code sum_ij weight_ij KL_ij} in the parameters of {@code q}.
   *
   * @param eta parameters of {@code q}, {@code [m, P]}
   * @param prior as in {@link #divergence}
   * @param weight {@code [m, F]}
   * @return {@code [m, P]}, new
   * @throws UnsupportedOperationException if there is no closed form
   */
  INDArray divergenceGradient(INDArray eta, INDArray prior, INDArray weight);

  /**
   * Logarithms of densities or probabilities.
   *
   * @param eta {@code [m, P]}, or {@code [1, P]} for all rows
   * @param z {@code [m, k]}
   * @return {@code [m, F]} in nats, new
   */
  INDArray logProbability(INDArray eta, INDArray z);

  /**
   * Derivatives of {@code sum_ij weight_ij log q_ij}.
   *
   * @param eta {@code [m, P]}, or {@code [1, P]} for all rows
   * @param z {@code [m, k]}
   * @param weight {@code [m, F]}
   * @return in the parameters of each row and in {@code z}
   */
  LogProbabilityGradient logProbabilityGradient(INDArray eta, INDArray z, INDArray weight);

  /**
   * Derivatives of a weighted sum of log-probabilities.
   *
   * @param parameters {@code [m, P]}, new
   * @param latents {@code [m, k]}, new
   */
  record LogProbabilityGradient(INDArray parameters, INDArray latents) {}
}
