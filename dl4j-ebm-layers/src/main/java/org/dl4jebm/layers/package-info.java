/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What goes into a Deeplearning4j network; trainers live in the training module. Start at {@link
 * org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine} for restricted Boltzmann machines and stacks
 * of them, at {@link org.dl4jebm.layers.variational.LatentVariables} for variational autoencoders,
 * at {@link org.dl4jebm.layers.autoencoder.DenoisingAutoEncoder} for autoencoders with tied
 * weights, at {@link org.dl4jebm.layers.energy.NetworkEnergy} for a network as an energy and its
 * derivatives, at {@link org.dl4jebm.layers.score.ScoreMatchingLoss} for losses that train it by
 * score matching. The classes of this package itself are numerical tools that the rooms share.
 */
package org.dl4jebm.layers;
