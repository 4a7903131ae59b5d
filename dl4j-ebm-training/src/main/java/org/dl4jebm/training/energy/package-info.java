/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Training of networks whose output is an energy {@code E(x)}, {@code p(x) = exp(-E(x)) / Z}, by
 * their likelihood, with samples from Markov chains: {@link
 * org.dl4jebm.training.energy.EnergyTrainer} with chains that begin at the data (contrastive
 * divergence), live on in a replay buffer (persistent training) or begin anew each time (short-run
 * training), as {@link org.dl4jebm.training.energy.EnergyTrainingOptions} say.
 */
package org.dl4jebm.training.energy;
