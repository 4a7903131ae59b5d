/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link FreeEnergyGap} and {@link ReconstructionError}. */
class MonitorsTest {

  private static final TinyRbm TINY = TinyRbm.oracle(4, 3);

  @Test
  void gapOfMeanFreeEnergies() {
    FreeEnergyGap gap =
        FreeEnergyGap.of(
            x -> x.sum(1),
            Nd4j.createFromArray(new double[][] {{1, 1}, {2, 2}}),
            Nd4j.createFromArray(new double[][] {{1, 0}, {2, 1}, {8, 0}}));
    assertEquals(3, gap.training());
    assertEquals(4, gap.validation());
    assertEquals(1, gap.gap());
    // variances 2 and 13 of 2 and 3 rows
    assertEquals(Math.sqrt(2 / 2.0 + 13 / 3.0), gap.standardError(), 1e-15);
  }

  /** log Z cancels: the gap is that of the exact log-likelihoods. */
  @Test
  void gapIsThatOfLogLikelihoods() {
    RbmModel model = TINY.model(DataType.FLOAT);
    // more rows than a block has
    INDArray training = TinyRbm.draw(TINY.visibleProbabilities(), 4, 2500, 3, DataType.FLOAT);
    INDArray validation = Nd4j.createFromArray(TinyRbm.states(4)).castTo(DataType.FLOAT);
    FreeEnergyGap gap = FreeEnergyGap.of(model::freeEnergy, training, validation);
    ExactLikelihood exact = new ExactLikelihood(model);
    assertEquals(
        exact.meanLogLikelihood(training) - exact.meanLogLikelihood(validation), gap.gap(), 1e-5);
    assertTrue(gap.gap() > 0, "draws of the model are more probable than all states alike");
    assertTrue(
        Double.isNaN(
            FreeEnergyGap.of(model::freeEnergy, Rows.of(training, 0, 1), validation)
                .standardError()));
  }

  @Test
  void reconstructionError() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    double[][] states = TinyRbm.states(4);
    double[] errors =
        NdAssert.values(ReconstructionError.perRow(model, Nd4j.createFromArray(states)));
    double total = 0;
    for (int s = 0; s < states.length; s++) {
      double[] h = TINY.propUp(states[s]);
      double error = 0;
      for (int i = 0; i < 4; i++) {
        double field = TINY.visibleBias()[i];
        for (int j = 0; j < 3; j++) {
          field += TINY.weights()[i][j] * h[j];
        }
        double difference = states[s][i] - 1 / (1 + Math.exp(-field));
        error += difference * difference;
      }
      assertEquals(error, errors[s], 1e-13);
      total += error;
    }
    assertEquals(total / 16, ReconstructionError.mean(model, Nd4j.createFromArray(states)), 1e-13);
  }

  @Test
  void badInput() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray none = Nd4j.create(DataType.DOUBLE, 0, 4);
    INDArray one = Nd4j.zeros(DataType.DOUBLE, 1, 4);
    assertMessage(
        "validation data have shape [0, 4]; accepted: [n, d] with n at least 1",
        () -> FreeEnergyGap.of(model::freeEnergy, one, none));
    assertMessage(
        "training data have shape [4]; accepted: [n, d] with n at least 1",
        () -> FreeEnergyGap.of(model::freeEnergy, Nd4j.zeros(DataType.DOUBLE, 4), one));
    assertMessage(
        "data have shape [0, 4]; accepted: [n, 4] with n at least 1",
        () -> ReconstructionError.mean(model, none));
  }

  private static void assertMessage(
      String message, org.junit.jupiter.api.function.Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
