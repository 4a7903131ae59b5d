/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Arrays;
import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Input, labels and mask of a {@link LikelihoodOutput} in the form that a {@link Likelihood} takes:
 * channels in dimension 1, the column of the bound apart, the mask in the shape of the data.
 *
 * @param x data {@code [n, d, ...]}
 * @param mask weights of values, in the shape of {@code x}, or null
 * @param exampleWeights one an example, or null
 * @param eta outputs {@code [T n, P, ...]}
 * @param column the last column of the input, or null
 * @param samples {@code T}
 */
record LikelihoodBatch(
    INDArray x,
    INDArray mask,
    double[] exampleWeights,
    INDArray eta,
    double[] column,
    int samples) {

  /**
   * Brings the arrays into form. None of them is modified.
   *
   * @throws IllegalArgumentException if they do not go together or hold values that the likelihood
   *     does not accept
   */
  static LikelihoodBatch of(
      LikelihoodOutput conf,
      Likelihood likelihood,
      INDArray input,
      INDArray labels,
      INDArray labelMask) {
    requireInput(conf, input);
    INDArray eta = outputs(conf, input);
    long[] shape = LikelihoodRows.dataShape(likelihood, eta);
    shape[0] = labels.rank() == 0 ? 0 : labels.size(0);
    INDArray x = data(conf, labels.castTo(eta.dataType()), shape);
    double[] weights = null;
    INDArray mask = null;
    if (labelMask != null) {
      if (isPerExample(labelMask, shape[0])) {
        weights = labelMask.castTo(DataType.DOUBLE).dup('c').data().asDouble();
      } else {
        mask = valueMask(conf, labelMask.castTo(eta.dataType()), labels, shape);
      }
    }
    int samples = LikelihoodRows.samples(likelihood, x, mask, eta);
    INDArray seen = weights == null ? mask : ofShape(labelMask.castTo(eta.dataType()), shape);
    Optional<String> problem = likelihood.findBadData(x, seen);
    if (problem.isPresent()) {
      throw new IllegalArgumentException("labels hold " + problem.get());
    }
    double[] column = null;
    if (conf.getBound().hasColumn()) {
      column =
          input
              .get(NDArrayIndex.all(), NDArrayIndex.point(input.size(1) - 1))
              .castTo(DataType.DOUBLE)
              .dup('c')
              .data()
              .asDouble();
    }
    return new LikelihoodBatch(x, mask, weights, eta, column, samples);
  }

  /** Checks the shape of the input as far as it can be seen without labels. */
  static void requireInput(LikelihoodOutput conf, INDArray input) {
    boolean column = conf.getBound().hasColumn();
    if (input.rank() < 2 || column && input.rank() != 2) {
      throw new IllegalArgumentException(
          "input has shape "
              + Arrays.toString(input.shape())
              + "; accepted: "
              + (column ? "[T n, P + 1] with bound " + conf.getBound() : "[T n, P, ...]"));
    }
    long channels = channelsFirst(conf, input).size(1);
    if (conf.getNIn() > 0 && channels != conf.getNIn()) {
      throw new IllegalArgumentException(
          "input has shape "
              + Arrays.toString(input.shape())
              + " with "
              + channels
              + " channels; accepted: "
              + conf.getNIn()
              + (column ? ", the last of them the column of bound " + conf.getBound() : ""));
    }
    if (column && channels < 2) {
      throw new IllegalArgumentException(
          "input has 1 column; accepted with bound "
              + conf.getBound()
              + ": the likelihood's columns and one more");
    }
  }

  /** A view of the input, or of an array of its shape, that a likelihood takes. */
  static INDArray outputs(LikelihoodOutput conf, INDArray input) {
    return conf.getBound().hasColumn()
        ? input.get(NDArrayIndex.all(), NDArrayIndex.interval(0, input.size(1) - 1))
        : channelsFirst(conf, input);
  }

  /** A view with the channels in dimension 1. */
  static INDArray channelsFirst(LikelihoodOutput conf, INDArray array) {
    int rank = array.rank();
    if (!conf.isChannelsLast() || rank < 3) {
      return array;
    }
    int[] order = new int[rank];
    order[1] = rank - 1;
    for (int i = 2; i < rank; i++) {
      order[i] = i - 1;
    }
    return array.permute(order);
  }

  /** The shape with the channels where the configuration wants them. */
  static long[] configuredShape(LikelihoodOutput conf, long[] channelsFirst) {
    long[] shape = channelsFirst.clone();
    if (conf.isChannelsLast() && shape.length > 2) {
      System.arraycopy(channelsFirst, 2, shape, 1, shape.length - 2);
      shape[shape.length - 1] = channelsFirst[1];
    }
    return shape;
  }

  /** Flattened data get the shape of the output, and are flattened where that is. */
  private static INDArray data(LikelihoodOutput conf, INDArray labels, long[] shape) {
    long length = 1;
    for (long size : shape) {
      length *= size;
    }
    boolean otherRank = labels.rank() != shape.length && (labels.rank() == 2 || shape.length == 2);
    if (otherRank && labels.length() == length && length > 0) {
      return channelsFirst(conf, labels.reshape('c', configuredShape(conf, shape)));
    }
    return labels.rank() == shape.length ? channelsFirst(conf, labels) : labels;
  }

  private static boolean isPerExample(INDArray mask, long n) {
    return mask.length() == n && mask.size(0) == n && mask.rank() <= 2;
  }

  private static INDArray valueMask(
      LikelihoodOutput conf, INDArray mask, INDArray labels, long[] shape) {
    if (Arrays.equals(mask.shape(), labels.shape())) {
      return data(conf, mask, shape);
    }
    if (shape.length == 3 && Arrays.equals(mask.shape(), new long[] {shape[0], shape[2]})) {
      return ofShape(mask.reshape('c', new long[] {shape[0], 1, shape[2]}), shape);
    }
    if (mask.rank() == shape.length) {
      INDArray arranged = channelsFirst(conf, mask);
      boolean fits = true;
      for (int i = 0; i < shape.length; i++) {
        fits &= arranged.size(i) == 1 || arranged.size(i) == shape[i];
      }
      if (fits) {
        return ofShape(arranged, shape);
      }
    }
    throw new IllegalArgumentException(
        "label mask has shape "
            + Arrays.toString(mask.shape())
            + " for labels of shape "
            + Arrays.toString(labels.shape())
            + "; accepted: [n, 1], [n, t] for a time series, or the shape of the labels, where a"
            + " size may be 1");
  }

  /** The values, repeated along dimensions of size 1 and those that are missing at the end. */
  private static INDArray ofShape(INDArray values, long[] shape) {
    long[] padded = Arrays.copyOf(values.shape(), shape.length);
    Arrays.fill(padded, values.rank(), shape.length, 1);
    return values.reshape('c', padded).broadcast(shape);
  }
}
