/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A function on [-1, 1] as a Chebyshev series, evaluated elementwise as a polynomial of the degree
 * that the data type of the argument can tell apart. Good where the coefficients fall faster than
 * by half from one to the next; then the powers of x are as exact as the Chebyshev polynomials.
 */
final class Polynomial {

  private final double[] single;
  private final double[] full;

  private Polynomial(double[] series, int singleTerms) {
    full = powers(series);
    single = powers(Arrays.copyOf(series, singleTerms));
  }

  /**
   * A given series.
   *
   * @param singleTerms how many of its terms to use in FLOAT
   */
  static Polynomial ofChebyshev(int singleTerms, double... series) {
    return new Polynomial(series, singleTerms);
  }

  /** Interpolates a function at Chebyshev nodes. */
  static Polynomial of(DoubleUnaryOperator function, int singleTerms, int terms) {
    double[] series = new double[terms];
    for (int node = 0; node < terms; node++) {
      double angle = Math.PI * (node + 0.5) / terms;
      double value = function.applyAsDouble(Math.cos(angle));
      for (int k = 0; k < terms; k++) {
        series[k] += (k == 0 ? 1.0 : 2.0) / terms * value * Math.cos(k * angle);
      }
    }
    return new Polynomial(series, singleTerms);
  }

  /** Coefficients of the powers, from {@code T_k+1 = 2 x T_k - T_k-1}. */
  private static double[] powers(double[] series) {
    int n = series.length;
    double[] sum = new double[n];
    double[] before = new double[n];
    double[] present = new double[n];
    present[0] = 1;
    for (int k = 0; k < n; k++) {
      double[] next = new double[n];
      for (int i = 0; i <= k; i++) {
        sum[i] += series[k] * present[i];
        next[i] -= before[i];
        if (i + 1 < n) {
          next[i + 1] += (k == 0 ? 1 : 2) * present[i];
        }
      }
      before = present;
      present = next;
    }
    return sum;
  }

  /**
   * Evaluates.
   *
   * @param x values in [-1, 1]. Not modified.
   * @return the function of each, new
   */
  INDArray of(INDArray x) {
    double[] a = x.dataType() == DataType.DOUBLE ? full : single;
    INDArray value = x.mul(a[a.length - 1]);
    for (int i = a.length - 2; i > 0; i--) {
      value.addi(a[i]).muli(x);
    }
    return value.addi(a[0]);
  }
}
