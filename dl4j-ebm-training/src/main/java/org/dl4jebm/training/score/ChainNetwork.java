/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.DenseChain;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.energy.StreamNetworks;
import org.dl4jebm.training.NetworkSteps;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** A {@code MultiLayerNetwork}. */
final class ChainNetwork extends TrainedNetwork<MultiLayerNetwork> {

  private final MultiLayerNetwork network;

  ChainNetwork(MultiLayerNetwork network) {
    super(NetworkSteps.of(network));
    this.network = network;
  }

  @Override
  MultiLayerNetwork model() {
    return network;
  }

  @Override
  ChainNetwork withLoss(StreamLayout layout, ILossFunction loss) {
    return new ChainNetwork(
        layout == null
            ? LossReplacement.of(network, loss)
            : StreamNetworks.twin(network, layout, loss));
  }

  @Override
  UnaryOperator<INDArray> makeEnergyGradient() {
    return new NetworkEnergy(network)::gradient;
  }

  @Override
  Optional<DenseChain> makeChain(StreamLayout layout) {
    return DenseChain.of(network, layout);
  }

  @Override
  void compute(DataSet input) {
    network.setInput(input.getFeatures());
    network.setLabels(input.getLabels());
    network.computeGradientAndScore();
  }

  @Override
  double score(DataSet input) {
    return network.score(input, false) - steps().regularization();
  }

  @Override
  void clear() {
    network.clear();
  }
}
