/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Latent-variable models with a learned encoder, as layers between ordinary DL4J layers.
 *
 * <p>An encoder of any layers ends in the parameters of {@code q(z | x)}; {@link
 * org.dl4jebm.layers.variational.LatentVariables} draws {@code z} and puts the divergence from the
 * prior into the loss; a decoder of any layers follows; {@link
 * org.dl4jebm.layers.variational.LikelihoodOutput} ends the network with {@code -log p(x | z)}.
 * {@code fit} then minimises the negative evidence lower bound in nats per example:
 *
 * <pre>{@code
 * new NeuralNetConfiguration.Builder().seed(1).updater(new Adam(1e-3)).list()
 *     .layer(new DenseLayer.Builder().nOut(400).activation(Activation.RELU).build())
 *     .layer(new DenseLayer.Builder().nOut(40).activation(Activation.IDENTITY).build())
 *     .layer(new LatentVariables.Builder(new DiagonalGaussian()).nOut(20).build())
 *     .layer(new DenseLayer.Builder().nOut(400).activation(Activation.RELU).build())
 *     .layer(new DenseLayer.Builder().nOut(784).activation(Activation.IDENTITY).build())
 *     .layer(new LikelihoodOutput.Builder(new BernoulliLikelihood()).build())
 *     .setInputType(InputType.feedForward(784)).build();
 * }</pre>
 *
 * <p>Families of latent variables: {@link org.dl4jebm.layers.variational.DiagonalGaussian} (start
 * here), {@link org.dl4jebm.layers.variational.FullGaussian}, {@link
 * org.dl4jebm.layers.variational.DiagonalLaplace}, {@link
 * org.dl4jebm.layers.variational.DiagonalLogistic}, {@link
 * org.dl4jebm.layers.variational.BinaryConcrete} for binary and {@link
 * org.dl4jebm.layers.variational.GumbelSoftmax} for categorical ones. {@link
 * org.dl4jebm.layers.variational.KullbackLeiblerTerm} holds beta, warm-up, free bits and capacity.
 * Importance-weighted bounds, the score-function estimator and priors that depend on other
 * variables need a {@code ComputationGraph} with a {@link
 * org.dl4jebm.layers.variational.LatentLogProbabilityVertex}.
 *
 * <p>Distributions of the data: {@link org.dl4jebm.layers.variational.BernoulliLikelihood} in [0,
 * 1], {@link org.dl4jebm.layers.variational.GaussianLikelihood} for real numbers, {@link
 * org.dl4jebm.layers.variational.CategoricalLikelihood} for one-hot groups; {@link
 * org.dl4jebm.layers.variational.LikelihoodLoss} has them for DL4J's own output layers. {@link
 * org.dl4jebm.layers.variational.SampleBound} says what is made of several samples of an example.
 */
package org.dl4jebm.layers.variational;
