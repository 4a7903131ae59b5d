/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What can be done with a trained network of latent variables, and how good it is.
 *
 * <ul>
 *   <li>{@link org.dl4jebm.training.variational.LatentVariableModel}: encode, decode, reconstruct,
 *       generate; for {@code MultiLayerNetwork} and {@code ComputationGraph}.
 *   <li>{@link org.dl4jebm.training.variational.EvidenceEstimator}: evidence lower bound, its split
 *       into reconstruction and divergence, importance-weighted bounds and the log-likelihood, as
 *       {@link org.dl4jebm.training.variational.Evidence} in nats per example.
 *   <li>{@link org.dl4jebm.training.variational.ActiveUnits}: which latent variables are in use;
 *       {@link org.dl4jebm.training.variational.AggregatedPosterior}: how far the posteriors of all
 *       data together lie from the prior, and what the latent variables tell of an example.
 * </ul>
 */
package org.dl4jebm.training.variational;
