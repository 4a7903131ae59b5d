/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.layers.ActivationLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What {@link GreedyPretrainer} needs to know of a network, the same for both kinds. */
interface NetworkStack {

  /** A layer that can be pretrained. */
  record Stage(String name, Layer layer, int index) {

    ResumablePretraining resumable() {
      return layer instanceof ResumablePretraining resumable ? resumable : null;
    }

    String scoreName() {
      return resumable() == null ? "score" : resumable().pretrainScoreName();
    }
  }

  /** The network itself. */
  Model network();

  /** The pretrainable layers that are not frozen, lowest first. */
  List<Stage> stages();

  /** Names of all layers, for messages. */
  List<String> layerNames();

  /** Makes sure that gradient views exist, and that neighbouring layers fit each other. */
  void prepare();

  /**
   * The input of a stage for a batch of the network's features, with all layers below in inference
   * mode and preprocessors applied. With {@code sampler} the layer directly below is sampled
   * instead of activated. Called inside the trainer's workspace, which the result may be in.
   */
  INDArray inputOf(
      Stage stage, INDArray[] features, SampledBelow sampler, LayerWorkspaceMgr workspaceMgr);

  /**
   * The layer directly below a stage, without a wrapper that freezes it, or null if that is not a
   * single layer.
   */
  Layer layerBelow(Stage stage);

  /** Whether there is any layer between the network's inputs and a stage. */
  boolean hasLayersBelow(Stage stage);

  /** Drops references to arrays of the last batch. */
  void clear();

  /**
   * What to give a layer that is to be activated. DL4J's activation layer overwrites its input in
   * inference mode, which may be the data, or what other layers are going to see.
   */
  static INDArray unshared(Layer layer, INDArray input) {
    return FrozenLayers.inside(layer) instanceof ActivationLayer ? input.dup() : input;
  }

  /** Reads a saved network of the same kind. */
  Model read(Path file) throws IOException;

  /** State of a network's updater for supervised training, or null where it has none. */
  INDArray updaterState(Model network);

  /**
   * Takes over parameters, updater state and counters of a saved network of the same kind, which
   * has the same of everything.
   */
  void adopt(Model saved);

  /** Draws states of a layer, without a wrapper that freezes it, for given input. */
  @FunctionalInterface
  interface SampledBelow {
    INDArray sample(Layer layer, INDArray input);
  }
}
