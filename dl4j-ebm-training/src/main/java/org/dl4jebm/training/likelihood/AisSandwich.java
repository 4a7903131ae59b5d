/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Locale;

/**
 * Estimates of {@code log Z} from both sides. In expectation {@code forward <= log Z}, and {@code
 * log Z <= reverse} if the reverse chains started from draws of the model.
 *
 * <p>A small {@link #gap} shows that both are near {@code log Z}. There is one exception, where
 * both miss the same part of the model: no forward chain finds it, and the starts of the reverse
 * chains, which were then not drawn from the model, do not lie in it.
 *
 * @param forward the estimate that errs low
 * @param reverse the estimate that errs high
 */
public record AisSandwich(AisEstimate forward, AisEstimate reverse) {

  /**
   * Reverse less forward estimate.
   *
   * @return the gap in nats; below 0 only by chance, or if the starts of the reverse chains were
   *     not drawn from the model
   */
  public double gap() {
    return reverse.logPartition() - forward.logPartition();
  }

  /**
   * A report of three lines.
   *
   * @return both estimates and the gap
   */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s%n%s%ngap %.4f +- %.4f nats",
        forward,
        reverse,
        gap(),
        Math.hypot(forward.standardError(), reverse.standardError()));
  }
}
