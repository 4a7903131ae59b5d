/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class BinarizationTest {

  @Test
  void thresholdIsExceededNotReached() {
    INDArray values = Nd4j.createFromArray(new float[][] {{0, 0.25f}, {0.5f, 1}});
    INDArray before = values.dup();
    INDArray result = Binarization.threshold(values, 0.25);
    assertArrayEquals(new float[][] {{0, 0}, {1, 1}}, result.toFloatMatrix());
    assertEquals(DataType.FLOAT, result.dataType());
    assertEquals(before, values);
    INDArray zero = Binarization.threshold(values.castTo(DataType.DOUBLE), 0);
    assertArrayEquals(new double[][] {{0, 1}, {1, 1}}, zero.toDoubleMatrix());
  }

  /**
   * A mean of 40,000 draws has a standard deviation of at most 0.0025; a right one is off by more
   * than 5 of them with probability 6e-7 a column.
   */
  @Test
  void drawsHaveTheProbabilitiesOfTheirValues() {
    float[] p = {0, 0.1f, 0.5f, 0.9f, 1};
    INDArray values = Nd4j.zeros(DataType.FLOAT, 40_000, 5).addRowVector(Nd4j.createFromArray(p));
    INDArray before = values.dup();
    INDArray drawn = Binarization.bernoulli(values, 11);
    assertEquals(before, values);
    assertEquals(
        drawn.length(),
        drawn.eq(0).castTo(DataType.INT32).sumNumber().intValue()
            + drawn.eq(1).castTo(DataType.INT32).sumNumber().intValue());
    float[] means = drawn.castTo(DataType.DOUBLE).mean(0).castTo(DataType.FLOAT).toFloatVector();
    assertArrayEquals(p, means, 5 * 0.0025f);
    assertEquals(0, means[0]);
    assertEquals(1, means[4]);
  }

  /** ND4J's own draw gives about 4 ones here, 2e-2 times none by chance. */
  @Test
  void probabilityZeroNeverGivesOne() {
    INDArray zeros = Nd4j.zeros(DataType.FLOAT, 4000, 8192);
    assertEquals(0, Binarization.bernoulli(zeros, 3).maxNumber().intValue());
  }

  @Test
  void drawsDependOnSeedAndValuesAlone() {
    INDArray values = Nd4j.valueArrayOf(new long[] {2500, 7}, 0.5, DataType.FLOAT);
    INDArray drawn = Binarization.bernoulli(values, 11);
    assertEquals(drawn, Binarization.bernoulli(values.dup('f'), 11));
    assertEquals(drawn, Binarization.bernoulli(values, 11));
    assertNotEquals(drawn, Binarization.bernoulli(values, 12));
    // Blocks of rows must not repeat one another.
    INDArray first = drawn.get(NDArrayIndex.interval(0, 1000), NDArrayIndex.all());
    INDArray second = drawn.get(NDArrayIndex.interval(1000, 2000), NDArrayIndex.all());
    assertNotEquals(first, second);
  }

  @Test
  void badArgumentsAreRefused() {
    INDArray good = Nd4j.zeros(DataType.FLOAT, 2, 2);
    INDArray bad = good.dup();
    bad.putScalar(1, 0, Double.NaN);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Binarization.bernoulli(bad, 1));
    assertTrue(e.getMessage().contains("row 1, column 0"), e::getMessage);
    assertThrows(IllegalArgumentException.class, () -> Binarization.threshold(bad, 0.5));
    assertThrows(IllegalArgumentException.class, () -> Binarization.bernoulli(good, 0));
    assertThrows(IllegalArgumentException.class, () -> Binarization.threshold(good, 1));
    assertThrows(IllegalArgumentException.class, () -> Binarization.threshold(good, -0.1));
    assertThrows(IllegalArgumentException.class, () -> Binarization.threshold(good, Double.NaN));
    assertThrows(
        IllegalArgumentException.class,
        () -> Binarization.threshold(Nd4j.zeros(DataType.FLOAT, 2), 0.5));
  }
}
