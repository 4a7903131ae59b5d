/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.ArrayList;
import java.util.List;
import org.dl4jebm.layers.testing.TinyRbm;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One example of the model with binary causes in plain loops: sums over all states of the causes,
 * and the estimators of the negative bound's gradient given their samples. Gradients are in the
 * layer's layout: {@code W} column by column, {@code c}, {@code b}.
 */
final class TinyCauses {

  private final double[][] w;
  private final double[] b;
  private final double[] x;
  private final double[] a;
  private final double prior;
  final double[] s;

  private TinyCauses(double[][] w, double[] c, double[] b, double[] x, double prior) {
    this.w = w;
    this.b = b;
    this.x = x;
    this.prior = prior;
    a = c.clone();
    s = new double[a.length];
    for (int k = 0; k < a.length; k++) {
      for (int i = 0; i < x.length; i++) {
        a[k] += x[i] * w[i][k];
      }
      s[k] = 1 / (1 + Math.exp(-a[k]));
    }
  }

  static TinyCauses of(EncoderLayer<?> layer, INDArray x, double prior) {
    return new TinyCauses(
        layer.getParam("W").toDoubleMatrix(),
        layer.getParam("b").toDoubleVector(),
        layer.getParam("vb").toDoubleVector(),
        x.toDoubleVector(),
        prior);
  }

  double squaredNorm(int k) {
    double sum = 0;
    for (double[] row : w) {
      sum += row[k] * row[k];
    }
    return sum;
  }

  private double[] residual(double[] z) {
    double[] r = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      r[i] = b[i] - x[i];
      for (int k = 0; k < z.length; k++) {
        r[i] += w[i][k] * z[k];
      }
    }
    return r;
  }

  private double error(double[] z) {
    double sum = 0;
    for (double r : residual(z)) {
      sum += r * r / 2;
    }
    return sum;
  }

  private double logJoint(double[] z) {
    double sum = -error(z) - x.length * Math.log(2 * Math.PI) / 2;
    for (double one : z) {
      sum += Math.log(one == 1 ? prior : 1 - prior);
    }
    return sum;
  }

  private double q(double[] z) {
    double p = 1;
    for (int k = 0; k < z.length; k++) {
      p *= z[k] == 1 ? s[k] : 1 - s[k];
    }
    return p;
  }

  double bound() {
    double sum = 0;
    for (double[] z : TinyRbm.states(s.length)) {
      sum += q(z) * (logJoint(z) - Math.log(q(z)));
    }
    return sum;
  }

  double logLikelihood() {
    double sum = 0;
    for (double[] z : TinyRbm.states(s.length)) {
      sum += Math.exp(logJoint(z));
    }
    return Math.log(sum);
  }

  double divergenceFromPosterior() {
    double sum = 0;
    for (double[] z : TinyRbm.states(s.length)) {
      sum += q(z) * (Math.log(q(z)) - (logJoint(z) - logLikelihood()));
    }
    return sum;
  }

  /** All tuples of so many states. */
  List<double[][]> tuples(int samples) {
    List<double[][]> tuples = new ArrayList<>();
    for (double[] first : TinyRbm.states(s.length)) {
      if (samples == 1) {
        tuples.add(new double[][] {first});
      } else {
        for (double[] second : TinyRbm.states(s.length)) {
          tuples.add(new double[][] {first, second});
        }
      }
    }
    return tuples;
  }

  double probability(double[][] samples) {
    double p = 1;
    for (double[] z : samples) {
      p *= q(z);
    }
    return p;
  }

  /** The derivative of the divergence from the prior by a field. */
  private double divergence(int k) {
    return s[k] * (1 - s[k]) * (a[k] - Math.log(prior / (1 - prior)));
  }

  private double[] flat(double[][] samples, double[] delta) {
    int d = x.length;
    double[] gradient = new double[d * s.length + s.length + d];
    for (double[] z : samples) {
      double[] r = residual(z);
      for (int i = 0; i < d; i++) {
        for (int k = 0; k < s.length; k++) {
          gradient[k * d + i] += r[i] * z[k] / samples.length;
        }
        gradient[d * s.length + s.length + i] += r[i] / samples.length;
      }
    }
    for (int k = 0; k < s.length; k++) {
      for (int i = 0; i < d; i++) {
        gradient[k * d + i] += x[i] * delta[k];
      }
      gradient[d * s.length + k] = delta[k];
    }
    return gradient;
  }

  double[] scoreFunction(double[][] samples, boolean baseline) {
    double total = 0;
    for (double[] z : samples) {
      total += error(z);
    }
    double[] delta = new double[s.length];
    for (int k = 0; k < s.length; k++) {
      for (double[] z : samples) {
        double others = baseline ? (total - error(z)) / (samples.length - 1) : 0;
        delta[k] += (error(z) - others) * (z[k] - s[k]) / samples.length;
      }
      delta[k] += divergence(k);
    }
    return flat(samples, delta);
  }

  private double back(double[] z, int k) {
    double sum = 0;
    double[] r = residual(z);
    for (int i = 0; i < x.length; i++) {
      sum += r[i] * w[i][k];
    }
    return sum;
  }

  double[] straightThrough(double[] z) {
    double[] delta = new double[s.length];
    for (int k = 0; k < s.length; k++) {
      delta[k] = s[k] * (1 - s[k]) * back(z, k) + divergence(k);
    }
    return flat(new double[][] {z}, delta);
  }

  double[] relaxed(double[] logistic, double temperature) {
    double[] z = new double[s.length];
    for (int k = 0; k < s.length; k++) {
      z[k] = 1 / (1 + Math.exp(-(a[k] + logistic[k]) / temperature));
    }
    double[] delta = new double[s.length];
    for (int k = 0; k < s.length; k++) {
      delta[k] = back(z, k) * z[k] * (1 - z[k]) / temperature + divergence(k);
    }
    return flat(new double[][] {z}, delta);
  }
}
