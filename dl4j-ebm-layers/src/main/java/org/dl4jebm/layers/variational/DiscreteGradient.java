/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

/** How a derivative passes, in training, through latent variables that are discrete. */
public enum DiscreteGradient {
  /**
   * The variables are relaxed to continuous ones of a temperature {@code tau} and have exact
   * derivatives: the binary Concrete or Gumbel-softmax distribution. The objective is that of
   * another model, closer to the discrete one the lower {@code tau} is; the variance of the
   * gradient grows as {@code tau} falls.
   */
  RELAXED,

  /**
   * Forward the exact discrete sample, backward the derivative of the relaxed one with the same
   * noise. The decoder sees what it will see at inference; the gradient is biased.
   */
  STRAIGHT_THROUGH,

  /**
   * Forward the exact discrete sample, backward nothing: for the score-function estimator
   * (REINFORCE), whose gradient comes by way of {@link LatentLogProbabilityVertex}. Unbiased, of
   * large variance.
   */
  SCORE_FUNCTION
}
