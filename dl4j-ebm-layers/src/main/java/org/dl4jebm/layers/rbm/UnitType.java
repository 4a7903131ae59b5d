/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
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
   * @param field {@code [n, units]}, contiguous, in 'c' order. Modified: holds the means
   *     afterwards.
   */
  void fieldToMean(INDArray field);

  /**
   * Replaces fields by states drawn from the conditional distributions {@code p(x | z)}, exactly up
   * to the resolution of random numbers unless the type says otherwise.
   *
   * @param field {@code [n, units]}, contiguous, in 'c' order. Modified: holds the states
   *     afterwards.
   * @param random the stream to draw from
   */
  void fieldToSample(INDArray field, RandomStream random);

  /**
   * Replaces fields by conditional means and draws states of the same distributions; the states are
   * those that {@link #fieldToSample} would draw.
   *
   * @param field {@code [n, units]}, contiguous, in 'c' order. Modified: holds the means
   *     afterwards.
   * @param sample another array of the same shape, type and order. Modified: holds the states
   *     afterwards.
   * @param random the stream to draw from
   */
  void fieldToMeanAndSample(INDArray field, INDArray sample, RandomStream random);

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

  /**
   * The function of the field that a layer with these hidden units computes in supervised passes,
   * with an exact derivative: the conditional mean, or a customary stand-in for it where the type
   * says so.
   *
   * @return the function, equal to others of equal types
   */
  IActivation activation();

  /**
   * Tells whether the states of all units have a bound. Two sides without one are coupled by a
   * quadratic form that need not be normalisable; see {@link RbmModel#requireNormalisable}.
   *
   * @return true if they have
   */
  boolean isBounded();

  /**
   * Tells whether {@link #fieldToSample} draws from the conditional distribution itself. Only then
   * do Gibbs chains leave the machine's distribution as it is, and estimates that rest on them have
   * the bias that they are said to have.
   *
   * @return true unless the samples are an approximation
   */
  default boolean samplesExactly() {
    return true;
  }

  /**
   * How fast the energy grows for large states. To be overridden by types without a bound.
   *
   * @param units number of units of the layer
   * @return no growth where the states have a bound
   */
  default EnergyGrowth growth(long units) {
    if (!isBounded()) {
      throw new UnsupportedOperationException(describe() + " do not say how their energy grows");
    }
    return EnergyGrowth.bounded(units);
  }

  /**
   * Number of joint states of a layer of discrete units, for enumeration.
   *
   * @param units number of units of the layer
   * @return the number, or empty if the states are not discrete or do not fit a {@code long}
   */
  OptionalLong stateCount(long units);

  /**
   * Enumerates joint states: the row {@code i} of {@code out} becomes state number {@code first +
   * i}. Every state has one number from 0 to {@link #stateCount} - 1.
   *
   * @param first number of the first state
   * @param out {@code [n, units]}. Modified.
   * @throws UnsupportedOperationException if the states are not discrete
   */
  void writeStates(long first, INDArray out);

  /**
   * The groups of units that take their states together, for conditional distributions of one part
   * of a layer. To be overridden where a group has more than one unit.
   *
   * @param units number of units of the layer
   * @return the groups, in the order of their columns, without gaps
   */
  default List<UnitGroup> groups(long units) {
    OptionalLong count = stateCount(1);
    double[][] states = {};
    if (count.isPresent()) {
      INDArray column = Nd4j.create(DataType.DOUBLE, count.getAsLong(), 1);
      writeStates(0, column);
      states = column.toDoubleMatrix();
    }
    List<UnitGroup> groups = new ArrayList<>();
    for (int unit = 0; unit < units; unit++) {
      groups.add(new UnitGroup(unit, unit + 1, states));
    }
    return groups;
  }

  /**
   * Number of parameters that these units have besides their biases, such as logarithms of
   * variances. They are learned in pretraining as the layer's parameter {@link
   * RbmParamInitializer#VISIBLE_PARAMETERS_KEY}.
   *
   * @param units number of units of the layer
   * @return the number, 0 for most types
   */
  default long parameterCount(long units) {
    return 0;
  }

  /**
   * Writes the initial values of the further parameters.
   *
   * @param parameters {@code [parameterCount]}. Modified.
   */
  default void initializeParameters(INDArray parameters) {}

  /**
   * The same units with their further parameters in the given array.
   *
   * @param parameters {@code [parameterCount]}, kept, so that later changes of it are seen
   * @return the units; this object where there are no further parameters
   */
  default UnitType withParameters(INDArray parameters) {
    return this;
  }

  /**
   * Derivative of the energy of single states by the further parameters.
   *
   * @param states {@code x}, {@code [n, units]}. Not modified.
   * @param coupling {@code t(y) W'}, the field without the bias, {@code [n, units]}. Not modified.
   * @param bias {@code [units]}. Not modified.
   * @return {@code [n, parameterCount]}, new
   */
  default INDArray parameterGradient(INDArray states, INDArray coupling, INDArray bias) {
    throw new UnsupportedOperationException(describe() + " have no parameters besides the bias");
  }

  /**
   * Conditional expectation of {@link #parameterGradient}, {@code E[dE/dtheta | z] = -dA/dtheta}.
   * Exact likelihood needs it; contrastive divergence does without.
   *
   * @param field {@code z}, {@code [n, units]}. Not modified.
   * @param bias {@code [units]}. Not modified.
   * @return {@code [n, parameterCount]}, new
   */
  default INDArray meanParameterGradient(INDArray field, INDArray bias) {
    throw new UnsupportedOperationException(describe() + " have no parameters besides the bias");
  }
}
