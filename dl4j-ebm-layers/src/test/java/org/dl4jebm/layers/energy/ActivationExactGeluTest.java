/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ActivationExactGeluTest {

  @TestFactory
  Stream<DynamicTest> layer() {
    return new LayerChecks(
            () ->
                List.of(
                    new DenseLayer.Builder().nOut(5).activation(new ActivationExactGelu()).build()),
            EnergyNetworks.normal(3, 4, 3))
        .all();
  }

  /** z Phi(z) at 1 and -2, with Phi(1) and Phi(-2) from tables. */
  @Test
  void values() {
    for (DataType type : List.of(DataType.DOUBLE, DataType.FLOAT)) {
      INDArray z = Nd4j.createFromArray(1.0, -2.0, 0.0).castTo(type);
      INDArray a = new ActivationExactGelu().getActivation(z, false);
      assertEquals(type, a.dataType());
      NdAssert.assertClose(
          Nd4j.createFromArray(0.841344746068542949, -2 * 0.0227501319481792072, 0),
          a,
          type == DataType.DOUBLE ? 1e-14 : 1e-6);
      NdAssert.assertSame(z, a);
    }
  }
}
