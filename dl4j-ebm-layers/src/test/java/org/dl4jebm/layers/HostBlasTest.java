/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class HostBlasTest {

  /** Sums of up to 7 products of numbers in [0, 1) and a factor below 3, in FLOAT. */
  private static final double ROUNDING = 1e-5;

  private static final int M = 5;
  private static final int N = 3;
  private static final int K = 7;

  static List<Arguments> layouts() {
    List<Arguments> layouts = new ArrayList<>();
    for (boolean transposeA : new boolean[] {false, true}) {
      for (boolean transposeB : new boolean[] {false, true}) {
        for (char orderA : new char[] {'c', 'f'}) {
          for (char orderB : new char[] {'c', 'f'}) {
            for (char orderC : new char[] {'c', 'f'}) {
              layouts.add(Arguments.of(transposeA, transposeB, orderA, orderB, orderC));
            }
          }
        }
      }
    }
    return layouts;
  }

  private static INDArray random(DataType type, char order, long... shape) {
    return Nd4j.rand(type, shape).dup(order);
  }

  private static double at(INDArray matrix, boolean transposed, int row, int column) {
    return transposed ? matrix.getDouble(column, row) : matrix.getDouble(row, column);
  }

  private static double[][] expected(
      INDArray a, INDArray b, INDArray c, boolean transposeA, boolean transposeB, double beta) {
    double[][] expected = new double[M][N];
    for (int i = 0; i < M; i++) {
      for (int j = 0; j < N; j++) {
        double sum = 0;
        for (int k = 0; k < K; k++) {
          sum += at(a, transposeA, i, k) * at(b, transposeB, k, j);
        }
        expected[i][j] = 1.5 * sum + (beta == 0 ? 0 : beta * c.getDouble(i, j));
      }
    }
    return expected;
  }

  private static void check(
      INDArray a, INDArray b, INDArray c, boolean transposeA, boolean transposeB, double beta) {
    double[][] expected = expected(a, b, c, transposeA, transposeB, beta);
    HostBlas.gemm(a, b, c, transposeA, transposeB, 1.5, beta);
    for (int i = 0; i < M; i++) {
      for (int j = 0; j < N; j++) {
        assertEquals(expected[i][j], c.getDouble(i, j), ROUNDING, i + ", " + j);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("layouts")
  void products(boolean transposeA, boolean transposeB, char orderA, char orderB, char orderC) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray a = transposeA ? random(type, orderA, K, M) : random(type, orderA, M, K);
      INDArray b = transposeB ? random(type, orderB, N, K) : random(type, orderB, K, N);
      check(a, b, random(type, orderC, M, N), transposeA, transposeB, 2);
      // ND4J itself leaves NaN where beta is 0 and the result is in 'c' order.
      INDArray c = random(type, orderC, M, N);
      if (orderC == 'f') {
        c.assign(Double.NaN);
      }
      check(a, b, c, transposeA, transposeB, 0);
    }
  }

  @Test
  void partsOfLargerArrays() {
    INDArray parameters = Nd4j.rand(DataType.FLOAT, 1, 200);
    INDArray a =
        parameters
            .get(NDArrayIndex.point(0), NDArrayIndex.interval(11, 11 + M * K))
            .reshape('f', M, K);
    INDArray c =
        parameters
            .get(NDArrayIndex.point(0), NDArrayIndex.interval(90, 90 + M * N))
            .reshape('f', M, N);
    float[] before = parameters.toFloatVector();
    check(a, random(DataType.FLOAT, 'c', K, N), c, false, false, 1);
    float[] after = parameters.toFloatVector();
    for (int i = 0; i < before.length; i++) {
      assertTrue(before[i] == after[i] || (i >= 90 && i < 90 + M * N), "value " + i);
    }
  }

  @Test
  void matricesWithGaps() {
    INDArray wide = random(DataType.FLOAT, 'c', M, 2 * K);
    INDArray a = wide.get(NDArrayIndex.all(), NDArrayIndex.interval(3, 3 + K));
    check(a, random(DataType.FLOAT, 'f', K, N), random(DataType.FLOAT, 'f', M, N), false, false, 1);
  }

  @Test
  void singleRowsAndColumns() {
    for (char order : new char[] {'c', 'f'}) {
      INDArray row = random(DataType.FLOAT, order, 1, K);
      INDArray column = random(DataType.FLOAT, order, K, 1);
      INDArray one = Nd4j.create(DataType.FLOAT, new long[] {1, 1}, 'f');
      HostBlas.gemm(row, column, one, false, false, 1, 0);
      double sum = 0;
      for (int k = 0; k < K; k++) {
        sum += row.getDouble(0, k) * column.getDouble(k, 0);
      }
      assertEquals(sum, one.getDouble(0), ROUNDING);
      INDArray outer = Nd4j.create(DataType.FLOAT, new long[] {K, K}, 'f');
      HostBlas.gemm(column, row, outer, false, false, 1, 0);
      assertEquals(column.getDouble(2, 0) * row.getDouble(0, 4), outer.getDouble(2, 4), ROUNDING);
    }
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    INDArray a = random(DataType.FLOAT, 'f', M, K);
    INDArray b = random(DataType.FLOAT, 'f', K + 1, N);
    INDArray c = random(DataType.FLOAT, 'f', M, N);
    INDArray before = c.dup();
    assertThrows(RuntimeException.class, () -> HostBlas.gemm(a, b, c, false, false, 1, 0));
    assertEquals(before, c);
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void productsWithVectors(DataType type) {
    for (char order : new char[] {'c', 'f'}) {
      INDArray a = random(type, order, M, K);
      INDArray x = random(type, 'c', K);
      INDArray y = random(type, 'c', M);
      double[] expected = new double[M];
      for (int i = 0; i < M; i++) {
        expected[i] = 3 * y.getDouble(i);
        for (int k = 0; k < K; k++) {
          expected[i] += 1.5 * a.getDouble(i, k) * x.getDouble(k);
        }
      }
      HostBlas.gemv(a, x, y, 1.5, 3);
      assertArrayEquals(expected, y.toDoubleVector(), ROUNDING);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void multiples(DataType type) {
    INDArray x = random(type, 'c', M, N);
    INDArray expected = x.mul(-1);
    HostBlas.scale(x, -1);
    assertEquals(expected, x);
  }
}
