/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What was measured of a layer, by epoch. The text form is CSV: a header, a row an epoch in rising
 * order, numbers as {@link Double#toString}, so that a table that was read and written is the same.
 */
final class MonitorTable {

  private static final String EPOCH = "epoch";
  private static final Column[] COLUMNS = Column.values();

  private final SortedMap<Integer, Map<Column, Double>> rows = new TreeMap<>();

  /**
   * Reads a table.
   *
   * @return an empty one if there is no such file
   * @throws IllegalArgumentException if the file was not written by a monitor of this version
   */
  static MonitorTable read(Path file) throws IOException {
    MonitorTable table = new MonitorTable();
    if (!Files.exists(file)) {
      return table;
    }
    List<String> lines;
    try {
      lines = Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (MalformedInputException e) {
      throw refused(file, "is no text", e);
    }
    if (lines.isEmpty() || !lines.get(0).equals(header())) {
      throw refused(file, "has other columns", null);
    }
    for (String line : lines.subList(1, lines.size())) {
      try {
        table.parse(line);
      } catch (IllegalArgumentException e) {
        throw refused(file, "has the row \"" + line + "\"", e);
      }
    }
    return table;
  }

  private static IllegalArgumentException refused(Path file, String found, Throwable cause) {
    return new IllegalArgumentException(
        file
            + " "
            + found
            + "; accepted: a table that this monitor wrote, to which rows are added, or no such"
            + " file",
        cause);
  }

  private void parse(String line) {
    String[] cells = line.split(",", -1);
    if (cells.length != COLUMNS.length + 1) {
      throw new IllegalArgumentException("there are " + cells.length + " cells");
    }
    Map<Column, Double> values = new EnumMap<>(Column.class);
    for (Column column : COLUMNS) {
      String cell = cells[column.ordinal() + 1];
      if (!cell.isEmpty()) {
        values.put(column, Double.valueOf(cell));
      }
    }
    rows.put(Integer.valueOf(cells[0]), values);
  }

  /** Forgets the rows of an epoch and of all later ones. */
  void dropFrom(int epoch) {
    rows.tailMap(epoch).clear();
  }

  /** Adds a row, after which there are none of later epochs. NaN stands for no value. */
  void put(int epoch, Map<Column, Double> values) {
    dropFrom(epoch);
    Map<Column, Double> row = new EnumMap<>(Column.class);
    values.forEach(
        (column, value) -> {
          if (!Double.isNaN(value)) {
            row.put(column, value);
          }
        });
    rows.put(epoch, row);
  }

  double[] epochs() {
    return rows.keySet().stream().mapToDouble(Integer::doubleValue).toArray();
  }

  /** One number an epoch, NaN where there is none. */
  double[] values(Column column) {
    return rows.values().stream()
        .mapToDouble(row -> row.getOrDefault(column, Double.NaN))
        .toArray();
  }

  boolean hasFinite(Column column) {
    return Arrays.stream(values(column)).anyMatch(Double::isFinite);
  }

  private static String header() {
    return Stream.concat(Stream.of(EPOCH), Arrays.stream(COLUMNS).map(Column::header))
        .collect(Collectors.joining(","));
  }

  @Override
  public String toString() {
    List<String> lines = new ArrayList<>(List.of(header()));
    rows.forEach(
        (epoch, row) ->
            lines.add(
                Stream.concat(
                        Stream.of(epoch.toString()),
                        Arrays.stream(COLUMNS).map(c -> row.containsKey(c) ? "" + row.get(c) : ""))
                    .collect(Collectors.joining(","))));
    return String.join("\n", lines) + "\n";
  }
}
