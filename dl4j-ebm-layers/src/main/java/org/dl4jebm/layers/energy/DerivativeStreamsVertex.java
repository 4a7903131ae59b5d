/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Objects;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Configuration of a vertex of the stacked twin of a graph that does not act on all streams alike:
 * element-wise product by the rule of Leibniz, element-wise maximum by the way of the largest value
 * of the point, shift of the points alone. {@link StreamNetworks} makes these.
 */
public class DerivativeStreamsVertex extends GraphVertex {

  private static final long serialVersionUID = 1L;

  private GraphVertex underlying;
  private int directions;
  private int sums;

  /** For Jackson. */
  protected DerivativeStreamsVertex() {}

  /**
   * Wraps a vertex.
   *
   * @param underlying the vertex of the user's graph. It becomes part of this configuration.
   * @param layout the streams
   * @throws IllegalArgumentException if there is no rule for the vertex
   */
  public DerivativeStreamsVertex(GraphVertex underlying, StreamLayout layout) {
    if (!isSupported(underlying)) {
      throw new IllegalArgumentException(
          underlying.getClass().getSimpleName()
              + " has no rule of its own for derivatives in x; accepted: shift, and element-wise"
              + " vertices that multiply or take the maximum");
    }
    this.underlying = underlying;
    this.directions = layout.directions();
    this.sums = layout.sums();
  }

  /** Whether a vertex has a rule here. */
  static boolean isSupported(GraphVertex vertex) {
    if (vertex.getClass() == ElementWiseVertex.class) {
      ElementWiseVertex.Op op = ((ElementWiseVertex) vertex).getOp();
      return op == ElementWiseVertex.Op.Product || op == ElementWiseVertex.Op.Max;
    }
    return vertex.getClass() == ShiftVertex.class;
  }

  @Override
  public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(
      ComputationGraph graph,
      String name,
      int index,
      INDArray paramsView,
      boolean initializeParams,
      DataType networkDataType) {
    return new StreamVertex(graph, name, index, underlying, layout(), networkDataType);
  }

  @Override
  public GraphVertex clone() {
    return new DerivativeStreamsVertex(underlying.clone(), layout());
  }

  @Override
  public long numParams(boolean backprop) {
    return 0;
  }

  @Override
  public int minVertexInputs() {
    return underlying.minVertexInputs();
  }

  @Override
  public int maxVertexInputs() {
    return underlying.maxVertexInputs();
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
    return underlying.getOutputType(layerIndex, vertexInputs);
  }

  @Override
  public MemoryReport getMemoryReport(InputType... inputTypes) {
    return underlying.getMemoryReport(inputTypes);
  }

  /**
   * Returns the streams.
   *
   * @return the layout of a full stack
   */
  public StreamLayout layout() {
    return new StreamLayout(directions, sums);
  }

  /**
   * Returns the vertex of the user's graph.
   *
   * @return one that multiplies, takes the maximum or shifts
   */
  public GraphVertex getUnderlying() {
    return underlying;
  }

  /**
   * Sets the vertex of the user's graph.
   *
   * @param underlying one that multiplies, takes the maximum or shifts
   */
  public void setUnderlying(GraphVertex underlying) {
    this.underlying = underlying;
  }

  /**
   * Returns the number of directions.
   *
   * @return at least 0
   */
  public int getDirections() {
    return directions;
  }

  /**
   * Sets the number of directions.
   *
   * @param directions at least 0
   */
  public void setDirections(int directions) {
    this.directions = directions;
  }

  /**
   * Returns the number of sums of second derivatives.
   *
   * @return 0 or a divisor of the number of directions
   */
  public int getSums() {
    return sums;
  }

  /**
   * Sets the number of sums of second derivatives.
   *
   * @param sums 0 or a divisor of the number of directions
   */
  public void setSums(int sums) {
    this.sums = sums;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DerivativeStreamsVertex that
        && Objects.equals(underlying, that.underlying)
        && directions == that.directions
        && sums == that.sums;
  }

  @Override
  public int hashCode() {
    return Objects.hash(underlying, directions, sums);
  }
}
