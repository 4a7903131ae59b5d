/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.rbm.RbmParamInitializer;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.data.LabelledImages;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * The two networks of the experiment: a stack of RBMs, which is pretrained, and a classifier, which
 * has the same hidden layers with a softmax layer on top.
 */
final class Networks {

  private static final int STACK_STREAM = 1;
  private static final int CLASSIFIER_STREAM = 2;

  private Networks() {}

  /** A stack before pretraining: small normal weights, visible biases from the mean image. */
  static MultiLayerNetwork stack(DbnOptions options, LabelledImages images, long seed) {
    PretrainSettings settings = options.pretrain();
    ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(Seeds.derive(seed, STACK_STREAM))
            .updater(new Nesterovs(settings.rate(), momentum(settings)))
            .weightInit(new NormalDistribution(0, settings.deviation()))
            .l2(settings.l2())
            .list();
    int below = inputs(images);
    for (int size : options.layers()) {
      list.layer(
          new RestrictedBoltzmannMachine.Builder()
              .nIn(below)
              .nOut(size)
              .k(settings.k())
              .persistentChains(settings.persistentChains())
              .build());
      below = size;
    }
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    RestrictedBoltzmannMachineLayer first = rbms(network).get(0);
    INDArray bias = first.model().visibleUnits().biasForMean(images.features().mean(0));
    first.getParam(RbmParamInitializer.VISIBLE_BIAS_KEY).assign(bias.reshape(1, bias.length()));
    return network;
  }

  private static MapSchedule momentum(PretrainSettings settings) {
    Map<Integer, Double> byEpoch =
        settings.momentumEpochs() == 0
            ? Map.of(0, settings.momentum())
            : Map.of(0, settings.initialMomentum(), settings.momentumEpochs(), settings.momentum());
    return new MapSchedule(ScheduleType.EPOCH, byEpoch);
  }

  /** A classifier with random weights, for a fine-tuning run of so many updates. */
  static MultiLayerNetwork classifier(
      DbnOptions options, LabelledImages images, int updates, long seed) {
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
    for (int size : options.layers()) {
      RestrictedBoltzmannMachine.Builder layer =
          new RestrictedBoltzmannMachine.Builder()
              .nIn(below)
              .nOut(size)
              .weightInit(WeightInit.valueOf(settings.randomInit().name()));
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

  /** The RBMs of a stack or classifier, from the lowest up. */
  static List<RestrictedBoltzmannMachineLayer> rbms(MultiLayerNetwork network) {
    List<RestrictedBoltzmannMachineLayer> rbms = new ArrayList<>();
    for (org.deeplearning4j.nn.api.Layer layer : network.getLayers()) {
      if (layer instanceof RestrictedBoltzmannMachineLayer rbm) {
        rbms.add(rbm);
      }
    }
    return rbms;
  }

  /**
   * Reads a pretrained stack.
   *
   * @throws IOException if the file is no model, or has other layers than the options ask for
   */
  static MultiLayerNetwork readStack(Path file, DbnOptions options, LabelledImages images)
      throws IOException {
    MultiLayerNetwork network = ModelFiles.readMultiLayerNetwork(file);
    List<Long> expected = new ArrayList<>();
    expected.add((long) inputs(images));
    options.layers().forEach(size -> expected.add((long) size));
    List<Long> found = new ArrayList<>();
    List<RestrictedBoltzmannMachineLayer> rbms = rbms(network);
    for (RestrictedBoltzmannMachineLayer rbm : rbms) {
      if (found.isEmpty()) {
        found.add(rbm.model().visibleSize());
      }
      found.add(rbm.model().hiddenSize());
    }
    if (rbms.size() != network.getnLayers() || !found.equals(expected)) {
      throw new IOException(
          "--pretrained "
              + file
              + " holds "
              + network.getnLayers()
              + " layers, of which RBMs "
              + found
              + "; accepted: a stack of RBMs of the sizes "
              + expected
              + ", as --layers and the images ask for");
    }
    return network;
  }

  private static int inputs(LabelledImages images) {
    return images.height() * images.width();
  }
}
