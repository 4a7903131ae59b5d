/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The rule of Leibniz for streams of derivatives, forward and backward. Arrays are matrices with
 * one stream a row, all streams, contiguous in 'c' order. With the sum over the directions {@code
 * k} of a part {@code j}:
 *
 * <pre>
 * (ab)'_k  = a'_k b + a b'_k
 * (ab)''_j = a''_j b + 2 sum_k a'_k b'_k + a b''_j
 *
 * da    = e b + sum_k e'_k b'_k + sum_j e''_j b''_j
 * da'_k = e'_k b + 2 e''_j b'_k
 * da''_j = e''_j b
 * </pre>
 */
final class ProductStreams {

  private final StreamLayout layout;
  private final StreamBlocks blocks;

  ProductStreams(StreamLayout layout) {
    this.layout = layout;
    this.blocks = new StreamBlocks(layout);
  }

  /**
   * Multiplies.
   *
   * @param a streams, {@code [streams, N]}. Not modified.
   * @param b the same. Not modified.
   * @return those of the product, new
   */
  INDArray product(INDArray a, INDArray b) {
    INDArray result = StreamBlocks.timesRow(a, StreamBlocks.value(b));
    if (layout.directions() > 0) {
      INDArray value = StreamBlocks.value(a);
      blocks.tangents(result).addi(StreamBlocks.timesRow(blocks.tangents(b), value));
      if (layout.sums() > 0) {
        INDArray mixed = blocks.sums(blocks.tangents(a).mul(blocks.tangents(b))).mul(2);
        blocks.seconds(result).addi(mixed.addi(StreamBlocks.timesRow(blocks.seconds(b), value)));
      }
    }
    return result;
  }

  /**
   * Backward, into one of the factors.
   *
   * @param other the streams of the other factor. Not modified.
   * @param e derivatives of the loss with respect to those of the product. Not modified.
   * @return derivatives with respect to the factor's, new
   */
  INDArray backward(INDArray other, INDArray e) {
    INDArray result = StreamBlocks.timesRow(e, StreamBlocks.value(other));
    if (layout.directions() > 0) {
      INDArray tangents = blocks.tangents(other);
      INDArray value = StreamBlocks.value(result);
      value.addi(blocks.tangents(e).mul(tangents).sum(true, 0));
      if (layout.sums() > 0) {
        INDArray errors = blocks.seconds(e);
        value.addi(errors.mul(blocks.seconds(other)).sum(true, 0));
        blocks.tangents(result).addi(blocks.spread(errors).mul(tangents).muli(2));
      }
    }
    return result;
  }
}
