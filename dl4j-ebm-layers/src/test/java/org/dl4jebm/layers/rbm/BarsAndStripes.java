/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The data set of bars and stripes: the images whose rows, or whose columns, are of one colour. */
final class BarsAndStripes {

  private BarsAndStripes() {}

  /** All images of {@code side x side} pixels; the two uniform ones are in it twice. */
  static INDArray images(int side, DataType type) {
    int patterns = 1 << side;
    double[][] images = new double[2 * patterns][side * side];
    for (int pattern = 0; pattern < patterns; pattern++) {
      for (int row = 0; row < side; row++) {
        for (int column = 0; column < side; column++) {
          images[pattern][row * side + column] = pattern >> row & 1;
          images[patterns + pattern][row * side + column] = pattern >> column & 1;
        }
      }
    }
    return Nd4j.createFromArray(images).castTo(type);
  }
}
