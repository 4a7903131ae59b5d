/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The rule of an activation for streams of derivatives, forward and backward. Arrays are matrices
 * with one stream a row, contiguous in 'c' order. With the sum over the directions {@code k} of a
 * part {@code j}:
 *
 * <pre>
 * a = f(z)    a'_k = f'(z) z'_k    a''_j = f''(z) sum_k z'_k^2 + f'(z) z''_j
 *
 * dz    = e f' + f'' sum_k e'_k z'_k + sum_j e''_j (f''' sum_k z'_k^2 + f'' z''_j)
 * dz'_k = e'_k f' + 2 e''_j f'' z'_k
 * dz''_j = e''_j f'
 * </pre>
 */
final class ActivationStreams {

  private final ActivationDerivatives function;
  private final StreamLayout layout;

  /** Whether second derivatives are among the arguments, or 0 and left out. */
  private final boolean secondsIn;

  private final boolean secondsOut;

  /**
   * A rule.
   *
   * @param secondsOut whether second derivatives are among the results; may be false only where
   *     they are 0 or not asked for
   */
  ActivationStreams(
      ActivationDerivatives function, StreamLayout layout, boolean secondsIn, boolean secondsOut) {
    this.function = function;
    this.layout = layout;
    this.secondsIn = secondsIn;
    this.secondsOut = secondsOut;
  }

  /** Whether the rule does nothing. */
  boolean isIdentity() {
    return function == ActivationTable.IDENTITY && secondsIn == secondsOut;
  }

  /** How many streams the results have. */
  int streamsOut() {
    return secondsOut ? layout.streams() : layout.inputStreams();
  }

  /** How many streams the arguments have. */
  int streamsIn() {
    return secondsIn ? layout.streams() : layout.inputStreams();
  }

  /**
   * Forward.
   *
   * @param z arguments, {@code [streams in, N]}. Not modified.
   * @param a gets the results, {@code [streams out, N]}. Modified.
   */
  void forward(INDArray z, INDArray a) {
    if (function == ActivationTable.IDENTITY) {
      rows(a, 0, layout.inputStreams()).assign(rows(z, 0, layout.inputStreams()));
      if (secondsOut) {
        if (secondsIn) {
          seconds(a).assign(seconds(z));
        } else {
          seconds(a).assign(0);
        }
      }
      return;
    }
    INDArray[] f = function.of(rows(z, 0, 1), derivatives());
    rows(a, 0, 1).assign(f[0]);
    if (layout.directions() == 0) {
      return;
    }
    INDArray tangents = tangents(z);
    tangents(a).assign(timesRow(tangents, f[1]));
    if (layout.sums() == 0) {
      return;
    }
    INDArray second = timesRow(sums(tangents.mul(tangents)), f[2]);
    if (secondsIn) {
      second.addi(timesRow(seconds(z), f[1]));
    }
    seconds(a).assign(second);
  }

  /**
   * Backward.
   *
   * @param z arguments of {@link #forward}. Not modified.
   * @param e derivatives of the loss with respect to the results, {@code [streams out, N]}. Not
   *     modified.
   * @param dz gets those with respect to the arguments, {@code [streams in, N]}. Modified.
   */
  void backward(INDArray z, INDArray e, INDArray dz) {
    if (function == ActivationTable.IDENTITY) {
      dz.assign(rows(e, 0, Math.toIntExact(dz.size(0))));
      return;
    }
    INDArray[] f = function.of(rows(z, 0, 1), derivatives() + 1);
    INDArray first = rows(e, 0, 1).mul(f[1]);
    if (layout.directions() > 0) {
      INDArray tangents = tangents(z);
      INDArray tangentErrors = tangents(e);
      first.addi(tangentErrors.mul(tangents).sum(true, 0).muli(f[2]));
      INDArray tangentResult = timesRow(tangentErrors, f[1]);
      if (layout.sums() > 0) {
        INDArray errors = seconds(e);
        first.addi(sums(tangents.mul(tangents)).muli(errors).sum(true, 0).muli(f[3]));
        if (secondsIn) {
          first.addi(seconds(z).mul(errors).sum(true, 0).muli(f[2]));
          seconds(dz).assign(timesRow(errors, f[1]));
        }
        tangentResult.addi(spread(timesRow(errors, f[2]).muli(2)).mul(tangents));
      }
      tangents(dz).assign(tangentResult);
    }
    rows(dz, 0, 1).assign(first);
  }

  private int derivatives() {
    return layout.sums() > 0 ? 2 : layout.directions() > 0 ? 1 : 0;
  }

  private INDArray tangents(INDArray streams) {
    return rows(streams, 1, layout.inputStreams());
  }

  private INDArray seconds(INDArray streams) {
    return rows(streams, layout.inputStreams(), layout.streams());
  }

  private static INDArray rows(INDArray streams, int from, int to) {
    return streams.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }

  /** New: each row times a row. */
  private static INDArray timesRow(INDArray rows, INDArray row) {
    return rows.size(0) == 1 ? rows.mul(row) : rows.mulRowVector(row);
  }

  /** Sums over the directions of each part; may be the argument. */
  private INDArray sums(INDArray rows) {
    int length = layout.directionsInSum();
    if (length == 1) {
      return rows;
    }
    return rows.reshape('c', new long[] {layout.sums(), length, rows.size(1)}).sum(1);
  }

  /** Repeats the row of each part for its directions; may be the argument. */
  private INDArray spread(INDArray rows) {
    int length = layout.directionsInSum();
    return length == 1 ? rows : rows.repeat(0, length);
  }
}
