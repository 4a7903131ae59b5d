/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The mathematics of a restricted Boltzmann machine over views of its parameters (Smolensky 1986;
 * Hinton, Neural Computation 2002).
 *
 * <pre>{@code
 * p(v, h) = exp(-E(v, h)) / Z        E(v, h) = e_v(v; b) + e_h(h; c) - t_v(v) W t_h(h)'
 * p(v)    = exp(-F(v)) / Z           F(v)    = e_v(v; b) - A_h(c + t_v(v) W)
 * }</pre>
 *
 * with {@code e}, {@code t} and {@code A} of the two {@link UnitType}s. With Bernoulli units on
 * both sides {@code E = -b.v - c.h - v W h'} and {@code F = -b.v - sum softplus(c + v W)}.
 *
 * <p>The object holds the given arrays, not copies: it sees every later change of them. It is what
 * the layer, contrastive divergence, samplers and estimators share. Batches are {@code [n, nIn]}
 * and {@code [n, nOut]}, one example a row, of the parameters' data type. Safe for use by several
 * threads as long as nobody changes the parameters.
 */
public final class RbmModel {

  /** Relative accuracies of norms. */
  private static final double EXACT = 1e-10;

  private static final double ROUGH = 1e-3;

  private final INDArray weights;
  private final INDArray hiddenBias;
  private final INDArray visibleBias;
  private final UnitType visible;
  private final UnitType hidden;

  /** Factor of the coupling term, 1 but for tempered machines. */
  private final double coupling;

  /**
   * Wraps parameters.
   *
   * @param weights {@code W}, {@code [nIn, nOut]}, kept; fastest in 'f' order, as DL4J stores it
   * @param hiddenBias {@code c}, {@code nOut} numbers, kept
   * @param visibleBias {@code b}, {@code nIn} numbers, kept
   * @param visible type of the visible units
   * @param hidden type of the hidden units
   * @throws IllegalArgumentException if the sizes do not fit each other or the types
   */
  public RbmModel(
      INDArray weights,
      INDArray hiddenBias,
      INDArray visibleBias,
      UnitType visible,
      UnitType hidden) {
    this(weights, hiddenBias, visibleBias, visible, hidden, 1);
  }

  private RbmModel(
      INDArray weights,
      INDArray hiddenBias,
      INDArray visibleBias,
      UnitType visible,
      UnitType hidden,
      double coupling) {
    if (weights.rank() != 2
        || hiddenBias.length() != weights.size(1)
        || visibleBias.length() != weights.size(0)) {
      throw new IllegalArgumentException(
          "W has shape "
              + Arrays.toString(weights.shape())
              + ", the hidden bias "
              + hiddenBias.length()
              + " and the visible bias "
              + visibleBias.length()
              + " numbers; accepted: W [nIn, nOut], nOut hidden and nIn visible biases");
    }
    requireType(weights.dataType());
    if (hiddenBias.dataType() != weights.dataType()
        || visibleBias.dataType() != weights.dataType()) {
      throw new IllegalArgumentException(
          "W has data type "
              + weights.dataType()
              + ", the hidden bias "
              + hiddenBias.dataType()
              + " and the visible bias "
              + visibleBias.dataType()
              + "; accepted: the same for all");
    }
    visible.checkSize(weights.size(0));
    hidden.checkSize(weights.size(1));
    this.weights = weights;
    this.hiddenBias = vector(hiddenBias);
    this.visibleBias = vector(visibleBias);
    this.visible = visible;
    this.hidden = hidden;
    this.coupling = coupling;
  }

  /** Fields of some hundred units overflow smaller types, and sums lose their digits. */
  static void requireType(DataType type) {
    if (type != DataType.FLOAT && type != DataType.DOUBLE) {
      throw new IllegalArgumentException(
          "data type of a restricted Boltzmann machine is " + type + "; accepted: FLOAT or DOUBLE");
    }
  }

  /** Views cost microseconds, and training makes a model for each step. */
  private static INDArray vector(INDArray bias) {
    return bias.rank() == 1 ? bias : bias.reshape(bias.length());
  }

  /**
   * A machine on the same weights whose coupling term is multiplied by a factor, with other biases:
   * {@code E(v, h) = e_v(v; b') + e_h(h; c') - coupling t_v(v) W t_h(h)'}. Annealed importance
   * sampling and parallel tempering go through such machines; with factor 0 all units are
   * independent.
   *
   * @param coupling the factor, usually in [0, 1]; it multiplies that of this machine
   * @param hiddenBias {@code c'}, {@code nOut} numbers, kept
   * @param visibleBias {@code b'}, {@code nIn} numbers, kept
   * @return the machine; it sees later changes of the weights and of the given biases
   * @throws IllegalArgumentException if a size is wrong or the factor is not finite
   */
  public RbmModel tempered(double coupling, INDArray hiddenBias, INDArray visibleBias) {
    if (!Double.isFinite(coupling)) {
      throw new IllegalArgumentException("coupling is " + coupling + "; accepted: a finite factor");
    }
    return new RbmModel(
        weights, hiddenBias, visibleBias, visible, hidden, this.coupling * coupling);
  }

  /**
   * Joint energy {@code E(v, h)}.
   *
   * @param v visible states {@code [n, nIn]}. Not modified.
   * @param h hidden states {@code [n, nOut]}. Not modified.
   * @return {@code [n]}, new
   * @throws IllegalArgumentException if a width is wrong or the numbers of rows differ
   */
  public INDArray energy(INDArray v, INDArray h) {
    INDArray states = visibleStates(v);
    INDArray hiddenStates = hiddenStates(h);
    if (states.size(0) != hiddenStates.size(0)) {
      throw new IllegalArgumentException(
          "there are " + v.size(0) + " rows of v and " + h.size(0) + " of h; accepted: as many");
    }
    INDArray interaction = hiddenField(statistics(states, visible)).subiRowVector(hiddenBias);
    interaction.muli(statistics(hiddenStates, hidden));
    return visible
        .energyTerm(states, visibleBias)
        .addi(hidden.energyTerm(hiddenStates, hiddenBias))
        .subi(interaction.sum(1));
  }

  /**
   * Free energy of visible states, {@code F(v) = -log sum_h exp(-E(v, h))}, so that {@code log p(v)
   * = -F(v) - log Z}.
   *
   * @param v {@code [n, nIn]}. Not modified.
   * @return {@code [n]}, new; finite for any finite argument
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray freeEnergy(INDArray v) {
    INDArray states = visibleStates(v);
    return freeEnergy(states, hiddenField(statistics(states, visible)));
  }

  /**
   * Free energy of visible states where the field that they put on the hidden units is known.
   *
   * @param states {@code [n, nIn]}. Not modified.
   * @param hiddenField {@code c + t_v(v) W}, {@code [n, nOut]}. Not modified.
   * @return {@code [n]}, new
   */
  INDArray freeEnergy(INDArray states, INDArray hiddenField) {
    return visible
        .energyTerm(states, visibleBias)
        .subi(hidden.logPartition(hiddenField, hiddenBias));
  }

  /**
   * Free energy of hidden states, {@code -log sum_v exp(-E(v, h))} (an integral for Gaussian
   * visible units). Summing its exponential over all hidden states gives {@code Z}.
   *
   * @param h {@code [n, nOut]}. Not modified.
   * @return {@code [n]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray freeEnergyOfHidden(INDArray h) {
    INDArray states = hiddenStates(h);
    INDArray field = visibleField(statistics(states, hidden));
    return hidden.energyTerm(states, hiddenBias).subi(visible.logPartition(field, visibleBias));
  }

  /**
   * Conditional means of the hidden units, {@code E[h | v]}.
   *
   * @param v {@code [n, nIn]}. Not modified.
   * @return {@code [n, nOut]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray propUp(INDArray v) {
    INDArray mean = hiddenField(statistics(visibleStates(v), visible));
    hidden.fieldToMean(mean);
    return mean;
  }

  /**
   * Conditional means of the visible units, {@code E[v | h]}.
   *
   * @param h {@code [n, nOut]}. Not modified.
   * @return {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray propDown(INDArray h) {
    INDArray mean = visibleField(statistics(hiddenStates(h), hidden));
    visible.fieldToMean(mean);
    return mean;
  }

  /**
   * Draws hidden states from {@code p(h | v)}.
   *
   * @param v {@code [n, nIn]}. Not modified.
   * @param random the stream to draw from
   * @return {@code [n, nOut]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray sampleHidden(INDArray v, RandomStream random) {
    INDArray states = hiddenField(statistics(visibleStates(v), visible));
    hidden.fieldToSample(states, random);
    return states;
  }

  /**
   * Draws visible states from {@code p(v | h)}.
   *
   * @param h {@code [n, nOut]}. Not modified.
   * @param random the stream to draw from
   * @return {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray sampleVisible(INDArray h, RandomStream random) {
    INDArray states = visibleField(statistics(hiddenStates(h), hidden));
    visible.fieldToSample(states, random);
    return states;
  }

  /**
   * Conditional means of the hidden units with a draw from {@code p(h | v)}.
   *
   * @param v {@code [n, nIn]}. Not modified.
   * @param random the stream to draw from
   * @return means and states, {@code [n, nOut]} each, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public Pair<INDArray, INDArray> propUpAndSample(INDArray v, RandomStream random) {
    INDArray mean = hiddenField(statistics(visibleStates(v), visible));
    INDArray states = mean.ulike();
    hidden.fieldToMeanAndSample(mean, states, random);
    return new Pair<>(mean, states);
  }

  /**
   * Conditional means of the visible units with a draw from {@code p(v | h)}.
   *
   * @param h {@code [n, nOut]}. Not modified.
   * @param random the stream to draw from
   * @return means and states, {@code [n, nIn]} each, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public Pair<INDArray, INDArray> propDownAndSample(INDArray h, RandomStream random) {
    INDArray mean = visibleField(statistics(hiddenStates(h), hidden));
    INDArray states = mean.ulike();
    visible.fieldToMeanAndSample(mean, states, random);
    return new Pair<>(mean, states);
  }

  /**
   * Mean-field reconstruction, {@code propDown(propUp(v))}: no random numbers are involved.
   *
   * @param v {@code [n, nIn]}. Not modified.
   * @return {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray reconstruct(INDArray v) {
    return propDown(propUp(v));
  }

  /**
   * Runs block Gibbs sampling: {@code sweeps} times {@code h ~ p(h | v)}, {@code v ~ p(v | h)}. The
   * distribution {@code p(v)} is stationary.
   *
   * @param v states to start from, {@code [n, nIn]}. Not modified.
   * @param sweeps number of sweeps, at least 0
   * @param random the stream to draw from
   * @return visible states, {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong or {@code sweeps} is negative
   */
  public INDArray gibbs(INDArray v, int sweeps, RandomStream random) {
    if (sweeps < 0) {
      throw new IllegalArgumentException("sweeps is " + sweeps + "; accepted: 0 or more");
    }
    INDArray states = visibleStates(v).dup('c');
    INDArray statesTransposed = states.transpose();
    INDArray h =
        Nd4j.createUninitialized(states.dataType(), new long[] {v.size(0), hiddenSize()}, 'c');
    INDArray hTransposed = h.transpose();
    // Arrays of each sweep would pile up off the heap, where the garbage collector sees no need.
    for (int i = 0; i < sweeps; i++) {
      visible.toStatistic(states);
      hiddenFieldInto(statesTransposed, h, hTransposed);
      hidden.fieldToSample(h, random);
      hidden.toStatistic(h);
      visibleFieldInto(hTransposed, states, statesTransposed);
      visible.fieldToSample(states, random);
    }
    return states;
  }

  /**
   * Checks that every parameter is a finite number, as those of a diverged training are not.
   *
   * @throws IllegalArgumentException naming the parameter
   */
  public void requireFiniteParameters() {
    requireFinite(weights, "the weights");
    requireFinite(hiddenBias, "the hidden bias");
    requireFinite(visibleBias, "the visible bias");
  }

  /**
   * Checks data before they are used: their shape, that all values are finite, and what the visible
   * units accept.
   *
   * @param v {@code [n, nIn]} with {@code n} at least 1. Not modified.
   * @param name how the data are called in the message, such as {@code data}
   * @throws IllegalArgumentException naming the data, what was found and what is accepted
   */
  public void requireVisibleStates(INDArray v, String name) {
    if (v.rank() != 2 || v.size(1) != visibleSize() || v.size(0) == 0) {
      throw new IllegalArgumentException(
          name
              + " have shape "
              + Arrays.toString(v.shape())
              + "; accepted: [n, "
              + visibleSize()
              + "] with n at least 1");
    }
    INDArray states = v.castTo(weights.dataType());
    requireFinite(states, name);
    visible
        .findBadStates(states)
        .ifPresent(
            problem -> {
              throw new IllegalArgumentException(name + " hold " + problem);
            });
  }

  private static void requireFinite(INDArray array, String name) {
    INDArray flat = array.reshape(array.ordering(), new long[] {array.length()});
    if (!Double.isFinite(Nd4j.getBlasWrapper().dot(flat, flat))) {
      throw new IllegalArgumentException(
          name
              + " hold NaN or infinite values, or their squares overflow; accepted: finite values");
    }
  }

  /**
   * Says how strongly two unbounded sides are coupled. With states divided by their deviations,
   * {@code u = v / s_v} and {@code q = h / s_h}, the energy grows as {@code (u^2 + q^2) / 2 - u M
   * q'} with {@code M_ij = W_ij / (s_vi s_hj)}; for two units that are never negative a negative
   * {@code M_ij} only helps, and is taken as 0. The norm is the largest singular value of {@code
   * M}.
   *
   * @return the norm, 0 if one of the sides is bounded; NaN or infinite if parameters are
   */
  public double couplingNorm() {
    return CouplingNorm.of(this, DataType.DOUBLE, EXACT);
  }

  /**
   * Checks that {@code exp(-E)} has a finite integral, that is that {@link #couplingNorm} is less
   * than 1. With a bounded side every machine passes. With Gaussian units on both sides the
   * condition is exact; with units that are never negative it is sufficient: machines that do not
   * pass can be normalisable still (what is exact, copositivity, is hard to compute).
   *
   * @throws NotNormalisableException naming the norm
   */
  public void requireNormalisable() {
    requireNormalisable(couplingNorm());
  }

  /**
   * The same to a relative accuracy of a thousandth, in the parameters' data type, for training.
   */
  void requireRoughlyNormalisable() {
    requireNormalisable(CouplingNorm.of(this, weights.dataType(), ROUGH));
  }

  private void requireNormalisable(double norm) {
    if (!(norm < 1)) {
      throw new NotNormalisableException(
          "the coupling of "
              + visible.describe()
              + " with "
              + hidden.describe()
              + " has norm "
              + norm
              + "; accepted: less than 1, or the machine has no distribution. Take smaller weights"
              + " (at the start for example weightInit(new NormalDistribution(0, 0.01)), later"
              + " weight decay or a smaller learning rate), or bounded units on one side",
          norm);
    }
  }

  /**
   * Number of visible units.
   *
   * @return {@code nIn}
   */
  public long visibleSize() {
    return weights.size(0);
  }

  /**
   * Number of hidden units.
   *
   * @return {@code nOut}
   */
  public long hiddenSize() {
    return weights.size(1);
  }

  /**
   * Type of the visible units.
   *
   * @return the type
   */
  public UnitType visibleUnits() {
    return visible;
  }

  /**
   * Type of the hidden units.
   *
   * @return the type
   */
  public UnitType hiddenUnits() {
    return hidden;
  }

  /**
   * The weights themselves.
   *
   * @return {@code W}, {@code [nIn, nOut]}, not a copy
   */
  public INDArray weights() {
    return weights;
  }

  /**
   * The hidden bias itself.
   *
   * @return {@code c}, {@code [nOut]}, not a copy
   */
  public INDArray hiddenBias() {
    return hiddenBias;
  }

  /**
   * The visible bias itself.
   *
   * @return {@code b}, {@code [nIn]}, not a copy
   */
  public INDArray visibleBias() {
    return visibleBias;
  }

  /**
   * The factor of the coupling term.
   *
   * @return 1, but for {@link #tempered} machines
   */
  public double coupling() {
    return coupling;
  }

  /**
   * Writes the field that acts on the hidden units, {@code c + t_v W}, for loops that reuse their
   * arrays. Nothing is checked.
   *
   * @param statisticsTransposed {@code t_v(v)'}, {@code [nIn, n]}. Not modified.
   * @param out {@code [n, nOut]} in 'c' order. Overwritten.
   * @param outTransposed the view {@code out.transpose()}
   */
  public void hiddenFieldInto(INDArray statisticsTransposed, INDArray out, INDArray outTransposed) {
    fieldInto(true, statisticsTransposed, hiddenBias, out, outTransposed);
  }

  /**
   * Writes the field that acts on the visible units, {@code b + t_h W'}, for loops that reuse their
   * arrays. Nothing is checked.
   *
   * @param statisticsTransposed {@code t_h(h)'}, {@code [nOut, n]}. Not modified.
   * @param out {@code [n, nIn]} in 'c' order. Overwritten.
   * @param outTransposed the view {@code out.transpose()}
   */
  public void visibleFieldInto(
      INDArray statisticsTransposed, INDArray out, INDArray outTransposed) {
    fieldInto(false, statisticsTransposed, visibleBias, out, outTransposed);
  }

  /**
   * {@code out} is in 'c' order, and so its transpose is the 'f'-ordered result that gemm can write
   * without a temporary copy. Transposes are views that the caller may keep from step to step. The
   * bias is there first, and gemm adds to it: to fill the rows takes no longer than the zeros that
   * gemm would write otherwise.
   */
  private void fieldInto(
      boolean transposeWeights,
      INDArray statisticsTransposed,
      INDArray bias,
      INDArray out,
      INDArray outTransposed) {
    Rows.fill(out, bias);
    HostBlas.gemm(
        weights, statisticsTransposed, outTransposed, transposeWeights, false, coupling, 1.0);
  }

  private INDArray hiddenField(INDArray visibleStatistics) {
    INDArray out =
        Nd4j.createUninitialized(
            weights.dataType(), new long[] {visibleStatistics.size(0), hiddenSize()}, 'c');
    hiddenFieldInto(visibleStatistics.transpose(), out, out.transpose());
    return out;
  }

  private INDArray visibleField(INDArray hiddenStatistics) {
    INDArray out =
        Nd4j.createUninitialized(
            weights.dataType(), new long[] {hiddenStatistics.size(0), visibleSize()}, 'c');
    visibleFieldInto(hiddenStatistics.transpose(), out, out.transpose());
    return out;
  }

  private static INDArray statistics(INDArray states, UnitType type) {
    if (type.statisticIsState()) {
      return states;
    }
    INDArray statistics = states.dup('c');
    type.toStatistic(statistics);
    return statistics;
  }

  private INDArray visibleStates(INDArray v) {
    return states(v, visibleSize(), "visible");
  }

  private INDArray hiddenStates(INDArray h) {
    return states(h, hiddenSize(), "hidden");
  }

  private INDArray states(INDArray states, long width, String side) {
    if (states.rank() != 2 || states.size(1) != width) {
      throw new IllegalArgumentException(
          side
              + " states have shape "
              + Arrays.toString(states.shape())
              + "; accepted: [n, "
              + width
              + "]");
    }
    return states.castTo(weights.dataType());
  }
}
