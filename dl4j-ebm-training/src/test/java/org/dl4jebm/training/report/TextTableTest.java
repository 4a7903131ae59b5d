/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class TextTableTest {

  @Test
  void columnsLineUpAndNumbersStandToTheRight() {
    String table =
        new TextTable("network", "labels", "error %")
            .row("random init", 100, "24.10 ± 0.80")
            .row("pretrained", 60000, "1.20")
            .toString();
    assertEquals(
        """
        | network     | labels |      error % |
        |-------------|-------:|-------------:|
        | random init |    100 | 24.10 ± 0.80 |
        | pretrained  |  60000 |         1.20 |
        """,
        table);
  }

  @Test
  void cellsCannotBreakTheTable() {
    assertEquals(
        """
        | a    | b   |
        |------|-----|
        | x\\|y | 1 z |
        | null | k   |
        """,
        new TextTable("a", "b").row("x|y", "1\nz").row(null, "k").toString());
  }

  @Test
  void tableWithoutRowsHasItsHead() {
    assertEquals("| a   |\n|-----|\n", new TextTable("a").toString());
  }

  @Test
  void rowsOfTheWrongLengthAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new TextTable("a", "b").row("x"));
    assertThrows(IllegalArgumentException.class, () -> new TextTable());
  }
}
