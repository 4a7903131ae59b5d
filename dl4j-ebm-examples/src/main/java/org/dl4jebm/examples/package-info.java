/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * One main for each result: {@link org.dl4jebm.examples.DeepBeliefNetDigits} pretrains and
 * fine-tunes a deep belief net, {@link org.dl4jebm.examples.StackedDenoisingAutoencoder} a stack of
 * denoising autoencoders. {@link org.dl4jebm.examples.RbmLikelihood} says how probable a restricted
 * Boltzmann machine makes unseen images, {@link org.dl4jebm.examples.VaeDigits} a variational
 * autoencoder; {@link org.dl4jebm.examples.BetaVae} shows what its latent variables do, {@link
 * org.dl4jebm.examples.ConvolutionalVae} is made of convolutions. What they found, with the
 * commands, stands in {@code RESULTS.md}.
 */
package org.dl4jebm.examples;
