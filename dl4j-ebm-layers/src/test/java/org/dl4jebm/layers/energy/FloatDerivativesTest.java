/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Derivatives of every layer in FLOAT are those in DOUBLE up to rounding. */
@Tag("gpu")
class FloatDerivativesTest {

  private static final double TOLERANCE = 1e-4;

  @TestFactory
  Stream<DynamicTest> everyLayer() {
    return EnergyNetworks.all().entrySet().stream()
        .map(entry -> dynamicTest(entry.getKey(), () -> check(entry.getValue().get())));
  }

  private static void check(EnergyNetworks.Case made) {
    MultiLayerNetwork single = made.network().convertDataType(DataType.FLOAT);
    NetworkEnergy a = new NetworkEnergy(made.network());
    NetworkEnergy b = new NetworkEnergy(single);
    INDArray x = made.points(3, 11);
    INDArray v = made.points(3, 12);
    assertEquals(DataType.FLOAT, b.energy(x).dataType());
    assertEquals(DataType.FLOAT, b.hessianVectorProduct(x, v).dataType());
    NdAssert.assertClose(a.energy(x), b.energy(x), TOLERANCE, () -> "energy");
    NdAssert.assertClose(a.gradient(x), b.gradient(x), TOLERANCE, () -> "gradient");
    NdAssert.assertClose(
        a.hessianVectorProduct(x, v), b.hessianVectorProduct(x, v), TOLERANCE, () -> "H v");
    NdAssert.assertClose(a.hessianTrace(x), b.hessianTrace(x), TOLERANCE, () -> "trace");
  }
}
