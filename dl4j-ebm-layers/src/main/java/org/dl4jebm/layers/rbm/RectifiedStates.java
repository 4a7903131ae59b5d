/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What units have in common whose states are not negative and have no upper bound. */
final class RectifiedStates {

  private RectifiedStates() {}

  /** As {@link UnitType#findBadStates}. */
  static Optional<String> findBad(INDArray states, String type) {
    double min = states.minNumber().doubleValue();
    return min >= 0
        ? Optional.empty()
        : Optional.of(
            "the value "
                + min
                + "; accepted by "
                + type
                + ": 0 or greater. For data of both signs choose GaussianUnits");
  }

  /** Of energies that grow as {@code x^2 / 2}. */
  static EnergyGrowth growth(long units) {
    double[] ones = new double[(int) units];
    Arrays.fill(ones, 1);
    boolean[] nonNegative = new boolean[ones.length];
    Arrays.fill(nonNegative, true);
    return new EnergyGrowth(ones, nonNegative);
  }
}
