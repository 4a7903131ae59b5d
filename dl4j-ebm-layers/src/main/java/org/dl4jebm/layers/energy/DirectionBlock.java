/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.ArrayList;
import java.util.List;
import org.dl4jebm.layers.Rows;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A few points with a few unit vectors as directions, of all points and the {@code d} unit vectors.
 *
 * @param fromPoint the first point
 * @param toPoint one past the last
 * @param fromDirection the first direction
 * @param toDirection one past the last
 * @param layout with as many directions, and a second derivative for each or one sum for all
 */
record DirectionBlock(
    long fromPoint, long toPoint, long fromDirection, long toDirection, StreamLayout layout) {

  /** With so many directions the point and the sum, which they share, cost little. */
  private static final long DIRECTIONS = 32;

  /**
   * Divides the work.
   *
   * @param x all points
   * @param maximumRows how many rows a stack may have, at least 3
   * @param each whether the second derivatives are kept apart
   */
  static List<DirectionBlock> of(INDArray x, int maximumRows, boolean each) {
    long n = x.size(0);
    long d = x.length() / n;
    int rowsADirection = each ? 2 : 1;
    int shared = each ? 1 : 2;
    long directions =
        Math.min(Math.min(d, DIRECTIONS), Math.max(1, (maximumRows - shared) / rowsADirection));
    long points = Math.max(1, maximumRows / (directions * rowsADirection + shared));
    List<DirectionBlock> blocks = new ArrayList<>();
    for (long point = 0; point < n; point += points) {
      for (long direction = 0; direction < d; direction += directions) {
        long end = Math.min(d, direction + directions);
        int count = (int) (end - direction);
        blocks.add(
            new DirectionBlock(
                point,
                Math.min(n, point + points),
                direction,
                end,
                new StreamLayout(count, each ? count : 1)));
      }
    }
    return blocks;
  }

  /**
   * The input of the twin.
   *
   * @param x all points. Not modified.
   */
  INDArray stack(INDArray x) {
    long n = toPoint - fromPoint;
    long d = x.length() / x.size(0);
    long[] shape = x.shape().clone();
    shape[0] = n * layout.inputStreams();
    INDArray stack = Nd4j.zeros(x.dataType(), n * layout.inputStreams(), d);
    stack
        .get(NDArrayIndex.interval(0, n), NDArrayIndex.all())
        .assign(points(x).dup('c').reshape('c', new long[] {n, d}));
    for (long direction = fromDirection; direction < toDirection; direction++) {
      long row = (1 + direction - fromDirection) * n;
      stack
          .get(NDArrayIndex.interval(row, row + n), NDArrayIndex.interval(direction, direction + 1))
          .assign(1);
    }
    return stack.reshape('c', shape);
  }

  /** The part of an array {@code [n, ...]} that belongs to the points. */
  INDArray points(INDArray array) {
    return Rows.range(array, fromPoint, toPoint);
  }

  /** The part of a matrix {@code [n, d]} that belongs to the points and directions. */
  INDArray columns(INDArray matrix) {
    return matrix.get(
        NDArrayIndex.interval(fromPoint, toPoint),
        NDArrayIndex.interval(fromDirection, toDirection));
  }
}
