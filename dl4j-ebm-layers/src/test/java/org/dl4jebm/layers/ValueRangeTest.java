/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("gpu")
class ValueRangeTest {

  /** One value among many, in every block of a large array and in every layout. */
  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void oneValueIsFound(DataType type) {
    double[] values = {-1, 1, -1.001, 1.001, Double.NEGATIVE_INFINITY, 1e30};
    for (long position : new long[] {0, 2047, 2048, 150_000, 199_999}) {
      for (double value : values) {
        INDArray x = Nd4j.zeros(type, 2, 100_000);
        x.putScalar(position, value);
        boolean expected = Math.abs(value) <= 1;
        for (INDArray layout :
            new INDArray[] {x, NdAssert.fortran(x), NdAssert.view(x), x.transpose()}) {
          assertEquals(expected, ValueRange.holds(layout, -1, 1), () -> value + " at " + position);
        }
      }
    }
  }
}
