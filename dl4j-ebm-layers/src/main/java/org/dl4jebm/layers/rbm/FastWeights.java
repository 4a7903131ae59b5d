/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

/**
 * Fast persistent contrastive divergence (Tieleman and Hinton, ICML 2009): the persistent chains
 * move by weights {@code W + F} and biases with a fast part likewise, where the fast part learns by
 * a rate of its own and decays,
 *
 * <pre>{@code   F <- decay F - learningRate gradient / n}</pre>
 *
 * with the gradient that the parameters themselves get, divided by the number of rows {@code n}.
 * Where the chains stay, the energy rises quickly and drives them on, so that they visit more of
 * the model. Data and parameters see {@code W} alone.
 *
 * <p>Choose it where persistent chains mix too slowly and tempering costs too much; the estimate is
 * biased, because the chains are those of another machine. The rate should be several times that of
 * the parameters, which may then decrease.
 *
 * @param learningRate rate of the fast part, finite, at least 0; with 0 it is ordinary PCD
 * @param decay factor of the fast part in every step, in [0, 1)
 */
public record FastWeights(double learningRate, double decay) {

  /** The factor of the paper. */
  public static final double DEFAULT_DECAY = 19.0 / 20;

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public FastWeights {
    if (!(learningRate >= 0 && learningRate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "learningRate of the fast weights is "
              + learningRate
              + "; accepted: finite, 0 or greater");
    }
    if (!(decay >= 0 && decay < 1)) {
      throw new IllegalArgumentException(
          "decay of the fast weights is " + decay + "; accepted: 0 or greater, less than 1");
    }
  }

  /**
   * Fast weights with the decay of the paper.
   *
   * @param learningRate finite, at least 0
   * @return the options
   */
  public static FastWeights ofRate(double learningRate) {
    return new FastWeights(learningRate, DEFAULT_DECAY);
  }
}
