/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Makes a network with the same layers and the same parameters, not copies, and another loss.
 * Dropout and weight noise are off, so that rows of one example see the same function.
 */
final class LossReplacement {

  private static final String LOSS = "scoreMatchingLoss";

  private static final Set<Class<? extends Layer>> LOSSES =
      Set.of(LossLayer.class, CnnLossLayer.class, Cnn3DLossLayer.class, RnnLossLayer.class);

  private LossReplacement() {}

  static MultiLayerNetwork of(MultiLayerNetwork network, ILossFunction loss) {
    MultiLayerConfiguration conf = network.getLayerWiseConfigurations().clone();
    List<NeuralNetConfiguration> confs = conf.getConfs();
    confs.forEach(each -> makeDeterministic(each.getLayer()));
    NeuralNetConfiguration last = confs.get(confs.size() - 1);
    if (!replace(last, loss)) {
      NeuralNetConfiguration added = last.clone();
      setLossLayer(added, loss, Activation.IDENTITY.getActivationFunction());
      confs.add(added);
    }
    MultiLayerNetwork result = new MultiLayerNetwork(conf);
    result.init(network.params(), false);
    return result;
  }

  static ComputationGraph of(ComputationGraph graph, ILossFunction loss) {
    ComputationGraphConfiguration original = graph.getConfiguration();
    if (original.getNetworkInputs().size() != 1 || original.getNetworkOutputs().size() != 1) {
      throw new DL4JInvalidConfigException(
          "the graph has inputs "
              + original.getNetworkInputs()
              + " and outputs "
              + original.getNetworkOutputs()
              + "; accepted: one of each");
    }
    ComputationGraphConfiguration conf = original.clone();
    for (GraphVertex vertex : conf.getVertices().values()) {
      if (vertex instanceof LayerVertex layer) {
        makeDeterministic(layer.getLayerConf().getLayer());
      }
    }
    String output = conf.getNetworkOutputs().get(0);
    if (!(conf.getVertices().get(output) instanceof LayerVertex last)
        || !replace(last.getLayerConf(), loss)) {
      append(graph, conf, output, loss);
    }
    conf.setDataType(original.getDataType());
    ComputationGraph result = new ComputationGraph(conf);
    result.init(graph.params(), false);
    return result;
  }

  /** The order of the parameters is that of the vertices in the user's graph. */
  private static void append(
      ComputationGraph graph,
      ComputationGraphConfiguration conf,
      String output,
      ILossFunction loss) {
    NeuralNetConfiguration added = conf.getDefaultConfiguration().clone();
    setLossLayer(added, loss, Activation.IDENTITY.getActivationFunction());
    added.getLayer().setLayerName(LOSS);
    LayerVertex vertex = new LayerVertex(added, null);
    vertex.setOutputVertex(true);
    if (conf.getVertices().get(output) instanceof LayerVertex before) {
      before.setOutputVertex(false);
    }
    int[] order = graph.topologicalSortOrder();
    List<String> names = new ArrayList<>();
    for (int index : order) {
      names.add(graph.getVertices()[index].getVertexName());
    }
    names.add(LOSS);
    int[] extended = Arrays.copyOf(order, order.length + 1);
    extended[order.length] = order.length;
    conf.getVertices().put(LOSS, vertex);
    conf.getVertexInputs().put(LOSS, new ArrayList<>(List.of(output)));
    conf.setNetworkOutputs(new ArrayList<>(List.of(LOSS)));
    conf.setTopologicalOrder(extended);
    conf.setTopologicalOrderStr(names);
  }

  /** Gives a last layer another loss, if it has one. */
  private static boolean replace(NeuralNetConfiguration last, ILossFunction loss) {
    Layer layer = last.getLayer();
    if (layer.getClass() == OutputLayer.class) {
      ((OutputLayer) layer).setLossFn(loss);
      return true;
    }
    // Our losses take arrays of any rank; DL4J's layers would flatten these by pixels or steps.
    if (LOSSES.contains(layer.getClass())) {
      String name = layer.getLayerName();
      setLossLayer(last, loss, ((BaseLayer) layer).getActivationFn());
      last.getLayer().setLayerName(name);
      return true;
    }
    return false;
  }

  private static void setLossLayer(
      NeuralNetConfiguration conf, ILossFunction loss, IActivation activation) {
    LossLayer layer = new LossLayer.Builder(loss).activation(activation).build();
    // Without parameters; GradientCheckUtil asks for one all the same.
    layer.setIUpdater(new NoOp());
    conf.setLayer(layer);
    conf.clearVariables();
  }

  private static void makeDeterministic(Layer layer) {
    layer.setIDropout(null);
    if (layer instanceof BaseLayer base) {
      base.setWeightNoise(null);
    }
  }
}
