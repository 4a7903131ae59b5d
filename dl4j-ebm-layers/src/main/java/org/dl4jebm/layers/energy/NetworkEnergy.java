/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

/**
 * A network with one output for each example as an energy {@code E(x)}, {@code p(x) = exp(-E(x)) /
 * Z}, with its exact derivatives in {@code x}: gradient, directional derivatives, products with the
 * Hessian, its diagonal and trace.
 *
 * <p>The network is used as at inference and not modified; changes of its parameters are seen at
 * once. Which layers and activations are accepted is said at {@link StreamNetworks} and {@link
 * ActivationTable}. Points have the shape of the network's input, {@code [n, d]} or {@code [n,
 * channels, height, width]}; {@code d} below is the number of values of one example. Arrays of
 * another type than the network's are converted. Each method refuses NaN and infinite values with a
 * {@code DL4JInvalidInputException}, before anything is computed. Not safe for use by several
 * threads at once.
 *
 * <p>Costs, with the forward pass of {@code n} points as the unit: gradient about 3 (and none of
 * the gradient of the parameters), directional derivative 2, {@code v^T H v} 3, {@code H v} about
 * 6, exact trace {@code d + 2} (where the first layers are not larger than the rest), diagonal
 * {@code 2 d + 1}.
 */
public final class NetworkEnergy implements EnergyDerivatives {

  /** How many rows go through the network at a time in {@link #hessianTrace} and the like. */
  public static final int DEFAULT_ROWS = 4096;

  /** How many random directions go through the network at a time. */
  private static final int PROBES = 32;

  private final Function<StreamLayout, StreamPass> maker;
  private final Consumer<StreamLayout> rules;
  private final DataType type;
  private final int maximumRows;
  private final Map<StreamLayout, StreamPass> passes = new HashMap<>();
  private final DenseChain chain;

  /**
   * Wraps a network.
   *
   * @param network an initialised network with one output for each example; kept
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer has no rule for
   *     first derivatives; for second derivatives the methods that need them check
   */
  public NetworkEnergy(MultiLayerNetwork network) {
    this(network, DEFAULT_ROWS);
  }

  /**
   * Wraps a network.
   *
   * @param network an initialised network with one output for each example; kept
   * @param maximumRows bounds the memory of what needs many directions: how many rows go through
   *     the network at a time, at least 3
   * @throws IllegalArgumentException if {@code maximumRows} is below 3
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer has no rule for
   *     first derivatives; for second derivatives the methods that need them check
   */
  public NetworkEnergy(MultiLayerNetwork network, int maximumRows) {
    this(
        layout -> new ChainPass(StreamNetworks.twin(network, layout, new LossMSE()), layout),
        layout -> StreamNetworks.requireRules(network.getLayerWiseConfigurations(), layout),
        network.getLayerWiseConfigurations().getDataType(),
        maximumRows,
        () -> DenseChain.of(network, StreamLayout.VALUE));
  }

  /**
   * Wraps a graph.
   *
   * @param graph an initialised graph with one input and one output, with one value for each
   *     example; kept
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer or vertex has no
   *     rule for first derivatives; for second derivatives the methods that need them check
   */
  public NetworkEnergy(ComputationGraph graph) {
    this(graph, DEFAULT_ROWS);
  }

  /**
   * Wraps a graph.
   *
   * @param graph an initialised graph with one input and one output, with one value for each
   *     example; kept
   * @param maximumRows bounds the memory of what needs many directions: how many rows go through
   *     the network at a time, at least 3
   * @throws IllegalArgumentException if {@code maximumRows} is below 3
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer or vertex has no
   *     rule for first derivatives; for second derivatives the methods that need them check
   */
  public NetworkEnergy(ComputationGraph graph, int maximumRows) {
    this(
        layout -> new GraphPass(StreamNetworks.twin(graph, layout, new LossMSE()), layout),
        layout -> GraphTwins.requireRules(graph.getConfiguration(), layout),
        graph.getConfiguration().getDataType(),
        maximumRows,
        () -> DenseChain.of(graph, StreamLayout.VALUE));
  }

  private NetworkEnergy(
      Function<StreamLayout, StreamPass> maker,
      Consumer<StreamLayout> rules,
      DataType type,
      int maximumRows,
      Supplier<Optional<DenseChain>> chain) {
    if (maximumRows < StreamLayout.SECOND.streams()) {
      throw new IllegalArgumentException(
          "maximumRows is " + maximumRows + "; accepted: at least 3, a point with two derivatives");
    }
    rules.accept(StreamLayout.FIRST);
    this.maker = maker;
    this.rules = rules;
    this.type = type;
    this.maximumRows = maximumRows;
    this.chain = chain.get().orElse(null);
  }

