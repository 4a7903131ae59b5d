/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

/**
 * Training produced values that are not finite, weights that have no distribution (see {@link
 * org.dl4jebm.layers.rbm.NotNormalisableException}), or a free-energy gap beyond the limit (see
 * {@link org.dl4jebm.training.pretrain.DivergencePolicy}, and for energy networks {@link
 * org.dl4jebm.training.energy.EnergyTrainingOptions#gapLimit}). The parameters have been put back
 * to the last good ones before this is thrown; the message names the step and the quantity. Usual
 * remedies: a smaller learning rate, standardised data for Gaussian units, a constraint on the norm
 * of the weights.
 */
public class TrainingDivergedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message names the layer, the step, the quantity and its value
   */
  public TrainingDivergedException(String message) {
    super(message);
  }
}
