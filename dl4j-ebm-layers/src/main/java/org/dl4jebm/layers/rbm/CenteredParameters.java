/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Converts between the parameters of a restricted Boltzmann machine and those of its centred form
 * (see {@link Centering}) with offsets {@code mu} of the visible and {@code lambda} of the hidden
 * statistics:
 *
 * <pre>{@code   E(v, h) = e_v(v; b') + e_h(h; c') - (t_v - mu) W (t_h - lambda)' + constant
 *   b' = b + W lambda'      c' = c + mu W}</pre>
 *
 * Both forms are the same distribution; they differ in what a gradient step does.
 *
 * <p>The object holds the given offsets and sees later changes of them. Not safe for use by several
 * threads at once.
 */
public final class CenteredParameters {

  private final INDArray visibleOffset;
  private final INDArray hiddenOffset;

  /** Room for two columns each side, so that one product subtracts both outer products. */
  private final INDArray visibleColumns;

  private final INDArray hiddenColumns;

  /**
   * Takes the offsets.
   *
   * @param visibleOffset {@code mu}, {@code nIn} numbers, kept
   * @param hiddenOffset {@code lambda}, {@code nOut} numbers, kept
   */
  public CenteredParameters(INDArray visibleOffset, INDArray hiddenOffset) {
    this.visibleOffset = column(visibleOffset);
    this.hiddenOffset = column(hiddenOffset);
    visibleColumns = twoColumns(visibleOffset);
    hiddenColumns = twoColumns(hiddenOffset);
  }

  private static INDArray twoColumns(INDArray like) {
    return Workspaces.outside(
        () -> Nd4j.create(like.dataType(), new long[] {like.length(), 2}, 'f'));
  }

  private static INDArray column(INDArray vector) {
    return vector.reshape('f', new long[] {vector.length(), 1});
  }

  /**
   * Visible bias of the centred form.
   *
   * @param model an ordinary machine. Not modified.
   * @return {@code b' = b + W lambda'}, {@code [nIn]}, new
   */
  public INDArray visibleBias(RbmModel model) {
    INDArray bias = model.visibleBias().dup();
    HostBlas.gemm(model.weights(), hiddenOffset, column(bias), false, false, 1, 1);
    return bias;
  }

  /**
   * Hidden bias of the centred form.
   *
   * @param model an ordinary machine. Not modified.
   * @return {@code c' = c + mu W}, {@code [nOut]}, new
   */
  public INDArray hiddenBias(RbmModel model) {
    INDArray bias = model.hiddenBias().dup();
    HostBlas.gemm(model.weights(), visibleOffset, column(bias), true, false, 1, 1);
    return bias;
  }

  /**
   * The ordinary machine of centred parameters.
   *
   * @param weights {@code W}, {@code [nIn, nOut]}, kept, not copied
   * @param hiddenBias {@code c'}, {@code [nOut]}. Not modified.
   * @param visibleBias {@code b'}, {@code [nIn]}. Not modified.
   * @param visible type of the visible units
   * @param hidden type of the hidden units
   * @return the machine with {@code b = b' - W lambda'} and {@code c = c' - mu W}
   * @throws IllegalArgumentException if the sizes do not fit each other or the types
   */
  public RbmModel ordinary(
      INDArray weights,
      INDArray hiddenBias,
      INDArray visibleBias,
      UnitType visible,
      UnitType hidden) {
    INDArray c = hiddenBias.dup();
    INDArray b = visibleBias.dup();
    HostBlas.gemm(weights, visibleOffset, column(c), true, false, -1, 1);
    HostBlas.gemm(weights, hiddenOffset, column(b), false, false, -1, 1);
    return new RbmModel(weights, c, b, visible, hidden);
  }

  /**
   * Turns the gradient of any loss by the ordinary parameters into the change of the ordinary
   * parameters that a step along the gradient by the centred parameters makes:
   *
   * <pre>{@code
   * gW <- gW - gb' lambda - mu' gc
   * gb <- gb - gW lambda'
   * gc <- gc - mu gW
   * }</pre>
   *
   * with the new {@code gW} in the last two lines. Gradients by further parameters stay.
   *
   * @param gradient of the machine's size. Modified.
   */
  public void transform(RbmGradient gradient) {
    INDArray weights = gradient.weights();
    INDArray visible = column(gradient.visibleBias());
    INDArray hidden = column(gradient.hiddenBias());
    put(visibleColumns, visible, visibleOffset);
    put(hiddenColumns, hiddenOffset, hidden);
    HostBlas.gemm(visibleColumns, hiddenColumns, weights, false, true, -1, 1);
    HostBlas.gemm(weights, hiddenOffset, visible, false, false, -1, 1);
    HostBlas.gemm(weights, visibleOffset, hidden, true, false, -1, 1);
  }

  private static void put(INDArray columns, INDArray first, INDArray second) {
    columns.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 1)).assign(first);
    columns.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 2)).assign(second);
  }
}
