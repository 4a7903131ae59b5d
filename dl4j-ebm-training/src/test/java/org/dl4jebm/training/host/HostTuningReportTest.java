/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dl4jebm.training.host.HostTuningReport.Outcome;
import org.dl4jebm.training.host.HostTuningReport.Part;
import org.junit.jupiter.api.Test;

class HostTuningReportTest {

  private final HostTuningReport report =
      new HostTuningReport(
          new Part(Outcome.APPLIED, "OMP_WAIT_POLICY=passive"),
          new Part(Outcome.LEFT_TO_USER, "OPENBLAS_CORETYPE=Zen"),
          new Part(Outcome.UNAVAILABLE, "no natives"));

  @Test
  void readsAsOneLineOrThree() {
    assertEquals(
        List.of(
            "OpenMP wait policy: applied (OMP_WAIT_POLICY=passive)",
            "OpenBLAS kernels: left as set by the user (OPENBLAS_CORETYPE=Zen)",
            "oneDNN in layers: not available (no natives)"),
        report.lines());
    assertEquals(
        "OpenMP wait policy: applied (OMP_WAIT_POLICY=passive); "
            + "OpenBLAS kernels: left as set by the user (OPENBLAS_CORETYPE=Zen); "
            + "oneDNN in layers: not available (no natives)",
        report.toString());
  }

  @Test
  void onlyAppliedIsApplied() {
    for (Outcome outcome : Outcome.values()) {
      assertEquals(outcome == Outcome.APPLIED, new Part(outcome, "x").applied());
    }
    assertTrue(report.threadPolicy().applied());
    assertFalse(report.oneDnn().applied());
  }

  @Test
  void partsMustBeGiven() {
    Part part = report.oneDnn();
    assertThrows(NullPointerException.class, () -> new HostTuningReport(null, part, part));
    assertThrows(NullPointerException.class, () -> new HostTuningReport(part, null, part));
    assertThrows(NullPointerException.class, () -> new HostTuningReport(part, part, null));
    assertThrows(NullPointerException.class, () -> new Part(null, "x"));
    assertThrows(NullPointerException.class, () -> new Part(Outcome.APPLIED, null));
  }
}
