/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.Arrays;
import java.util.Locale;

/**
 * Mean and sample standard deviation.
 *
 * @param mean the mean
 * @param deviation square root of the sum of squared differences from the mean over n - 1; NaN for
 *     one value
 */
record Spread(double mean, double deviation) {

  static Spread of(double... values) {
    double mean = Arrays.stream(values).average().orElseThrow();
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    return new Spread(
        mean, values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : Double.NaN);
  }

  @Override
  public String toString() {
    return Double.isNaN(deviation)
        ? String.format(Locale.ROOT, "%.2f", mean)
        : String.format(Locale.ROOT, "%.2f ± %.2f", mean, deviation);
  }
}
