/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.buffer.DataType;

/**
 * How far central differences step, as a distance in {@code x}: {@link FiniteDifferenceEnergy}
 * steps that far along the unit vector of a direction, whatever the length of the direction. With
 * the rounding {@code eps} of the network's type the error of a first derivative is about {@code
 * h^2 |E'''| / 6 + eps |E| / h}, least at {@code h = (3 eps |E| / |E'''|)^(1/3)}, and that of a
 * second derivative {@code h^2 |E''''| / 12 + 4 eps |E| / h^2}, least at {@code h = (48 eps |E| /
 * |E''''|)^(1/4)}. The {@link #of defaults} are {@code 3 eps^(1/3)} and {@code 3 eps^(1/4)}, for
 * points and derivatives of order 1.
 *
 * <table>
 * <caption>Defaults, and the largest errors measured, relative to derivatives above 1, of networks
 * with 3 and 20 inputs, two hidden layers and swish; a third and three times the step were worse, or
 * better by less than a factor of three</caption>
 * <tr><th>type</th><th>first</th><th>gradient</th><th>second</th><th>diagonal</th><th>{@code H
 * v}</th></tr>
 * <tr><td>DOUBLE</td><td>1.8e-5</td><td>1e-10</td><td>3.7e-4</td><td>3e-8</td><td>1e-7</td></tr>
 * <tr><td>FLOAT</td><td>1.5e-2</td><td>7e-5</td><td>5.6e-2</td><td>7e-4</td><td>3e-3</td></tr>
 * </table>
 *
 * <p>For data of another scale, such as pixels from 0 to 255, multiply both with it.
 *
 * @param first for first derivatives, finite and above 0
 * @param second for second derivatives, finite and above 0
 */
public record DifferenceSteps(double first, double second) {

  private static final double FACTOR = 3;

  /**
   * Checks the steps.
   *
   * @throws IllegalArgumentException if one is not finite or not above 0
   */
  public DifferenceSteps {
    require(first, "first");
    require(second, "second");
  }

  private static void require(double step, String name) {
    if (!(step > 0 && step < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          name + " is " + step + "; accepted: a finite number above 0");
    }
  }

  /**
   * Returns the steps for points of order 1.
   *
   * @param type the network's type, {@code FLOAT} or {@code DOUBLE}
   * @return {@code 3 eps^(1/3)} and {@code 3 eps^(1/4)}
   * @throws IllegalArgumentException for another type
   */
  public static DifferenceSteps of(DataType type) {
    if (type != DataType.FLOAT && type != DataType.DOUBLE) {
      throw new IllegalArgumentException("type is " + type + "; accepted: FLOAT or DOUBLE");
    }
    double rounding = type == DataType.FLOAT ? Math.ulp(1f) : Math.ulp(1.0);
    return new DifferenceSteps(
        FACTOR * Math.cbrt(rounding), FACTOR * Math.sqrt(Math.sqrt(rounding)));
  }
}
