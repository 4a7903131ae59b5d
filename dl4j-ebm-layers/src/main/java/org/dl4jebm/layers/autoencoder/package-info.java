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
 * </ul>
 *
 * <p>Restricted Boltzmann machines, which are models of the data, are in {@link
 * org.dl4jebm.layers.rbm}.
 */
package org.dl4jebm.layers.autoencoder;
