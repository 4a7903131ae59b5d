/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.energy.StreamNetworks;
import org.nd4j.linalg.api.buffer.DataType;
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
    this.graph = graph;
    this.layout = layout;
    // Does nothing if the graph is initialised.
    graph.init();
  }

  @Override
  ComputationGraph model() {
    return graph;
  }

  @Override
  DataType type() {
    return graph.getConfiguration().getDataType();
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
  void compute(DataSet input) {
    graph.setInputs(input.getFeatures());
    graph.setLabels(input.getLabels());
    graph.computeGradientAndScore();
  }

  @Override
  double score(DataSet input) {
    return graph.score(input, false) - regularization();
  }

  @Override
  double regularization() {
    return graph.calcRegularizationScore(true);
  }

  @Override
  INDArray gradientView() {
    if (graph.getGradientsViewArray() == null) {
      graph.initGradientsView();
    }
    return graph.getGradientsViewArray();
  }

  @Override
  void addLayers(Gradient named) {
    for (GraphVertex vertex : graph.getVertices()) {
      Layer layer = vertex.getLayer();
      if (layer != null) {
        add(named, vertex.getVertexName(), layer);
      }
    }
  }

  @Override
  void applyUpdater(Gradient named, int iteration, int epoch, int examples) {
    graph.getUpdater().update(named, iteration, epoch, examples, LayerWorkspaceMgr.noWorkspaces());
  }

  @Override
  INDArray updaterState() {
    return graph.getUpdater().getStateViewArray();
  }

  @Override
  void setScore(double score) {
    graph.setScore(score);
  }

  @Override
  void countEpoch() {
    graph.incrementEpochCount();
  }

  @Override
  void setIterationCount(int iterations) {
    graph.getConfiguration().setIterationCount(iterations);
  }

  @Override
  void clear() {
    graph.clear();
  }
}
