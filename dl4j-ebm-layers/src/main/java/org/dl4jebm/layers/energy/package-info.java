/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Networks with one output as energies {@code E(x)}, {@code p(x) = exp(-E(x)) / Z}, and their exact
 * derivatives in {@code x}.
 *
 * <p>To evaluate energies, scores, Hessian-vector products and traces of a network use {@link
 * org.dl4jebm.layers.energy.NetworkEnergy}. To train on a loss that contains derivatives in {@code
 * x}, such as score matching, make a twin with {@link org.dl4jebm.layers.energy.StreamNetworks}: an
 * ordinary DL4J network with the same parameters, whose output has the derivatives as further rows
 * and whose loss is an ordinary {@code ILossFunction}. {@link
 * org.dl4jebm.layers.energy.NetworkJacobian} has products of the Jacobian of networks with many
 * outputs, such as score networks. {@link org.dl4jebm.layers.energy.ActivationTable} tells which
 * activations are smooth enough: swish, softplus and GELU are good choices.
 */
package org.dl4jebm.layers.energy;
