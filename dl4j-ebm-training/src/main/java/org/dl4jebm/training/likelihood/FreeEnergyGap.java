/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import org.dl4jebm.training.Energy;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Mean free energies of training and validation data, and their difference, which tells of
 * overfitting at little cost (Hinton, UTML TR 2010-003, section 6). As {@code log p(v) = -F(v) -
 * log Z}, the difference is that of the mean log-likelihoods; {@code log Z} cancels. It begins near
 * 0 and grows when the model prefers the training data. Take as many rows of each, and always the
 * same. It says nothing about how good the model is.
 *
 * @param training mean free energy of the training data
 * @param validation mean free energy of the validation data
 * @param standardError of the gap, from the spread within both data sets; NaN if one has a single
 *     row
 */
public record FreeEnergyGap(double training, double validation, double standardError) {

  /**
   * Computes the gap.
   *
   * @param energy a free energy, such as {@code model::freeEnergy}
   * @param training {@code [n, d]}. Not modified.
   * @param validation {@code [m, d]}. Not modified.
   * @return the means
   * @throws IllegalArgumentException if one of the data sets is empty
   */
  public static FreeEnergyGap of(Energy energy, INDArray training, INDArray validation) {
    double[] first = energies(energy, training, "training");
    double[] second = energies(energy, validation, "validation");
    return new FreeEnergyGap(
        mean(first),
        mean(second),
        Math.sqrt(variance(first) / first.length + variance(second) / second.length));
  }

  /**
   * The gap.
   *
   * @return {@code validation - training}, in nats; positive where the training data are more
   *     probable
   */
  public double gap() {
    return validation - training;
  }

  private static double[] energies(Energy energy, INDArray data, String name) {
    if (data.rank() != 2 || data.size(0) == 0) {
      throw new IllegalArgumentException(
          name
              + " data have shape "
              + Arrays.toString(data.shape())
              + "; accepted: [n, d] with n at least 1");
    }
    return Rows.map(data, energy::energy).toDoubleVector();
  }

  private static double mean(double[] x) {
    return Arrays.stream(x).sum() / x.length;
  }

  private static double variance(double[] x) {
    double mean = mean(x);
    return Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / (x.length - 1);
  }
}
