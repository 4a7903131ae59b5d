/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.energy;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.EnergyDifferenceLoss;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.energy.StreamNetworks;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.NetworkSteps;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network of either class as an energy to be trained. The gradient of the parameters comes from a
 * twin with the same parameters, which is the same function of {@code x} as the one that chains
 * sample, and goes into the network's own vector, for its own updater.
 */
final class TrainedEnergy {

  private final MultiLayerNetwork chainTwin;
  private final ComputationGraph graphTwin;
  private final NetworkEnergy networkEnergy;
  private final RecordingLoss loss;
  private final NetworkSteps steps;

  /** Keeps the energies of the last forward pass. */
  private static final class RecordingLoss extends EnergyDifferenceLoss {

    private static final long serialVersionUID = 1L;
    private transient double[] energies;

    RecordingLoss(double energyL2) {
      super(energyL2);
    }

    @Override
    public INDArray computeScoreArray(
        INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
      energies = preOutput.castTo(DataType.DOUBLE).dup('c').data().asDouble();
      return super.computeScoreArray(labels, preOutput, activation, mask);
    }
  }

  TrainedEnergy(MultiLayerNetwork network, double energyL2) {
    steps = NetworkSteps.of(network);
    networkEnergy = new NetworkEnergy(network);
    loss = new RecordingLoss(energyL2);
    chainTwin = StreamNetworks.twin(network, StreamLayout.VALUE, loss);
    graphTwin = null;
  }

  TrainedEnergy(ComputationGraph network, double energyL2) {
    steps = NetworkSteps.of(network);
    networkEnergy = new NetworkEnergy(network);
    loss = new RecordingLoss(energyL2);
    graphTwin = StreamNetworks.twin(network, StreamLayout.VALUE, loss);
    chainTwin = null;
  }

  NetworkSteps steps() {
    return steps;
  }

  DifferentiableEnergy energy() {
    return DifferentiableEnergy.of(networkEnergy);
  }

  /**
   * Leaves the gradient of the sum of the loss over rows in the network's own vector.
   *
   * @param x rows, data and samples. Not modified.
   * @param weights {@code [rows, 1]}. Not modified.
   * @return the energies of the rows
   */
  double[] gradient(INDArray x, INDArray weights) {
    INDArray partial;
    if (chainTwin == null) {
      graphTwin.setInputs(x);
      graphTwin.setLabels(weights);
      graphTwin.computeGradientAndScore();
      partial = graphTwin.getGradientsViewArray();
    } else {
      chainTwin.setInput(x);
      chainTwin.setLabels(weights);
      chainTwin.computeGradientAndScore();
      partial = chainTwin.getGradientsViewArray();
    }
    steps.gradient().assign(flat(partial));
    return loss.energies;
  }

  static INDArray flat(INDArray array) {
    return array.reshape(array.ordering(), new long[] {array.length()});
  }

  /** Lets go of the activations. */
  void clear() {
    if (chainTwin == null) {
      graphTwin.clear();
    } else {
      chainTwin.clear();
    }
  }
}