  /**
   * Computes the energy of each point.
   *
   * @param x points. Not modified.
   * @return {@code [n]}, new
   */
  @Override
  public INDArray energy(INDArray x) {
    return outside(
        () -> {
          INDArray points = typed(x);
          INDArray output =
              isChain(points) ? started(points).dup() : pass(StreamLayout.VALUE).output(points);
          return output.reshape('c', new long[] {x.size(0)});
        });
  }

  /**
   * Computes the gradient of the energy of each point, {@code grad E(x)}.
   *
   * @param x points. Not modified.
   * @return of the shape of {@code x}, new
   */
  @Override
  public INDArray gradient(INDArray x) {
    return energyAndGradient(x).gradient();
  }

  /**
   * Computes the energy of each point and its gradient, for the price of the gradient.
   *
   * @param x points. Not modified.
   * @return both, new
   */
  @Override
  public EnergyGradient energyAndGradient(INDArray x) {
    return outside(
        () -> {
          INDArray points = typed(x);
          if (isChain(points)) {
            INDArray energies = started(points).dup().reshape('c', new long[] {x.size(0)});
            return new EnergyGradient(energies, chain.slope().dup('c'));
          }
          StreamPass pass = pass(StreamLayout.VALUE);
          return StreamPass.inWorkspace(
              () -> {
                INDArray output = pass.forward(points);
                INDArray gradient = pass.backward(Nd4j.onesLike(output));
                return new EnergyGradient(
                    output.detach().reshape('c', new long[] {x.size(0)}),
                    gradient.detach().reshape('c', x.shape()));
              });
        });
  }

  @Override
  public INDArray gradient(INDArray x, INDArray memory) {
    INDArray points = typed(x);
    if (isChain(points) && memory.dataType() == type && memory.equalShapes(x)) {
      started(points);
      return memory.assign(chain.slope());
    }
    return gradient(x);
  }

  private boolean isChain(INDArray points) {
    return chain != null && chain.accepts(points);
  }

  /** The energies of the points, in memory that is used again. */
  private INDArray started(INDArray points) {
    chain.stack(points.size(0)).assign(points);
    return chain.forwardPoints();
  }

  /**
   * Computes the score of each point, {@code grad log p(x) = -grad E(x)}.
   *
   * @param x points. Not modified.
   * @return of the shape of {@code x}, new
   */
  @Override
  public INDArray score(INDArray x) {
    return gradient(x).negi();
  }

  /**
   * Computes the derivative of the energy along a direction for each point, {@code v . grad E(x)}.
   *
   * @param x points. Not modified.
   * @param v one direction a point, of the shape of {@code x}, of any length. Not modified.
   * @return {@code [n]}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if the shapes differ
   */
  @Override
  public INDArray directionalDerivative(INDArray x, INDArray v) {
    return outside(
        () -> stream(pass(StreamLayout.FIRST).output(stack(x, v)), StreamLayout.FIRST, 1).dup());
  }

  /**
   * Computes the curvature along a direction for each point, {@code v^T Hess(E)(x) v}.
   *
   * @param x points. Not modified.
   * @param v one direction a point, of the shape of {@code x}, of any length. Not modified.
   * @return {@code [n]}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if the shapes differ
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if an activation is not smooth
   *     enough
   */
  @Override
  public INDArray quadraticForm(INDArray x, INDArray v) {
    return outside(
        () -> stream(pass(StreamLayout.SECOND).output(stack(x, v)), StreamLayout.SECOND, 2).dup());
  }

  /**
   * Computes the product of the Hessian with a vector for each point, {@code Hess(E)(x) v}: the
   * gradient in {@code x} of the directional derivative.
   *
   * @param x points. Not modified.
   * @param v one vector a point, of the shape of {@code x}. Not modified.
   * @return of the shape of {@code x}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if the shapes differ
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if an activation is not smooth
   *     enough
   */
  @Override
  public INDArray hessianVectorProduct(INDArray x, INDArray v) {
    return outside(
        () -> {
          requireSecondDerivatives();
          StreamPass pass = pass(StreamLayout.FIRST);
          INDArray stack = stack(x, v);
          return StreamPass.inWorkspace(
              () -> {
                INDArray output = pass.forward(stack);
                INDArray epsilon = output.like();
                stream(epsilon, StreamLayout.FIRST, 1).assign(1);
                INDArray result = pass.backward(epsilon);
                return Workspaces.outside(
                    () ->
                        result
                            .get(NDArrayIndex.interval(0, x.size(0)))
                            .dup('c')
                            .reshape('c', x.shape()));
              });
        });
  }

