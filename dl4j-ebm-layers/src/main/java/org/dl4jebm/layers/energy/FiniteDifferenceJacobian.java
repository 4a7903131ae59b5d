/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A network as a function {@code s(x)} of each example, with products of its Jacobian by central
 * differences: for networks that have layers without an exact rule. Where {@link NetworkJacobian}
 * accepts the network, it is exact and faster.
 *
 * <pre>
 * J v       = (s(x + t v) - s(x - t v)) / (2 t)
 * (J^T u)_i = u . (s(x + h e_i) - s(x - h e_i)) / (2 h)
 * </pre>
 *
 * <p>with {@code t = h / norm(v)}. Errors and steps are those of first derivatives in {@link
 * DifferenceSteps}. Costs, with the forward pass as the unit: {@code J v} 2, {@code J^T u} {@code 2
 * d + 1}. The network is used as at inference and not modified. Not safe for use by several threads
 * at once.
 */
public final class FiniteDifferenceJacobian implements JacobianProducts {

  private final DifferenceStacks stacks;
  private final double step;

  /**
   * Wraps a network, with the default step of its type.
   *
   * @param network an initialised network; kept
   */
  public FiniteDifferenceJacobian(MultiLayerNetwork network) {
    this(
        x -> network.output(x, false),
        network.getLayerWiseConfigurations().getDataType(),
        DifferenceSteps.of(network.getLayerWiseConfigurations().getDataType()),
        NetworkEnergy.DEFAULT_ROWS);
  }

  /**
   * Wraps a graph, with the default step of its type.
   *
   * @param graph an initialised graph with one input and one output; kept
   */
  public FiniteDifferenceJacobian(ComputationGraph graph) {
    this(
        x -> graph.outputSingle(x),
        graph.getConfiguration().getDataType(),
        DifferenceSteps.of(graph.getConfiguration().getDataType()),
        NetworkEnergy.DEFAULT_ROWS);
  }

  /**
   * Wraps any function.
   *
   * @param function computes the values of points, {@code [n, ...]}; may modify its argument
   * @param type the type of its argument
   * @param steps how far to step, of which the first is used
   * @param maximumRows bounds the memory: how many points are given to {@code function} at a time,
   *     at least 1
   * @throws IllegalArgumentException if {@code maximumRows} is below 1
   */
  public FiniteDifferenceJacobian(
      UnaryOperator<INDArray> function, DataType type, DifferenceSteps steps, int maximumRows) {
    this.stacks = new DifferenceStacks(function, type, maximumRows);
    this.step = steps.first();
  }

  @Override
  public INDArray value(INDArray x) {
    return Workspaces.outside(() -> output(stacks.points(x)));
  }

  @Override
  public INDArray jacobianVectorProduct(INDArray x, INDArray v) {
    return Workspaces.outside(
        () -> {
          INDArray typed = stacks.points(x);
          INDArray points = DifferenceStacks.matrix(typed);
          INDArray directions = DifferenceStacks.matrix(stacks.directions(x, v, "v"));
          INDArray like = output(one(typed));
          INDArray t = DifferenceStacks.lengths(directions).rdivi(step);
          INDArray move = directions.muliColumnVector(t);
          INDArray difference = stacks.outputs(points.add(move), x);
          difference.subi(stacks.outputs(points.sub(move), x)).diviColumnVector(t.muli(2));
          return DifferenceStacks.shaped(difference, like).castTo(stacks.type());
        });
  }

  @Override
  public INDArray transposedProduct(INDArray x, INDArray u) {
    return Workspaces.outside(
        () -> {
          INDArray typed = stacks.points(x);
          INDArray points = DifferenceStacks.matrix(typed);
          INDArray weights = DifferenceStacks.matrix(stacks.directions(output(typed), u, "u"));
          long n = points.size(0);
          long d = points.size(1);
          INDArray product = Nd4j.createUninitialized(DataType.DOUBLE, n, d);
          int most = stacks.unitVectors(n, 2, d);
          for (long from = 0; from < d; from += most) {
            long to = Math.min(d, from + most);
            INDArray difference = stacks.outputs(DifferenceStacks.moved(points, from, to, step), x);
            difference.subi(stacks.outputs(DifferenceStacks.moved(points, from, to, -step), x));
            difference.muli(Nd4j.tile(weights, Math.toIntExact(to - from), 1));
            product
                .get(NDArrayIndex.all(), NDArrayIndex.interval(from, to))
                .assign(difference.sum(1).reshape('c', new long[] {to - from, n}).transpose());
          }
          return DifferenceStacks.shaped(product.divi(2 * step), x).castTo(stacks.type());
        });
  }

  private static INDArray one(INDArray points) {
    return points.get(NDArrayIndex.interval(0, 1));
  }

  /** A copy, because some networks work in place. */
  private INDArray output(INDArray points) {
    return stacks.network().apply(points.dup('c'));
  }
}
