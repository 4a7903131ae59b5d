/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The parts of a matrix with one stream a row, and the sums that its rules need. */
record StreamBlocks(StreamLayout layout) {

  static INDArray rows(INDArray streams, int from, int to) {
    return streams.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }

  static INDArray value(INDArray streams) {
    return rows(streams, 0, 1);
  }

  INDArray tangents(INDArray streams) {
    return rows(streams, 1, layout.inputStreams());
  }

  INDArray seconds(INDArray streams) {
    return rows(streams, layout.inputStreams(), layout.streams());
  }

  /** New: each row times a row. */
  static INDArray timesRow(INDArray rows, INDArray row) {
    return rows.size(0) == 1 ? rows.mul(row) : rows.mulRowVector(row);
  }

  /** Sums over the directions of each part; may be the argument. */
  INDArray sums(INDArray rows) {
    int length = layout.directionsInSum();
    if (length == 1) {
      return rows;
    }
    return rows.reshape('c', new long[] {layout.sums(), length, rows.size(1)}).sum(1);
  }

  /** Repeats the row of each part for its directions; may be the argument. */
  INDArray spread(INDArray rows) {
    int length = layout.directionsInSum();
    return length == 1 ? rows : rows.repeat(0, length);
  }

  /** Streams as the rows of a matrix. */
  static INDArray matrix(INDArray rows, int streams) {
    return rows.reshape('c', new long[] {streams, rows.length() / streams});
  }
}
