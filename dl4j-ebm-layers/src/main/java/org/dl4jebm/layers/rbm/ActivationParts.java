/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.io.Serializable;
import java.util.List;
import java.util.stream.Collectors;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Different activation functions for different columns: what a layer of hidden {@link MixedUnits}
 * computes in supervised passes.
 */
public final class ActivationParts extends BaseActivationFunction {

  private static final long serialVersionUID = 1L;

  private final List<Part> parts;

  /**
   * A function for a number of neighbouring columns.
   *
   * @param size number of columns, 1 or more
   * @param activation their function
   */
  public record Part(
      @JsonProperty("size") long size, @JsonProperty("activation") IActivation activation)
      implements Serializable {

    /**
     * Checks the part.
     *
     * @throws IllegalArgumentException if the size is less than 1 or the function is null
     */
    public Part {
      if (size < 1 || activation == null) {
        throw new IllegalArgumentException(
            "a part has "
                + size
                + " columns and the activation "
                + activation
                + "; accepted: 1 column or more, and an activation");
      }
    }
  }

  /**
   * Creates the function.
   *
   * @param parts the parts in the order of their columns, at least one
   * @throws IllegalArgumentException if there is no part
   */
  @JsonCreator
  public ActivationParts(@JsonProperty("parts") List<Part> parts) {
    if (parts == null || parts.isEmpty()) {
      throw new IllegalArgumentException("there are no parts; accepted: 1 or more");
    }
    this.parts = List.copyOf(parts);
  }

  @Override
  public INDArray getActivation(INDArray in, boolean training) {
    checkColumns(in);
    long from = 0;
    for (Part part : parts) {
      INDArray own = view(in, part, from).dup('c');
      view(in, part, from).assign(part.activation.getActivation(own, training));
      from += part.size;
    }
    return in;
  }

  @Override
  public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
    assertShape(in, epsilon);
    checkColumns(in);
    INDArray result = epsilon.dup('c');
    long from = 0;
    for (Part part : parts) {
      INDArray own = view(in, part, from).dup('c');
      INDArray ownEpsilon = view(epsilon, part, from).dup('c');
      view(result, part, from).assign(part.activation.backprop(own, ownEpsilon).getFirst());
      from += part.size;
    }
    return new Pair<>(result, null);
  }

  private void checkColumns(INDArray in) {
    long columns = parts.stream().mapToLong(Part::size).sum();
    if (in.rank() != 2 || in.size(1) != columns) {
      throw new IllegalArgumentException(
          "parts have "
              + columns
              + " columns together and the array has "
              + in.shapeInfoToString()
              + "; accepted: [n, "
              + columns
              + "]");
    }
  }

  private static INDArray view(INDArray matrix, Part part, long from) {
    return matrix.get(NDArrayIndex.all(), NDArrayIndex.interval(from, from + part.size));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ActivationParts function && parts.equals(function.parts);
  }

  @Override
  public int hashCode() {
    return 31 * ActivationParts.class.hashCode() + parts.hashCode();
  }

  @Override
  public String toString() {
    return parts.stream()
        .map(part -> part.activation + " (" + part.size + ")")
        .collect(Collectors.joining(", "));
  }
}
