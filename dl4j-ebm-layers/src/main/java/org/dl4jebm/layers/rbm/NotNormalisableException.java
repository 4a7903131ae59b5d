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

  /**
   * Creates the exception.
   *
   * @param message names the norm, its value and what is accepted
   */
  public NotNormalisableException(String message) {
    super(message);
  }
}
