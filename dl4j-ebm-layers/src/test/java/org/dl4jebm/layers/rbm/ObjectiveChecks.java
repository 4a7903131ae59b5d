/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.NdAssert;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What the tests of objectives share: machines of any unit types, and gradients from scores. */
final class ObjectiveChecks {

  static final double STEP = 1e-5;

  private ObjectiveChecks() {}

  /** A machine over views of one flat array, whose parameters are not special. */
  static RbmModel model(INDArray flat, UnitType visible, UnitType hidden, long nIn, long nOut) {
    GradientViews views = new GradientViews(flat, nIn, nOut);
    UnitType units =
        views.visibleParameters == null ? visible : visible.withParameters(views.visibleParameters);
    return new RbmModel(views.weights, views.hiddenBias, views.visibleBias, units, hidden);
  }

  /** Parameters between -1 and 1 without a pattern, none besides weights and biases. */
  static INDArray parameters(long nIn, long nOut) {
    return parameters(nIn * nOut + nIn + nOut);
  }

  /** So many parameters between -1 and 1 without a pattern. */
  static INDArray parameters(long count) {
    double[] values = new double[(int) count];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.sin(3.7 * (i + 1));
    }
    return Nd4j.createFromArray(values);
  }

  /**
   * The gradient of an objective that is not random against central differences of its score, which
   * must be its loss per example.
   */
  static void centralDifferences(
      RbmObjective objective, UnitType visible, UnitType hidden, int nOut, INDArray data) {
    long nIn = data.size(1);
    INDArray flat = parameters(nIn * nOut + nIn + nOut + visible.parameterCount(nIn));
    RbmModel model = model(flat, visible, hidden, nIn, nOut);
    objective.check(visible, hidden, nIn, nOut);
    // A row of weight 0 takes no part, one of weight 2 counts twice.
    INDArray weights = Nd4j.ones(DataType.DOUBLE, data.size(0));
    weights.putScalar(0, 2);
    weights.putScalar(1, 0);
    for (INDArray rowWeights : new INDArray[] {null, weights}) {
      RbmBatch batch = new RbmBatch(data, rowWeights, 0, 0, true);
      GradientViews gradient = new GradientViews(model, DataType.DOUBLE);
      double score = gradient.fill(objective.estimator(new RandomStream(1)), model, batch);
      assertTrue(Double.isFinite(score), "score " + score);
      double[] actual = NdAssert.values(gradient.flat);
      GradientViews ignored = new GradientViews(model, DataType.DOUBLE);
      for (int i = 0; i < actual.length; i++) {
        double before = flat.getDouble(i);
        double[] scores = new double[2];
        for (int side = 0; side < 2; side++) {
          flat.putScalar(i, before + (2 * side - 1) * STEP);
          scores[side] = ignored.fill(objective.estimator(new RandomStream(1)), model, batch);
        }
        flat.putScalar(i, before);
        double total = rowWeights == null ? data.size(0) : weights.sumNumber().doubleValue();
        double expected = total * (scores[1] - scores[0]) / (2 * STEP);
        assertEquals(expected, actual[i], 1e-7 * Math.max(1, Math.abs(expected)), "entry " + i);
      }
    }
  }

  /** A row of weight 3 is three rows, also where the weights are a column of a larger array. */
  static void weightsAreCopies(RbmObjective objective, RbmModel model, INDArray data) {
    INDArray weights = Nd4j.ones(DataType.DOUBLE, data.size(0), 1);
    weights.putScalar(1, 3);
    INDArray copied =
        Nd4j.concat(0, data, data.getRow(1, true), data.getRow(1, true)).castTo(data.dataType());
    GradientViews weighted = new GradientViews(model, DataType.DOUBLE);
    GradientViews repeated = new GradientViews(model, DataType.DOUBLE);
    double score =
        weighted.fill(
            objective.estimator(new RandomStream(1)),
            model,
            new RbmBatch(data, weights, 0, 0, true));
    double expected =
        repeated.fill(objective.estimator(new RandomStream(1)), model, RbmBatch.of(copied));
    assertEquals(expected, score, 1e-12 * Math.max(1, Math.abs(expected)));
    NdAssert.assertClose(repeated.flat, weighted.flat, 1e-12);
    INDArray wide = Nd4j.concat(1, weights.mul(7), weights, weights.mul(9)).dup('c');
    for (INDArray column : new INDArray[] {wide.getColumn(1), wide.getColumn(1, true)}) {
      RbmBatch batch = new RbmBatch(data, column, 0, 0, true);
      GradientViews same = new GradientViews(model, DataType.DOUBLE);
      assertEquals(score, same.fill(objective.estimator(new RandomStream(1)), model, batch), 1e-13);
      NdAssert.assertClose(weighted.flat, same.flat, 1e-13);
    }
  }
}
