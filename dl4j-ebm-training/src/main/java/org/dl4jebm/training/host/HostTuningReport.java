/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.List;
import java.util.Objects;

/**
 * What {@link HostTuning#apply()} did to this process, and what it left alone or could not do, with
 * the reason. {@link #toString()} is one line for a log, {@link #lines()} three for a terminal.
 *
 * @param threadPolicy the wait policy of ND4J's OpenMP threads
 * @param matrixKernels the matrix products of OpenBLAS
 * @param oneDnn the use of oneDNN by Deeplearning4j's layers
 */
public record HostTuningReport(Part threadPolicy, Part matrixKernels, Part oneDnn) {

  /** How one part of the tuning ended. */
  public enum Outcome {
    /** The setting was made by this call and is in force. */
    APPLIED("applied"),
    /** The user or the program has set something here already; it was left as it is. */
    LEFT_TO_USER("left as set by the user"),
    /** The setting is read only once and that moment has passed; nothing was changed. */
    TOO_LATE("too late"),
    /** This host, platform or class path does not offer it; nothing was changed. */
    UNAVAILABLE("not available");

    private final String words;

    Outcome(String words) {
      this.words = words;
    }
  }

  /**
   * One part of the tuning.
   *
   * @param outcome how it ended
   * @param detail what was set or why not, in a few words
   */
  public record Part(Outcome outcome, String detail) {

    /**
     * Checks that both are given.
     *
     * @throws NullPointerException if one is {@code null}
     */
    public Part {
      Objects.requireNonNull(outcome, "outcome");
      Objects.requireNonNull(detail, "detail");
    }

    /**
     * Whether the setting was made by this call.
     *
     * @return true for {@link Outcome#APPLIED}
     */
    public boolean applied() {
      return outcome == Outcome.APPLIED;
    }

    @Override
    public String toString() {
      return outcome.words + " (" + detail + ")";
    }
  }

  /**
   * Checks that all parts are given.
   *
   * @throws NullPointerException if one is {@code null}
   */
  public HostTuningReport {
    Objects.requireNonNull(threadPolicy, "threadPolicy");
    Objects.requireNonNull(matrixKernels, "matrixKernels");
    Objects.requireNonNull(oneDnn, "oneDnn");
  }

  /**
   * The report as three lines of text, for a terminal.
   *
   * @return one line for the threads, one for OpenBLAS, one for oneDNN
   */
  public List<String> lines() {
    return List.of(
        "OpenMP wait policy: " + threadPolicy,
        "OpenBLAS kernels: " + matrixKernels,
        "oneDNN in layers: " + oneDnn);
  }

  @Override
  public String toString() {
    return String.join("; ", lines());
  }
}
