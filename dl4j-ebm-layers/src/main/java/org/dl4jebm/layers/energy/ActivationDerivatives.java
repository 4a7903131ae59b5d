/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A function of one variable with its derivatives, applied to each value of an array. {@link
 * ActivationTable} has those of DL4J's activations.
 */
public interface ActivationDerivatives {

  /** The most derivatives that are ever asked for. */
  int HIGHEST = 3;

  /**
   * Computes {@code f, f', f'', ...} of each value.
   *
   * @param z values in FLOAT or DOUBLE, of any shape, contiguous. Not modified.
   * @param highest how many derivatives, 0 to {@link #HIGHEST}
   * @return {@code highest + 1} new arrays of the shape of {@code z}. They may be one and the same
   *     object where they are equal, and must not be modified.
   */
  INDArray[] of(INDArray z, int highest);

  /**
   * Tells how smooth the function is. Where a derivative jumps, {@link #of} returns its limit from
   * one side.
   *
   * @return how many derivatives are continuous everywhere: {@link #HIGHEST} for at least that
   *     many, 0 for a continuous function with a kink, -1 for one that jumps itself
   */
  int continuous();
}
