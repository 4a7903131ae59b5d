/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

/**
 * A network with any number of outputs as a function {@code s(x)} of each example, with exact
 * products of its Jacobian {@code J = ds / dx}: for score networks, whose output is an estimate of
 * {@code grad log p(x)} itself. For energies use {@link NetworkEnergy}.
 *
 * <p>The network is used as at inference and not modified; changes of its parameters are seen at
 * once. Which layers and activations are accepted is said at {@link StreamNetworks}; kinks are, as
 * only first derivatives are taken. Each method refuses NaN and infinite values with a {@code
 * DL4JInvalidInputException}. Not safe for use by several threads at once.
 */
public final class NetworkJacobian implements JacobianProducts {

  private final StreamPass value;
  private final StreamPass first;
  private final DataType type;

  /**
   * Wraps a network.
   *
   * @param network an initialised network; kept
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer has no rule
   */
  public NetworkJacobian(MultiLayerNetwork network) {
    this(
        new ChainPass(
            StreamNetworks.twin(network, StreamLayout.VALUE, new LossMSE()), StreamLayout.VALUE),
        new ChainPass(
            StreamNetworks.twin(network, StreamLayout.FIRST, new LossMSE()), StreamLayout.FIRST),
        network.getLayerWiseConfigurations().getDataType());
  }

  /**
   * Wraps a graph.
   *
   * @param graph an initialised graph with one input and one output; kept
   * @throws org.deeplearning4j.exception.DL4JInvalidConfigException if a layer or vertex has no
   *     rule
   */
  public NetworkJacobian(ComputationGraph graph) {
    this(
        new GraphPass(
            StreamNetworks.twin(graph, StreamLayout.VALUE, new LossMSE()), StreamLayout.VALUE),
        new GraphPass(
            StreamNetworks.twin(graph, StreamLayout.FIRST, new LossMSE()), StreamLayout.FIRST),
        graph.getConfiguration().getDataType());
  }

  private NetworkJacobian(StreamPass value, StreamPass first, DataType type) {
    this.value = value;
    this.first = first;
    this.type = type;
  }

  /**
   * Computes the function.
   *
   * @param x points, {@code [n, ...]}. Not modified.
   * @return {@code s(x)}, {@code [n, ...]}, new
   */
  @Override
  public INDArray value(INDArray x) {
    return Workspaces.outside(() -> value.values(typed(x)));
  }

  /**
   * Computes the derivative of the function along a direction for each point, {@code J v}, by one
   * forward pass of twice as many rows.
   *
   * @param x points, {@code [n, ...]}. Not modified.
   * @param v one direction a point, of the shape of {@code x}. Not modified.
   * @return of the shape of {@code s(x)}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if the shapes differ
   */
  @Override
  public INDArray jacobianVectorProduct(INDArray x, INDArray v) {
    Points.requireShape(x, v, "v");
    return Workspaces.outside(
        () -> {
          INDArray output = first.values(Nd4j.concat(0, typed(x), Points.require(v, type, "v")));
          return output.get(NDArrayIndex.interval(x.size(0), 2 * x.size(0))).dup('c');
        });
  }

  /**
   * Computes the product with the transposed Jacobian for each point, {@code J^T u}, by a forward
   * and a backward pass.
   *
   * @param x points, {@code [n, ...]}. Not modified.
   * @param u one vector a point, of the shape of {@code s(x)}. Not modified.
   * @return of the shape of {@code x}, new
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if {@code u} has another shape
   *     than {@code s(x)}
   */
  @Override
  public INDArray transposedProduct(INDArray x, INDArray u) {
    return Workspaces.outside(
        () -> {
          INDArray points = typed(x);
          INDArray epsilon = Points.require(u, type, "u").dup('c');
          return StreamPass.inWorkspace(
              () -> {
                Points.requireShape(value.pass(points), u, "u");
                return value.backward(epsilon).detach().reshape('c', x.shape());
              });
        });
  }

  private INDArray typed(INDArray x) {
    return Points.require(x, type, "x");
  }
}
