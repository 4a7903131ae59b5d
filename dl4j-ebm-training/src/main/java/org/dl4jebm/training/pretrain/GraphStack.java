/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.VertexIndices;
import org.deeplearning4j.nn.graph.vertex.impl.FrozenVertex;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.training.ModelFiles;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A {@code ComputationGraph} as a stack of layers, in topological order. Only the vertices that a
 * stage depends on are computed.
 */
final class GraphStack implements NetworkStack {

  private final ComputationGraph network;

  GraphStack(ComputationGraph network) {
    this.network = network;
    network.init();
  }

  @Override
  public Model network() {
    return network;
  }

  @Override
  public List<Stage> stages() {
    List<Stage> stages = new ArrayList<>();
    for (int index : network.topologicalSortOrder()) {
      GraphVertex vertex = network.getVertices()[index];
      Layer layer = vertex.hasLayer() ? vertex.getLayer() : null;
      if (layer != null
          && layer.isPretrainLayer()
          && !(vertex instanceof FrozenVertex)
          && !FrozenLayers.isFrozen(layer)
          && !(layer instanceof IOutputLayer)) {
        stages.add(new Stage(vertex.getVertexName(), layer, index));
      }
    }
    return stages;
  }

  @Override
  public List<String> layerNames() {
    List<String> names = new ArrayList<>();
    for (GraphVertex vertex : network.getVertices()) {
      if (vertex.hasLayer()) {
        names.add(vertex.getVertexName());
      }
    }
    return names;
  }

  @Override
  public void prepare() {
    for (GraphVertex vertex : network.getVertices()) {
      if (!(vertex instanceof LayerVertex above) || above.getLayerPreProcessor() != null) {
        continue;
      }
      GraphVertex below = network.getVertices()[above.getInputVertices()[0].getVertexIndex()];
      if (below.hasLayer()) {
        LayerSizes.requireFit(
            below.getVertexName(), below.getLayer(), above.getVertexName(), above.getLayer());
      }
    }
    if (network.getGradientsViewArray() == null) {
      network.initGradientsView();
    }
  }

  @Override
  public INDArray inputOf(
      Stage stage, INDArray[] features, SampledBelow sampler, LayerWorkspaceMgr workspaceMgr) {
    List<String> inputs = network.getConfiguration().getNetworkInputs();
    if (features.length != inputs.size()) {
      throw new DL4JInvalidInputException(
          "a batch has "
              + features.length
              + " arrays of features; accepted: "
              + inputs.size()
              + ", for the network's inputs "
              + inputs);
    }
    // Preprocessors of layer vertices ask the network for the batch size.
    network.setInputs(features);
    Map<Integer, INDArray> activations = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      activations.put(network.getVertex(inputs.get(i)).getVertexIndex(), features[i]);
    }
    GraphVertex target = network.getVertices()[stage.index()];
    int sampled = sampler == null ? -1 : target.getInputVertices()[0].getVertexIndex();
    Set<Integer> needed = ancestors(target);
    for (int index : network.topologicalSortOrder()) {
      if (!needed.contains(index) || activations.containsKey(index)) {
        continue;
      }
      GraphVertex vertex = network.getVertices()[index];
      setInputs(vertex, activations, workspaceMgr);
      activations.put(
          index,
          index == sampled
              ? sampler.sample(FrozenLayers.inside(vertex.getLayer()), vertex.getLayer().input())
              : vertex.doForward(false, workspaceMgr));
    }
    setInputs(target, activations, workspaceMgr);
    return stage.layer().input();
  }

  /** Hands a vertex its inputs; a layer vertex applies its preprocessor to them. */
  private static void setInputs(
      GraphVertex vertex, Map<Integer, INDArray> activations, LayerWorkspaceMgr workspaceMgr) {
    VertexIndices[] from = vertex.getInputVertices();
    for (int i = 0; i < from.length; i++) {
      INDArray input = activations.get(from[i].getVertexIndex());
      vertex.setInput(
          i,
          vertex.hasLayer() ? NetworkStack.unshared(vertex.getLayer(), input) : input,
          workspaceMgr);
    }
  }

  private Set<Integer> ancestors(GraphVertex target) {
    Set<Integer> found = new HashSet<>();
    List<GraphVertex> open = new ArrayList<>(List.of(target));
    while (!open.isEmpty()) {
      GraphVertex vertex = open.remove(open.size() - 1);
      if (vertex.getInputVertices() != null) {
        Arrays.stream(vertex.getInputVertices())
            .map(VertexIndices::getVertexIndex)
            .filter(found::add)
            .forEach(index -> open.add(network.getVertices()[index]));
      }
    }
    return found;
  }

  @Override
  public Layer layerBelow(Stage stage) {
    VertexIndices[] from = network.getVertices()[stage.index()].getInputVertices();
    GraphVertex below = network.getVertices()[from[0].getVertexIndex()];
    return below.hasLayer() ? FrozenLayers.inside(below.getLayer()) : null;
  }

  @Override
  public boolean hasLayersBelow(Stage stage) {
    return ancestors(network.getVertices()[stage.index()]).stream()
        .anyMatch(index -> network.getVertices()[index].hasLayer());
  }

  @Override
  public void clear() {
    network.clear();
    for (GraphVertex vertex : network.getVertices()) {
      vertex.clear();
    }
  }

  @Override
  public Model read(Path file) throws IOException {
    return ModelFiles.readComputationGraph(file);
  }

  @Override
  public INDArray updaterState(Model network) {
    return ((ComputationGraph) network).getUpdater().getStateViewArray();
  }

  @Override
  public void adopt(Model saved) {
    ComputationGraph other = (ComputationGraph) saved;
    network.setParams(other.params());
    network.getConfiguration().setIterationCount(other.getIterationCount());
    network.getConfiguration().setEpochCount(other.getEpochCount());
    INDArray updaterState = updaterState(other);
    if (updaterState != null) {
      network.getUpdater().setStateViewArray(updaterState);
    }
  }
}
