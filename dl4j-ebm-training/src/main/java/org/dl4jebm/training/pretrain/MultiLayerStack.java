/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.training.ModelFiles;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A {@code MultiLayerNetwork} as a stack of layers. */
final class MultiLayerStack implements NetworkStack {

  private final MultiLayerNetwork network;

  MultiLayerStack(MultiLayerNetwork network) {
    this.network = network;
    network.init();
  }

  @Override
  public Model network() {
    return network;
  }

  @Override
  public List<Stage> stages() {
    List<Stage> stages = new ArrayList<>();
    for (int i = 0; i < network.getnLayers(); i++) {
      Layer layer = network.getLayer(i);
      if (layer.isPretrainLayer() && !FrozenLayers.isFrozen(layer)) {
        stages.add(new Stage(nameOf(i), layer, i));
      }
    }
    return stages;
  }

  private String nameOf(int index) {
    String name = network.getLayer(index).conf().getLayer().getLayerName();
    return name == null || name.isEmpty() || name.equals("layer" + index)
        ? Integer.toString(index)
        : name;
  }

  @Override
  public List<String> layerNames() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < network.getnLayers(); i++) {
      names.add(nameOf(i));
    }
    return names;
  }

  @Override
  public void prepare() {
    for (int i = 1; i < network.getnLayers(); i++) {
      if (preprocessor(i) == null) {
        LayerSizes.requireFit(
            nameOf(i - 1), network.getLayer(i - 1), nameOf(i), network.getLayer(i));
      }
    }
    if (network.getFlattenedGradients() == null) {
      network.initGradientsView();
    }
  }

  private InputPreProcessor preprocessor(int index) {
    return network.getLayerWiseConfigurations().getInputPreProcess(index);
  }

  @Override
  public INDArray inputOf(
      Stage stage, INDArray[] features, SampledBelow sampler, LayerWorkspaceMgr workspaceMgr) {
    INDArray current = features[0];
    int examples = Math.toIntExact(current.size(0));
    for (int i = 0; i <= stage.index(); i++) {
      InputPreProcessor preprocessor = preprocessor(i);
      if (preprocessor != null) {
        current = preprocessor.preProcess(current, examples, workspaceMgr);
      }
      if (i < stage.index()) {
        Layer layer = network.getLayer(i);
        current =
            sampler != null && i == stage.index() - 1
                ? sampler.sample(FrozenLayers.inside(layer), current)
                : layer.activate(NetworkStack.unshared(layer, current), false, workspaceMgr);
      }
    }
    return current;
  }

  @Override
  public Layer layerBelow(Stage stage) {
    return stage.index() == 0 ? null : FrozenLayers.inside(network.getLayer(stage.index() - 1));
  }

  @Override
  public boolean hasLayersBelow(Stage stage) {
    return stage.index() > 0;
  }

  @Override
  public void clear() {
    for (Layer layer : network.getLayers()) {
      layer.clear();
    }
  }

  @Override
  public Model read(Path file) throws IOException {
    return ModelFiles.readMultiLayerNetwork(file);
  }

  @Override
  public INDArray updaterState(Model network) {
    return ((MultiLayerNetwork) network).getUpdater().getStateViewArray();
  }

  @Override
  public void adopt(Model saved) {
    MultiLayerNetwork other = (MultiLayerNetwork) saved;
    network.setParams(other.params());
    network.setIterationCount(other.getIterationCount());
    network.setEpochCount(other.getEpochCount());
    INDArray updaterState = updaterState(other);
    if (updaterState != null) {
      network.getUpdater().setStateViewArray(network, updaterState, false);
    }
  }
}
