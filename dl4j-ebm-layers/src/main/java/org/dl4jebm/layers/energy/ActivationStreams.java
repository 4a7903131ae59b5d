/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.linalg.api.ndarray.INDArray;

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
  private final StreamBlocks blocks;

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
    this.blocks = new StreamBlocks(layout);
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
      StreamBlocks.rows(a, 0, layout.inputStreams())
          .assign(StreamBlocks.rows(z, 0, layout.inputStreams()));
      if (secondsOut) {
        if (secondsIn) {
          blocks.seconds(a).assign(blocks.seconds(z));
        } else {
          blocks.seconds(a).assign(0);
        }
      }
      return;
    }
    FusedStreams fused = FusedStreams.of(function);
    if (fused != null && FusedStreams.reach(z, a)) {
      fused.forward(layout, secondsIn, z, a);
      return;
    }
    INDArray[] f = function.of(StreamBlocks.rows(z, 0, 1), derivatives());
    StreamBlocks.rows(a, 0, 1).assign(f[0]);
    if (layout.directions() == 0) {
      return;
    }
    INDArray tangents = blocks.tangents(z);
    blocks.tangents(a).assign(StreamBlocks.timesRow(tangents, f[1]));
    if (layout.sums() == 0) {
      return;
    }
    INDArray second = StreamBlocks.timesRow(blocks.sums(tangents.mul(tangents)), f[2]);
    if (secondsIn) {
      second.addi(StreamBlocks.timesRow(blocks.seconds(z), f[1]));
    }
    blocks.seconds(a).assign(second);
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
      dz.assign(StreamBlocks.rows(e, 0, Math.toIntExact(dz.size(0))));
      return;
    }
    FusedStreams fused = FusedStreams.of(function);
    if (fused != null && FusedStreams.reach(z, e, dz)) {
      fused.backward(layout, secondsIn, z, e, dz);
      return;
    }
    INDArray[] f = function.of(StreamBlocks.rows(z, 0, 1), derivatives() + 1);
    INDArray first = StreamBlocks.rows(e, 0, 1).mul(f[1]);
    if (layout.directions() > 0) {
      INDArray tangents = blocks.tangents(z);
      INDArray tangentErrors = blocks.tangents(e);
      first.addi(tangentErrors.mul(tangents).sum(true, 0).muli(f[2]));
      INDArray tangentResult = StreamBlocks.timesRow(tangentErrors, f[1]);
      if (layout.sums() > 0) {
        INDArray errors = blocks.seconds(e);
        first.addi(blocks.sums(tangents.mul(tangents)).muli(errors).sum(true, 0).muli(f[3]));
        if (secondsIn) {
          first.addi(blocks.seconds(z).mul(errors).sum(true, 0).muli(f[2]));
          blocks.seconds(dz).assign(StreamBlocks.timesRow(errors, f[1]));
        }
        tangentResult.addi(
            blocks.spread(StreamBlocks.timesRow(errors, f[2]).muli(2)).mul(tangents));
      }
      blocks.tangents(dz).assign(tangentResult);
    }
    StreamBlocks.rows(dz, 0, 1).assign(first);
  }

  private int derivatives() {
    return layout.sums() > 0 ? 2 : layout.directions() > 0 ? 1 : 0;
  }
}
