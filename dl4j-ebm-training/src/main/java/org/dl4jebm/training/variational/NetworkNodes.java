/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.variational.LatentLogProbabilityVertex;
import org.dl4jebm.layers.variational.LatentQuantity;
import org.dl4jebm.layers.variational.LatentVariablesLayer;
import org.dl4jebm.layers.variational.LikelihoodOutputLayer;
import org.dl4jebm.training.variational.NetworkNode.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The nodes of a network that its latent variables and its likelihood need, in the order of
 * computation.
 */
final class NetworkNodes {

  private final List<String> networkInputs;
  private final Map<String, NetworkNode> nodes = new LinkedHashMap<>();
  private final List<NetworkNode> outputs;

  /** Names of the nodes that the values of latent variables reach. */
  private final Set<String> afterLatents = new HashSet<>();

  private final Masks masks;

  /** Gives the network what some of its vertices look at beside their inputs. */
  interface Masks {

    /**
     * Sets inputs and masks.
     *
     * @param features the inputs of the network
     * @param featureMasks a mask or null for each, or null for none
     */
    void set(INDArray[] features, INDArray[] featureMasks);

    /** Takes the network back to what it had before the first call. */
    void restore();
  }

  private NetworkNodes(
      List<String> networkInputs, List<NetworkNode> all, List<String> outputNames, Masks masks) {
    this.networkInputs = networkInputs;
    this.masks = masks;
    Map<String, NetworkNode> byName = new HashMap<>();
    all.forEach(node -> byName.put(node.name(), node));
    this.outputs = outputNames.stream().map(byName::get).toList();
    Set<String> needed = new HashSet<>();
    outputNames.forEach(name -> addNeeded(name, byName, needed));
    all.stream()
        .filter(node -> node.kind() == Kind.RATIO)
        .filter(node -> needed.contains(latentOf(node)))
        .forEach(node -> addNeeded(node.name(), byName, needed));
    for (NetworkNode node : all) {
      if (needed.contains(node.name())) {
        nodes.put(node.name(), node);
        if (node.inputs().stream().anyMatch(this::isLatentOrAfter)) {
          afterLatents.add(node.name());
        }
      }
    }
  }

  private boolean isLatentOrAfter(String name) {
    NetworkNode node = nodes.get(name);
    return node != null && (node.kind() == Kind.LATENT || afterLatents.contains(name));
  }

  private static void addNeeded(String name, Map<String, NetworkNode> byName, Set<String> needed) {
    NetworkNode node = byName.get(name);
    if (node != null && needed.add(name)) {
      node.inputs().forEach(input -> addNeeded(input, byName, needed));
    }
  }

  /** Name of the latent variables whose log-ratio a vertex computes. */
  static String latentOf(NetworkNode ratio) {
    return ratio.inputs().get(ratio.inputs().size() - 1);
  }

  static NetworkNodes of(MultiLayerNetwork network) {
    List<NetworkNode> all = new ArrayList<>();
    String below = "input";
    for (int i = 0; i < network.getnLayers(); i++) {
      String name = "layer " + i;
      InputPreProcessor preProcessor = network.getLayerWiseConfigurations().getInputPreProcess(i);
      Layer layer = network.getLayer(i);
      all.add(
          new NetworkNode(
              name, List.of(below), layer, preProcessor, null, kind(layer, Kind.PLAIN)));
      below = name;
    }
    return new NetworkNodes(
        List.of("input"),
        all,
        List.of(below),
        new Masks() {
          private boolean masked;

          @Override
          public void set(INDArray[] features, INDArray[] featureMasks) {
            if (featureMasks != null && featureMasks[0] != null) {
              masked = true;
              network.setLayerMaskArrays(featureMasks[0], null);
            }
          }

          @Override
          public void restore() {
            if (masked) {
              masked = false;
              network.clearLayerMaskArrays();
            }
          }
        });
  }

  static NetworkNodes of(ComputationGraph graph) {
    List<NetworkNode> all = new ArrayList<>();
    Map<String, List<String>> inputs = graph.getConfiguration().getVertexInputs();
    Map<String, GraphVertex> configurations = graph.getConfiguration().getVertices();
    for (int index : graph.topologicalSortOrder()) {
      org.deeplearning4j.nn.graph.vertex.GraphVertex vertex = graph.getVertices()[index];
      if (!vertex.isInputVertex()) {
        String name = vertex.getVertexName();
        all.add(node(name, inputs.get(name), configurations.get(name), vertex));
      }
    }
    return new NetworkNodes(
        graph.getConfiguration().getNetworkInputs(),
        all,
        graph.getConfiguration().getNetworkOutputs(),
        new GraphInputs(graph));
  }

