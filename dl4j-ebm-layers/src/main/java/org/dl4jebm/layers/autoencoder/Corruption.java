/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.io.Serializable;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * What is done to an example before a {@link DenoisingAutoEncoder} has to restore it: a draw from
 * {@code q(x~ | x)}.
 *
 * <p>An implementation is an immutable value, usually a record. It is stored in saved models by
 * class name, with its components as JSON. What it writes is a function of its arguments and of the
 * position of the stream alone.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS, include = JsonTypeInfo.As.PROPERTY, property = "@class")
public interface Corruption extends Serializable {

  /**
   * Writes corrupted examples.
   *
   * @param clean {@code [n, nIn]} in 'c' order. Not modified.
   * @param out of the same shape, type and order, not {@code clean} itself. Overwritten.
   * @param random the stream to draw from
   */
  void corrupt(INDArray clean, INDArray out, RandomStream random);
}
