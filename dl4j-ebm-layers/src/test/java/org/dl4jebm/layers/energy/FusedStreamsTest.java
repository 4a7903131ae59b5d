/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The fused rules against the separate operations in DOUBLE. */
class FusedStreamsTest {

  /** More than a block, and not a multiple of its length. */
  private static final int POINTS = 2 * 1024 + 77;

  private static final List<ActivationDerivatives> FUNCTIONS =
      List.of(ActivationTable.SIGMOID, ActivationTable.SOFTPLUS, ActivationTable.SWISH);

  private static final List<StreamLayout> LAYOUTS =
      List.of(
          StreamLayout.VALUE,
          StreamLayout.FIRST,
          StreamLayout.SECOND,
          new StreamLayout(3, 0),
          new StreamLayout(6, 1),
          new StreamLayout(6, 3),
          new StreamLayout(2, 2));

  private static INDArray normal(long seed, double deviation, long... shape) {
    INDArray result = Nd4j.zeros(DataType.DOUBLE, shape);
    try (RandomStream random = new RandomStream(seed)) {
      random.gaussian(result, deviation, result);
    }
    return result;
  }

  @Test
  void agreesWithSeparateOperations() {
    for (ActivationDerivatives function : FUNCTIONS) {
      for (StreamLayout layout : LAYOUTS) {
        for (boolean secondsIn : new boolean[] {false, true}) {
          compare(function, layout, secondsIn && layout.sums() > 0, layout.sums() > 0);
        }
      }
    }
  }

  private static void compare(
      ActivationDerivatives function, StreamLayout layout, boolean secondsIn, boolean secondsOut) {
    ActivationStreams rule = new ActivationStreams(function, layout, secondsIn, secondsOut);
    INDArray z = normal(1, 1, rule.streamsIn(), POINTS);
    // Points in the tails of the function.
    INDArray points = z.get(NDArrayIndex.interval(0, 1), NDArrayIndex.all());
    points.muli(5).putScalar(0, 0, 60).putScalar(0, 1, -60).putScalar(0, POINTS - 1, 1e4);
    INDArray e = normal(2, 1, rule.streamsOut(), POINTS);
    INDArray a = Nd4j.create(DataType.DOUBLE, rule.streamsOut(), POINTS);
    INDArray dz = Nd4j.create(DataType.DOUBLE, rule.streamsIn(), POINTS);
    rule.forward(z, a);
    rule.backward(z, e, dz);
    INDArray floatZ = z.castTo(DataType.FLOAT);
    INDArray floatE = e.castTo(DataType.FLOAT);
    assertTrue(FusedStreams.reach(floatZ, floatE));
    INDArray floatA = Nd4j.valueArrayOf(a.shape(), Double.NaN, DataType.FLOAT);
    INDArray floatDz = Nd4j.valueArrayOf(dz.shape(), Double.NaN, DataType.FLOAT);
    rule.forward(floatZ, floatA);
    rule.backward(floatZ, floatE, floatDz);
    NdAssert.assertClose(a, floatA.castTo(DataType.DOUBLE), 4e-5);
    NdAssert.assertClose(dz, floatDz.castTo(DataType.DOUBLE), 4e-5);
    assertEquals(z.castTo(DataType.FLOAT), floatZ);
    assertEquals(e.castTo(DataType.FLOAT), floatE);
  }

  @Test
  void otherFunctionsAndArraysAreLeftAlone() {
    assertNull(FusedStreams.of(ActivationTable.TANH));
    assertTrue(!FusedStreams.reach(normal(1, 1, 2, 3)));
    assertTrue(!FusedStreams.reach(normal(1, 1, 2, 3).castTo(DataType.FLOAT).dup('f')));
  }
}
