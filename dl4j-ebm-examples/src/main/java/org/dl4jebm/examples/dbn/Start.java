/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

/** How the hidden layers of a classifier begin. */
public enum Start {
  /** With random weights, as {@link FineTuneSettings#randomInit()} says. */
  RANDOM("random initialisation"),
  /** With the weights of a pretrained stack. */
  PRETRAINED("pretrained");

  private final String words;

  Start(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
