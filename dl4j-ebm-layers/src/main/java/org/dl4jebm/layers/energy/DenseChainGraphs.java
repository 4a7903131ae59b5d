/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.VertexIndices;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;

/** Finds graphs that are chains of layers. */
final class DenseChainGraphs {

  private DenseChainGraphs() {}

  /**
   * Lists the layers of a graph in their order.
   *
   * @param graph a graph. Not modified.
   * @return empty if it is not initialised, has several inputs or outputs, other vertices than
   *     layers without preprocessors, or branches
   */
  static Optional<List<Layer>> layers(ComputationGraph graph) {
    if (graph.getVertices() == null
        || graph.getNumInputArrays() != 1
        || graph.getNumOutputArrays() != 1) {
      return Optional.empty();
    }
    List<Layer> layers = new ArrayList<>();
    int previous = -1;
    for (int index : graph.topologicalSortOrder()) {
      GraphVertex vertex = graph.getVertices()[index];
      if (vertex.isInputVertex()) {
        previous = index;
        continue;
      }
      VertexIndices[] inputs = vertex.getInputVertices();
      if (!(vertex instanceof LayerVertex layer)
          || layer.getLayerPreProcessor() != null
          || inputs.length != 1
          || inputs[0].getVertexIndex() != previous) {
        return Optional.empty();
      }
      layers.add(vertex.getLayer());
      previous = index;
    }
    String output = graph.getConfiguration().getNetworkOutputs().get(0);
    boolean ends = graph.getVertices()[previous].getVertexName().equals(output);
    return ends && !layers.isEmpty() ? Optional.of(layers) : Optional.empty();
  }
}
