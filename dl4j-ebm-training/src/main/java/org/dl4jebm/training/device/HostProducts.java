/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/** Matrix products of a {@link HostDevice}. */
final class HostProducts {

  private HostProducts() {}

  /** A column-major matrix, or its transpose, in an array. */
  record Matrix(float[] numbers, int offset, int lead, boolean transposed) {

    float at(int row, int column) {
      return transposed
          ? numbers[offset + row * lead + column]
          : numbers[offset + column * lead + row];
    }
  }

  /**
   * {@code c = alpha a b + beta c}. Columns of {@code a} are added up, for which they are copied
   * first where they do not lie together.
   */
  static void multiply(int m, int n, int k, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
    Matrix columns = a.transposed() ? pack(a, m, k) : a;
    float[] out = c.numbers();
    float[] from = columns.numbers();
    for (int j = 0; j < n; j++) {
      int to = c.offset() + j * c.lead();
      for (int i = 0; i < m; i++) {
        out[to + i] = beta == 0 ? 0 : beta * out[to + i];
      }
      int l = 0;
      for (; l + 1 < k; l += 2) {
        float f = alpha * b.at(l, j);
        float g = alpha * b.at(l + 1, j);
        int first = columns.offset() + l * columns.lead();
        addTwo(out, to, from, first, first + columns.lead(), f, g, m);
      }
      if (l < k) {
        int first = columns.offset() + l * columns.lead();
        addOne(out, to, from, first, alpha * b.at(l, j), m);
      }
    }
  }

  private static void addTwo(
      float[] out, int to, float[] from, int first, int second, float f, float g, int m) {
    for (int i = 0; i < m; i++) {
      out[to + i] += f * from[first + i] + g * from[second + i];
    }
  }

  private static void addOne(float[] out, int to, float[] from, int first, float f, int m) {
    for (int i = 0; i < m; i++) {
      out[to + i] += f * from[first + i];
    }
  }

  private static Matrix pack(Matrix a, int m, int k) {
    float[] packed = new float[Math.multiplyExact(m, k)];
    for (int i = 0; i < m; i++) {
      for (int l = 0; l < k; l++) {
        packed[l * m + i] = a.at(i, l);
      }
    }
    return new Matrix(packed, 0, m, false);
  }
}
