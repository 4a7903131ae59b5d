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
 * </ul>
 */
package org.dl4jebm.training.likelihood;
