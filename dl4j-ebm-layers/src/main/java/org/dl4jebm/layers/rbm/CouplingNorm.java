/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.SplittableRandom;
import org.dl4jebm.layers.HostBlas;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The norm that {@link RbmModel#couplingNorm} speaks of, by power iteration. */
final class CouplingNorm {

  /**
   * Two largest singular values that are closer than can be told apart in so many steps give a
   * value between them.
   */
  private static final int MAX_STEPS = 1000;

  /** Steps before a small change is taken for convergence. */
  private static final int MIN_STEPS = 8;

  private CouplingNorm() {}

  /**
   * Computes the norm from below, until a step changes it by a relative {@code tolerance}.
   *
   * @return 0 if one of the sides is bounded; NaN or infinite if weights or variances are
   */
  static double of(RbmModel model, DataType type, double tolerance) {
    if (model.visibleUnits().isBounded() || model.hiddenUnits().isBounded()) {
      return 0;
    }
    EnergyGrowth visible = model.visibleUnits().growth(model.visibleSize());
    EnergyGrowth hidden = model.hiddenUnits().growth(model.hiddenSize());
    INDArray scaled = model.weights().castTo(type).mul(model.coupling());
    INDArray ofVisible = Nd4j.createFromArray(visible.inverseDeviation()).castTo(type);
    scaled.muliColumnVector(ofVisible.reshape(ofVisible.length(), 1));
    scaled.muliRowVector(Nd4j.createFromArray(hidden.inverseDeviation()).castTo(type));
    INDArray signs = column(visible.nonNegative()).mmul(column(hidden.nonNegative()).transpose());
    INDArray helpful = Transforms.min(scaled, 0, true).muli(signs.castTo(type));
    return spectralNorm(scaled.subi(helpful), tolerance);
  }

  private static INDArray column(boolean[] flags) {
    double[][] values = new double[flags.length][1];
    for (int i = 0; i < flags.length; i++) {
      values[i][0] = flags[i] ? 1 : 0;
    }
    return Nd4j.createFromArray(values);
  }

  static double spectralNorm(INDArray matrix, double tolerance) {
    // The start is fixed, and orthogonal to the vector searched for with probability 0.
    double[] start = new SplittableRandom(1).doubles(matrix.size(1), -1, 1).toArray();
    INDArray right = Nd4j.createFromArray(start).castTo(matrix.dataType());
    right = right.reshape('f', new long[] {start.length, 1});
    INDArray left =
        Nd4j.createUninitialized(matrix.dataType(), new long[] {matrix.size(0), 1}, 'f');
    double norm = 0;
    for (int step = 0; step < MAX_STEPS; step++) {
      double length = right.norm2Number().doubleValue();
      if (!(length > 0 && length < Double.POSITIVE_INFINITY)) {
        return length;
      }
      right.divi(length);
      HostBlas.gemm(matrix, right, left, false, false, 1, 0);
      double next = left.norm2Number().doubleValue();
      if (step >= MIN_STEPS && next - norm <= tolerance * next) {
        return next;
      }
      norm = next;
      HostBlas.gemm(matrix, left, right, true, false, 1, 0);
    }
    return norm;
  }
}
