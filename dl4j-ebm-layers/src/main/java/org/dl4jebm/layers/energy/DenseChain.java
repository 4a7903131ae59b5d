/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Derivatives in {@code x} of an energy of dense layers one behind another, and the gradient of its
 * parameters, on arrays that are made once for each number of points: what {@link StreamNetworks}
 * does for most networks, with the same numbers but for rounding, without the time that DL4J's
 * passes need for their bookkeeping. In small networks that is as much as the matrix products.
 *
 * <p>Fill {@link #stack}, and call one of these:
 *
 * <ul>
 *   <li>{@link #forward}, then {@link #backward} with the derivatives of a loss;
 *   <li>{@link #forwardPoints}, then {@link #slope} for the gradient in {@code x}, then {@link
 *       #backwardAlong} for the gradient of the parameters of the derivative along a direction that
 *       depends on it. Compared with a pass through a twin with two streams this spares the second
 *       forward pass at the points and the way back of the first derivatives, which is that of
 *       {@link #slope}.
 * </ul>
 *
 * <p>Dropout and weight noise are off. The memory of the arrays is kept, for the two last numbers
 * of points. The network's parameters are seen as they are; they and the arrays returned here are
 * not copied. For use by one thread.
 */
public final class DenseChain {

  /** 128 MB in FLOAT; larger passes gain nothing here and should not keep their memory. */
  private static final long LARGEST = 1L << 25;

  private static final int SIZES = 2;
  private static final String WEIGHTS = DefaultParamInitializer.WEIGHT_KEY;
  private static final String BIAS = DefaultParamInitializer.BIAS_KEY;

  private final List<Layer> layers;
  private final List<DenseChainLayer.Spec> specs;
  private final StreamLayout layout;
  private final Map<Long, DenseChainPass> passes =
      new LinkedHashMap<>(2 * SIZES, 0.75f, /* accessOrder= */ true);
  private final List<Map<String, INDArray>> gradients = new ArrayList<>();
  private List<INDArray> gradientMemory = List.of();
  private DenseChainPass current;

  private DenseChain(List<Layer> layers, List<DenseChainLayer.Spec> specs, StreamLayout layout) {
    this.layers = layers;
    this.specs = specs;
    this.layout = layout;
  }

  /**
   * Makes the passes of a network.
   *
   * @param network the network; kept
   * @param layout the streams
   * @return empty if it is not initialised, or has other layers than dense ones with activations
   *     that {@link ActivationTable} has for this layout, layer normalization, frozen layers,
   *     preprocessors, more than one output, or another type than FLOAT and DOUBLE
   */
  public static Optional<DenseChain> of(MultiLayerNetwork network, StreamLayout layout) {
    if (!network.isInitCalled()
        || !network.getLayerWiseConfigurations().getInputPreProcessors().isEmpty()) {
      return Optional.empty();
    }
    return of(List.of(network.getLayers()), layout);
  }

  /**
   * Makes the passes of a graph.
   *
   * @param graph the graph; kept
   * @param layout the streams
   * @return empty if it is not a chain of layers, or for the reasons of {@link
   *     #of(MultiLayerNetwork, StreamLayout)}
   */
  public static Optional<DenseChain> of(ComputationGraph graph, StreamLayout layout) {
    return DenseChainGraphs.layers(graph).flatMap(layers -> of(layers, layout));
  }

  private static Optional<DenseChain> of(List<Layer> layers, StreamLayout layout) {
    for (Layer layer : layers) {
      if (!accepts(layer, layout)) {
        return Optional.empty();
      }
    }
    DenseChain chain = new DenseChain(layers, specs(layers, layout), layout);
    return chain.specs.get(layers.size() - 1).out() == 1 ? Optional.of(chain) : Optional.empty();
  }

  private static boolean accepts(Layer layer, StreamLayout layout) {
    org.deeplearning4j.nn.conf.layers.Layer conf = layer.conf().getLayer();
    // A frozen layer shows the configuration of the layer inside.
    if (layer instanceof BaseWrapperLayer
        || !StreamRules.isDense(conf)
        || StreamRules.isNormalized(conf)) {
      return false;
    }
    StreamRules.require(conf, layout);
    INDArray weights = layer.getParam(WEIGHTS);
    boolean known = weights.dataType() == DataType.FLOAT || weights.dataType() == DataType.DOUBLE;
    return known && weights.stride(0) == 1 && weights.stride(1) == weights.size(0);
  }

  private static List<DenseChainLayer.Spec> specs(List<Layer> layers, StreamLayout layout) {
    List<DenseChainLayer.Spec> specs = new ArrayList<>();
    boolean seconds = false;
    for (int i = 0; i < layers.size(); i++) {
      org.deeplearning4j.nn.conf.layers.Layer conf = layers.get(i).conf().getLayer();
      boolean curved = StreamRules.isCurved(conf, layout);
      boolean out = layout.sums() > 0 && (seconds || curved || i == layers.size() - 1);
      specs.add(
          new DenseChainLayer.Spec(
              layers.get(i).getParam(WEIGHTS),
              layers.get(i).getParam(BIAS),
              StreamRules.activation(conf, layout),
              seconds,
              out));
      seconds = out;
    }
    return specs;
  }

  /**
   * Tells whether points can be given to {@link #stack}.
   *
   * @param x points. Not modified.
   * @return true for a matrix of the width of the network, of so few rows that the arrays need at
   *     most 2<sup>25</sup> numbers
   */
  public boolean accepts(INDArray x) {
    if (x.rank() != 2 || x.size(1) != specs.get(0).in()) {
      return false;
    }
    long numbers = layout.inputStreams() * x.length();
    for (DenseChainLayer.Spec spec : specs) {
      numbers += DenseChainLayer.size(spec, layout, x.size(0));
    }
    return numbers <= LARGEST;
  }

  /**
   * Starts a pass.
   *
   * @param n number of points
   * @return the streams that enter, {@code [inputStreams n, d]} in 'c' order, to be filled
   */
  public INDArray stack(long n) {
    if (!isInPlace()) {
      specs.clear();
      specs.addAll(specs(layers, layout));
      passes.clear();
    }
    current = passes.get(n);
    if (current == null) {
      current = Workspaces.outside(() -> new DenseChainPass(specs, layout, n));
      passes.put(n, current);
      Iterator<Long> oldest = passes.keySet().iterator();
      if (passes.size() > SIZES) {
        oldest.next();
        oldest.remove();
      }
    }
    return current.stack();
  }

  /** Whether the parameters are where they were. */
  private boolean isInPlace() {
    for (int i = 0; i < layers.size(); i++) {
      if (layers.get(i).getParam(WEIGHTS) != specs.get(i).weights()
          || layers.get(i).getParam(BIAS) != specs.get(i).bias()) {
        return false;
      }
    }
    return true;
  }

  /**
   * Forward.
   *
   * @return all streams of the output, {@code [streams n, 1]}; overwritten by the next pass
   */
  public INDArray forward() {
    return StreamPass.inWorkspace(started()::forward);
  }

  /**
   * Forward, for the points alone: the first {@code n} rows of {@link #stack}.
   *
   * @return the energy of each point, {@code [n, 1]}; overwritten by the next pass
   */
  public INDArray forwardPoints() {
    return StreamPass.inWorkspace(started()::forwardPoints);
  }

  /**
   * The gradient of the energy in {@code x}, after {@link #forwardPoints} or {@link #forward}.
   *
   * @return {@code [n, d]}; overwritten by the next pass
   */
  public INDArray slope() {
    return StreamPass.inWorkspace(started()::slope);
  }

  /**
   * The gradient of the parameters of any loss of the output, after {@link #forward}. It is written
   * into the network's gradient, which must be there.
   *
   * @param epsilon derivatives of the loss with respect to the output, {@code [streams n, 1]}. Not
   *     modified.
   * @param add whether it is added to what is there
   */
  public void backward(INDArray epsilon, boolean add) {
    DenseChainPass pass = started();
    inWorkspace(() -> pass.backward(epsilon, gradients(), add));
  }

  /**
   * The gradient of the parameters of {@code sum_i u_i . grad E(x_i)}, after {@link #slope}, for
   * constant {@code u} that have been written into the second {@code n} rows of {@link #stack}. It
   * is written into the network's gradient, which must be there. Only with {@link
   * StreamLayout#FIRST}.
   *
   * @throws IllegalStateException with another layout
   */
  public void backwardAlong() {
    if (!layout.equals(StreamLayout.FIRST)) {
      throw new IllegalStateException(
          "the streams are " + layout + "; accepted: " + StreamLayout.FIRST);
    }
    DenseChainPass pass = started();
    inWorkspace(() -> pass.backwardAlong(gradients()));
  }

  private static void inWorkspace(Runnable action) {
    StreamPass.inWorkspace(
        () -> {
          action.run();
          return null;
        });
  }

  private DenseChainPass started() {
    if (current == null) {
      throw new IllegalStateException("no pass has begun; accepted: stack first");
    }
    return current;
  }

  /** Views of the network's gradient by layer and name; the same objects while it stays. */
  private List<Map<String, INDArray>> gradients() {
    List<INDArray> memory = new ArrayList<>();
    for (Layer layer : layers) {
      INDArray flat = layer.getGradientsViewArray();
      if (flat == null) {
        throw new IllegalStateException(
            StreamRules.describe(layer)
                + " has no memory for gradients; accepted: a network after initGradientsView()");
      }
      memory.add(flat);
    }
    if (!isSame(memory, gradientMemory)) {
      gradients.clear();
      for (int i = 0; i < layers.size(); i++) {
        NeuralNetConfiguration conf = layers.get(i).conf();
        gradients.add(conf.getLayer().initializer().getGradientsFromFlattened(conf, memory.get(i)));
      }
      gradientMemory = memory;
    }
    return gradients;
  }

  private static boolean isSame(List<INDArray> a, List<INDArray> b) {
    for (int i = 0; i < a.size(); i++) {
      if (b.size() != a.size() || a.get(i) != b.get(i)) {
        return false;
      }
    }
    return true;
  }
}
