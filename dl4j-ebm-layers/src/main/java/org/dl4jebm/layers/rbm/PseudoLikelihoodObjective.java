/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Maximum pseudo-likelihood (Besag, The Statistician 1975; for Boltzmann machines Hyvarinen, Neural
 * Computation 2006, and Marlin, Swersky, Chen and de Freitas, AISTATS 2010) for binary visible
 * units: each unit is predicted from all others,
 *
 * <pre>{@code
 * loss = -sum_i log p(v_i | v_rest) = sum_i softplus(F(v) - F(v with unit i flipped))
 * }</pre>
 *
 * <p>The partition function cancels, so that the gradient needs no Markov chain and is exact; it is
 * consistent, but for finite data it is not that of the likelihood, and it tends to put too little
 * weight on what distant units have to do with each other. Choose it for small and middle-sized
 * binary data where chains mix badly; for many visible units contrastive divergence is much
 * cheaper. A step takes {@code n nIn nOut} evaluations of a hidden unit's log partition function,
 * some ten times the time of CD-1 for some tens of units; memory is bounded.
 *
 * <p>The stochastic variant flips only some units of each row, drawn anew at each step, and scales
 * the sum up. Loss and gradient are then unbiased estimates of the full ones, in a fraction of the
 * time.
 *
 * <p>The visible units must be Bernoulli, spin or other units of two states whose energy term is
 * {@code -b.t(v)}, and the data must be states, not grey values. The hidden units may be of any
 * type.
 *
 * @param sampledUnits units flipped in each row, drawn without replacement, or 0 for all of them
 */
public record PseudoLikelihoodObjective(int sampledUnits) implements RbmObjective {

  /** All units: the exact gradient. */
  public static final PseudoLikelihoodObjective DEFAULT = new PseudoLikelihoodObjective(0);

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public PseudoLikelihoodObjective {
    if (sampledUnits < 0) {
      throw new IllegalArgumentException(
          "sampledUnits is " + sampledUnits + "; accepted: 0 (all) or more");
    }
  }

  @Override
  public void check(UnitType visible, UnitType hidden, long visibleSize, long hiddenSize) {
    if (!visible.stateCount(1).equals(OptionalLong.of(2))) {
      throw new IllegalArgumentException(
          "visible units are "
              + visible.describe()
              + "; accepted by pseudo-likelihood: units of two states, such as Bernoulli units");
    }
    if (sampledUnits > visibleSize) {
      throw new IllegalArgumentException(
          "sampledUnits is "
              + sampledUnits
              + "; accepted: 0 (all) to "
              + visibleSize
              + ", the number of visible units");
    }
  }

  @Override
  public Optional<String> findBadData(UnitType visible, INDArray data) {
    double[] states = states(visible);
    INDArray distance = data.sub(states[0]).muli(data.sub(states[1]));
    INDArray flat = distance.reshape(distance.ordering(), new long[] {distance.length()});
    int worst = Nd4j.getBlasWrapper().level1().iamax(flat);
    if (flat.getDouble(worst) == 0) {
      return Optional.empty();
    }
    double value = data.reshape(distance.ordering(), new long[] {data.length()}).getDouble(worst);
    return Optional.of(
        String.format(
            Locale.ROOT,
            "the value %s; accepted by pseudo-likelihood: the states %s and %s. Binarise the data"
                + " first",
            value,
            states[0],
            states[1]));
  }

  /** The two states of a unit. */
  static double[] states(UnitType visible) {
    INDArray states = Nd4j.create(DataType.DOUBLE, 2, 1);
    visible.writeStates(0, states);
    return new double[] {states.getDouble(0), states.getDouble(1)};
  }

  @Override
  public RbmEstimator estimator(RandomStream random) {
    return new PseudoLikelihoodGradient(this, random);
  }
}
