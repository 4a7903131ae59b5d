/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** The stacked twin of a {@code ComputationGraph}; see {@link StreamNetworks}. */
final class GraphTwins {

  private static final String LOSS = "derivativeStreamsLoss";

  private GraphTwins() {}

  static void requireRules(ComputationGraphConfiguration configuration, StreamLayout layout) {
    if (configuration.getNetworkInputs().size() != 1
        || configuration.getNetworkOutputs().size() != 1) {
      throw new DL4JInvalidConfigException(
          "the graph has inputs "
              + configuration.getNetworkInputs()
              + " and outputs "
              + configuration.getNetworkOutputs()
              + "; accepted: one of each");
    }
    configuration
        .getVertices()
        .forEach(
            (name, wrapped) -> {
              GraphVertex vertex = VertexRules.unwrap(wrapped);
              if (vertex instanceof LayerVertex layerVertex) {
                Layer layer = layer(layerVertex);
                StreamRules.require(layer, layout);
                if (!isIdle(configuration, name, layerVertex)) {
                  PreProcessorRules.require(
                      layerVertex.getPreProcessor(), StreamRules.describe(layer));
                }
              } else {
                VertexRules.require(name, vertex);
              }
            });
  }

  private static Layer layer(LayerVertex vertex) {
    return StreamRules.unwrap(vertex.getLayerConf().getLayer());
  }

  private static boolean isIdle(
      ComputationGraphConfiguration configuration, String name, LayerVertex vertex) {
    // The shape of what a vertex of several inputs gives is that of its first.
    List<Layer> below = new ArrayList<>();
    String next = configuration.getVertexInputs().get(name).get(0);
    while (configuration.getVertices().containsKey(next)) {
      GraphVertex own = VertexRules.unwrap(configuration.getVertices().get(next));
      if (own instanceof LayerVertex layerVertex) {
        below.add(layer(layerVertex));
      } else if (own instanceof ReshapeVertex || own instanceof PreprocessorVertex) {
        break;
      }
      next = configuration.getVertexInputs().get(next).get(0);
    }
    return PreProcessorRules.isIdle(vertex.getPreProcessor(), below);
  }

  static ComputationGraph twin(ComputationGraph graph, StreamLayout layout, ILossFunction loss) {
    StreamNetworks.requireInitialised(graph.getVertices() != null);
    ComputationGraphConfiguration original = graph.getConfiguration();
    requireRules(original, layout);
    ComputationGraphConfiguration conf = original.clone();
    boolean seconds = layout.sums() > 0;
    for (Map.Entry<String, GraphVertex> entry : original.getVertices().entrySet()) {
      String name = entry.getKey();
      GraphVertex own = VertexRules.unwrap(entry.getValue());
      if (own instanceof LayerVertex) {
        LayerVertex vertex = (LayerVertex) VertexRules.unwrap(conf.getVertices().get(name));
        NeuralNetConfiguration layerConf = vertex.getLayerConf();
        Layer layer = layerConf.getLayer();
        StreamRules.makeDeterministic(StreamRules.unwrap(layer));
        layerConf.setLayer(new DerivativeStreams(layer, layout, seconds, seconds));
        vertex.setPreProcessor(
            isIdle(original, name, vertex)
                ? null
                : PreProcessorRules.twin(
                    vertex.getPreProcessor(), layout.streams(), layout.streams()));
        vertex.setOutputVertex(false);
        conf.getVertices().put(name, vertex);
      } else {
        conf.getVertices().put(name, VertexRules.twin(own, layout));
      }
    }
    NeuralNetConfiguration last = conf.getDefaultConfiguration().clone();
    StreamNetworks.makeLoss(last, loss);
    last.getLayer().setLayerName(LOSS);
    String output = conf.getNetworkOutputs().get(0);
    LayerVertex lossVertex = new LayerVertex(last, null);
    lossVertex.setOutputVertex(true);
    // The order of the parameters is that of the vertices in the user's graph.
    int[] order = graph.topologicalSortOrder();
    List<String> names = new ArrayList<>();
    for (int index : order) {
      names.add(graph.getVertices()[index].getVertexName());
    }
    names.add(LOSS);
    int[] extended = Arrays.copyOf(order, order.length + 1);
    extended[order.length] = order.length;
    conf.getVertices().put(LOSS, lossVertex);
    conf.getVertexInputs().put(LOSS, new ArrayList<>(List.of(output)));
    conf.setNetworkOutputs(new ArrayList<>(List.of(LOSS)));
    conf.setTopologicalOrder(extended);
    conf.setTopologicalOrderStr(names);
    conf.setDataType(original.getDataType());
    ComputationGraph twin = new ComputationGraph(conf);
    twin.init(graph.params(), false);
    return twin;
  }
}
