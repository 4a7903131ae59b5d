/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Tag("gpu")
class RowsTest {

  private static double[][] doubles(INDArray matrix) {
    return matrix.castTo(DataType.DOUBLE).toDoubleMatrix();
  }

  /** Whole matrices and rows of larger ones, in both orders of memory. */
  @ParameterizedTest
  @CsvSource({
    "FLOAT, 1, 1",
    "FLOAT, 3, 5",
    "FLOAT, 1, 5000",
    "FLOAT, 64, 64",
    "FLOAT, 41, 777",
    "FLOAT, 7, 1",
    "DOUBLE, 3, 5",
    "DOUBLE, 65, 64"
  })
  void fillsEachRow(DataType type, long rows, long columns) {
    INDArray row = Nd4j.rand(type, 3 * columns).get(NDArrayIndex.interval(columns, 2 * columns));
    INDArray whole = Nd4j.rand(type, rows + 2, columns);
    INDArray before = whole.dup();
    INDArray part = whole.get(NDArrayIndex.interval(1, rows + 1), NDArrayIndex.all());
    if (type == DataType.FLOAT) {
      HostBlocks.map(part, part, (block, n, from) -> block[0] += 1);
    }
    INDArray fortran = Nd4j.rand(type, rows, columns).dup('f');
    INDArray everySecond =
        Nd4j.rand(type, rows, 2 * columns)
            .get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2, 2 * columns));
    for (INDArray matrix : new INDArray[] {part, fortran, everySecond}) {
      Rows.fill(matrix, row);
      for (int i = 0; i < rows; i++) {
        NdAssert.assertSame(row, matrix.getRow(i).dup('c'));
      }
    }
    NdAssert.assertSame(before.getRow(0), whole.getRow(0));
    NdAssert.assertSame(before.getRow(rows + 1), whole.getRow(rows + 1));
  }

  @ParameterizedTest
  @CsvSource({"FLOAT, 1, 1", "FLOAT, 200, 33", "DOUBLE, 5, 3", "DOUBLE, 1, 40"})
  void multipliesEachRow(DataType type, int rows, int columns) {
    double tolerance = type == DataType.FLOAT ? NdAssert.FLOAT_TOLERANCE : 1e-12;
    INDArray matrix = Nd4j.rand(type, rows, columns).subi(0.5);
    INDArray vector = Nd4j.rand(type, columns).subi(0.5);
    for (INDArray m : new INDArray[] {matrix, matrix.dup('f')}) {
      double[][] values = doubles(m);
      double[] expected = new double[rows];
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          expected[i] += values[i][j] * vector.getDouble(j);
        }
      }
      INDArray products = Rows.products(m, vector);
      NdAssert.assertClose(expected, NdAssert.values(products), tolerance, () -> "products");
    }
  }

  /** What stood in the result before does not count, not even NaN. */
  @Test
  void sumsOverwriteNan() {
    INDArray matrix = Nd4j.ones(DataType.FLOAT, 3, 20);
    INDArray out = Nd4j.valueArrayOf(new long[] {20}, Double.NaN, DataType.FLOAT);
    Rows.weightedSum(matrix.transpose(), Nd4j.ones(DataType.FLOAT, 3), out, 2, 0);
    assertArrayEquals(Nd4j.valueArrayOf(20, 6.0).toDoubleVector(), out.toDoubleVector());
  }

  @ParameterizedTest
  @CsvSource({
    "FLOAT, 1, 1",
    "FLOAT, 1, 7",
    "FLOAT, 7, 1",
    "FLOAT, 200, 33",
    "DOUBLE, 200, 33",
    "DOUBLE, 5, 3"
  })
  void sumsColumns(DataType type, int rows, int columns) {
    double tolerance = type == DataType.FLOAT ? NdAssert.FLOAT_TOLERANCE : 1e-12;
    INDArray whole = Nd4j.rand(type, rows + 3, columns).subi(0.5);
    INDArray weights = Nd4j.rand(type, rows + 3).subi(0.5);
    INDArray flat = Nd4j.rand(type, columns + 4);
    INDArray out = flat.get(NDArrayIndex.interval(2, columns + 2));
    for (double before : new double[] {0, 1, 0.3}) {
      INDArray matrix = whole.get(NDArrayIndex.interval(2, rows + 2), NDArrayIndex.all());
      INDArray w = weights.get(NDArrayIndex.interval(1, rows + 1));
      double[][] values = doubles(matrix);
      double[] expected = NdAssert.values(out);
      for (int j = 0; j < columns; j++) {
        expected[j] *= before;
        for (int i = 0; i < rows; i++) {
          expected[j] += -2 * w.getDouble(i) * values[i][j];
        }
      }
      double[] outside = {flat.getDouble(1), flat.getDouble(columns + 2)};
      Rows.weightedSum(matrix.transpose(), w, out, -2, before);
      NdAssert.assertClose(expected, NdAssert.values(out), tolerance, () -> "sums");
      NdAssert.assertClose(
          outside,
          new double[] {flat.getDouble(1), flat.getDouble(columns + 2)},
          0,
          () -> "values beside the result");
    }
  }

  /** Values in any order of memory stand together with their copies, whatever the rank. */
  @Test
  void repeatEachKeepsWhatBelongsTogether() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray cube = Nd4j.arange(24).castTo(type).reshape('f', new long[] {2, 3, 4});
      INDArray before = cube.dup();
      INDArray repeated = Rows.repeatEach(cube, 3);
      assertArrayEquals(new long[] {6, 3, 4}, repeated.shape());
      for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 3; j++) {
          for (int k = 0; k < 4; k++) {
            assertEquals(cube.getDouble(i / 3, j, k), repeated.getDouble(i, j, k), 0);
          }
        }
      }
      assertEquals(before, cube);
      assertSame(cube, Rows.repeatEach(cube, 1));
    }
  }

  /** ND4J's own {@code get} gives empty arrays for the last rows of most of these. */
  @Test
  void rangesOfViews() {
    INDArray large = Nd4j.arange(90 * 9).castTo(DataType.DOUBLE).reshape(90, 9);
    INDArrayIndex all = NDArrayIndex.all();
    for (INDArray view :
        new INDArray[] {
          large,
          large.dup('f'),
          large.get(NDArrayIndex.interval(10, 90), all),
          large.get(all, NDArrayIndex.interval(0, 5)),
          large.get(NDArrayIndex.interval(0, 2, 90), NDArrayIndex.interval(3, 9)),
          large.reshape('c', 90, 3, 3).get(NDArrayIndex.interval(7, 90), all, all)
        }) {
      INDArray whole = view.dup('c');
      long n = view.size(0);
      for (long from = 0; from < n; from += 7) {
        long to = Math.min(n, from + 7);
        NdAssert.assertSame(
            whole.get(NDArrayIndex.interval(from, to)).dup('c'),
            Rows.range(view, from, to).dup('c'));
      }
    }
  }
}
