/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Chains, and whether to trust them.
 *
 * <ul>
 *   <li>{@link org.dl4jebm.training.sampling.GibbsChains} draws from a restricted Boltzmann
 *       machine, also with known units, to complete examples.
 *   <li>{@link org.dl4jebm.training.sampling.EnergyChains} draws from any energy with a gradient,
 *       by {@link org.dl4jebm.training.sampling.Mala} or {@link org.dl4jebm.training.sampling.Hmc},
 *       which are exact, or {@link org.dl4jebm.training.sampling.Langevin}, which is not.
 *   <li>{@link org.dl4jebm.training.sampling.LangevinChains} needs only a score.
 *   <li>{@link org.dl4jebm.training.sampling.AnnealedLangevin} goes through the noise levels of a
 *       noise-conditional score, also with known values, to complete examples.
 *   <li>{@link org.dl4jebm.training.sampling.ParallelTempering} mixes between modes that are far
 *       apart.
 *   <li>{@link org.dl4jebm.training.sampling.ReplayBuffer} keeps chains from one training step to
 *       the next.
 *   <li>{@link org.dl4jebm.training.sampling.ChainDiagnostics} tells from numbers recorded along
 *       several chains how many independent draws they are worth, and whether the chains agree.
 * </ul>
 */
package org.dl4jebm.training.sampling;
