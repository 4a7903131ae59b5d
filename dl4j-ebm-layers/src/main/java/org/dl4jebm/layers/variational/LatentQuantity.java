/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

/** What a {@link LatentLogProbabilityVertex} computes of latent variables. */
public enum LatentQuantity {
  /** {@code log p(z) - log q(z | x)}, for bounds that are computed from samples. */
  LOG_RATIO,

  /** {@code log q(z | x)}, for the score-function estimator. */
  LOG_POSTERIOR
}
