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

  /** Standard errors of the gap from which on a negative one is no chance. */
  private static final double CONTRADICTION = 3;

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
   * Standard error of the gap, from those of both estimates.
   *
   * @return in nats; NaN with a single chain
   */
  public double gapError() {
    return Math.hypot(forward.standardError(), reverse.standardError());
  }

  /**
   * Tells whether the estimates contradict each other: the forward one exceeds the reverse one by
   * more than three standard errors. Forward chains have then found a part of the model in which
   * the starts of the reverse chains do not lie; the forward estimate is the better one, and may be
   * too low still.
   *
   * @return whether the gap is below 0 beyond noise
   */
  public boolean isContradictory() {
    return gap() < -CONTRADICTION * gapError();
  }

  /**
   * A report of three lines.
   *
   * @return both estimates and the gap, with a warning if they contradict each other
   */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s%n%s%ngap %.4f +- %.4f nats%s",
        forward,
        reverse,
        gap(),
        gapError(),
        isContradictory()
            ? ": below 0, so the reverse chains started without a part of the model; log Z is more"
                + " likely above the forward estimate than between the two"
            : "");
  }
}
