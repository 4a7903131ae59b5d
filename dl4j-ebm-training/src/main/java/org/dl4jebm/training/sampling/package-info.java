/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Chains, and whether to trust them.
 *
 * <ul>
 *   <li>{@link org.dl4jebm.training.sampling.GibbsChains} draws from a restricted Boltzmann
 *       machine, also with known units, to complete examples.
 *   <li>{@link org.dl4jebm.training.sampling.ChainDiagnostics} tells from numbers recorded along
 *       several chains how many independent draws they are worth, and whether the chains agree.
 * </ul>
 */
package org.dl4jebm.training.sampling;
