/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PointsTest {

  @Test
  void nanAndInfinityAreRefusedByEveryOperation() {
    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.FLOAT, new ActivationSwish(), 3);
    NetworkEnergy energy = new NetworkEnergy(made.network());
    NetworkJacobian jacobian = new NetworkJacobian(made.network());
    INDArray good = made.points(4, 1);
    INDArray one = Nd4j.ones(DataType.FLOAT, 4, 1);
    for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY, 1e300}) {
      INDArray bad = good.castTo(DataType.DOUBLE);
      bad.putScalar(2, 1, value);
      for (Runnable operation :
          List.<Runnable>of(
              () -> energy.energy(bad),
              () -> energy.gradient(bad),
              () -> energy.score(bad),
              () -> energy.energyAndGradient(bad),
              () -> energy.directionalDerivative(bad, good),
              () -> energy.quadraticForm(bad, good),
              () -> energy.hessianVectorProduct(bad, good),
              () -> energy.hessianDiagonal(bad),
              () -> energy.hessianTrace(bad),
              () -> energy.estimateTrace(bad, Probes.GAUSSIAN, 2, 1),
              () -> jacobian.value(bad),
              () -> jacobian.jacobianVectorProduct(bad, good),
              () -> jacobian.transposedProduct(bad, one))) {
        refused(operation, "x has the value");
      }
      for (Runnable operation :
          List.<Runnable>of(
              () -> energy.directionalDerivative(good, bad),
              () -> energy.quadraticForm(good, bad),
              () -> energy.hessianVectorProduct(good, bad),
              () -> jacobian.jacobianVectorProduct(good, bad))) {
        refused(operation, "v has the value");
      }
    }
    INDArray bad = one.dup();
    bad.putScalar(2, 0, Float.NaN);
    refused(() -> jacobian.transposedProduct(good, bad), "u has the value NaN");
  }

  @Test
  void nullIsRefusedByName() {
    EnergyNetworks.Case made = EnergyNetworks.mlp(DataType.DOUBLE, new ActivationSwish(), 3);
    INDArray x = made.points(4, 1);
    for (EnergyDerivatives energy :
        List.of(new NetworkEnergy(made.network()), new FiniteDifferenceEnergy(made.network()))) {
      refusedNull(() -> energy.energy(null), "x is null");
      refusedNull(() -> energy.gradient(null), "x is null");
      refusedNull(() -> energy.hessianTrace(null), "x is null");
      refusedNull(() -> energy.hessianVectorProduct(x, null), "v is null");
    }
    NetworkJacobian jacobian = new NetworkJacobian(made.network());
    refusedNull(() -> jacobian.jacobianVectorProduct(x, null), "v is null");
    refusedNull(() -> jacobian.transposedProduct(x, null), "u is null");
  }

  private static void refusedNull(Runnable operation, String part) {
    String message = assertThrows(DL4JInvalidInputException.class, operation::run).getMessage();
    assertTrue(message.startsWith(part + "; accepted: finite numbers"), message);
  }

  private static void refused(Runnable operation, String part) {
    String message = assertThrows(DL4JInvalidInputException.class, operation::run).getMessage();
    assertTrue(
        message.startsWith(part) && message.contains("in example 2; accepted: finite"), message);
  }

  /** Squares overflow in FLOAT; the values do not. */
  @Test
  void hugeValuesAreAccepted() {
    INDArray x = Nd4j.createFromArray(new float[][] {{1e30f, 2}, {3, -3e38f}});
    NdAssert.assertSame(x, Points.require(x, DataType.FLOAT, "x"));
    NdAssert.assertSame(x, Points.require(x.dup('f'), DataType.FLOAT, "x"));
    assertEquals(
        DataType.DOUBLE, Points.require(x.castTo(DataType.INT32), DataType.DOUBLE, "x").dataType());
  }
}
