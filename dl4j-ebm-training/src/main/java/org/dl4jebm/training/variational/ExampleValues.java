/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.DoubleBinaryOperator;

/**
 * A number for each example, in the order of the data.
 *
 * @param values one or more numbers. Not modified; must not be modified later.
 */
public record ExampleValues(double[] values) {

  /**
   * Checks that there are values.
   *
   * @throws IllegalArgumentException if there is none
   */
  public ExampleValues {
    if (values.length == 0) {
      throw new IllegalArgumentException("there are no values; accepted: one or more");
    }
  }

  /**
   * The mean over the examples.
   *
   * @return in the unit of the values
   */
  public double mean() {
    return Arrays.stream(values).sum() / values.length;
  }

  /**
   * The standard error of {@link #mean}: how far that of other examples and other samples would lie
   * from it. Most of it comes from the examples as a rule.
   *
   * @return {@code sqrt(sum (v - mean)^2 / (n (n - 1)))}; NaN for a single example
   */
  public double standardError() {
    double mean = mean();
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    return Math.sqrt(squares / values.length / (values.length - 1));
  }

  ExampleValues with(ExampleValues other, DoubleBinaryOperator operation) {
    double[] result = new double[values.length];
    Arrays.setAll(result, i -> operation.applyAsDouble(values[i], other.values[i]));
    return new ExampleValues(result);
  }

  ExampleValues negated() {
    return new ExampleValues(Arrays.stream(values).map(v -> -v).toArray());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ExampleValues that && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  /**
   * Mean and standard error.
   *
   * @return for example {@code -86.7612 +- 0.1234}
   */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.4f +- %.4f", mean(), standardError());
  }
}
