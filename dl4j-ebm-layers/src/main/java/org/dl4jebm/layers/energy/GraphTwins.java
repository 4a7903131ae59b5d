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
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
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
    for (Map.Entry<String, GraphVertex> entry : configuration.getVertices().entrySet()) {
      if (entry.getValue() instanceof LayerVertex vertex) {
        Layer layer = vertex.getLayerConf().getLayer();
        StreamRules.require(layer, layout);
        StreamRules.require(vertex.getPreProcessor(), layer);
      } else if (!isLinear(entry.getValue())) {
        throw new DL4JInvalidConfigException(
            "vertex '"
                + entry.getKey()
                + "' ("
                + entry.getValue().getClass().getSimpleName()
                + ") has no rule for derivatives in x; accepted: layers, merge, subset, scale and"
                + " element-wise vertices that add, subtract or average");
      }
    }
  }

  private static boolean isLinear(GraphVertex vertex) {
    if (vertex.getClass() == ElementWiseVertex.class) {
      ElementWiseVertex.Op op = ((ElementWiseVertex) vertex).getOp();
      return op == ElementWiseVertex.Op.Add
          || op == ElementWiseVertex.Op.Subtract
          || op == ElementWiseVertex.Op.Average;
    }
    return vertex.getClass() == MergeVertex.class
        || vertex.getClass() == SubsetVertex.class
        || vertex.getClass() == ScaleVertex.class;
  }

  static ComputationGraph twin(ComputationGraph graph, StreamLayout layout, ILossFunction loss) {
    ComputationGraphConfiguration original = graph.getConfiguration();
    requireRules(original, layout);
    ComputationGraphConfiguration conf = original.clone();
    boolean seconds = layout.sums() > 0;
    for (GraphVertex vertex : conf.getVertices().values()) {
      if (vertex instanceof LayerVertex layerVertex) {
        Layer layer = layerVertex.getLayerConf().getLayer();
        StreamRules.makeDeterministic(layer);
        layerVertex.getLayerConf().setLayer(new DerivativeStreams(layer, layout, seconds, seconds));
        layerVertex.setOutputVertex(false);
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
