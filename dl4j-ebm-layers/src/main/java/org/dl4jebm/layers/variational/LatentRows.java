/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Arrays;
import org.dl4jebm.layers.Rows;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastCopyOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Activations of any shape as rows of channels, one row for each example and position, and rows of
 * several samples: all samples of an example stand together.
 */
final class LatentRows {

  private LatentRows() {}

  /**
   * One row a position: {@code [n, C, ...]} or {@code [n, ..., C]} to {@code [n * positions, C]}.
   */
  static INDArray of(INDArray activations, boolean channelsLast) {
    if (activations.rank() == 2) {
      return activations;
    }
    INDArray last = channelsLast ? activations : activations.permute(toLast(activations.rank()));
    long channels = last.size(-1);
    return last.dup('c').reshape('c', new long[] {activations.length() / channels, channels});
  }

  /**
   * The inverse of {@link #of} with other channels and another number of examples.
   *
   * @param like what the rows once were
   * @return a view of the rows where that is possible
   */
  static INDArray toActivations(INDArray rows, INDArray like, boolean channelsLast) {
    if (like.rank() == 2) {
      return rows;
    }
    long channels = rows.size(1);
    int rank = like.rank();
    long[] shape = new long[rank];
    long positions = 1;
    for (int i = 1; i < rank - 1; i++) {
      shape[i] = like.size(channelsLast ? i : i + 1);
      positions *= shape[i];
    }
    shape[0] = rows.size(0) / positions;
    shape[rank - 1] = channels;
    INDArray last = rows.reshape('c', shape);
    return channelsLast ? last : last.permute(toSecond(rank));
  }

  private static int[] toLast(int rank) {
    int[] order = new int[rank];
    for (int i = 1; i < rank - 1; i++) {
      order[i] = i + 1;
    }
    order[rank - 1] = 1;
    return order;
  }

  private static int[] toSecond(int rank) {
    int[] order = new int[rank];
    order[1] = rank - 1;
    for (int i = 2; i < rank; i++) {
      order[i] = i - 1;
    }
    return order;
  }

  /** Repeats the rows of each example: row {@code i T + s} is that of example {@code i}. */
  static INDArray repeat(INDArray rows, long examples, int samples) {
    if (samples == 1) {
      return rows;
    }
    INDArray each = rows.dup('c').reshape('c', new long[] {examples, rows.length() / examples});
    return Rows.repeatEach(each, samples)
        .reshape('c', new long[] {rows.size(0) * samples, rows.size(1)});
  }

  /**
   * A mask as one value a row.
   *
   * @param mask {@code [n, 1]} or, in DL4J's layout, one of the positions: {@code [n, t]} for a
   *     time series, {@code [n, 1, h, w]} for an image, where a size may be 1; with {@code
   *     channelsLast} {@code [n, h, w, 1]} too. Not modified.
   * @param like activations that have the positions
   * @param rows number of rows, a multiple of the number of examples and positions
   * @return {@code [rows, 1]} of the mask's type
   * @throws IllegalArgumentException if the mask does not belong to the activations
   */
  static INDArray ofMask(INDArray mask, INDArray like, boolean channelsLast, long rows) {
    long n = like.size(0);
    long all = like.length() / like.size(channelsLast ? like.rank() - 1 : 1);
    INDArray values = mask.rank() == like.rank() ? spread(mask, like, channelsLast) : mask;
    long length = values == null ? 0 : values.length();
    if (length == 0 || length % n != 0 || all % length != 0) {
      throw new IllegalArgumentException(
          "mask has shape "
              + Arrays.toString(mask.shape())
              + " for activations of shape "
              + Arrays.toString(like.shape())
              + "; accepted: a value for each example or for each position");
    }
    INDArray column = values.dup('c').reshape('c', new long[] {length, 1});
    INDArray perPosition = repeat(column, length, Math.toIntExact(all / length));
    return repeat(perPosition, n, Math.toIntExact(rows / all));
  }

  /** The mask over all positions, without channels; null if its sizes are others. */
  private static INDArray spread(INDArray mask, INDArray like, boolean channelsLast) {
    long[] positions = withoutChannels(like.shape(), channelsLast);
    for (boolean last : channelsLast ? new boolean[] {false, true} : new boolean[] {false}) {
      long[] sizes = withoutChannels(mask.shape(), last);
      boolean fits = mask.size(last ? mask.rank() - 1 : 1) == 1 && sizes[0] == positions[0];
      for (int i = 1; i < sizes.length; i++) {
        fits &= sizes[i] == 1 || sizes[i] == positions[i];
      }
      if (fits) {
        return mask.dup('c').reshape('c', sizes).broadcast(positions);
      }
    }
    return null;
  }

  private static long[] withoutChannels(long[] shape, boolean channelsLast) {
    long[] sizes = new long[shape.length - 1];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = shape[i == 0 || channelsLast ? i : i + 1];
    }
    return sizes;
  }

  /** Sums what belongs to the samples of an example; the transpose of {@link #repeat}. */
  static INDArray sumSamples(INDArray rows, long examples, int samples) {
    if (samples == 1) {
      return rows;
    }
    long length = rows.length() / examples / samples;
    return rows.reshape('c', new long[] {examples, samples, length})
        .sum(1)
        .reshape('c', new long[] {rows.size(0) / samples, rows.size(1)});
  }

  /** As many rows as {@code z} has: {@code eta} itself, or its only row repeated. */
  static INDArray like(INDArray eta, INDArray z) {
    return like(eta, z.size(0));
  }

  /** So many rows: {@code eta} itself, or its only row repeated. */
  static INDArray like(INDArray eta, long rows) {
    if (eta.size(0) == rows) {
      return eta;
    }
    if (eta.size(0) != 1) {
      throw new IllegalArgumentException(
          "parameters have "
              + eta.size(0)
              + " rows and latent variables "
              + rows
              + "; accepted: as many, or 1");
    }
    INDArray result = Nd4j.createUninitialized(eta.dataType(), new long[] {rows, eta.size(1)}, 'c');
    Rows.fill(result, eta.dup('c').reshape('c', new long[] {eta.size(1)}));
    return result;
  }

  /** A column beside itself, so many times. */
  static INDArray columns(INDArray column, long times) {
    if (times == 1) {
      return column;
    }
    INDArray result =
        Nd4j.createUninitialized(column.dataType(), new long[] {column.length(), times}, 'c');
    INDArray vector = column.dup('c').reshape('c', new long[] {column.length()});
    Nd4j.getExecutioner().exec(new BroadcastCopyOp(result, vector, result, 0));
    return result;
  }

  /** Two arrays of as many rows beside each other; ND4J's concat takes several times as long. */
  static INDArray beside(INDArray left, INDArray right) {
    long columns = left.size(1) + right.size(1);
    INDArray result =
        Nd4j.createUninitialized(left.dataType(), new long[] {left.size(0), columns}, 'c');
    result.get(NDArrayIndex.all(), NDArrayIndex.interval(0, left.size(1))).assign(left);
    result.get(NDArrayIndex.all(), NDArrayIndex.interval(left.size(1), columns)).assign(right);
    return result;
  }
}
