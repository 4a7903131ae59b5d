/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jebm.layers.energy.DenseChain;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.energy.StreamNetworks;
import org.dl4jebm.training.NetworkSteps;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** A {@code ComputationGraph} with one input and one output. */
final class GraphNetwork extends TrainedNetwork<ComputationGraph> {

  private final ComputationGraph graph;

  /** The streams if this is a twin, or null. */
  private final StreamLayout layout;

  GraphNetwork(ComputationGraph graph) {
    this(graph, null);
  }

  private GraphNetwork(ComputationGraph graph, StreamLayout layout) {
    super(NetworkSteps.of(graph));
    this.graph = graph;
    this.layout = layout;
  }

  @Override
  ComputationGraph model() {
    return graph;
  }

  @Override
  GraphNetwork withLoss(StreamLayout layout, ILossFunction loss) {
    return new GraphNetwork(
        layout == null ? LossReplacement.of(graph, loss) : StreamNetworks.twin(graph, layout, loss),
        layout);
  }

  @Override
  UnaryOperator<INDArray> makeEnergyGradient() {
    return new NetworkEnergy(graph)::gradient;
  }

  @Override
  DataSet input(DataSet stack) {
    return withSeconds(stack, layout);
  }

  @Override
  Optional<DenseChain> makeChain(StreamLayout layout) {
    return DenseChain.of(graph, layout);
  }

  @Override
  void compute(DataSet input) {
    graph.setInputs(input.getFeatures());
    graph.setLabels(input.getLabels());
    graph.computeGradientAndScore();
  }

  @Override
  double score(DataSet input) {
    return graph.score(input, false) - steps().regularization();
  }

  @Override
  void clear() {
    graph.clear();
  }
}
