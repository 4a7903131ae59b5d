/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/**
 * Contrastive divergence of a machine with Bernoulli hidden units in DOUBLE by plain loops, with
 * the random words that a device uses.
 */
final class ReferenceSteps {

  /** Visible units. */
  enum Kind {
    BERNOULLI,
    GAUSSIAN,
    SOFTMAX
  }

  final double[][] w;
  final double[] b;
  final double[] c;
  private final Kind kind;

  /** Variances, or the size of a group. */
  private final double[] detail;

  private final long seed;
  private final int stream;

  ReferenceSteps(
      double[][] w, double[] b, double[] c, Kind kind, double[] detail, long seed, int stream) {
    this.w = w;
    this.b = b;
    this.c = c;
    this.kind = kind;
    this.detail = detail;
    this.seed = seed;
    this.stream = stream;
  }

  private int word(int row, int unit, int time, int sweep, int side) {
    int[] words = new int[4];
    Philox.words(unit / 4, row, time, (stream << 16) | (sweep << 1) | side, seed, words, 0);
    return words[unit % 4];
  }

  private static double point(int word) {
    return (word >>> 8) * 0x1p-24;
  }

  double[] statistic(double[] v) {
    double[] t = v.clone();
    if (kind == Kind.GAUSSIAN) {
      for (int i = 0; i < t.length; i++) {
        t[i] /= detail[i];
      }
    }
    return t;
  }

  double[] hiddenMeans(double[] t) {
    double[] p = new double[c.length];
    for (int j = 0; j < p.length; j++) {
      double x = c[j];
      for (int i = 0; i < t.length; i++) {
        x += t[i] * w[i][j];
      }
      p[j] = 1 / (1 + Math.exp(-x));
    }
    return p;
  }

  double[] drawHidden(double[] p, int row, int time, int sweep) {
    double[] h = new double[p.length];
    for (int j = 0; j < h.length; j++) {
      h[j] = point(word(row, j, time, sweep, Draw.HIDDEN)) < p[j] ? 1 : 0;
    }
    return h;
  }

  double[] drawVisible(double[] h, int row, int time, int sweep) {
    double[] v = new double[b.length];
    for (int i = 0; i < v.length; i++) {
      v[i] = b[i];
      for (int j = 0; j < h.length; j++) {
        v[i] += w[i][j] * h[j];
      }
    }
    if (kind == Kind.SOFTMAX) {
      drawGroups(v, row, time, sweep);
      return v;
    }
    for (int i = 0; i < v.length; i++) {
      int word = word(row, i, time, sweep, Draw.VISIBLE);
      if (kind == Kind.BERNOULLI) {
        v[i] = point(word) < 1 / (1 + Math.exp(-v[i])) ? 1 : 0;
      } else {
        double z = NormalQuantile.of(((word & Integer.MAX_VALUE) + 0.5) * 0x1p-32);
        v[i] += Math.sqrt(detail[i]) * (word < 0 ? -z : z);
      }
    }
    return v;
  }

  private void drawGroups(double[] v, int row, int time, int sweep) {
    int size = (int) detail[0];
    for (int first = 0; first < v.length; first += size) {
      double sum = 0;
      for (int k = 0; k < size; k++) {
        sum += Math.exp(v[first + k]);
      }
      double point = point(word(row, first, time, sweep, Draw.VISIBLE)) * sum;
      double passed = 0;
      boolean chosen = false;
      for (int k = 0; k < size; k++) {
        passed += Math.exp(v[first + k]);
        boolean now = !chosen && (passed > point || k == size - 1);
        v[first + k] = now ? 1 : 0;
        chosen |= now;
      }
    }
  }

  /**
   * Gradient of a batch, summed over it: weights, hidden bias, visible bias in DL4J's order.
   *
   * @param chains hidden states of persistent chains, modified; or null for CD-k
   */
  double[] gradient(double[][] data, double[][] chains, int sweeps, int time) {
    double[] gradient = new double[b.length * c.length + c.length + b.length];
    double[][] starts = chains == null ? new double[data.length][] : chains;
    for (int r = 0; r < data.length; r++) {
      double[] t = statistic(data[r]);
      double[] p = hiddenMeans(t);
      add(gradient, t, p, -1);
      if (chains == null) {
        starts[r] = drawHidden(p, r, time, 0);
      }
    }
    for (int r = 0; r < starts.length; r++) {
      double[] h = starts[r];
      for (int sweep = 1; ; sweep++) {
        double[] t = statistic(drawVisible(h, r, time, sweep));
        double[] p = hiddenMeans(t);
        h = drawHidden(p, r, time, sweep);
        if (sweep == sweeps) {
          add(gradient, t, p, (double) data.length / starts.length);
          starts[r] = h;
          break;
        }
      }
    }
    return gradient;
  }

  private void add(double[] gradient, double[] t, double[] p, double factor) {
    int at = 0;
    for (double pj : p) {
      for (double ti : t) {
        gradient[at++] += factor * ti * pj;
      }
    }
    for (double pj : p) {
      gradient[at++] += factor * pj;
    }
    for (double ti : t) {
      gradient[at++] += factor * ti;
    }
  }

  /** Parameters in DL4J's order. */
  double[] parameters() {
    double[] all = new double[b.length * c.length + c.length + b.length];
    int at = 0;
    for (int j = 0; j < c.length; j++) {
      for (double[] row : w) {
        all[at++] = row[j];
      }
    }
    System.arraycopy(c, 0, all, at, c.length);
    System.arraycopy(b, 0, all, at + c.length, b.length);
    return all;
  }

  void subtract(double[] step) {
    int at = 0;
    for (int j = 0; j < c.length; j++) {
      for (double[] row : w) {
        row[j] -= step[at++];
      }
    }
    for (int j = 0; j < c.length; j++) {
      c[j] -= step[at++];
    }
    for (int i = 0; i < b.length; i++) {
      b[i] -= step[at++];
    }
  }
}
