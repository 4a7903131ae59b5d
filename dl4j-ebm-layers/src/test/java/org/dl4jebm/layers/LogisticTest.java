/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.UnaryOperator;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class LogisticTest {

  /** Over all FLOAT numbers it is 2.005e-7; these are one in 4,001 of them. */
  private static final double ERROR = 2.1e-7;

  private static final int STRIDE = 4001;

  private static double exact(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Test
  void accurateOverTheWholeRangeOfFloat() {
    float[] x = new float[2048];
    float[] y = new float[2048];
    int n = 0;
    for (long bits = 0; bits <= 0xFFFFFFFFL; bits += STRIDE) {
      float value = Float.intBitsToFloat((int) bits);
      if (Float.isNaN(value)) {
        continue;
      }
      x[n++] = value;
      if (n == x.length) {
        check(x, y);
        n = 0;
      }
    }
  }

  private static void check(float[] x, float[] y) {
    System.arraycopy(x, 0, y, 0, x.length);
    Logistic.apply(y, y.length);
    for (int i = 0; i < x.length; i++) {
      double error = Math.abs(y[i] - exact(x[i]));
      assertTrue(error <= ERROR && y[i] >= 0 && y[i] <= 1, x[i] + " gave " + y[i]);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void specialValues(DataType type) {
    INDArray x =
        Nd4j.createFromArray(
                Double.NEGATIVE_INFINITY, -1e30, -200, 0, 200, 1e30, Double.POSITIVE_INFINITY)
            .castTo(type);
    Logistic.apply(x);
    NdAssert.assertClose(Nd4j.createFromArray(0., 0, 0, 0.5, 1, 1, 1), x, 1e-12);
    INDArray unknown = Nd4j.createFromArray(1, Double.NaN, 1).castTo(type);
    Logistic.apply(unknown);
    assertTrue(Double.isNaN(unknown.getDouble(1)), "divergence must not be hidden");
    assertEquals(exact(1), unknown.getDouble(2), ERROR);
  }

  /** Several blocks, a part of one, views, gaps and both orders. */
  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void everyElementAndNoOther(DataType type) {
    List<UnaryOperator<INDArray>> views =
        List.of(
            x -> x,
            INDArray::transpose,
            x -> x.get(NDArrayIndex.interval(1, x.size(0) - 1), NDArrayIndex.all()),
            x -> x.get(NDArrayIndex.all(), NDArrayIndex.interval(3, 70)),
            x -> x.getColumn(5));
    for (long rows : new long[] {3, 42, 43, 125}) {
      for (UnaryOperator<INDArray> view : views) {
        for (char order : new char[] {'c', 'f'}) {
          INDArray x = Nd4j.rand(type, rows, 102).subi(0.5).muli(20).dup(order);
          INDArray expected = x.dup(order);
          Logistic.apply(view.apply(x));
          double[] before = NdAssert.values(view.apply(expected));
          double[] after = NdAssert.values(view.apply(x));
          for (int i = 0; i < before.length; i++) {
            assertEquals(exact(before[i]), after[i], ERROR);
          }
          view.apply(expected).assign(view.apply(x));
          NdAssert.assertSame(expected, x);
        }
      }
    }
  }
}
