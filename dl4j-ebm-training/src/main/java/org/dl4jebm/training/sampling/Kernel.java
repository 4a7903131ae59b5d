/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

/**
 * One move of chains that follow the gradient of an energy: {@link Langevin} without and {@link
 * Mala} and {@link Hmc} with the test of Metropolis and Hastings. With the test the distribution
 * {@code exp(-E(x)) / Z} is stationary for every step size; without it only in the limit of small
 * ones.
 */
public sealed interface Kernel permits Langevin, Mala, Hmc {

  /**
   * The walls that moves are reflected at.
   *
   * @return the box, or null for none
   */
  Box bounds();

  /**
   * The move as leapfrog steps.
   *
   * @return what it is made of
   */
  Leapfrog leapfrog();

  /**
   * The same kernel with another step size.
   *
   * @param size of the leapfrog steps, {@link Leapfrog#size}
   * @return a new kernel
   * @throws IllegalArgumentException if the size is not a finite number above 0
   * @throws UnsupportedOperationException for {@link Langevin}, whose step size no test corrects
   */
  Kernel withLeapfrogSize(double size);
}
