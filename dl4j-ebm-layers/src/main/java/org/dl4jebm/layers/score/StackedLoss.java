/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.score;

import java.util.Arrays;
import org.dl4jebm.layers.Rows;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * A loss of examples that each have several rows of the output, in blocks: the first rows of all
 * examples, the second rows, and so on. DL4J divides scores and gradients by the number of rows, so
 * that sums are multiplied by the number of blocks: what DL4J reports is a mean over examples.
 */
abstract class StackedLoss implements ILossFunction {

  private static final long serialVersionUID = 1L;

  /** How many rows an example has. */
  abstract int blocks();

  /**
   * The loss of each example.
   *
   * @param labels {@code [blocks n, ...]}, of the type of the output. Not modified.
   * @param out {@code [blocks n, outputs]}, in 'c' order. Not modified.
   * @param gradient gets the derivatives of the sum of the losses with respect to {@code out}, in
   *     'c' order, filled with 0; or null
   * @return {@code [n]}
   */
  abstract INDArray losses(INDArray labels, INDArray out, INDArray gradient);

  @Override
  public final double computeScore(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
    INDArray out = output(labels, preOutput, activation, mask);
    return total(losses(typed(labels, out), out, null), average);
  }

  /**
   * {@inheritDoc}
   *
   * @return {@code [blocks n, 1]}: the loss of an example in each of its rows
   */
  @Override
  public final INDArray computeScoreArray(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
    INDArray out = output(labels, preOutput, activation, mask);
    INDArray losses = losses(typed(labels, out), out, null);
    INDArray rows =
        Nd4j.createUninitialized(out.dataType(), new long[] {blocks(), losses.length()}, 'c');
    Rows.fill(rows, losses);
    return rows.reshape('c', new long[] {rows.length(), 1});
  }

  @Override
  public final INDArray computeGradient(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
    return computeGradientAndScore(labels, preOutput, activation, mask, false).getSecond();
  }

  @Override
  public final Pair<Double, INDArray> computeGradientAndScore(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
    INDArray out = output(labels, preOutput, activation, mask);
    INDArray gradient = Nd4j.create(out.dataType(), out.shape(), 'c');
    INDArray losses = losses(typed(labels, out), out, gradient);
    gradient.muli(blocks());
    INDArray shaped = gradient.reshape('c', preOutput.shape());
    return new Pair<>(
        total(losses, average),
        isIdentity(activation) ? shaped : activation.backprop(preOutput.dup(), shaped).getFirst());
  }

  private double total(INDArray losses, boolean average) {
    double sum = losses.castTo(DataType.DOUBLE).sumNumber().doubleValue();
    return average ? sum / losses.length() : blocks() * sum;
  }

  private static INDArray typed(INDArray labels, INDArray out) {
    return labels.castTo(out.dataType());
  }

  /** The activated output as a matrix in 'c' order. */
  private INDArray output(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
    if (mask != null) {
      throw new IllegalArgumentException(
          "there is a mask of shape "
              + Arrays.toString(mask.shape())
              + "; accepted by "
              + name()
              + ": none");
    }
    long rows = preOutput.size(0);
    if (rows % blocks() != 0) {
      throw new IllegalArgumentException(
          "the output has "
              + rows
              + " rows; accepted by "
              + name()
              + ": a multiple of "
              + blocks()
              + ", the rows of an example");
    }
    long outputs = preOutput.length() / rows;
    requireOutputs(outputs);
    if (labels.size(0) != rows || labels.length() / rows != labelColumns(outputs)) {
      throw new IllegalArgumentException(
          "labels have shape "
              + Arrays.toString(labels.shape())
              + "; accepted by "
              + name()
              + " for an output of shape "
              + Arrays.toString(preOutput.shape())
              + ": ["
              + rows
              + ", "
              + labelColumns(outputs)
              + "]");
    }
    INDArray out = preOutput.dup('c');
    if (!isIdentity(activation)) {
      out = activation.getActivation(out, true).dup('c');
    }
    return out.reshape('c', new long[] {rows, outputs});
  }

  private static boolean isIdentity(IActivation activation) {
    return activation == null || activation instanceof ActivationIdentity;
  }

  /** Requires a number of outputs for each row; by default one, the energy. */
  void requireOutputs(long outputs) {
    if (outputs != 1) {
      throw new IllegalArgumentException(
          "the network has "
              + outputs
              + " outputs for each example; accepted by "
              + name()
              + ": one, which is the energy");
    }
  }

  /** How many columns of labels are read. */
  abstract long labelColumns(long outputs);

  /** An array with a block a row, {@code [blocks, n]}, of the single column of a matrix. */
  final INDArray blockRows(INDArray column) {
    return column.reshape('c', new long[] {blocks(), column.size(0) / blocks()});
  }

  @Override
  public String toString() {
    return name();
  }
}
