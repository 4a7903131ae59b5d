/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

/**
 * Centering of {@link ContrastiveDivergence}: the gradient is formed as if the machine's energy
 * were written with offsets {@code mu} and {@code lambda},
 *
 * <pre>{@code   E(v, h) = e_v(v; b') + e_h(h; c') - (t_v - mu) W (t_h - lambda)'}</pre>
 *
 * which is the same machine with biases {@code b = b' - W lambda'} and {@code c = c' - mu W}, but
 * another direction of steepest descent (Montavon and Mueller, Neural Networks: Tricks of the Trade
 * 2012; Melchior, Fischer and Wiskott, JMLR 2016):
 *
 * <pre>{@code
 * dW = <(t_v - mu)'(t_h - lambda)>_data - <(t_v - mu)'(t_h - lambda)>_model
 * db = <t_v>_data - <t_v>_model - dW lambda'
 * dc = <t_h>_data - <t_h>_model - mu dW
 * }</pre>
 *
 * Parameters, and everything computed from them, stay those of the ordinary machine. Training no
 * longer depends on which state of a unit is called 0 and which 1, and learns faster where most
 * units are on, or off. The offsets are moving averages of the means of batches and start at the
 * data's means in the first batch.
 *
 * <p>With plain or momentum steps an update is one of the centred parameters, step for step while
 * the offsets stand still. Updaters that scale each parameter by its own history, such as Adam,
 * scale the biases' corrections too, so that something of the invariance is lost.
 *
 * @param slidingFactor share of the present batch in the moving averages, in (0, 1]
 * @param offsets whose means the offsets follow
 */
public record Centering(double slidingFactor, Offsets offsets) {

  /** The data's means with a sliding factor of 0.01, as recommended by Melchior et al. */
  public static final Centering DEFAULT = new Centering(0.01, Offsets.DATA);

  /** Whose means the offsets follow. */
  public enum Offsets {
    /** The batches of data. */
    DATA,
    /** The states of the negative phase. */
    MODEL,
    /** The mean of both, which makes it the enhanced gradient of Cho, Raiko and Ilin (2011). */
    MEAN
  }

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public Centering {
    if (!(slidingFactor > 0 && slidingFactor <= 1)) {
      throw new IllegalArgumentException(
          "slidingFactor of the centering is "
              + slidingFactor
              + "; accepted: greater than 0, at most 1");
    }
    if (offsets == null) {
      throw new IllegalArgumentException(
          "offsets of the centering are null; accepted: DATA, MODEL or MEAN");
    }
  }
}
