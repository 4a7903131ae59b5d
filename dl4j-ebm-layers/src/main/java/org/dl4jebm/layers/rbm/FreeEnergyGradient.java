/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Rows;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Sums of derivatives of free energies, {@code dF(v)/dW = -t(v)' E[t(h) | v]} and so on: the phase
 * of an objective that the data drive.
 */
final class FreeEnergyGradient {

  private FreeEnergyGradient() {}

  /**
   * Overwrites a gradient with {@code sum_r a_r dF(v_r)}. That by the visible bias leaves out what
   * does not depend on {@code v}, which cancels against the derivative of {@code log Z}.
   *
   * @param model the machine. Not modified.
   * @param v visible states, {@code [n, nIn]}. Not modified.
   * @param factors {@code a}, {@code [n]} of the model's data type. Not modified.
   * @param out all of its arrays are overwritten
   */
  static void write(RbmModel model, INDArray v, INDArray factors, RbmGradient out) {
    INDArray visible = v.castTo(model.weights().dataType()).dup('c');
    INDArray hidden = model.propUp(visible);
    model.hiddenUnits().toStatistic(hidden);
    if (out.visibleParameters() != null) {
      INDArray derivatives =
          ContrastiveDivergence.energyDerivative(model, visible, hidden.transpose());
      columnSums(derivatives, factors, 1, out.visibleParameters());
    }
    model.visibleUnits().toStatistic(visible);
    columnSums(visible, factors, -1, out.visibleBias());
    columnSums(hidden, factors, -1, out.hiddenBias());
    hidden.muliColumnVector(factors);
    HostBlas.gemm(visible, hidden, out.weights(), true, false, -1, 0);
  }

  /** Writes {@code out = factor * weights rows}. */
  static void columnSums(INDArray rows, INDArray weights, double factor, INDArray out) {
    INDArray vector = weights.rank() == 1 ? weights : weights.reshape(weights.length());
    Rows.weightedSum(rows.transpose(), vector, out, factor, 0);
  }
}
