/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The layers that {@link GreedyPretrainer} trains, with the names by which it calls them and the
 * input that it gives them: for listeners that look at one layer while it is trained.
 */
public final class LayerInputs {

  private final NetworkStack stack;
  private final List<Stage> stages;

  private LayerInputs(NetworkStack stack) {
    this.stack = stack;
    this.stages = stack.stages();
  }

  /**
   * Looks at a network.
   *
   * @param network the network, kept; initialised if it is not
   * @return its pretrainable layers
   */
  public static LayerInputs of(MultiLayerNetwork network) {
    return new LayerInputs(new MultiLayerStack(network));
  }

  /**
   * Looks at a graph.
   *
   * @param network the network, kept; initialised if it is not
   * @return its pretrainable layers
   */
  public static LayerInputs of(ComputationGraph network) {
    return new LayerInputs(new GraphStack(network));
  }

  /**
   * The layers in the order in which they are trained.
   *
   * @return pretrainable layers that are not frozen, lowest first
   */
  public List<Layer> layers() {
    return stages.stream().map(Stage::layer).toList();
  }

  /**
   * The name of a layer, as in {@link PretrainOptions}.
   *
   * @param layer one of {@link #layers()}
   * @return its name, or its index where it has none
   * @throws IllegalArgumentException if it is not one of them
   */
  public String nameOf(Layer layer) {
    return stage(layer).name();
  }

  /**
   * Tells whether a layer sees the output of others.
   *
   * @param layer one of {@link #layers()}
   * @return false if its input is the network's, apart from preprocessors
   * @throws IllegalArgumentException if it is not one of them
   */
  public boolean hasLayersBelow(Layer layer) {
    return stack.hasLayersBelow(stage(layer));
  }

  /**
   * Sends data up to a layer, with all layers below in inference mode and preprocessors applied, as
   * the trainer does with {@link LayerTransfer#MEANS}. Not to be called in the middle of an update:
   * layers hold no input afterwards.
   *
   * @param layer one of {@link #layers()}
   * @param features the network's inputs, {@code [n, ...]} each. Not modified.
   * @return the layer's input, new
   * @throws IllegalArgumentException if it is not one of them
   */
  public INDArray inputOf(Layer layer, INDArray... features) {
    Stage stage = stage(layer);
    return Workspaces.outside(
        () -> {
          INDArray[] copies = Arrays.stream(features).map(INDArray::dup).toArray(INDArray[]::new);
          try {
            return stack.inputOf(stage, copies, null, LayerWorkspaceMgr.noWorkspaces());
          } finally {
            stack.clear();
          }
        });
  }

  private Stage stage(Layer layer) {
    return stages.stream()
        .filter(stage -> stage.layer() == layer)
        .findAny()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the layer is none of those that are pretrained; accepted: one of "
                        + stages.stream().map(Stage::name).toList()
                        + ", of this network object"));
  }
}
