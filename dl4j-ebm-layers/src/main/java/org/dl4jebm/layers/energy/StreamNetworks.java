/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Makes the stacked twin of a network: an ordinary DL4J network on rows as {@link StreamLayout} has
 * them, whose output has the energy {@code E} of each point and its derivatives {@code E'}, {@code
 * E''} along the directions.
 *
 * <p>The twin has the user's parameters, not a copy: training one trains the other. DL4J's own
 * backward pass through the twin gives the exact parameter gradient of any loss of {@code E},
 * {@code E'} and {@code E''}, where SameDiff cannot differentiate twice. This is Taylor mode: one
 * forward pass on a larger batch, for {@code x(t) = x + t v}, instead of two nested backward passes
 * (Griewank and Walther, Evaluating Derivatives, 2008, chapter 13).
 *
 * <p>The twin's input has {@link StreamLayout#inputStreams()} streams, {@code [x; v_1; ...; v_k]};
 * the second derivatives of {@code x} are 0 and join at the first activation that is not the
 * identity. Its output has all {@link StreamLayout#streams()}, and labels need as many rows,
 * whether the loss looks at them or not: DL4J divides scores and gradients by their number, so that
 * a loss that is to be a mean over examples returns {@code streams} times the sum over its
 * examples.
 *
 * <p>Accepted are layers that treat each example alone and for which there is a rule: dense, with
 * or without layer normalization, output, convolution (1-D, 2-D, 3-D, depthwise, separable),
 * deconvolution (2-D, 3-D), pooling (average, max; global also sum), batch normalization,
 * activation, dropout, loss, zero padding, cropping, upsampling and space-to-depth, and the
 * vertices of graphs that merge, take parts, scale, shift, reshape, add, subtract, average,
 * multiply and take the maximum. Dropout and weight noise are switched off, and batch normalization
 * uses its collected statistics. The parameters of frozen layers stay fixed. Dense layers may stand
 * between layers of time series. Anything else is refused by name; p-norm pooling too, which has a
 * kink at 0. {@link FiniteDifferenceEnergy} has approximate derivatives of other networks.
 *
 * <p>Max pooling passes the derivatives on that belong to the largest value. It has kinks where
 * that changes, whose second derivatives no sample ever meets: what {@link ActivationTable} says of
 * ReLU holds for it too, and average pooling is the better choice for score matching.
 */
public final class StreamNetworks {

  private StreamNetworks() {}

  /**
   * Requires a rule for each layer.
   *
   * @param configuration a network. Not modified.
   * @param layout the streams
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer, an activation or a
   *     preprocessor has no rule, or an activation is not smooth enough for second derivatives. The
   *     message names the layer and what is accepted.
   */
  public static void requireRules(MultiLayerConfiguration configuration, StreamLayout layout) {
    List<NeuralNetConfiguration> confs = configuration.getConfs();
    for (int i = 0; i < confs.size(); i++) {
      Layer layer = StreamRules.unwrap(confs.get(i).getLayer());
      StreamRules.require(layer, layout);
      if (!isIdle(configuration, i)) {
        PreProcessorRules.require(configuration.getInputPreProcess(i), StreamRules.describe(layer));
      }
    }
  }

  private static boolean isIdle(MultiLayerConfiguration configuration, int layer) {
    List<Layer> below = new ArrayList<>();
    for (int i = layer - 1; i >= 0; i--) {
      below.add(StreamRules.unwrap(configuration.getConf(i).getLayer()));
    }
    return PreProcessorRules.isIdle(configuration.getInputPreProcess(layer), below);
  }

  /**
   * Makes the twin of a network. A {@code LossLayer} without parameters stands behind its layers.
   *
   * @param network an initialised network. Its configuration is not modified; its parameters are
   *     shared.
   * @param layout the streams
   * @param loss what is trained; its preoutput has {@code [streams n, outputs]}
   * @return a new network with the same vector of parameters
   * @throws IllegalArgumentException if the network is not initialised
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if there is no rule for a
   *     layer, as {@link #requireRules}
   */
  public static MultiLayerNetwork twin(
      MultiLayerNetwork network, StreamLayout layout, ILossFunction loss) {
    requireInitialised(network.isInitCalled());
    requireRules(network.getLayerWiseConfigurations(), layout);
    MultiLayerConfiguration conf = network.getLayerWiseConfigurations().clone();
    List<NeuralNetConfiguration> confs = conf.getConfs();
    for (int i = 1; i < confs.size(); i++) {
      if (isIdle(conf, i)) {
        conf.getInputPreProcessors().remove(i);
      }
    }
    boolean seconds = false;
    for (int i = 0; i < confs.size(); i++) {
      Layer layer = confs.get(i).getLayer();
      int streams = seconds ? layout.streams() : layout.inputStreams();
      conf.getInputPreProcessors()
          .computeIfPresent(
              i, (at, own) -> PreProcessorRules.twin(own, layout.inputStreams(), streams));
      StreamRules.makeDeterministic(StreamRules.unwrap(layer));
      boolean curved = StreamRules.isCurved(StreamRules.unwrap(layer), layout);
      boolean out = layout.sums() > 0 && (seconds || curved || i == confs.size() - 1);
      DerivativeStreams streamsLayer = new DerivativeStreams(layer, layout, seconds, out);
      streamsLayer.setInputGradient(i > 0 || conf.getInputPreProcess(0) != null);
      confs.get(i).setLayer(streamsLayer);
      seconds = out;
    }
    NeuralNetConfiguration last = confs.get(confs.size() - 1).clone();
    makeLoss(last, loss);
    confs.add(last);
    MultiLayerNetwork twin = new MultiLayerNetwork(conf);
    twin.init(network.params(), false);
    return twin;
  }

  /**
   * Makes the twin of a graph with one input and one output. Unlike that of a {@code
   * MultiLayerNetwork} its input has all {@link StreamLayout#streams()}, with zeros as second
   * derivatives. A {@code LossLayer} without parameters is its output.
   *
   * @param graph an initialised graph. Its configuration is not modified; its parameters are
   *     shared.
   * @param layout the streams
   * @param loss what is trained; its preoutput has {@code [streams n, outputs]}
   * @return a new graph with the same vector of parameters
   * @throws IllegalArgumentException if the graph is not initialised
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if there is no rule for a layer
   *     or vertex
   */
  public static ComputationGraph twin(
      ComputationGraph graph, StreamLayout layout, ILossFunction loss) {
    return GraphTwins.twin(graph, layout, loss);
  }

  static void requireInitialised(boolean initialised) {
    if (!initialised) {
      throw new IllegalArgumentException(
          "the network has no parameters yet; accepted: one whose init() was called");
    }
  }

  /** Replaces the layer of a configuration. */
  static void makeLoss(NeuralNetConfiguration conf, ILossFunction loss) {
    LossLayer layer = new LossLayer.Builder(loss).activation(Activation.IDENTITY).build();
    // Without parameters; GradientCheckUtil asks for one all the same.
    layer.setIUpdater(new NoOp());
    conf.setLayer(layer);
    conf.clearVariables();
  }
}