  /**
   * Computes the diagonal of the Hessian for each point, exactly, from {@code d} directions in
   * blocks.
   *
   * @param x points. Not modified.
   * @return of the shape of {@code x}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if an activation is not smooth
   *     enough
   */
  @Override
  public INDArray hessianDiagonal(INDArray x) {
    return outside(
        () -> {
          INDArray points = typed(x);
          INDArray result = Nd4j.createUninitialized(type, flat(points));
          for (DirectionBlock block : DirectionBlock.of(points, maximumRows, true)) {
            StreamPass pass = pass(block.layout());
            INDArray seconds = seconds(pass, block.stack(points));
            block.columns(result).assign(seconds.transpose());
          }
          return result.reshape('c', x.shape());
        });
  }

  /**
   * Computes the trace of the Hessian, the Laplacian of the energy, for each point, exactly, from
   * {@code d} directions in blocks. Second derivatives are summed on the way through the network,
   * so that this costs half as much as the diagonal.
   *
   * @param x points. Not modified.
   * @return {@code [n]}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if an activation is not smooth
   *     enough
   */
  @Override
  public INDArray hessianTrace(INDArray x) {
    return outside(
        () -> {
          INDArray points = typed(x);
          INDArray result = Nd4j.zeros(type, points.size(0));
          for (DirectionBlock block : DirectionBlock.of(points, maximumRows, false)) {
            StreamPass pass = pass(block.layout());
            INDArray sum = seconds(pass, block.stack(points));
            block.points(result).addi(sum.reshape('c', new long[] {sum.length()}));
          }
          return result;
        });
  }

  /**
   * Estimates the trace of the Hessian for each point from random directions.
   *
   * @param x points. Not modified.
   * @param kind distribution of the directions
   * @param probes how many directions a point, at least 2
   * @param seed of the directions, any value but 0
   * @return the estimate with its standard error
   * @throws IllegalArgumentException if {@code probes} is below 2 or {@code seed} is 0
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if an activation is not smooth
   *     enough
   */
  @Override
  public TraceEstimate estimateTrace(INDArray x, Probes kind, int probes, long seed) {
    if (probes < 2) {
      throw new IllegalArgumentException(
          "probes is " + probes + "; accepted: at least 2, for a standard error");
    }
    return outside(
        () -> {
          INDArray points = typed(x);
          long n = points.size(0);
          INDArray values = Nd4j.createUninitialized(type, probes, n);
          int most = (int) Math.max(1, Math.min(maximumRows / n - 1, 2 * PROBES) / 2);
          long[] shape = x.shape().clone();
          try (RandomStream random = new RandomStream(seed)) {
            for (int from = 0; from < probes; from += most) {
              int to = Math.min(probes, from + most);
              int count = to - from;
              shape[0] = n * count;
              INDArray v = Nd4j.createUninitialized(type, shape);
              kind.draw(random, v);
              StreamPass pass = pass(new StreamLayout(count, count));
              values
                  .get(NDArrayIndex.interval(from, to), NDArrayIndex.all())
                  .assign(seconds(pass, Nd4j.concat(0, points, v)));
            }
          }
          return new TraceEstimate(
              values.mean(0), values.std(true, 0).divi(Math.sqrt(probes)), probes);
        });
  }

  /** The second derivatives at the output, {@code [sums, n]}. */
  private INDArray seconds(StreamPass pass, INDArray stack) {
    StreamLayout layout = pass.layout();
    INDArray output = pass.output(stack);
    long n = output.size(0) / layout.streams();
    return output
        .get(NDArrayIndex.interval(layout.inputStreams() * n, layout.streams() * n))
        .reshape('c', new long[] {layout.sums(), n});
  }

  /** One stream of the output, {@code [n]}. */
  private static INDArray stream(INDArray output, StreamLayout layout, int stream) {
    long n = output.size(0) / layout.streams();
    return output
        .reshape('c', new long[] {output.length()})
        .get(NDArrayIndex.interval(stream * n, (stream + 1) * n));
  }

  private void requireSecondDerivatives() {
    rules.accept(StreamLayout.SECOND);
  }

  private StreamPass pass(StreamLayout layout) {
    return passes.computeIfAbsent(layout, maker);
  }

  private INDArray stack(INDArray x, INDArray v) {
    Points.requireShape(x, v, "v");
    return Nd4j.concat(0, typed(x), Points.require(v, type, "v"));
  }

  private INDArray typed(INDArray x) {
    return Points.require(x, type, "x");
  }

  private static long[] flat(INDArray x) {
    return new long[] {x.size(0), x.length() / x.size(0)};
  }

  private static <T> T outside(Supplier<T> action) {
    return Workspaces.outside(action);
  }
}
