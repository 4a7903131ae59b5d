/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import org.dl4jebm.layers.ScratchSpace;
import org.dl4jebm.layers.random.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SoftmaxUnitsTest {

  private static double[][] draw(INDArray field, int states) {
    INDArray sample = field.dup();
    new SoftmaxUnits(states).fieldToSample(sample, new RandomStream(3));
    return sample.castTo(DataType.DOUBLE).toDoubleMatrix();
  }

  /**
   * New workspaces hold whatever was in memory before; the states must not depend on it. More than
   * 64 states are summed in another way.
   */
  @ParameterizedTest
  @CsvSource({"FLOAT, 2", "FLOAT, 4", "DOUBLE, 5", "FLOAT, 64", "DOUBLE, 65"})
  void statesInNewWorkspacesAreThoseOutside(DataType type, int states) {
    INDArray field = Nd4j.randn(type, new long[] {6, 3L * states});
    double[][] expected = draw(field, states);
    for (double[] row : expected) {
      for (int group = 0; group < row.length; group += states) {
        double[] values = Arrays.copyOfRange(row, group, group + states);
        Arrays.sort(values);
        double[] oneHot = new double[states];
        oneHot[states - 1] = 1;
        assertArrayEquals(oneHot, values, "one state of each group");
      }
    }
    for (int i = 0; i < 50; i++) {
      try (ScratchSpace scratch = new ScratchSpace()) {
        double[][] found = scratch.call(() -> draw(field, states));
        for (int row = 0; row < expected.length; row++) {
          assertArrayEquals(expected[row], found[row]);
        }
      }
    }
  }
}
