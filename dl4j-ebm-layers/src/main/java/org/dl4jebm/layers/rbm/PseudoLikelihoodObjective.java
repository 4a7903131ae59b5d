/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Locale;
import java.util.Optional;
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
 * {@code -b.t(v)}, or parts of such, and the data must be states, not grey values. The hidden units
 * may be of any type.
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
    for (UnitGroup unit : visible.groups(visibleSize)) {
      if (unit.size() != 1 || unit.states().length != 2) {
        throw new IllegalArgumentException(
            "visible unit "
                + unit.from()
                + " is not binary ("
                + visible.describe()
                + "); accepted by pseudo-likelihood: units of two states, such as Bernoulli units");
      }
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
    INDArray[] states = states(visible, data.size(1), data.dataType());
    INDArray distance = data.subRowVector(states[0]).muli(data.subRowVector(states[1]));
    INDArray flat = distance.dup('c').reshape('c', new long[] {distance.length()});
    int worst = Nd4j.getBlasWrapper().level1().iamax(flat);
    if (flat.getDouble(worst) == 0) {
      return Optional.empty();
    }
    long row = worst / data.size(1);
    long unit = worst % data.size(1);
    return Optional.of(
        String.format(
            Locale.ROOT,
            "the value %s of unit %d; accepted by pseudo-likelihood: the states %s and %s. Binarise"
                + " the data first",
            data.getDouble(row, unit),
            unit,
            states[0].getDouble(unit),
            states[1].getDouble(unit)));
  }

  /**
   * Computes the loss itself, to judge a machine by.
   *
   * @param model the machine. Not modified.
   * @param data states of the visible units, {@code [n, nIn]} with {@code n} at least 1. Not
   *     modified.
   * @param random the stream that units are drawn from; not used, and may be null, if all units are
   *     flipped
   * @return the negative log-pseudo-likelihood of each row in nats, or an unbiased estimate of it
   *     if units are sampled; {@code [n]} in DOUBLE, new
   * @throws IllegalArgumentException if the machine or the data are not of the kinds accepted
   */
  public INDArray losses(RbmModel model, INDArray data, RandomStream random) {
    check(model.visibleUnits(), model.hiddenUnits(), model.visibleSize(), model.hiddenSize());
    model.requireVisibleStates(data, "data");
    findBadData(model.visibleUnits(), data.castTo(model.weights().dataType()))
        .ifPresent(
            problem -> {
              throw new IllegalArgumentException("data hold " + problem);
            });
    return new PseudoLikelihoodGradient(this, random).losses(model, data);
  }

  /** The lower and the higher states of all units, which are binary. */
  static INDArray[] states(UnitType visible, long visibleSize, DataType type) {
    double[][] states = new double[2][(int) visibleSize];
    for (UnitGroup unit : visible.groups(visibleSize)) {
      states[0][unit.from()] = unit.states()[0][0];
      states[1][unit.from()] = unit.states()[1][0];
    }
    return new INDArray[] {
      Nd4j.createFromArray(states[0]).castTo(type), Nd4j.createFromArray(states[1]).castTo(type)
    };
  }

  @Override
  public RbmEstimator estimator(RandomStream random) {
    return new PseudoLikelihoodGradient(this, random);
  }
}
