/*
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * Autoencoders of one layer with tied weights, to be pretrained greedily and fine-tuned as ordinary
 * dense layers.
 *
 * <ul>
 *   <li>To initialise a deep network: {@link org.dl4jebm.layers.autoencoder.DenoisingAutoEncoder},
 *       with a {@link org.dl4jebm.layers.autoencoder.Corruption} that suits the data.
 *   <li>For real-valued data with a density, or to see how autoencoders and score matching belong
 *       together: {@link org.dl4jebm.layers.autoencoder.TiedAutoEncoder}.
 *   <li>For binary causes with an evidence lower bound, and to compare estimators of gradients
 *       through them: {@link org.dl4jebm.layers.autoencoder.TiedVariationalAutoEncoder}.
 * </ul>
 *
 * <p>Restricted Boltzmann machines, which are models of the data, are in {@link
 * org.dl4jebm.layers.rbm}.
 */
package org.dl4jebm.layers.autoencoder;
