/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Likelihoods of restricted Boltzmann machines: {@link org.dl4jebm.examples.rbm.RbmPreset} names
 * published results, {@link org.dl4jebm.examples.rbm.RbmExperiment} reproduces one.
 */
package org.dl4jebm.examples.rbm;
