/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.io.Serializable;
import java.util.Optional;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * The distribution of data given what the decoder of a latent-variable model puts out: {@code p(x |
 * eta)}, where {@code eta} is the decoder's raw output, without an activation function. All
 * logarithms are natural, so that values are in nats, and hold their normalising constants.
 *
 * <p>Dimension 0 of every array holds rows, dimension 1 channels; further dimensions (time, height,
 * width) are positions, each with a distribution of its own. {@code x} has {@code n} rows and
 * {@code d} channels, {@code eta} has {@code T n} rows, {@code T} a whole number, and {@link
 * #outputSize outputSize(d)} channels; row {@code i T + s} of {@code eta} is sample {@code s} of
 * example {@code i}. Both are of one floating-point type. A mask, where there is one, has the shape
 * of {@code x} and weighs the terms of the logarithm: {@code log p = sum_j mask_j log p(x_j |
 * eta)}. Memory of any order is accepted; FLOAT arrays in 'c' order are fastest.
 *
 * <p>{@link BernoulliLikelihood} for data in [0, 1], {@link GaussianLikelihood} for real numbers,
 * {@link CategoricalLikelihood} for one-hot groups. Implementations are immutable and are stored in
 * configurations as JSON.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS, include = JsonTypeInfo.As.PROPERTY, property = "@class")
public interface Likelihood extends Serializable {

  /**
   * Name and options, for messages.
   *
   * @return a few words
   */
  String describe();

  /**
   * Number of channels of {@code eta}.
   *
   * @param dataSize number {@code d} of channels of the data
   * @return the number
   * @throws IllegalArgumentException if data of this size are not accepted
   */
  long outputSize(long dataSize);

  /**
   * Number of channels of the data.
   *
   * @param outputSize number of channels of {@code eta}
   * @return the number {@code d}
   * @throws IllegalArgumentException if there is none for this size
   */
  long dataSize(long outputSize);

  /**
   * Number of parameters that are learned beside the decoder's.
   *
   * @param dataSize number of channels of the data
   * @return the number, 0 for none
   */
  default long parameterCount(long dataSize) {
    return 0;
  }

  /**
   * Writes the values that learned parameters start with.
   *
   * @param parameters {@link #parameterCount} numbers, rank 1. Modified.
   */
  default void initializeParameters(INDArray parameters) {}

  /**
   * The likelihood with learned parameters.
   *
   * @param parameters {@link #parameterCount} numbers, rank 1; later changes are seen. Not
   *     modified.
   * @return a likelihood that uses them; this one if it has none
   */
  default Likelihood withParameters(INDArray parameters) {
    return this;
  }

  /**
   * Looks for data that this distribution cannot produce.
   *
   * @param x data {@code [n, d, ...]}. Not modified.
   * @param mask of the shape of {@code x}, or null; values where it is 0 are not looked at, but for
   *     NaN. Not modified.
   * @return what is wrong and what is accepted, or empty
   */
  Optional<String> findBadData(INDArray x, INDArray mask);

  /**
   * {@code log p(x | eta)} of each row.
   *
   * @param x data {@code [n, d, ...]}. Not modified.
   * @param mask of the shape of {@code x}, or null. Not modified.
   * @param eta the decoder's raw output {@code [T n, P, ...]}. Not modified.
   * @return {@code T n} values in nats, summed in double precision
   * @throws IllegalArgumentException if the shapes do not go together
   */
  double[] logProbability(INDArray x, INDArray mask, INDArray eta);

  /**
   * {@code log p(x | eta)} of each row, without a mask.
   *
   * @param x data {@code [n, d, ...]}. Not modified.
   * @param eta the decoder's raw output {@code [T n, P, ...]}. Not modified.
   * @return {@code T n} values in nats
   * @throws IllegalArgumentException if the shapes do not go together
   */
  default double[] logProbability(INDArray x, INDArray eta) {
    return logProbability(x, null, eta);
  }

  /**
   * Derivatives of {@code L = -sum_r weight_r log p(x | eta_r)}.
   *
   * @param x data {@code [n, d, ...]}. Not modified.
   * @param mask of the shape of {@code x}, or null. Not modified.
   * @param eta the decoder's raw output {@code [T n, P, ...]}. Not modified.
   * @param weights one a row of {@code eta}. Not modified.
   * @param gradient gets {@code dL/deta}; of the shape and type of {@code eta}. Modified.
   * @param parameterGradient gets the derivative by the learned parameters, rank 1. Modified. Not
   *     looked at where there are none.
   * @return {@code log p(x | eta)} of each row, as {@link #logProbability} gives it
   * @throws IllegalArgumentException if the shapes do not go together
   */
  double[] gradient(
      INDArray x,
      INDArray mask,
      INDArray eta,
      double[] weights,
      INDArray gradient,
      INDArray parameterGradient);

  /**
   * The mean of {@code x} given {@code eta}.
   *
   * @param eta the decoder's raw output {@code [m, P, ...]}. Not modified.
   * @param out gets the mean, {@code [m, d, ...]}, of the type of {@code eta}. Modified.
   */
  void mean(INDArray eta, INDArray out);

  /**
   * The mean of {@code x} given {@code eta}.
   *
   * @param eta the decoder's raw output {@code [m, P, ...]}. Not modified.
   * @return {@code [m, d, ...]}, new
   */
  default INDArray mean(INDArray eta) {
    INDArray out =
        Nd4j.createUninitialized(eta.dataType(), LikelihoodRows.dataShape(this, eta), 'c');
    mean(eta, out);
    return out;
  }

  /**
   * Draws {@code x} given {@code eta}.
   *
   * @param eta the decoder's raw output {@code [m, P, ...]}. Not modified.
   * @param random what to draw from
   * @return {@code [m, d, ...]}, new, in 'c' order
   */
  INDArray sample(INDArray eta, RandomStream random);
}
