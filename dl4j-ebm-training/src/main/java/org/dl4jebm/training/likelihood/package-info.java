/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What says how good a model is, each with the way it errs.
 *
 * <ul>
 *   <li>{@link org.dl4jebm.training.likelihood.ExactLikelihood}: log Z, log-likelihoods and their
 *       gradient, moments and samples without error, for machines with one side of at most 24
 *       binary units.
 *   <li>{@link org.dl4jebm.training.likelihood.AnnealedImportanceSampling}: estimates of log Z for
 *       any machine, forward ones that err low and reverse ones that err high.
 *   <li>{@link org.dl4jebm.training.likelihood.EnergyAnnealing}: the same for any energy with a
 *       gradient, such as a network's.
 *   <li>{@link org.dl4jebm.training.likelihood.PseudoLikelihood}: how well each visible unit is
 *       predicted from the others; cheap enough to follow a training.
 *   <li>{@link org.dl4jebm.training.likelihood.FreeEnergyGap} and {@link
 *       org.dl4jebm.training.likelihood.ReconstructionError}: cheaper still; they show overfitting
 *       and that training runs, and not how good a model is.
 * </ul>
 */
package org.dl4jebm.training.likelihood;
