/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.energy.StreamNetworks;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** A {@code MultiLayerNetwork}. */
final class ChainNetwork extends TrainedNetwork<MultiLayerNetwork> {

  private final MultiLayerNetwork network;

  ChainNetwork(MultiLayerNetwork network) {
    this.network = network;
    if (!network.isInitCalled()) {
      network.init();
    }
  }

  @Override
  MultiLayerNetwork model() {
    return network;
  }

  @Override
  DataType type() {
    return network.getLayerWiseConfigurations().getDataType();
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
  void compute(DataSet input) {
    network.setInput(input.getFeatures());
    network.setLabels(input.getLabels());
    network.computeGradientAndScore();
  }

  @Override
  double score(DataSet input) {
    return network.score(input, false) - regularization();
  }

  @Override
  double regularization() {
    return network.calcRegularizationScore(true);
  }

  @Override
  INDArray gradientView() {
    if (network.getGradientsViewArray() == null) {
      network.initGradientsView();
    }
    return network.getGradientsViewArray();
  }

  @Override
  void addLayers(Gradient named) {
    for (int i = 0; i < network.getnLayers(); i++) {
      add(named, String.valueOf(i), network.getLayer(i));
    }
  }

  @Override
  void applyUpdater(Gradient named, int iteration, int epoch, int examples) {
    network
        .getUpdater()
        .update(network, named, iteration, epoch, examples, LayerWorkspaceMgr.noWorkspaces());
  }

  @Override
  INDArray updaterState() {
    return network.getUpdater().getStateViewArray();
  }

  @Override
  void setScore(double score) {
    network.setScore(score);
  }

  @Override
  void countEpoch() {
    network.incrementEpochCount();
  }

  @Override
  void setIterationCount(int iterations) {
    network.getLayerWiseConfigurations().setIterationCount(iterations);
  }

  @Override
  void clear() {
    network.clear();
  }
}
