/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.dl4jebm.layers.Rows;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Points with copies that are moved a little, and the outputs of a network there, in DOUBLE.
 *
 * @param network computes the outputs of points; may modify its argument
 * @param type the network's type
 * @param maximumRows how many points go through the network at a time
 */
record DifferenceStacks(UnaryOperator<INDArray> network, DataType type, int maximumRows) {

  DifferenceStacks {
    if (maximumRows < 1) {
      throw new IllegalArgumentException(
          "maximumRows is " + maximumRows + "; accepted: at least 1");
    }
  }

  INDArray points(INDArray x) {
    return Points.require(x, type, "x");
  }

  /** One direction for each point. */
  INDArray directions(INDArray x, INDArray v, String name) {
    Points.requireShape(x, v, name);
    return Points.require(v, type, name);
  }

  /** Examples as the rows of a matrix, in DOUBLE, new. */
  static INDArray matrix(INDArray x) {
    return x.castTo(DataType.DOUBLE)
        .dup('c')
        .reshape('c', new long[] {x.size(0), x.length() / x.size(0)});
  }

  /**
   * Lengths of the rows; 1 for rows of zeros, along which every derivative is 0.
   *
   * @return {@code [n, 1]}, new
   */
  static INDArray lengths(INDArray rows) {
    INDArray lengths = Transforms.sqrt(rows.mul(rows).sum(true, 1), false);
    return lengths.addi(lengths.eq(0).castTo(DataType.DOUBLE));
  }

  /** How many of {@code n} points at a time are moved along a unit vector each. */
  int unitVectors(long n, int copies, long d) {
    return (int) Math.max(1, Math.min(d, maximumRows / (n * copies)));
  }

  /**
   * Copies of points, each moved along a unit vector.
   *
   * @param points {@code [n, d]}. Not modified.
   * @param from the first unit vector
   * @param to one past the last
   * @param step how far
   * @return {@code [(to - from) n, d]}, new
   */
  static INDArray moved(INDArray points, long from, long to, double step) {
    long n = points.size(0);
    INDArray rows = Nd4j.tile(points, Math.toIntExact(to - from), 1);
    for (long i = from; i < to; i++) {
      long row = (i - from) * n;
      rows.get(NDArrayIndex.interval(row, row + n), NDArrayIndex.interval(i, i + 1)).addi(step);
    }
    return rows;
  }

  /**
   * Computes outputs.
   *
   * @param rows points as a matrix in DOUBLE. Not modified.
   * @param like has the shape of examples
   * @return outputs as a matrix in DOUBLE, {@code [rows, outputs]}, new
   */
  INDArray outputs(INDArray rows, INDArray like) {
    long count = rows.size(0);
    INDArray[] parts = new INDArray[Math.toIntExact((count + maximumRows - 1) / maximumRows)];
    for (int i = 0; i < parts.length; i++) {
      long from = (long) i * maximumRows;
      INDArray part = Rows.range(rows, from, Math.min(count, from + maximumRows));
      parts[i] = matrix(network.apply(shaped(part, like).castTo(type)));
    }
    return parts.length == 1 ? parts[0] : Nd4j.concat(0, parts);
  }

  /** Energies in DOUBLE, {@code [rows]}. */
  INDArray energies(INDArray rows, INDArray like) {
    INDArray outputs = outputs(rows, like);
    if (outputs.size(0) != rows.size(0) || outputs.size(1) != 1) {
      throw new DL4JInvalidConfigException(
          "the network's output for "
              + rows.size(0)
              + " examples has shape "
              + Arrays.toString(outputs.shape())
              + "; accepted: one output for each example, which is the energy");
    }
    return outputs.reshape('c', new long[] {rows.size(0)});
  }

  /** A matrix as examples, new. */
  static INDArray shaped(INDArray rows, INDArray like) {
    long[] shape = like.shape().clone();
    shape[0] = rows.size(0);
    return rows.dup('c').reshape('c', shape);
  }
}
