/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import org.dl4jebm.layers.rbm.RbmModel;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The squared error of mean-field reconstructions, {@code |v - E[v | E[h | v]]|^2}: easy to compute
 * and to misread. It is no likelihood and not what training minimises; it falls when chains mix
 * worse. Use it to see that training runs at all (Hinton, UTML TR 2010-003, section 5).
 */
public final class ReconstructionError {

  private ReconstructionError() {}

  /**
   * Computes the error of each row. No random numbers are involved.
   *
   * @param model the machine. Not modified.
   * @param data {@code [n, nIn]}. Not modified.
   * @return sums over visible units, {@code [n]} in DOUBLE, new
   * @throws IllegalArgumentException if the data are not states of the visible units
   */
  public static INDArray perRow(RbmModel model, INDArray data) {
    model.requireVisibleStates(data, "data");
    return Rows.map(
        data,
        rows -> {
          INDArray v = rows.castTo(model.weights().dataType());
          INDArray difference = model.reconstruct(v).subi(v);
          return difference.muli(difference).sum(1);
        });
  }

  /**
   * Computes the mean error, as training reports it.
   *
   * @param model the machine. Not modified.
   * @param data {@code [n, nIn]}. Not modified.
   * @return sum over visible units, mean over rows
   * @throws IllegalArgumentException if the data are not states of the visible units
   */
  public static double mean(RbmModel model, INDArray data) {
    return perRow(model, data).meanNumber().doubleValue();
  }
}
