/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Passes through the twin of a {@code MultiLayerNetwork}. */
final class ChainPass extends StreamPass {

  private final MultiLayerNetwork twin;

  /** How many rows entered, which some preprocessors need. */
  private int batch;

  ChainPass(MultiLayerNetwork twin, StreamLayout layout) {
    super(layout);
    this.twin = twin;
  }

  @Override
  INDArray pass(INDArray stack) {
    LayerWorkspaceMgr workspaces = workspaces();
    batch = Math.toIntExact(stack.size(0));
    INDArray activations = stack;
    for (int i = 0; i < layers(); i++) {
      InputPreProcessor preProcessor = preProcessor(i);
      if (preProcessor != null) {
        activations = preProcessor.preProcess(activations, batch, workspaces);
      }
      activations = layer(i).activate(activations, false, workspaces);
    }
    return activations;
  }

  @Override
  INDArray backward(INDArray epsilon) {
    LayerWorkspaceMgr workspaces = workspaces();
    INDArray gradient = epsilon;
    for (int i = layers() - 1; i >= 0; i--) {
      gradient = layer(i).inputGradient(gradient, workspaces);
      InputPreProcessor preProcessor = preProcessor(i);
      if (preProcessor != null) {
        gradient = preProcessor.backprop(gradient, batch, workspaces);
      }
    }
    clear();
    return gradient;
  }

  @Override
  void clear() {
    for (int i = 0; i < layers(); i++) {
      layer(i).clear();
    }
  }

  @Override
  String lastLayer() {
    return StreamRules.describe(layer(layers() - 1));
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
