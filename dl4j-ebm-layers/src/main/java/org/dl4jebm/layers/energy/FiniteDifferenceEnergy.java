/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A network with one output for each example as an energy, with its derivatives in {@code x} by
 * central differences of the output: for networks that have layers without an exact rule, such as
 * recurrent, attention and self-made ones. Where {@link NetworkEnergy} accepts the network, it is
 * exact and faster.
 *
 * <pre>
 * v . grad E   = (E(x + t v) - E(x - t v)) / (2 t)
 * v^T H v      = (E(x + t v) - 2 E(x) + E(x - t v)) / t^2
 * (H v)_i      = (E(x + h e_i + t v) - E(x + h e_i - t v)
 *                 - E(x - h e_i + t v) + E(x - h e_i - t v)) / (4 h t)
 * </pre>
 *
 * <p>with {@code t = h / norm(v)}, so that the network is evaluated at distance {@code h}. Bias of
 * the order {@code h^2}, from the third and fourth derivatives, and rounding of the order {@code
 * eps |E| / h} for first and {@code eps |E| / h^2} for second derivatives; see {@link
 * DifferenceSteps} for measured values. In FLOAT second derivatives have two or three digits: use a
 * network in DOUBLE where that matters. A kink within {@code h} of a point spoils its second
 * derivatives. In many dimensions prefer {@link #estimateTrace} to {@link #hessianTrace}.
 *
 * <p>The network is used as at inference, by its own method {@code output}, and not modified;
 * changes of its parameters are seen at once. Costs, with the forward pass of {@code n} points as
 * the unit: directional derivative 2, {@code v^T H v} 3, gradient {@code 2 d}, diagonal and trace
 * {@code 2 d + 1}, {@code H v} {@code 4 d}. Not safe for use by several threads at once.
 */
public final class FiniteDifferenceEnergy implements EnergyDerivatives {

  private final DifferenceStacks stacks;
  private final DifferenceSteps steps;

  /**
   * Wraps a network, with the default steps of its type.
   *
   * @param network an initialised network with one output for each example; kept
   */
  public FiniteDifferenceEnergy(MultiLayerNetwork network) {
    this(
        x -> network.output(x, false),
        network.getLayerWiseConfigurations().getDataType(),
        DifferenceSteps.of(network.getLayerWiseConfigurations().getDataType()),
        NetworkEnergy.DEFAULT_ROWS);
  }

  /**
   * Wraps a graph, with the default steps of its type.
   *
   * @param graph an initialised graph with one input and one output, with one value for each
   *     example; kept
   */
  public FiniteDifferenceEnergy(ComputationGraph graph) {
    this(
        x -> graph.outputSingle(x),
        graph.getConfiguration().getDataType(),
        DifferenceSteps.of(graph.getConfiguration().getDataType()),
        NetworkEnergy.DEFAULT_ROWS);
  }

  /**
   * Wraps any function.
   *
   * @param energy computes the energies of points, {@code [n]} or {@code [n, 1]}; may modify its
   *     argument
   * @param type the type of its argument
   * @param steps how far to step
   * @param maximumRows bounds the memory: how many points are given to {@code energy} at a time, at
   *     least 1
   * @throws IllegalArgumentException if {@code maximumRows} is below 1
   */
  public FiniteDifferenceEnergy(
      UnaryOperator<INDArray> energy, DataType type, DifferenceSteps steps, int maximumRows) {
    this.stacks = new DifferenceStacks(energy, type, maximumRows);
    this.steps = steps;
  }

  @Override
  public INDArray energy(INDArray x) {
    return outside(() -> energies(points(x), x));
  }

  @Override
  public EnergyGradient energyAndGradient(INDArray x) {
    return new EnergyGradient(energy(x), gradient(x));
  }

  @Override
  public INDArray gradient(INDArray x) {
    return outside(
        () -> {
          INDArray points = points(x);
          double h = steps.first();
          INDArray gradient = Nd4j.createUninitialized(DataType.DOUBLE, points.shape());
          forUnitVectors(
              points,
              2,
              (from, to) -> {
                INDArray above = energies(moved(points, from, to, h), x);
                INDArray below = energies(moved(points, from, to, -h), x);
                set(gradient, from, to, above.subi(below).divi(2 * h));
              });
          return DifferenceStacks.shaped(gradient, x);
        });
  }

  @Override
  public INDArray directionalDerivative(INDArray x, INDArray v) {
    return outside(
        () -> {
          INDArray points = points(x);
          INDArray directions = directions(x, v);
          INDArray t = DifferenceStacks.lengths(directions).rdivi(steps.first());
          INDArray move = directions.muliColumnVector(t);
          INDArray above = energies(points.add(move), x);
          INDArray below = energies(points.sub(move), x);
          return above.subi(below).divi(flat(t).muli(2));
        });
  }

  @Override
  public INDArray quadraticForm(INDArray x, INDArray v) {
    return outside(
        () -> {
          INDArray points = points(x);
          return curvature(points, directions(x, v), energies(points, x), x);
        });
  }

  /** {@code v^T H v}; the directions are modified. */
  private INDArray curvature(INDArray points, INDArray directions, INDArray centre, INDArray x) {
    INDArray t = DifferenceStacks.lengths(directions).rdivi(steps.second());
    INDArray move = directions.muliColumnVector(t);
    INDArray sum = energies(points.add(move), x).addi(energies(points.sub(move), x));
    INDArray scale = flat(t);
    return sum.subi(centre.mul(2)).divi(scale).divi(scale);
  }

  @Override
  public INDArray hessianVectorProduct(INDArray x, INDArray v) {
    return outside(
        () -> {
          INDArray points = points(x);
          INDArray directions = directions(x, v);
          double h = steps.second();
          INDArray t = DifferenceStacks.lengths(directions).rdivi(h);
          INDArray move = directions.muliColumnVector(t);
          INDArray above = points.add(move);
          INDArray below = points.sub(move);
          INDArray product = Nd4j.createUninitialized(DataType.DOUBLE, points.shape());
          forUnitVectors(
              points,
              4,
              (from, to) -> {
                INDArray sum = energies(moved(above, from, to, h), x);
                sum.subi(energies(moved(above, from, to, -h), x));
                sum.subi(energies(moved(below, from, to, h), x));
                sum.addi(energies(moved(below, from, to, -h), x));
                set(product, from, to, sum.divi(4 * h));
              });
          return DifferenceStacks.shaped(product.diviColumnVector(t), x);
        });
  }

  @Override
  public INDArray hessianDiagonal(INDArray x) {
    return outside(() -> DifferenceStacks.shaped(diagonal(x), x));
  }

  @Override
  public INDArray hessianTrace(INDArray x) {
    return outside(() -> diagonal(x).sum(1));
  }

  private INDArray diagonal(INDArray x) {
    INDArray points = points(x);
    double h = steps.second();
    INDArray centre = energies(points, x);
    INDArray diagonal = Nd4j.createUninitialized(DataType.DOUBLE, points.shape());
    forUnitVectors(
        points,
        2,
        (from, to) -> {
          INDArray sum = energies(moved(points, from, to, h), x);
          sum.addi(energies(moved(points, from, to, -h), x));
          sum.subi(Nd4j.tile(centre, Math.toIntExact(to - from)).muli(2));
          set(diagonal, from, to, sum.divi(h * h));
        });
    return diagonal;
  }

  @Override
  public TraceEstimate estimateTrace(INDArray x, Probes kind, int probes, long seed) {
    if (probes < 2) {
      throw new IllegalArgumentException(
          "probes is " + probes + "; accepted: at least 2, for a standard error");
    }
    return Workspaces.outside(
        () -> {
          INDArray points = points(x);
          INDArray centre = energies(points, x);
          INDArray values = Nd4j.createUninitialized(DataType.DOUBLE, probes, x.size(0));
          try (RandomStream random = new RandomStream(seed)) {
            for (int i = 0; i < probes; i++) {
              INDArray v = Nd4j.createUninitialized(DataType.DOUBLE, points.shape());
              kind.draw(random, v);
              values
                  .get(NDArrayIndex.point(i), NDArrayIndex.all())
                  .assign(curvature(points, v, centre, x));
            }
          }
          DataType type = stacks.type();
          return new TraceEstimate(
              values.mean(0).castTo(type),
              values.std(true, 0).divi(Math.sqrt(probes)).castTo(type),
              probes);
        });
  }

  /** What is done for a few unit vectors at a time. */
  @FunctionalInterface
  private interface UnitVectors {
    void accept(long from, long to);
  }

  private void forUnitVectors(INDArray points, int copies, UnitVectors action) {
    long d = points.size(1);
    int most = stacks.unitVectors(points.size(0), copies, d);
    for (long from = 0; from < d; from += most) {
      action.accept(from, Math.min(d, from + most));
    }
  }

  /** Columns of a matrix from values with one block of rows for each of them. */
  private static void set(INDArray matrix, long from, long to, INDArray values) {
    matrix
        .get(NDArrayIndex.all(), NDArrayIndex.interval(from, to))
        .assign(values.reshape('c', new long[] {to - from, matrix.size(0)}).transpose());
  }

  private static INDArray moved(INDArray points, long from, long to, double step) {
    return DifferenceStacks.moved(points, from, to, step);
  }

  private INDArray points(INDArray x) {
    return DifferenceStacks.matrix(stacks.points(x));
  }

  private INDArray directions(INDArray x, INDArray v) {
    return DifferenceStacks.matrix(stacks.directions(x, v, "v"));
  }

  private INDArray energies(INDArray rows, INDArray like) {
    return stacks.energies(rows, like);
  }

  private static INDArray flat(INDArray column) {
    return column.reshape('c', new long[] {column.length()});
  }

  private INDArray outside(Supplier<INDArray> action) {
    return Workspaces.outside(() -> action.get().castTo(stacks.type()));
  }
}
