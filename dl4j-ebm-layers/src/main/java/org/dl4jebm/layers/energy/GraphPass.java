/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.VertexIndices;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.graph.vertex.impl.PreprocessorVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Passes through the twin of a {@code ComputationGraph} with one input and one output. */
final class GraphPass extends StreamPass {

  private final ComputationGraph twin;
  private final int[] order;
  private final int last;

  /** How many rows entered, which some preprocessors need. */
  private int batch;

  GraphPass(ComputationGraph twin, StreamLayout layout) {
    super(layout);
    this.twin = twin;
    // The loss is the last vertex, and its only input is the output.
    int[] all = twin.topologicalSortOrder();
    this.order = Arrays.copyOf(all, all.length - 1);
    this.last = twin.getVertices()[all[all.length - 1]].getInputVertices()[0].getVertexIndex();
  }

  @Override
  INDArray pass(INDArray stack) {
    LayerWorkspaceMgr workspaces = workspaces();
    Map<Integer, INDArray> outputs = new HashMap<>();
    for (int index : order) {
      GraphVertex vertex = twin.getVertices()[index];
      if (vertex.isInputVertex()) {
        INDArray all = withSeconds(stack);
        batch = Math.toIntExact(all.size(0));
        outputs.put(index, all);
      } else if (vertex instanceof LayerVertex layerVertex) {
        INDArray in = outputs.get(vertex.getInputVertices()[0].getVertexIndex());
        InputPreProcessor preProcessor = layerVertex.getLayerPreProcessor();
        if (preProcessor != null) {
          in = preProcessor.preProcess(in, batch, workspaces);
        }
        outputs.put(index, layer(vertex).activate(in, false, workspaces));
      } else if (vertex instanceof PreprocessorVertex own) {
        INDArray in = outputs.get(vertex.getInputVertices()[0].getVertexIndex());
        outputs.put(index, own.getPreProcessor().preProcess(in, batch, workspaces));
      } else {
        VertexIndices[] inputs = vertex.getInputVertices();
        for (int i = 0; i < inputs.length; i++) {
          vertex.setInput(i, outputs.get(inputs[i].getVertexIndex()), workspaces);
        }
        outputs.put(index, vertex.doForward(false, workspaces));
      }
    }
    return outputs.get(last);
  }

  /** Graphs have all streams everywhere, so that branches of different depth can meet. */
  private INDArray withSeconds(INDArray stack) {
    if (layout().sums() == 0) {
      return stack;
    }
    long[] shape = stack.shape().clone();
    shape[0] = shape[0] / layout().inputStreams() * layout().sums();
    return Nd4j.concat(0, stack, Nd4j.zeros(stack.dataType(), shape));
  }

  @Override
  INDArray backward(INDArray epsilon) {
    LayerWorkspaceMgr workspaces = workspaces();
    Map<Integer, INDArray> gradients = new HashMap<>();
    gradients.put(last, epsilon);
    INDArray result = null;
    for (int i = order.length - 1; i >= 0; i--) {
      GraphVertex vertex = twin.getVertices()[order[i]];
      INDArray gradient = gradients.get(order[i]);
      if (vertex.isInputVertex()) {
        result = gradient;
      } else if (gradient != null) {
        INDArray[] below = below(vertex, gradient, workspaces);
        VertexIndices[] inputs = vertex.getInputVertices();
        for (int k = 0; k < inputs.length; k++) {
          gradients.merge(inputs[k].getVertexIndex(), below[k], INDArray::add);
        }
      }
    }
    clear();
    return result;
  }

  private INDArray[] below(GraphVertex vertex, INDArray gradient, LayerWorkspaceMgr workspaces) {
    if (vertex instanceof LayerVertex layerVertex) {
      INDArray below = layer(vertex).inputGradient(gradient, workspaces);
      InputPreProcessor preProcessor = layerVertex.getLayerPreProcessor();
      return new INDArray[] {
        preProcessor == null ? below : preProcessor.backprop(below, batch, workspaces)
      };
    }
    if (vertex instanceof PreprocessorVertex own) {
      return new INDArray[] {own.getPreProcessor().backprop(gradient, batch, workspaces)};
    }
    // Some of DL4J's vertices work in place.
    vertex.setEpsilon(gradient.dup());
    return vertex.doBackward(false, workspaces).getSecond();
  }

  @Override
  void clear() {
    for (int index : order) {
      GraphVertex vertex = twin.getVertices()[index];
      vertex.clear();
      if (vertex.hasLayer()) {
        vertex.getLayer().clear();
      }
    }
  }

  @Override
  String lastLayer() {
    return "vertex '" + twin.getVertices()[last].getVertexName() + "'";
  }

  private static DerivativeStreamsLayer layer(GraphVertex vertex) {
    return (DerivativeStreamsLayer) vertex.getLayer();
  }
}
