/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.random.RandomStream;

/**
 * Maximum likelihood without any approximation, for machines small enough that the states of one
 * side can be counted through at every step:
 *
 * <pre>
 * {@code   loss = mean of F(v) + log Z,   d loss / dW = -E_data[t(v)' t(h)] + E_model[t(v)' t(h)]}
 * </pre>
 *
 * <p>Choose it to train small machines as well as they can be trained, and as the measure of what
 * an approximate objective loses. It draws no random numbers: with the whole data set as the batch
 * it is plain gradient descent. A step costs {@link RbmEnumeration#states()} free energies,
 * whatever the size of the batch; above some 2<sup>20</sup> states contrastive divergence is the
 * choice. The side that is enumerated must be discrete, the other may be of any type and size.
 *
 * @param maxStates most states of the smaller side, at least 1
 */
public record ExactLikelihoodObjective(long maxStates) implements RbmObjective {

  /** Up to 2<sup>20</sup> states, 20 binary units on one of the sides. */
  public static final ExactLikelihoodObjective DEFAULT = new ExactLikelihoodObjective(1L << 20);

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public ExactLikelihoodObjective {
    if (maxStates < 1) {
      throw new IllegalArgumentException("maxStates is " + maxStates + "; accepted: 1 or more");
    }
  }

  @Override
  public void check(UnitType visible, UnitType hidden, long visibleSize, long hiddenSize) {
    RbmEnumeration.enumeratesVisible(visible, hidden, visibleSize, hiddenSize, maxStates);
  }

  @Override
  public RbmEstimator estimator(RandomStream random) {
    return new ExactLikelihoodGradient(this);
  }
}
