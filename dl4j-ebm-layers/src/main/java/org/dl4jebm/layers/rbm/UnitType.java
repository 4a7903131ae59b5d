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
 * What kind of random variable the units of one side of a restricted Boltzmann machine are.
 *
 * <p>With states {@code x}, a bias {@code b} and the other side's states {@code y}, the energy of a
 * machine is {@code E = e_v(v; b) + e_h(h; c) - t_v(v) W t_h(h)'}, where {@code e} is {@link
 * #energyTerm} and {@code t} is the sufficient statistic of {@link #toStatistic}. The bias enters
 * {@code e} as {@code -b t(x)}, up to terms without {@code x}, so the field that acts on a unit is
 * {@code z = b + t(y) W'} and everything about the conditional distribution of {@code x} is a
 * function of {@code z}: its mean, its samples and its log partition function
 *
 * <pre>{@code   A(z; b) = log sum_x exp(-e(x; b) + t(x) (z - b))}</pre>
 *
 * <p>All arrays are {@code [n, units]} with one example a row. An implementation is one small
 * immutable class with value semantics; it is stored in saved models by class name, with its
 * properties as JSON. To add a type, implement this interface: the layer, contrastive divergence
 * and {@link RbmModel} use nothing else.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS, include = JsonTypeInfo.As.PROPERTY, property = "@class")
public interface UnitType extends Serializable {

  /**
   * Names the type and its states for messages, such as {@code Bernoulli units {0, 1}}.
   *
   * @return the name
   */
  String describe();

  /**
   * Says why these units cannot be used as the hidden layer, or nothing where they can.
   *
   * @return the reason, or empty
   */
  Optional<String> reasonNotHidden();

  /**
   * Checks that the options of this type fit a layer of a given size.
   *
   * @param units number of units of the layer
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  void checkSize(long units);

  /**
   * Says what is wrong with data that should be states (or means) of such units.
   *
   * @param states {@code [n, units]}. Not modified.
   * @return what was found and what is accepted, or empty if the data can be used. Infinite values
   *     and NaN are found by the caller.
   */
  Optional<String> findBadStates(INDArray states);

  /**
   * The units' own part of the energy, summed over units: {@code e(x; b)}.
   *
   * @param states {@code [n, units]}. Not modified.
   * @param bias {@code [units]}. Not modified.
   * @return {@code [n]}, new
   */
  INDArray energyTerm(INDArray states, INDArray bias);

  /**
   * The log partition function of the conditional distribution, summed over units: {@code A(z; b)};
   * it does not overflow for large fields.
   *
   * @param field {@code z}, {@code [n, units]}. Not modified.
   * @param bias {@code [units]}. Not modified.
   * @return {@code [n]}, new
   */
  INDArray logPartition(INDArray field, INDArray bias);

  /**
   * Replaces fields by conditional means, {@code E[x | z]}.
   *
   * @param field {@code [n, units]}, contiguous. Modified: holds the means afterwards.
   */
  void fieldToMean(INDArray field);

  /**
   * Draws states from the conditional distributions with the given means.
   *
   * @param mean {@code [n, units]}, contiguous. Not modified, unless it is {@code out} itself.
   * @param out of the same shape and type. Modified; may be {@code mean}.
   * @param random the stream to draw from
   */
  void sample(INDArray mean, INDArray out, RandomStream random);

  /**
   * Replaces states (or means) by the sufficient statistic {@code t(x)} that the weights and the
   * bias multiply. Linear in the states.
   *
   * @param states {@code [n, units]}. Modified where {@code t} is not the identity.
   */
  void toStatistic(INDArray states);

  /**
   * Tells whether {@link #toStatistic} changes anything.
   *
   * @return true if {@code t(x) = x}
   */
  boolean statisticIsState();

  /**
   * The bias at which independent units have given means, for data-driven initialisation.
   *
   * @param mean {@code [units]}. Not modified.
   * @return {@code [units]}, new and finite
   */
  INDArray biasForMean(INDArray mean);
}
