/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

/**
 * The weights of a machine with unbounded units on both sides have become so large that {@code
 * exp(-E)} has no finite integral: there is no distribution, chains run away, and log Z does not
 * exist. See {@link RbmModel#requireNormalisable}.
 */
public class NotNormalisableException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  private final double norm;

  /**
   * Creates the exception.
   *
   * @param message names the norm, its value and what is accepted
   * @param norm the norm of the coupling, not less than 1, or NaN
   */
  public NotNormalisableException(String message, double norm) {
    super(message);
    this.norm = norm;
  }

  /**
   * The norm that {@link RbmModel#couplingNorm} speaks of.
   *
   * @return not less than 1, or NaN
   */
  public double norm() {
    return norm;
  }
}
