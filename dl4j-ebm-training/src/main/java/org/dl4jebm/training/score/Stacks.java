/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.Arrays;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Arrays that stackers share. */
final class Stacks {

  private Stacks() {}

  /** Random directions, blocks of as many as there are points. */
  static INDArray directions(INDArray x, Probes kind, int count, RandomStream random) {
    INDArray v = Nd4j.createUninitialized(x.dataType(), shape(x, count * x.size(0)));
    kind.draw(random, v);
    return v;
  }

  static Probes require(Probes kind) {
    if (kind == null) {
      throw new IllegalArgumentException(
          "kind is null; accepted: " + Arrays.toString(Probes.values()));
    }
    return kind;
  }

  /** Unit vectors, blocks of as many as there are points. */
  static INDArray units(INDArray x, long from, long to) {
    long n = x.size(0);
    long width = x.length() / n;
    INDArray v = Nd4j.zeros(x.dataType(), (to - from) * n, width);
    for (long i = from; i < to; i++) {
      long row = (i - from) * n;
      v.get(NDArrayIndex.interval(row, row + n), NDArrayIndex.interval(i, i + 1)).assign(1);
    }
    return v.reshape('c', shape(x, (to - from) * n));
  }

  private static long[] shape(INDArray x, long rows) {
    long[] shape = x.shape().clone();
    shape[0] = rows;
    return shape;
  }

  /** A matrix with an example a row. */
  static INDArray flat(INDArray x) {
    return x.reshape('c', new long[] {x.size(0), x.length() / x.size(0)});
  }

  /** All numbers of an array in 'c' order without gaps. */
  static INDArray vector(INDArray x) {
    return x.reshape('c', new long[] {x.length()});
  }

  /** The squared norm of each example. */
  static INDArray squares(INDArray x) {
    INDArray rows = flat(x);
    return rows.mul(rows).sum(1);
  }

  /** Labels of which the first rows hold the given columns and the others are not used. */
  static INDArray labels(long rows, INDArray... columns) {
    long n = columns[0].length();
    INDArray labels = Nd4j.zeros(columns[0].dataType(), rows, columns.length);
    for (int i = 0; i < columns.length; i++) {
      labels.get(NDArrayIndex.interval(0, n), NDArrayIndex.point(i)).assign(columns[i]);
    }
    return labels;
  }
}
