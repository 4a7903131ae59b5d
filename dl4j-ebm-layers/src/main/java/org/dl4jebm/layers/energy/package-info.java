/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Networks with one output as energies {@code E(x)}, {@code p(x) = exp(-E(x)) / Z}, and their
 * derivatives in {@code x}.
 *
 * <table>
 * <caption>Which class to pick</caption>
 * <tr><th>to do this</th><th>use</th></tr>
 * <tr><td>evaluate energies, scores, Hessian-vector products, diagonals and traces of a
 * network</td><td>{@link org.dl4jebm.layers.energy.NetworkEnergy}, exact</td></tr>
 * <tr><td>the same, where a layer has no rule: recurrent, attention, self-made
 * layers</td><td>{@link org.dl4jebm.layers.energy.FiniteDifferenceEnergy}, with an error that {@link
 * org.dl4jebm.layers.energy.DifferenceSteps} states</td></tr>
 * <tr><td>write code for both</td><td>{@link org.dl4jebm.layers.energy.EnergyDerivatives}</td></tr>
 * <tr><td>products with the Jacobian of a network with many outputs, such as a score
 * network</td><td>{@link org.dl4jebm.layers.energy.NetworkJacobian}, or {@link
 * org.dl4jebm.layers.energy.FiniteDifferenceJacobian}; {@link
 * org.dl4jebm.layers.energy.JacobianProducts} is what both do</td></tr>
 * <tr><td>train on a loss that contains derivatives in {@code x}, such as score
 * matching</td><td>a twin by {@link org.dl4jebm.layers.energy.StreamNetworks}: an ordinary DL4J
 * network with the same parameters, whose output has the derivatives as further rows and whose loss
 * is an ordinary {@code ILossFunction}</td></tr>
 * <tr><td>choose an activation</td><td>{@link org.dl4jebm.layers.energy.ActivationTable} tells which
 * are smooth enough: swish, softplus and GELU ({@link
 * org.dl4jebm.layers.energy.ActivationExactGelu}) are good choices</td></tr>
 * </table>
 */
package org.dl4jebm.layers.energy;
