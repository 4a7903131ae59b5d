/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/** Means and samples of units on a {@link HostDevice}. */
final class HostUnits {

  /** Words of a counter. */
  private static final int WORDS = 4;

  private static final float TO_UNIT = 0x1p-24f;
  private static final int LOW_BITS = 8;

  private HostUnits() {}

  /** The random words of one row after the other. */
  static final class RowWords {

    private final Draw draw;
    private final int time;
    private final int[] words;

    RowWords(Draw draw, int units) {
      this.draw = draw;
      this.time = draw == null ? 0 : HostClock.time(draw.clock());
      this.words = new int[(units + WORDS - 1) / WORDS * WORDS];
    }

    /** Words of a row, valid until the next; nothing without a draw. */
    int[] of(int row) {
      if (draw != null) {
        for (int i = 0; i < words.length; i += WORDS) {
          Philox.words(
              i / WORDS, draw.firstRow() + row, time, draw.channel(), draw.seed(), words, i);
        }
      }
      return words;
    }
  }

  /** Whether a word falls to a probability. */
  static boolean below(int word, float p) {
    return unit(word) < p;
  }

  private static float unit(int word) {
    return (word >>> LOW_BITS) * TO_UNIT;
  }

  static float sigmoid(double x) {
    return (float) (1 / (1 + Math.exp(-x)));
  }

  static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  /** A standard normal number. */
  static double normal(int word) {
    double q = ((word & Integer.MAX_VALUE) + 0.5) * 0x1p-32;
    double z = NormalQuantile.of(q);
    return word < 0 ? -z : z;
  }

  static void logistic(
      HostArray field,
      HostArray bias,
      int rows,
      int units,
      float factor,
      HostArray mean,
      HostArray state,
      Draw draw) {
    RowWords words = new RowWords(state == null ? null : draw, units);
    float[] x = field.floats();
    float[] b = bias.floats();
    for (int r = 0; r < rows; r++) {
      int[] w = words.of(r);
      int at = r * units;
      for (int u = 0; u < units; u++) {
        float p = sigmoid(x[field.offset() + at + u] + b[bias.offset() + u]);
        if (mean != null) {
          mean.floats()[mean.offset() + at + u] = factor * p;
        }
        if (state != null) {
          state.floats()[state.offset() + at + u] = below(w[u], p) ? 1 : 0;
        }
      }
    }
  }

  static void gaussian(
      HostArray field,
      HostArray bias,
      HostArray deviation,
      int rows,
      int units,
      float factor,
      HostArray mean,
      HostArray state,
      Draw draw) {
    RowWords words = new RowWords(state == null ? null : draw, units);
    float[] x = field.floats();
    float[] b = bias.floats();
    float[] s = deviation.floats();
    for (int r = 0; r < rows; r++) {
      int[] w = words.of(r);
      int at = r * units;
      for (int u = 0; u < units; u++) {
        float m = x[field.offset() + at + u] + b[bias.offset() + u];
        if (mean != null) {
          mean.floats()[mean.offset() + at + u] = factor * m;
        }
        if (state != null) {
          float noise = s[deviation.offset() + u] * (float) normal(w[u]);
          state.floats()[state.offset() + at + u] = m + noise;
        }
      }
    }
  }

  static void softmax(
      HostArray field,
      HostArray bias,
      int rows,
      int units,
      int groupSize,
      float factor,
      HostArray mean,
      HostArray state,
      Draw draw) {
    RowWords words = new RowWords(state == null ? null : draw, units);
    float[] p = new float[groupSize];
    for (int r = 0; r < rows; r++) {
      int[] w = words.of(r);
      for (int first = 0; first < units; first += groupSize) {
        int at = r * units + first;
        groupMeans(field.floats(), field.offset() + at, bias.floats(), bias.offset() + first, p);
        if (mean != null) {
          for (int k = 0; k < groupSize; k++) {
            mean.floats()[mean.offset() + at + k] = factor * p[k];
          }
        }
        if (state != null) {
          int chosen = choose(p, unit(w[first]));
          for (int k = 0; k < groupSize; k++) {
            state.floats()[state.offset() + at + k] = k == chosen ? 1 : 0;
          }
        }
      }
    }
  }

  private static void groupMeans(float[] x, int at, float[] bias, int biasAt, float[] p) {
    float largest = Float.NEGATIVE_INFINITY;
    for (int k = 0; k < p.length; k++) {
      p[k] = x[at + k] + bias[biasAt + k];
      largest = Math.max(largest, p[k]);
    }
    float sum = 0;
    for (int k = 0; k < p.length; k++) {
      p[k] = (float) Math.exp(p[k] - largest);
      sum += p[k];
    }
    for (int k = 0; k < p.length; k++) {
      p[k] /= sum;
    }
  }

  private static int choose(float[] p, float point) {
    float sum = 0;
    for (int k = 0; k < p.length; k++) {
      sum += p[k];
      if (sum > point) {
        return k;
      }
    }
    return p.length - 1;
  }
}
