/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Passes through the layers of a stacked twin without its loss: forward, and backward into the
 * input without the gradient of the parameters, which {@code calculateGradients} cannot leave out.
 */
final class StreamPass {

  private final MultiLayerNetwork twin;
  private final StreamLayout layout;

  StreamPass(MultiLayerNetwork twin, StreamLayout layout) {
    this.twin = twin;
    this.layout = layout;
  }

  StreamLayout layout() {
    return layout;
  }

  /**
   * Forward alone.
   *
   * @param stack the input streams. Not modified.
   * @return all streams of the output, {@code [streams n, 1]}
   * @throws DL4JInvalidConfigException if the network has not one output for each example
   */
  INDArray output(INDArray stack) {
    INDArray output = forward(stack);
    clear();
    return output;
  }

  /** Lets go of the activations. */
  private void clear() {
    for (int i = 0; i < layers(); i++) {
      layer(i).clear();
    }
  }

  /**
   * Forward, with {@link #backward} to follow.
   *
   * @param stack the input streams. Not modified.
   * @return all streams of the output, {@code [streams n, 1]}
   * @throws DL4JInvalidConfigException if the network has not one output for each example
   */
  INDArray forward(INDArray stack) {
    LayerWorkspaceMgr workspaces = LayerWorkspaceMgr.noWorkspaces();
    INDArray activations = stack;
    for (int i = 0; i < layers(); i++) {
      InputPreProcessor preProcessor = preProcessor(i);
      if (preProcessor != null) {
        activations =
            preProcessor.preProcess(activations, Math.toIntExact(activations.size(0)), workspaces);
      }
      activations = layer(i).activate(activations, false, workspaces);
    }
    if (activations.rank() != 2 || activations.size(1) != 1) {
      throw new DL4JInvalidConfigException(
          StreamRules.describe(layer(layers() - 1))
              + ": the network's output for "
              + stack.size(0) / layout.inputStreams()
              + " examples has shape "
              + Arrays.toString(outputShape(activations))
              + "; accepted: one output for each example, which is the energy");
    }
    return activations;
  }

  private long[] outputShape(INDArray activations) {
    long[] shape = activations.shape().clone();
    shape[0] /= layout.streams();
    return shape;
  }

  /**
   * Backward, after {@link #forward}.
   *
   * @param epsilon derivatives of any number with respect to the output. Not modified.
   * @return derivatives with respect to the input streams
   */
  INDArray backward(INDArray epsilon) {
    LayerWorkspaceMgr workspaces = LayerWorkspaceMgr.noWorkspaces();
    INDArray gradient = epsilon;
    for (int i = layers() - 1; i >= 0; i--) {
      gradient = layer(i).inputGradient(gradient, workspaces);
      InputPreProcessor preProcessor = preProcessor(i);
      if (preProcessor != null) {
        gradient = preProcessor.backprop(gradient, Math.toIntExact(gradient.size(0)), workspaces);
      }
    }
    clear();
    return gradient;
  }

  /** Without the loss. */
  private int layers() {
    return twin.getnLayers() - 1;
  }

  private DerivativeStreamsLayer layer(int index) {
    return (DerivativeStreamsLayer) twin.getLayer(index);
  }

  private InputPreProcessor preProcessor(int index) {
    return twin.getLayerWiseConfigurations().getInputPreProcess(index);
  }
}
