/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.io.Serializable;
import java.util.Optional;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * What the unsupervised training of a restricted Boltzmann machine minimises, or follows, with its
 * options. Steps are taken by DL4J's updaters.
 *
 * <p>An implementation is an immutable value, usually a record. It is stored in saved models by
 * class name, with its components as JSON.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS, include = JsonTypeInfo.As.PROPERTY, property = "@class")
public interface RbmObjective extends Serializable {

  /**
   * Checks that machines of a kind can be trained so.
   *
   * @param visible type of the visible units
   * @param hidden type of the hidden units
   * @param visibleSize number of visible units
   * @param hiddenSize number of hidden units
   * @throws IllegalArgumentException naming what does not fit and what is accepted
   */
  void check(UnitType visible, UnitType hidden, long visibleSize, long hiddenSize);

  /**
   * Says what is wrong with data that such a machine should be trained on.
   *
   * @param visible type of the visible units
   * @param data {@code [n, nIn]}, finite, of the machine's data type. Not modified.
   * @return what was found and what is accepted, or empty if the data can be used; by default what
   *     {@link UnitType#findBadStates} says
   */
  default Optional<String> findBadData(UnitType visible, INDArray data) {
    return visible.findBadStates(data);
  }

  /**
   * Makes the estimator of the gradient.
   *
   * @param random the stream all samples are drawn from, kept
   * @return a new estimator at its start
   */
  RbmEstimator estimator(RandomStream random);
}
