/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Restricted Boltzmann machines.
 *
 * <ul>
 *   <li>To put one into a network: {@link org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine}, the
 *       layer configuration. To pretrain a stack, use the greedy trainer of the training module.
 *   <li>To compute with one (energies, samples, reconstructions): {@link
 *       org.dl4jebm.layers.rbm.RbmModel}, which {@link
 *       org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer#model()} returns.
 *   <li>To choose what training minimises: {@link
 *       org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions} for everything of a usual size, {@link
 *       org.dl4jebm.layers.rbm.PseudoLikelihoodObjective} for binary data where chains mix badly,
 *       {@link org.dl4jebm.layers.rbm.ScoreMatchingObjective} for Gaussian visible units, {@link
 *       org.dl4jebm.layers.rbm.ExactLikelihoodObjective} for small machines, {@link
 *       org.dl4jebm.layers.rbm.HybridObjective} for machines that classify.
 *   <li>Exact sums over the states of small machines: {@link
 *       org.dl4jebm.layers.rbm.RbmEnumeration}.
 *   <li>To choose or write a kind of unit: {@link org.dl4jebm.layers.rbm.UnitType}.
 * </ul>
 */
package org.dl4jebm.layers.rbm;
