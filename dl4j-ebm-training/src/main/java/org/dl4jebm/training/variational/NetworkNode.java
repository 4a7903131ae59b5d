/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.layers.ActivationLayer;
import org.deeplearning4j.nn.layers.feedforward.PReLU;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.variational.LatentVariablesLayer;
import org.dl4jebm.layers.variational.LikelihoodOutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A layer or vertex of a network, computed by itself in inference mode.
 *
 * @param name its name, or {@code layer i}
 * @param inputs names of the nodes or network inputs that it takes
 * @param layer the layer, with the wrappers that freeze it; null for other vertices
 * @param preProcessor what DL4J does with the input of the layer, or null
 * @param vertex the vertex, where it has no layer; otherwise null
 * @param kind what it does for the latent variables
 */
record NetworkNode(
    String name,
    List<String> inputs,
    Layer layer,
    InputPreProcessor preProcessor,
    GraphVertex vertex,
    Kind kind) {

  /** What a node does for the latent variables. */
  enum Kind {
    /** Nothing special. */
    PLAIN,
    /** Draws latent variables. */
    LATENT,
    /** Is the likelihood. */
    OUTPUT,
    /** Puts a column beside the decoder's output, which is computed here otherwise. */
    COLUMN,
    /** Computes the log-ratio of latent variables whose prior depends on others. */
    RATIO,
    /** Looks at the inputs of the network, or at their number of rows. */
    READS_INPUTS
  }

  static Layer unwrapped(Layer layer) {
    Layer inner = layer;
    while (inner instanceof BaseWrapperLayer wrapper) {
      inner = wrapper.getUnderlying();
    }
    return inner;
  }

  Optional<LatentVariablesLayer> latentLayer() {
    return unwrapped(layer) instanceof LatentVariablesLayer latents
        ? Optional.of(latents)
        : Optional.empty();
  }

  LikelihoodOutputLayer outputLayer() {
    return (LikelihoodOutputLayer) unwrapped(layer);
  }

  /** The input of the layer, as it takes it. */
  INDArray prepared(INDArray input, int rows, LayerWorkspaceMgr workspaces) {
    return preProcessor == null ? input : preProcessor.preProcess(input, rows, workspaces);
  }

  /**
   * Computes the node.
   *
   * @param in its inputs. Not modified.
   * @param rows number of examples or samples in a minibatch at this place
   */
  INDArray forward(List<INDArray> in, int rows, LayerWorkspaceMgr workspaces) {
    if (kind == Kind.COLUMN) {
      return Nd4j.zeros(in.get(0).dataType(), rows, 1);
    }
    if (layer != null) {
      INDArray input = prepared(in.get(0), rows, workspaces);
      return layer.activate(worksInPlace() ? input.dup() : input, false, workspaces);
    }
    for (int i = 0; i < in.size(); i++) {
      vertex.setInput(i, in.get(i), workspaces);
    }
    return vertex.doForward(false, workspaces);
  }

  /** Whether the layer, outside training, overwrites its input, which others may still need. */
  private boolean worksInPlace() {
    Layer inner = unwrapped(layer);
    return inner instanceof ActivationLayer || inner instanceof PReLU;
  }

  /** Lets go of what the computation has left behind. */
  void clear() {
    if (layer != null) {
      layer.clear();
    } else {
      vertex.clear();
    }
  }
}
