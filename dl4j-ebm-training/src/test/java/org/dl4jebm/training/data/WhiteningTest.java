/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link Whitening} by covariances. */
class WhiteningTest {

  private static INDArray correlated(int n) {
    Nd4j.getRandom().setSeed(5);
    INDArray mixing = Nd4j.createFromArray(new double[][] {{2, 1, 0}, {0, 0.5, -3}, {1, 1, 4}});
    return Nd4j.randn(DataType.DOUBLE, n, 3).mmul(mixing).addi(7);
  }

  private static INDArray covariance(INDArray x) {
    INDArray centred = x.subRowVector(x.mean(0));
    return centred.transpose().mmul(centred).divi(x.size(0) - 1.0);
  }

  @Test
  void covariancesBecomeTheIdentity() {
    INDArray data = correlated(400);
    INDArray white = Whitening.of(data, 1e-12).apply(data);
    assertTrue(covariance(white).equalsWithEps(Nd4j.eye(3).castTo(DataType.DOUBLE), 1e-8));
    assertEquals(0, white.mean(0).norm2Number().doubleValue(), 1e-9);
    INDArray single = Whitening.of(data, 1e-12).apply(data.castTo(DataType.FLOAT));
    assertEquals(DataType.FLOAT, single.dataType());
    assertTrue(single.castTo(DataType.DOUBLE).equalsWithEps(white, 1e-4));
  }

  @Test
  void theTransformationIsSymmetric() {
    INDArray data = correlated(100);
    Whitening whitening = Whitening.of(data, 0.3);
    INDArray matrix =
        whitening.apply(Nd4j.eye(3).castTo(DataType.DOUBLE).addRowVector(data.mean(0)));
    assertTrue(matrix.equalsWithEps(matrix.transpose(), 1e-9));
    // (C + epsilon I)^(-1) = matrix matrix^T
    INDArray product =
        matrix
            .mmul(matrix)
            .mmul(covariance(data).addi(Nd4j.eye(3).castTo(DataType.DOUBLE).muli(0.3)));
    assertTrue(product.equalsWithEps(Nd4j.eye(3).castTo(DataType.DOUBLE), 1e-8));
  }

  @Test
  void directionsWithoutVarianceStayAtZero() {
    INDArray data = correlated(50);
    data.subiColumnVector(data.mean(1));
    INDArray white = Whitening.of(data, 1e-3).apply(data);
    assertEquals(0, white.sum(1).norm2Number().doubleValue(), 1e-6);
  }

  @Test
  void badInputIsNamed() {
    INDArray data = correlated(10);
    for (double epsilon : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      Exception e = assertThrows(IllegalArgumentException.class, () -> Whitening.of(data, epsilon));
      assertTrue(e.getMessage().startsWith("epsilon is " + epsilon), e.getMessage());
    }
    INDArray bad = data.dup().putScalar(3, 1, Double.NaN);
    assertThrows(IllegalArgumentException.class, () -> Whitening.of(bad, 1));
    assertThrows(
        IllegalArgumentException.class, () -> Whitening.of(Nd4j.ones(DataType.DOUBLE, 1, 3), 1));
    Whitening whitening = Whitening.of(data, 1);
    assertThrows(
        IllegalArgumentException.class, () -> whitening.apply(Nd4j.ones(DataType.DOUBLE, 4, 2)));
  }
}
