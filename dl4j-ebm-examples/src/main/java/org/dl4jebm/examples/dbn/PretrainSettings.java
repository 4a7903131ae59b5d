/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import org.dl4jebm.examples.cli.Checks;

/**
 * How each RBM of the stack is trained.
 *
 * @param epochs passes over all training images for each layer, at least 1
 * @param batch images in a batch, at least 1
 * @param rate learning rate, above 0
 * @param initialMomentum Nesterov momentum of the first epochs, in [0, 1)
 * @param momentum Nesterov momentum afterwards, in [0, 1)
 * @param momentumEpochs number of epochs with the first momentum, at least 0
 * @param l2 weight decay of the weights, at least 0
 * @param k Gibbs sweeps of contrastive divergence, at least 1
 * @param persistentChains chains of persistent contrastive divergence, 0 for none
 * @param deviation standard deviation of the normal initial weights, above 0
 */
public record PretrainSettings(
    int epochs,
    int batch,
    double rate,
    double initialMomentum,
    double momentum,
    int momentumEpochs,
    double l2,
    int k,
    int persistentChains,
    double deviation) {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public PretrainSettings {
    Checks.atLeast(1, epochs, "--pretrain-epochs");
    Checks.atLeast(1, batch, "--pretrain-batch");
    Checks.positive(rate, "--pretrain-rate");
    Checks.fraction(initialMomentum, "--pretrain-initial-momentum");
    Checks.fraction(momentum, "--pretrain-momentum");
    Checks.atLeast(0, momentumEpochs, "--pretrain-momentum-epochs");
    Checks.notNegative(l2, "--pretrain-l2");
    Checks.atLeast(1, k, "--cd");
    Checks.atLeast(0, persistentChains, "--persistent-chains");
    Checks.positive(deviation, "--pretrain-deviation");
  }
}
