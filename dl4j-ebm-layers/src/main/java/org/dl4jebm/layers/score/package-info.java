/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Score matching as loss functions of DL4J: learning {@code p(x) = exp(-E(x)) / Z} without {@code
 * Z}, by the fit of the score {@code grad log p = -grad E} (Hyvarinen, JMLR 2005).
 *
 * <p>For a network with one output, the energy, the losses stand on a twin made by {@link
 * org.dl4jebm.layers.energy.StreamNetworks}, whose output has the derivatives in {@code x}: {@link
 * org.dl4jebm.layers.score.ScoreMatchingLoss} for exact, sliced and regularised score matching,
 * {@link org.dl4jebm.layers.score.VarianceReducedScoreLoss}, {@link
 * org.dl4jebm.layers.score.DenoisingScoreLoss}; {@link
 * org.dl4jebm.layers.score.FiniteDifferenceScoreLoss} needs no twin. For a network whose output is
 * an estimate of the score itself there are {@link
 * org.dl4jebm.layers.score.ScoreNetworkMatchingLoss} and {@link
 * org.dl4jebm.layers.score.ScoreRegressionLoss}. What makes the minibatches of all of them from
 * plain data is in {@code org.dl4jebm.training.score}.
 *
 * <p>Curvature propagation (Martens, Sutskever and Swersky, ICML 2012) is not here: score matching
 * needs the trace of the Hessian, and for that a sum over unit vectors is exact, while directions
 * of independent signs estimate it at the price of one of them, without noise in the units of every
 * layer.
 */
package org.dl4jebm.layers.score;
