/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.Arrays;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Rows;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The affine maps of a layer with tied weights, over views of its parameters. Arrays of rows are in
 * 'c' order, so that their transposes are the 'f'-ordered results that gemm writes without a
 * temporary copy.
 *
 * @param weights {@code W [nIn, nOut]}
 * @param hiddenBias {@code c [nOut]}
 * @param visibleBias {@code b [nIn]}
 */
record TiedWeights(INDArray weights, INDArray hiddenBias, INDArray visibleBias) {

  TiedWeights {
    if (weights.rank() != 2
        || hiddenBias.length() != weights.size(1)
        || visibleBias.length() != weights.size(0)) {
      throw new IllegalArgumentException(
          "W has shape "
              + Arrays.toString(weights.shape())
              + ", the hidden bias "
              + hiddenBias.length()
              + " and the visible bias "
              + visibleBias.length()
              + " numbers; accepted: W [nIn, nOut], nOut hidden and nIn visible biases");
    }
    hiddenBias = vector(hiddenBias);
    visibleBias = vector(visibleBias);
  }

  private static INDArray vector(INDArray bias) {
    return bias.rank() == 1 ? bias : bias.reshape(bias.length());
  }

  long visibleSize() {
    return weights.size(0);
  }

  long hiddenSize() {
    return weights.size(1);
  }

  /** Writes {@code c + x W} for rows {@code x}, given as the transpose. */
  void hiddenFieldInto(INDArray visibleTransposed, INDArray out, INDArray outTransposed) {
    Rows.fill(out, hiddenBias);
    HostBlas.gemm(weights, visibleTransposed, outTransposed, true, false, 1.0, 1.0);
  }

  /** Writes {@code b + h W'} for rows {@code h}, given as the transpose. */
  void visibleFieldInto(INDArray hiddenTransposed, INDArray out, INDArray outTransposed) {
    Rows.fill(out, visibleBias);
    HostBlas.gemm(weights, hiddenTransposed, outTransposed, false, false, 1.0, 1.0);
  }

  /** Writes {@code r W} for rows {@code r}: derivatives by {@code h} from those by its image. */
  void backInto(INDArray residualTransposed, INDArray outTransposed) {
    HostBlas.gemm(weights, residualTransposed, outTransposed, true, false, 1.0, 0.0);
  }

  /** {@code c + x W}, new. */
  INDArray hiddenField(INDArray visible) {
    requireWidth(visible, visibleSize(), "visible");
    INDArray out = create(visible, hiddenSize());
    hiddenFieldInto(visible.castTo(weights.dataType()).transpose(), out, out.transpose());
    return out;
  }

  /** {@code b + h W'}, new. */
  INDArray visibleField(INDArray hidden) {
    requireWidth(hidden, hiddenSize(), "hidden");
    INDArray out = create(hidden, visibleSize());
    visibleFieldInto(hidden.castTo(weights.dataType()).transpose(), out, out.transpose());
    return out;
  }

  private static void requireWidth(INDArray rows, long width, String side) {
    if (rows.rank() != 2 || rows.size(1) != width) {
      throw new IllegalArgumentException(
          side
              + " values have shape "
              + Arrays.toString(rows.shape())
              + "; accepted: [n, "
              + width
              + "]");
    }
  }

  private INDArray create(INDArray rows, long width) {
    return Nd4j.createUninitialized(weights.dataType(), new long[] {rows.size(0), width}, 'c');
  }
}
