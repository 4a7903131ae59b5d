/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.testing;

import java.util.SplittableRandom;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A binary RBM that is small enough to enumerate, in plain Java and independent of the code under
 * test. Gradients are laid out as {@code W} in 'f' order, hidden bias, visible bias, the order of
 * the layer's flat parameters, and are those of the mean negative log-likelihood.
 */
public final class TinyRbm {

  public final int nIn;
  public final int nOut;
  private final double[][] w;
  private final double[] b;
  private final double[] c;

  /** Mean and variance of a gradient estimate, entry by entry. */
  public record Expectation(double[] mean, double[] variance) {}

  /** A machine with the given weights, visible biases {@code b} and hidden biases {@code c}. */
  public TinyRbm(double[][] w, double[] b, double[] c) {
    this.w = w;
    this.b = b;
    this.c = c;
    nIn = b.length;
    nOut = c.length;
  }

  /** The machine {@code R(nIn, nOut)} of the oracle file. */
  public static TinyRbm oracle(int nIn, int nOut) {
    double[][] w = new double[nIn][nOut];
    double[] b = new double[nIn];
    double[] c = new double[nOut];
    for (int i = 0; i < nIn; i++) {
      b[i] = 0.1 * (i + 1) - 0.2;
      for (int j = 0; j < nOut; j++) {
        w[i][j] = Math.sin(i * nOut + j + 1);
      }
    }
    for (int j = 0; j < nOut; j++) {
      c[j] = 0.05 * (j + 1);
    }
    return new TinyRbm(w, b, c);
  }

  /** The same biases and weights times {@code factor}. */
  public TinyRbm scaleWeights(double factor) {
    double[][] scaled = new double[nIn][nOut];
    for (int i = 0; i < nIn; i++) {
      for (int j = 0; j < nOut; j++) {
        scaled[i][j] = factor * w[i][j];
      }
    }
    return new TinyRbm(scaled, b, c);
  }

  public double[][] weights() {
    return w;
  }

  public double[] visibleBias() {
    return b;
  }

  public double[] hiddenBias() {
    return c;
  }

  /** All {@code 2^n} binary rows; bit {@code i} of the row number is column {@code i}. */
  public static double[][] states(int n) {
    double[][] states = new double[1 << n][n];
    for (int s = 0; s < states.length; s++) {
      for (int i = 0; i < n; i++) {
        states[s][i] = (s >> i) & 1;
      }
    }
    return states;
  }

  /** The number of a binary row in {@link #states}. */
  public static int indexOf(double[] state) {
    int index = 0;
    for (int i = 0; i < state.length; i++) {
      index |= (int) state[i] << i;
    }
    return index;
  }

  /** {@code E(v, h)}. */
  public double energy(double[] v, double[] h) {
    double sum = 0;
    for (int i = 0; i < nIn; i++) {
      sum -= b[i] * v[i];
      for (int j = 0; j < nOut; j++) {
        sum -= v[i] * w[i][j] * h[j];
      }
    }
    for (int j = 0; j < nOut; j++) {
      sum -= c[j] * h[j];
    }
    return sum;
  }

  /** {@code exp(-E)} over all pairs, not normalised. */
  private double[][] unnormalised() {
    double[][] vs = states(nIn);
    double[][] hs = states(nOut);
    double[][] p = new double[vs.length][hs.length];
    for (int s = 0; s < vs.length; s++) {
      for (int t = 0; t < hs.length; t++) {
        p[s][t] = Math.exp(-energy(vs[s], hs[t]));
      }
    }
    return p;
  }

  public double logZ() {
    double sum = 0;
    for (double[] row : unnormalised()) {
      for (double x : row) {
        sum += x;
      }
    }
    return Math.log(sum);
  }

  /** {@code p(v)} of all visible states. */
  public double[] visibleProbabilities() {
    double[][] p = unnormalised();
    double[] sums = new double[p.length];
    for (int s = 0; s < p.length; s++) {
      for (double x : p[s]) {
        sums[s] += x;
      }
    }
    return normalise(sums);
  }

  /** {@code p(h)} of all hidden states. */
  public double[] hiddenProbabilities() {
    double[][] p = unnormalised();
    double[] sums = new double[p[0].length];
    for (double[] row : p) {
      for (int t = 0; t < row.length; t++) {
        sums[t] += row[t];
      }
    }
    return normalise(sums);
  }

  /** Distribution of hidden units that only their bias acts on. */
  public double[] hiddenPriorOfBias() {
    double[][] hs = states(nOut);
    double[] p = new double[hs.length];
    for (int t = 0; t < hs.length; t++) {
      double energy = 0;
      for (int j = 0; j < nOut; j++) {
        energy -= c[j] * hs[t][j];
      }
      p[t] = Math.exp(-energy);
    }
    return normalise(p);
  }

  private static double[] normalise(double[] p) {
    double sum = 0;
    for (double x : p) {
      sum += x;
    }
    double[] result = new double[p.length];
    for (int i = 0; i < p.length; i++) {
      result[i] = p[i] / sum;
    }
    return result;
  }

  /** Distribution of {@code v ~ p(v | h)} for {@code h} from {@code hidden}. */
  public double[] down(double[] hidden) {
    double[][] p = unnormalised();
    double[] result = new double[p.length];
    for (int t = 0; t < hidden.length; t++) {
      double column = 0;
      for (double[] row : p) {
        column += row[t];
      }
      for (int s = 0; s < p.length; s++) {
        result[s] += hidden[t] * p[s][t] / column;
      }
    }
    return result;
  }

