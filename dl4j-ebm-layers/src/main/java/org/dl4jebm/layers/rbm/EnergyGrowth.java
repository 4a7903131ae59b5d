/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

/**
 * How fast the energy of the units of a layer grows for large states: {@code e(x) ~ (x_i / s_i)^2 /
 * 2}, while the coupling multiplies {@code x_i / s_i^2} where it does so for Gaussian units. It
 * decides whether a machine with two such sides can be normalised; see {@link
 * RbmModel#couplingNorm}.
 *
 * @param inverseDeviation {@code 1 / s_i} for each unit, 0 for units whose states have a bound
 * @param nonNegative whether the states of a unit are never negative
 */
public record EnergyGrowth(double[] inverseDeviation, boolean[] nonNegative) {

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if the lengths differ
   */
  public EnergyGrowth {
    if (inverseDeviation.length != nonNegative.length) {
      throw new IllegalArgumentException(
          "there are "
              + inverseDeviation.length
              + " deviations and "
              + nonNegative.length
              + " signs; accepted: as many");
    }
  }

  /**
   * Units whose states have a bound.
   *
   * @param units how many
   * @return no growth
   */
  public static EnergyGrowth bounded(long units) {
    return new EnergyGrowth(new double[(int) units], new boolean[(int) units]);
  }
}
