/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import org.apache.commons.math3.complex.Complex;
import org.apache.commons.math3.transform.DftNormalization;
import org.apache.commons.math3.transform.FastFourierTransformer;
import org.apache.commons.math3.transform.TransformType;

/** Autocovariances by Fourier transformation. */
final class Autocovariance {

  private static final FastFourierTransformer FOURIER =
      new FastFourierTransformer(DftNormalization.STANDARD);

  private Autocovariance() {}

  /** {@code sum_s (x_s - mean)(x_s+t - mean) / n} for {@code t = 0, ..., n - 1}. */
  static double[] of(double[] x, double mean) {
    int n = x.length;
    // At least n zeros keep the two ends of the chain apart.
    double[] padded = new double[Integer.highestOneBit(2 * n - 1) * 2];
    for (int i = 0; i < n; i++) {
      padded[i] = x[i] - mean;
    }
    Complex[] spectrum = FOURIER.transform(padded, TransformType.FORWARD);
    double[] power = new double[padded.length];
    for (int i = 0; i < power.length; i++) {
      double re = spectrum[i].getReal();
      double im = spectrum[i].getImaginary();
      power[i] = re * re + im * im;
    }
    Complex[] back = FOURIER.transform(power, TransformType.INVERSE);
    double[] covariance = new double[n];
    for (int t = 0; t < n; t++) {
      covariance[t] = back[t].getReal() / n;
    }
    return covariance;
  }

  /** The mean over chains, all about the same mean. */
  static double[] mean(double[][] chains, double mean) {
    double[] sum = new double[chains[0].length];
    for (double[] chain : chains) {
      double[] own = of(chain, mean);
      for (int t = 0; t < sum.length; t++) {
        sum[t] += own[t] / chains.length;
      }
    }
    return sum;
  }
}
