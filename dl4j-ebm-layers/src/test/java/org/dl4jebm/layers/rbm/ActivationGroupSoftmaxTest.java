/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.deeplearning4j.nn.conf.serde.JsonMappers;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The activation of hidden {@link SoftmaxUnits} by itself. */
class ActivationGroupSoftmaxTest {

  private static final ActivationGroupSoftmax FUNCTION = new ActivationGroupSoftmax(3);

  private static INDArray fields() {
    return UnitCases.batch(GaussianUnits.unitVariance(), 4, 6, 1).muli(2);
  }

  @Test
  void eachGroupIsDl4jsSoftmax() {
    INDArray z = fields();
    INDArray epsilon = UnitCases.batch(GaussianUnits.unitVariance(), 4, 6, 2);
    for (INDArray[] layout :
        new INDArray[][] {
          {z.dup(), epsilon.dup()},
          {NdAssert.fortran(z), NdAssert.fortran(epsilon)},
          {NdAssert.view(z), NdAssert.view(epsilon)}
        }) {
      INDArray slope = FUNCTION.backprop(layout[0], layout[1]).getFirst();
      INDArray a = FUNCTION.getActivation(layout[0], true);
      assertEquals(layout[0], a, "in place, as by every activation function");
      for (int from : new int[] {0, 3}) {
        INDArray group = z.get(NDArrayIndex.all(), NDArrayIndex.interval(from, from + 3)).dup();
        INDArray gradient =
            epsilon.get(NDArrayIndex.all(), NDArrayIndex.interval(from, from + 3)).dup();
        NdAssert.assertClose(
            new ActivationSoftmax().backprop(group.dup(), gradient).getFirst(),
            slope.get(NDArrayIndex.all(), NDArrayIndex.interval(from, from + 3)),
            1e-14);
        NdAssert.assertClose(
            new ActivationSoftmax().getActivation(group, true),
            a.get(NDArrayIndex.all(), NDArrayIndex.interval(from, from + 3)),
            1e-14);
      }
    }
  }

  /** ND4J's own softmax gives NaN here. */
  @Test
  void groupsOfLowFields() {
    INDArray low = Nd4j.valueArrayOf(new long[] {2, 6}, -5000.0, DataType.DOUBLE);
    NdAssert.assertClose(
        Nd4j.valueArrayOf(new long[] {2, 6}, 1 / 3.0, DataType.DOUBLE),
        FUNCTION.getActivation(low, false),
        1e-15);
  }

  @Test
  void json() throws Exception {
    String json = JsonMappers.getMapper().writeValueAsString(FUNCTION);
    assertEquals(FUNCTION, JsonMappers.getMapper().readValue(json, IActivation.class));
    assertNotEquals(FUNCTION, new ActivationGroupSoftmax(2));
    assertEquals(FUNCTION.hashCode(), new ActivationGroupSoftmax(3).hashCode());
    assertNotEquals(FUNCTION.toString(), new ActivationGroupSoftmax(2).toString());
  }
}
