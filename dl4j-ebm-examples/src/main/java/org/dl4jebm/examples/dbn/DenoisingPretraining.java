/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.autoencoder.DenoisingAutoEncoder;
import org.dl4jebm.layers.autoencoder.MaskingCorruption;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * How each denoising autoencoder of the stack is trained: sigmoid units, cross-entropy, plain
 * gradient descent, initial weights as Glorot and Bengio (AISTATS 2010) advise for sigmoid units.
 *
 * @param epochs passes over all training images for each layer, at least 1
 * @param batch images in a batch, at least 1
 * @param rate learning rate of the mean gradient of a batch, above 0
 * @param corruption share of the values that are set to 0, for each layer from the lowest up, each
 *     in [0, 1); the last one holds for the layers above too
 */
public record DenoisingPretraining(int epochs, int batch, double rate, List<Double> corruption)
    implements PretrainSettings {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public DenoisingPretraining {
    Checks.atLeast(1, epochs, "--pretrain-epochs");
    Checks.atLeast(1, batch, "--pretrain-batch");
    Checks.positive(rate, "--pretrain-rate");
    Checks.require(!corruption.isEmpty(), "--corruption", corruption, "one share or more");
    corruption.forEach(share -> Checks.fraction(share, "--corruption"));
    corruption = List.copyOf(corruption);
  }

  @Override
  public String layerName() {
    return "autoencoder";
  }

  @Override
  public NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder()
        .updater(new Sgd(rate))
        .weightInit(WeightInit.SIGMOID_UNIFORM);
  }

  @Override
  public DenoisingAutoEncoder.Builder layer(int index) {
    double share = corruption.get(Math.min(index, corruption.size() - 1));
    return new DenoisingAutoEncoder.Builder()
        .corruption(new MaskingCorruption(share))
        .activation(Activation.SIGMOID);
  }
}
