/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.data;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Bars and stripes (MacKay, Information Theory, Inference, and Learning Algorithms, 2003, section
 * 43): images of whole rows or whole columns that are on or off. A toy on which everything can be
 * computed exactly.
 */
public final class BarsAndStripes {

  private static final int MAX_SIDE = 10;

  private BarsAndStripes() {}

  /**
   * All images: each of the 2<sup>side</sup> patterns of rows, then each of columns. The empty and
   * the full image occur twice, so that they are twice as probable as the others.
   *
   * @param side pixels of a side, 1 to 10
   * @return {@code [2 2^side, side^2]}, 0 or 1, new
   * @throws IllegalArgumentException if {@code side} is out of range
   */
  public static INDArray all(int side) {
    if (side < 1 || side > MAX_SIDE) {
      throw new IllegalArgumentException("side is " + side + "; accepted: 1 to " + MAX_SIDE);
    }
    int patterns = 1 << side;
    float[][] images = new float[2 * patterns][side * side];
    for (int pattern = 0; pattern < patterns; pattern++) {
      for (int i = 0; i < side * side; i++) {
        images[pattern][i] = pattern >> (i / side) & 1;
        images[patterns + pattern][i] = pattern >> (i % side) & 1;
      }
    }
    return Nd4j.createFromArray(images);
  }
}