  /** Distribution of {@code h ~ p(h | v)} for {@code v} from {@code visible}. */
  public double[] up(double[] visible) {
    double[][] p = unnormalised();
    double[] result = new double[p[0].length];
    for (int s = 0; s < p.length; s++) {
      double row = 0;
      for (double x : p[s]) {
        row += x;
      }
      for (int t = 0; t < result.length; t++) {
        result[t] += visible[s] * p[s][t] / row;
      }
    }
    return result;
  }

  /** Distribution of the visible state after {@code k} Gibbs sweeps. */
  public double[] sweeps(double[] visible, int k) {
    double[] p = visible;
    for (int i = 0; i < k; i++) {
      p = down(up(p));
    }
    return p;
  }

  /** {@code E[h | v]}. */
  public double[] propUp(double[] v) {
    double[] means = new double[nOut];
    for (int j = 0; j < nOut; j++) {
      double field = c[j];
      for (int i = 0; i < nIn; i++) {
        field += v[i] * w[i][j];
      }
      means[j] = 1 / (1 + Math.exp(-field));
    }
    return means;
  }

  /** {@code (v h', h, v)} with {@code h = E[h | v]}. */
  public double[] statistics(double[] v) {
    double[] h = propUp(v);
    double[] flat = new double[nIn * nOut + nOut + nIn];
    for (int j = 0; j < nOut; j++) {
      for (int i = 0; i < nIn; i++) {
        flat[j * nIn + i] = v[i] * h[j];
      }
      flat[nIn * nOut + j] = h[j];
    }
    System.arraycopy(v, 0, flat, nIn * nOut + nOut, nIn);
    return flat;
  }

  /** Mean and variance of {@link #statistics} under a distribution of visible states. */
  public Expectation expectation(double[] visible) {
    double[][] vs = states(nIn);
    double[] mean = new double[nIn * nOut + nOut + nIn];
    double[] square = new double[mean.length];
    for (int s = 0; s < vs.length; s++) {
      double[] t = statistics(vs[s]);
      for (int i = 0; i < t.length; i++) {
        mean[i] += visible[s] * t[i];
        square[i] += visible[s] * t[i] * t[i];
      }
    }
    for (int i = 0; i < mean.length; i++) {
      square[i] = Math.max(0, square[i] - mean[i] * mean[i]);
    }
    return new Expectation(mean, square);
  }

  /** Mean of {@link #statistics} over rows of data. */
  public double[] positivePhase(double[][] data) {
    double[] mean = new double[nIn * nOut + nOut + nIn];
    for (double[] v : data) {
      double[] t = statistics(v);
      for (int i = 0; i < mean.length; i++) {
        mean[i] += t[i] / data.length;
      }
    }
    return mean;
  }

  /**
   * The CD-k gradient of the mean negative log-likelihood of equally frequent rows: its
   * expectation, and the variance that one row's chain contributes, averaged over the rows.
   */
  public Expectation contrastiveDivergence(double[][] data, int k) {
    double[] mean = new double[nIn * nOut + nOut + nIn];
    double[] variance = new double[mean.length];
    double[] positive = positivePhase(data);
    for (double[] v : data) {
      double[] start = new double[1 << nIn];
      start[indexOf(v)] = 1;
      Expectation negative = expectation(sweeps(start, k));
      for (int i = 0; i < mean.length; i++) {
        mean[i] += (negative.mean()[i] - positive[i]) / data.length;
        variance[i] += negative.variance()[i] / data.length;
      }
    }
    return new Expectation(mean, variance);
  }

  /** The exact gradient of the mean negative log-likelihood. */
  public double[] likelihoodGradient(double[][] data) {
    double[] gradient = expectation(visibleProbabilities()).mean();
    double[] positive = positivePhase(data);
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] -= positive[i];
    }
    return gradient;
  }

  /** Draws rows of binary states. */
  public static INDArray draw(
      double[] probabilities, int units, int rows, long seed, DataType type) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] states = states(units);
    double[][] drawn = new double[rows][];
    for (int r = 0; r < rows; r++) {
      double u = random.nextDouble();
      int s = 0;
      while (s < states.length - 1 && u >= probabilities[s]) {
        u -= probabilities[s++];
      }
      drawn[r] = states[s];
    }
    return Nd4j.createFromArray(drawn).castTo(type);
  }

  /** Relative frequencies of binary rows, indexed as {@link #states}. */
  public static double[] frequencies(INDArray rows) {
    double[] flat = NdAssert.values(rows);
    int units = (int) rows.size(1);
    int n = (int) rows.size(0);
    double[] counts = new double[1 << units];
    double[] row = new double[units];
    for (int r = 0; r < n; r++) {
      System.arraycopy(flat, r * units, row, 0, units);
      counts[indexOf(row)] += 1.0 / n;
    }
    return counts;
  }

  /** Half the sum of absolute differences. */
  public static double totalVariation(double[] p, double[] q) {
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += Math.abs(p[i] - q[i]) / 2;
    }
    return sum;
  }

  /** The flat parameters in the layer's layout: {@code W} in 'f' order, {@code c}, {@code b}. */
  public double[] flatParameters() {
    double[] flat = new double[nIn * nOut + nOut + nIn];
    for (int j = 0; j < nOut; j++) {
      for (int i = 0; i < nIn; i++) {
        flat[j * nIn + i] = w[i][j];
      }
    }
    System.arraycopy(c, 0, flat, nIn * nOut, nOut);
    System.arraycopy(b, 0, flat, nIn * nOut + nOut, nIn);
    return flat;
  }

  /** The machine of the code under test with these parameters. */
  public RbmModel model(DataType type) {
    return new RbmModel(
        Nd4j.createFromArray(w).castTo(type).dup('f'),
        Nd4j.createFromArray(c).castTo(type),
        Nd4j.createFromArray(b).castTo(type),
        new BernoulliUnits(),
        new BernoulliUnits());
  }
}
