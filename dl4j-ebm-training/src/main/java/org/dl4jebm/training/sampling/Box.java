/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The box {@code low <= x_i <= high} for every value of a point, with reflecting walls: a move that
 * leaves it comes back as a ball would, {@code low - r} to {@code low + r}, as often as needed.
 *
 * <p>Reflection keeps the distribution that a sampler is meant for, restricted to the box: it maps
 * the uniform distribution to itself and, with the momentum turned as well, keeps volume and
 * reversibility of Hamiltonian moves (Neal, Handbook of Markov Chain Monte Carlo 2011, section
 * 5.5.1). Clipping to the walls does not; it puts a part of the mass on them.
 *
 * @param low lower wall, finite
 * @param high upper wall, finite and above {@code low}
 */
public record Box(double low, double high) {

  /** The box of pixels between 0 and 1. */
  public static final Box UNIT = new Box(0, 1);

  /**
   * Checks the walls.
   *
   * @throws IllegalArgumentException if they are not finite or {@code high} is not above {@code
   *     low}
   */
  public Box {
    if (!Double.isFinite(low) || !Double.isFinite(high) || !(high > low)) {
      throw new IllegalArgumentException(
          "low is " + low + " and high is " + high + "; accepted: finite numbers, high above low");
    }
  }

  /**
   * Width.
   *
   * @return {@code high - low}
   */
  public double width() {
    return high - low;
  }

  /**
   * Tells whether points lie in the box.
   *
   * @param x any array. Not modified.
   * @return true if every value is from {@code low} to {@code high}; NaN is overlooked
   */
  public boolean contains(INDArray x) {
    return x.minNumber().doubleValue() >= low && x.maxNumber().doubleValue() <= high;
  }

  /**
   * Reflects values into the box; those inside keep their bits. Only finite values are reflected.
   *
   * @param x any array. Modified.
   */
  public void reflect(INDArray x) {
    reflect(x, null);
  }

  /**
   * Reflects values into the box and turns the momentum of each that met an odd number of walls.
   *
   * @param x any array. Modified.
   * @param momentum of the same shape. Modified; may be null.
   */
  void reflect(INDArray x, INDArray momentum) {
    if (contains(x)) {
      return;
    }
    INDArray below = Transforms.max(x.rsub(low), 0, false);
    INDArray above = Transforms.max(x.sub(high), 0, false);
    INDArray beyond = below.add(above);
    if (beyond.maxNumber().doubleValue() <= width()) {
      x.addi(below.subi(above).muli(2));
      if (momentum != null) {
        turn(momentum, Transforms.sign(beyond, false));
      }
      return;
    }
    // Several walls: position in units of the width, and the parity of walls that were met.
    INDArray outside = Transforms.sign(beyond, false);
    INDArray place = x.sub(low).divi(width());
    INDArray walls = Transforms.floor(place, true);
    INDArray odd = walls.sub(Transforms.floor(walls.mul(0.5), false).muli(2));
    INDArray within = place.subi(walls);
    INDArray folded = within.addi(odd.mul(within.mul(-2).addi(1))).muli(width()).addi(low);
    x.addi(folded.subi(x).muli(outside));
    // What rounding left beyond a wall.
    Transforms.min(Transforms.max(x, low, false), high, false);
    if (momentum != null) {
      turn(momentum, odd.muli(outside));
    }
  }

  /** {@code momentum * (1 - 2 turned)}. */
  private static void turn(INDArray momentum, INDArray turned) {
    momentum.muli(turned.muli(-2).addi(1));
  }
}
