/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Training by score matching, for networks whose output is an energy {@code E(x)}, {@code p(x) =
 * exp(-E(x)) / Z}, and for networks whose output is the score {@code grad log p(x)} itself.
 *
 * <p>{@link org.dl4jebm.training.score.ScoreObjective} says what is minimised, and which to choose.
 * {@link org.dl4jebm.training.score.ScoreMatching} trains a network by it. {@link
 * org.dl4jebm.training.score.ScoreTwin} makes what DL4J's own {@code fit}, early stopping and
 * gradient checks need: a network with the same parameters and an iterator of its minibatches. The
 * losses are in {@link org.dl4jebm.layers.score}.
 *
 * <p>Noise-conditional score networks: {@link org.dl4jebm.training.score.NoiseLevels}, the
 * objective {@link org.dl4jebm.training.score.ScoreObjective#noiseConditional}, {@link
 * org.dl4jebm.training.score.ParameterAverage} as a listener, and {@link
 * org.dl4jebm.training.score.NoiseConditionalScore} for {@link
 * org.dl4jebm.training.sampling.AnnealedLangevin}, which draws samples and fills gaps.
 */
package org.dl4jebm.training.score;
