/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Activations {@code [n, C, ...]} or {@code [n, ..., C]} as rows of channels, and back. */
final class ChannelRows {

  private ChannelRows() {}

  /** {@code [n * positions, C]}, all positions of an example together. */
  static INDArray of(INDArray activations, boolean channelsLast) {
    int rank = activations.rank();
    if (rank == 2) {
      return activations;
    }
    INDArray last = activations;
    if (!channelsLast) {
      int[] order = new int[rank];
      for (int i = 1; i < rank - 1; i++) {
        order[i] = i + 1;
      }
      order[rank - 1] = 1;
      last = activations.permute(order);
    }
    long channels = last.size(rank - 1);
    return last.dup('c').reshape('c', new long[] {activations.length() / channels, channels});
  }

  /**
   * The inverse of {@link #of}.
   *
   * @param n number of examples
   * @param positions sizes of the dimensions beside examples and channels
   */
  static INDArray toActivations(INDArray rows, long n, long[] positions, boolean channelsLast) {
    if (positions.length == 0) {
      return rows;
    }
    int rank = positions.length + 2;
    long[] shape = new long[rank];
    shape[0] = n;
    System.arraycopy(positions, 0, shape, 1, positions.length);
    shape[rank - 1] = rows.size(1);
    INDArray last = rows.dup('c').reshape('c', shape);
    if (channelsLast) {
      return last;
    }
    int[] order = new int[rank];
    order[1] = rank - 1;
    for (int i = 2; i < rank; i++) {
      order[i] = i - 1;
    }
    return last.permute(order).dup('c');
  }

  /** Sizes of the dimensions beside examples and channels. */
  static long[] positions(INDArray activations, boolean channelsLast) {
    long[] shape = activations.shape();
    long[] positions = new long[shape.length - 2];
    System.arraycopy(shape, channelsLast ? 1 : 2, positions, 0, positions.length);
    return positions;
  }
}
