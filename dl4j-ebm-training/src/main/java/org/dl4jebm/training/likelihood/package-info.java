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
 * </ul>
 */
package org.dl4jebm.training.likelihood;