  private static NetworkNode node(
      String name,
      List<String> inputs,
      GraphVertex configuration,
      org.deeplearning4j.nn.graph.vertex.GraphVertex vertex) {
    GraphVertex unwrapped = configuration;
    while (unwrapped instanceof FrozenVertex frozen) {
      unwrapped = frozen.getUnderlying();
    }
    if (unwrapped instanceof LayerVertex layer) {
      Kind kind = kind(vertex.getLayer(), Kind.PLAIN);
      return new NetworkNode(name, inputs, vertex.getLayer(), layer.getPreProcessor(), null, kind);
    }
    Kind kind = Kind.PLAIN;
    if (unwrapped instanceof LatentLogProbabilityVertex quantity) {
      kind =
          inputs.size() == 3 && quantity.getQuantity() == LatentQuantity.LOG_RATIO
              ? Kind.RATIO
              : Kind.COLUMN;
    } else if (unwrapped instanceof PreprocessorVertex
        || unwrapped instanceof LastTimeStepVertex
        || unwrapped instanceof DuplicateToTimeSeriesVertex
        || unwrapped instanceof ReverseTimeSeriesVertex) {
      kind = Kind.READS_INPUTS;
    }
    return new NetworkNode(name, inputs, null, null, vertex, kind);
  }

  private static Kind kind(Layer layer, Kind otherwise) {
    Layer unwrapped = NetworkNode.unwrapped(layer);
    if (unwrapped instanceof LatentVariablesLayer) {
      return Kind.LATENT;
    }
    return unwrapped instanceof LikelihoodOutputLayer ? Kind.OUTPUT : otherwise;
  }

  List<String> networkInputs() {
    return networkInputs;
  }

  /** The outputs of the network, in its order. */
  List<NetworkNode> outputs() {
    return outputs;
  }

  /** All nodes, in the order of computation. */
  List<NetworkNode> inOrder() {
    return List.copyOf(nodes.values());
  }

  List<NetworkNode> latents() {
    return nodes.values().stream().filter(node -> node.kind() == Kind.LATENT).toList();
  }

  NetworkNode byName(String name) {
    return nodes.get(name);
  }

  Masks masks() {
    return masks;
  }

  /** Whether values of latent variables reach the node, other than those it draws. */
  boolean isAfterLatents(NetworkNode node) {
    return afterLatents.contains(node.name());
  }

  /**
   * Whether samples can be drawn at the latent variables, with all that lies before them computed
   * once an example: not where something of one row an example meets something of several.
   */
  boolean samplesCanStartAtLatents() {
    if (nodes.values().stream().anyMatch(node -> node.kind() == Kind.READS_INPUTS)) {
      return false;
    }
    for (NetworkNode node : nodes.values()) {
      boolean takesAny = node.kind() == Kind.COLUMN || node.kind() == Kind.RATIO;
      if (isAfterLatents(node)
          && !takesAny
          && !node.inputs().stream().allMatch(this::isLatentOrAfter)) {
        return false;
      }
    }
    return outputs.stream().allMatch(this::isAfterLatents);
  }

  /** Inputs and masks of a graph. */
  private static final class GraphInputs implements Masks {

    private final ComputationGraph graph;
    private INDArray[] inputs;
    private INDArray[] inputMasks;
    private INDArray[] labelMasks;
    private boolean changed;

    GraphInputs(ComputationGraph graph) {
      this.graph = graph;
    }

    @Override
    public void set(INDArray[] features, INDArray[] featureMasks) {
      if (!changed) {
        changed = true;
        inputs = graph.getInputs();
        inputMasks = graph.getInputMaskArrays();
        labelMasks = graph.getLabelMaskArrays();
      }
      graph.setInputs(features);
      graph.setLayerMaskArrays(featureMasks, null);
    }

    @Override
    public void restore() {
      if (changed) {
        changed = false;
        graph.clearLayerMaskArrays();
        if (inputMasks != null || labelMasks != null) {
          graph.setLayerMaskArrays(inputMasks, labelMasks);
        }
        graph.setInputs(inputs);
      }
    }
  }
}
