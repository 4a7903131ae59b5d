/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A table in Markdown whose columns also line up in a terminal. Columns that hold numbers only are
 * set to the right.
 */
public final class TextTable {

  private final List<String[]> rows = new ArrayList<>();

  /**
   * Starts a table.
   *
   * @param headers names of the columns, at least one
   * @throws IllegalArgumentException if there is none
   */
  public TextTable(String... headers) {
    if (headers.length == 0) {
      throw new IllegalArgumentException("the table has no columns; accepted: at least one");
    }
    rows.add(clean(headers));
  }

  /**
   * Adds a row.
   *
   * @param cells one for each column; shown with {@link String#valueOf(Object)}
   * @return this
   * @throws IllegalArgumentException if the number of cells is not that of the columns
   */
  public TextTable row(Object... cells) {
    int columns = rows.get(0).length;
    if (cells.length != columns) {
      throw new IllegalArgumentException(
          "the row has " + cells.length + " cells; accepted: " + columns);
    }
    rows.add(clean(cells));
    return this;
  }

  private static String[] clean(Object[] cells) {
    return Arrays.stream(cells)
        .map(cell -> String.valueOf(cell).replace("|", "\\|").replaceAll("\\R", " ").strip())
        .toArray(String[]::new);
  }

  /**
   * Returns the table as text.
   *
   * @return lines that each end in a line feed
   */
  @Override
  public String toString() {
    int columns = rows.get(0).length;
    int[] width = new int[columns];
    boolean[] number = new boolean[columns];
    Arrays.fill(number, rows.size() > 1);
    for (int r = 0; r < rows.size(); r++) {
      for (int c = 0; c < columns; c++) {
        String cell = rows.get(r)[c];
        width[c] = Math.max(Math.max(width[c], 3), length(cell));
        number[c] &= r == 0 || cell.isEmpty() || cell.matches("[-+]?[0-9.].*");
      }
    }
    StringBuilder text = new StringBuilder();
    for (int r = 0; r < rows.size(); r++) {
      for (int c = 0; c < columns; c++) {
        String cell = rows.get(r)[c];
        String padding = " ".repeat(width[c] - length(cell));
        text.append("| ").append(number[c] ? padding + cell : cell + padding).append(' ');
      }
      text.append("|\n");
      if (r == 0) {
        for (int c = 0; c < columns; c++) {
          String rule = "-".repeat(width[c]);
          text.append(number[c] ? "|-" + rule + ":" : "|-" + rule + "-");
        }
        text.append("|\n");
      }
    }
    return text.toString();
  }

  private static int length(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
