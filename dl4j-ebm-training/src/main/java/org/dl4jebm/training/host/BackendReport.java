/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.Objects;

/**
 * What {@link BackendGuard#apply()} found. {@link #toString()} is one line for a terminal.
 *
 * @param choice what ND4J will compute on
 * @param hidden whether a CUDA backend is on the class path and is hidden from ND4J
 * @param reason what was found, in a few words
 */
public record BackendReport(Choice choice, boolean hidden, String reason) {

  /** What ND4J will compute on. */
  public enum Choice {
    /** The CUDA backend, on a GPU that it has code for. */
    CUDA("CUDA"),
    /** The CPU. */
    CPU("CPU"),
    /** What ND4J chooses by itself. */
    LEFT_TO_ND4J("left to ND4J");

    private final String words;

    Choice(String words) {
      this.words = words;
    }
  }

  /**
   * Checks that all is given.
   *
   * @throws NullPointerException if the choice or the reason is null
   */
  public BackendReport {
    Objects.requireNonNull(choice, "choice");
    Objects.requireNonNull(reason, "reason");
  }

  @Override
  public String toString() {
    return "backend: " + choice.words + " (" + reason + ")";
  }
}
