/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** Exact values of tiny machines, from the resource {@code oracles/rbm.json}. */
public final class Oracles {

  /**
   * The values are written with 12 decimals; what is left over is rounding of double arithmetic.
   */
  public static final double TOLERANCE = 2e-12;

  private static final JsonNode ROOT = read();

  private Oracles() {}

  /** One number. */
  public static double number(String model, String name) {
    return node(model, name).asDouble();
  }

  /** A list of numbers. */
  public static double[] numbers(String model, String name) {
    JsonNode list = node(model, name);
    double[] values = new double[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).asDouble();
    }
    return values;
  }

  private static JsonNode node(String model, String name) {
    JsonNode found = ROOT.path(model).path(name);
    if (found.isMissingNode()) {
      throw new IllegalArgumentException("no oracle \"" + name + "\" of \"" + model + "\"");
    }
    return found;
  }

  private static JsonNode read() {
    try (InputStream in = Oracles.class.getResourceAsStream("/oracles/rbm.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
