/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("gpu")
class SoftplusTest {

  private static double exact(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  /** One in 4,001 of all FLOAT numbers; the error of rounding is added. */
  @Test
  void accurateOverTheWholeRangeOfFloat() {
    float[] x = new float[2048];
    float[] y = new float[2048];
    int n = 0;
    for (long bits = 0; bits <= 0xFFFFFFFFL; bits += 4001) {
      float value = Float.intBitsToFloat((int) bits);
      if (Float.isNaN(value)) {
        continue;
      }
      x[n++] = value;
      if (n == x.length) {
        System.arraycopy(x, 0, y, 0, n);
        Softplus.apply(y, n);
        for (int i = 0; i < n; i++) {
          double expected = exact(x[i]);
          double limit = 2e-7 + expected * 0x1p-23;
          assertTrue(Math.abs(y[i] - expected) <= limit && y[i] >= 0, x[i] + " gave " + y[i]);
        }
        n = 0;
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void inBothOrdersAndNotInPlace(DataType type) {
    for (char order : new char[] {'c', 'f'}) {
      INDArray x = Nd4j.rand(type, 70, 61).subi(0.5).muli(60).dup(order);
      INDArray before = x.dup(order);
      for (INDArray view : new INDArray[] {x, x.transpose(), NdAssert.view(x)}) {
        double[] values = NdAssert.values(view);
        double[] results = NdAssert.values(Softplus.of(view));
        for (int i = 0; i < values.length; i++) {
          assertEquals(exact(values[i]), results[i], 4e-6);
        }
      }
      NdAssert.assertSame(before, x);
    }
    INDArray special =
        Softplus.of(
            Nd4j.createFromArray(Double.NEGATIVE_INFINITY, 0, Double.POSITIVE_INFINITY, Double.NaN)
                .castTo(type));
    assertEquals(0, special.getDouble(0), 3e-8);
    assertEquals(Math.log(2), special.getDouble(1), 1e-7);
    assertEquals(Double.POSITIVE_INFINITY, special.getDouble(2));
    assertTrue(Double.isNaN(special.getDouble(3)), "divergence must not be hidden");
  }
}
