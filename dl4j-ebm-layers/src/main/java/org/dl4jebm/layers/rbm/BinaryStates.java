/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.OptionalLong;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Enumerates the joint states of units with two states each: unit {@code j} is bit {@code j}. */
final class BinaryStates {

  private static final int MAX_UNITS = 62;

  private BinaryStates() {}

  static OptionalLong count(long units) {
    return units <= MAX_UNITS ? OptionalLong.of(1L << units) : OptionalLong.empty();
  }

  /** Row {@code i} becomes state number {@code first + i}, with the given values of the bits. */
  static void write(long first, double off, double on, INDArray out) {
    int rows = (int) out.size(0);
    int units = (int) out.size(1);
    float[][] states = new float[rows][units];
    for (int i = 0; i < rows; i++) {
      long number = first + i;
      for (int j = 0; j < units; j++) {
        states[i][j] = (float) ((number >> j & 1) == 0 ? off : on);
      }
    }
    out.assign(Nd4j.createFromArray(states));
  }
}
