/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.EnergyGradient;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.updater.HostAdam;
import org.dl4jebm.training.DifferentiableEnergy;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Networks for points of the plane. */
final class EnergyNetworks {

  private static final int FIRST = 64;
  private static final int SECOND = 64;

  private EnergyNetworks() {}

  /**
   * A network of two hidden layers with softplus. In FLOAT ND4J's own derivatives of swish and GELU
   * are NaN from 44 on, those of softplus from 89; units of a first layer that is steep enough for
   * the plane, and of a second one above it, come near the former.
   *
   * @param inputs 2, or 3 with a level of noise
   * @param outputs 1 for an energy, 2 for a score
   * @param rate learning rate of Adam, falling to 0
   * @param steps until it is 0
   * @param steepness deviation of the weights of the first layer
   * @param range first-layer units begin with their kinks at points that are uniform in {@code
   *     [-range, range]} each way, so that they see all of the plane
   * @param seed not 0
   */
  static MultiLayerNetwork network(
      int inputs, int outputs, double rate, int steps, double steepness, double range, long seed) {
    IUpdater updater =
        new HostAdam(new PolySchedule(ScheduleType.ITERATION, rate, 1, Math.max(1, steps)));
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(seed)
                .updater(updater)
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nOut(FIRST)
                        .weightInit(new NormalDistribution(0, steepness))
                        .activation(Activation.SOFTPLUS)
                        .build())
                .layer(
                    new DenseLayer.Builder().nOut(SECOND).activation(Activation.SOFTPLUS).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(outputs)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.feedForward(inputs))
                .build());
    network.init();
    INDArray weights = network.getParam("0_W");
    INDArray kinks = Nd4j.create(weights.dataType(), weights.shape(), 'c');
    try (RandomStream random = new RandomStream(Seeds.derive(seed, 1))) {
      random.uniform(kinks);
    }
    kinks.subi(0.5).muli(2 * range).muli(weights);
    network.getParam("0_b").assign(kinks.sum(true, 0).negi());
    return network;
  }

  /**
   * The energy of a network in x alone.
   *
   * @param network trained by {@link Objective#CONDITIONAL}; kept
   * @param feature its last input
   */
  static DifferentiableEnergy atLevel(MultiLayerNetwork network, double feature) {
    NetworkEnergy energy = new NetworkEnergy(network);
    return new DifferentiableEnergy() {
      private INDArray told(INDArray x) {
        INDArray last = Nd4j.valueArrayOf(new long[] {x.rows(), 1}, feature, x.dataType());
        return Nd4j.hstack(x, last);
      }

      private INDArray without(INDArray gradient) {
        return gradient.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2)).dup('c');
      }

      @Override
      public INDArray energy(INDArray x) {
        return energy.energy(told(x));
      }

      @Override
      public INDArray gradient(INDArray x) {
        return without(energy.gradient(told(x)));
      }

      @Override
      public EnergyGradient energyAndGradient(INDArray x) {
        EnergyGradient both = energy.energyAndGradient(told(x));
        return new EnergyGradient(both.energy(), without(both.gradient()));
      }
    };
  }
}
