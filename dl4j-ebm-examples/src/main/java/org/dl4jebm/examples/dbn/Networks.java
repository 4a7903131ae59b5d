/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jebm.layers.pretrain.TiedDenseLayer;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.data.LabelledImages;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The two networks of the experiment: a stack, which is pretrained, and a classifier, which has the
 * same hidden layers with a softmax layer on top.
 */
final class Networks {

  private static final int STACK_STREAM = 1;
  private static final int CLASSIFIER_STREAM = 2;

  private Networks() {}

  /** A stack before pretraining. */
  static MultiLayerNetwork stack(StackOptions options, LabelledImages images, long seed) {
    PretrainSettings settings = options.pretrain();
    ListBuilder list = settings.global().seed(Seeds.derive(seed, STACK_STREAM)).list();
    int below = inputs(images);
    int index = 0;
    for (int size : options.layers()) {
      list.layer(settings.layer(index++).nIn(below).nOut(size).build());
      below = size;
    }
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    settings.prepare(network, images);
    return network;
  }

  /** A classifier with random weights, for a fine-tuning run of so many updates. */
  static MultiLayerNetwork classifier(
      StackOptions options, LabelledImages images, int updates, long seed) {
    FineTuneSettings settings = options.fineTune();
    ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(Seeds.derive(seed, CLASSIFIER_STREAM))
            .updater(settings.updater(updates))
            .weightInit(WeightInit.XAVIER)
            .l2(settings.l2())
            .list();
    int below = inputs(images);
    double dropped = settings.inputDropout();
    int index = 0;
    for (int size : options.layers()) {
      BasePretrainNetwork.Builder<?> layer = options.pretrain().layer(index++);
      layer.nIn(below).nOut(size).weightInit(WeightInit.valueOf(settings.randomInit().name()));
      if (dropped > 0) {
        layer.dropOut(1 - dropped);
      }
      if (settings.maxNorm() > 0) {
        layer.constrainWeights(new MaxNormConstraint(settings.maxNorm(), 0));
      }
      list.layer(layer.build());
      below = size;
      dropped = settings.dropout();
    }
    OutputLayer.Builder output =
        new OutputLayer.Builder(LossFunction.MCXENT)
            .nIn(below)
            .nOut(images.classes())
            .activation(Activation.SOFTMAX);
    if (dropped > 0) {
      output.dropOut(1 - dropped);
    }
    MultiLayerConfiguration configuration = list.layer(output.build()).build();
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    return network;
  }

  /** Puts the parameters of a stack into the hidden layers of a classifier. */
  static void copyHiddenLayers(MultiLayerNetwork stack, MultiLayerNetwork classifier) {
    for (int i = 0; i < stack.getnLayers(); i++) {
      classifier.getLayer(i).params().assign(stack.getLayer(i).params());
    }
  }

  /** The same classifier with hidden layers that training leaves alone. */
  static MultiLayerNetwork freezeHiddenLayers(MultiLayerNetwork classifier) {
    return new TransferLearning.Builder(classifier)
        .setFeatureExtractor(classifier.getnLayers() - 2)
        .build();
  }

  /** The pretrained layers of a stack or classifier, from the lowest up. */
  static List<TiedDenseLayer<?>> hiddenLayers(MultiLayerNetwork network) {
    List<TiedDenseLayer<?>> layers = new ArrayList<>();
    for (org.deeplearning4j.nn.api.Layer layer : network.getLayers()) {
      if (layer instanceof TiedDenseLayer<?> tied) {
        layers.add(tied);
      }
    }
    return layers;
  }

  /**
   * Reads a pretrained stack.
   *
   * @throws IOException if the file is no model, or has other layers than the options ask for
   */
  static MultiLayerNetwork readStack(Path file, StackOptions options, LabelledImages images)
      throws IOException {
    MultiLayerNetwork network = ModelFiles.readMultiLayerNetwork(file);
    List<Long> expected = new ArrayList<>();
    expected.add((long) inputs(images));
    options.layers().forEach(size -> expected.add((long) size));
    List<Long> found = new ArrayList<>();
    Class<?> kind = options.pretrain().layer(0).nIn(1).nOut(1).build().getClass();
    for (TiedDenseLayer<?> layer : hiddenLayers(network)) {
      if (layer.layerConf().getClass() == kind) {
        if (found.isEmpty()) {
          found.add(layer.layerConf().getNIn());
        }
        found.add(layer.layerConf().getNOut());
      }
    }
    if (found.size() != network.getnLayers() + 1 || !found.equals(expected)) {
      String name = options.pretrain().layerName();
      throw new IOException(
          "--pretrained "
              + file
              + " holds "
              + network.getnLayers()
              + " layers, of which "
              + name
              + "s "
              + found
              + "; accepted: a stack of "
              + name
              + "s of the sizes "
              + expected
              + ", as --layers and the images ask for");
    }
    return network;
  }

  private static int inputs(LabelledImages images) {
    return images.height() * images.width();
  }
}
