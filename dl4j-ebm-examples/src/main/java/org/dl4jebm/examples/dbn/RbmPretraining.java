/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.rbm.RbmParamInitializer;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.data.LabelledImages;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

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
public record RbmPretraining(
    int epochs,
    int batch,
    double rate,
    double initialMomentum,
    double momentum,
    int momentumEpochs,
    double l2,
    int k,
    int persistentChains,
    double deviation)
    implements PretrainSettings {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public RbmPretraining {
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

  @Override
  public String layerName() {
    return "RBM";
  }

  /** Small normal weights. */
  @Override
  public NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder()
        .updater(new Nesterovs(rate, momentumByEpoch()))
        .weightInit(new NormalDistribution(0, deviation))
        .l2(l2);
  }

  private MapSchedule momentumByEpoch() {
    Map<Integer, Double> byEpoch =
        momentumEpochs == 0
            ? Map.of(0, momentum)
            : Map.of(0, initialMomentum, momentumEpochs, momentum);
    return new MapSchedule(ScheduleType.EPOCH, byEpoch);
  }

  @Override
  public RestrictedBoltzmannMachine.Builder layer(int index) {
    return new RestrictedBoltzmannMachine.Builder().k(k).persistentChains(persistentChains);
  }

  /** Visible biases from the mean image. */
  @Override
  public void prepare(MultiLayerNetwork stack, LabelledImages images) {
    RestrictedBoltzmannMachineLayer first = (RestrictedBoltzmannMachineLayer) stack.getLayer(0);
    INDArray bias = first.model().visibleUnits().biasForMean(images.features().mean(0));
    first.getParam(RbmParamInitializer.VISIBLE_BIAS_KEY).assign(bias.reshape(1, bias.length()));
  }
}
