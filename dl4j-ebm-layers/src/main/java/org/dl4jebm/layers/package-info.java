/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * What goes into a Deeplearning4j network. For restricted Boltzmann machines and stacks of them
 * start at {@link org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine}; trainers live in the training
 * module.
 */
package org.dl4jebm.layers;
