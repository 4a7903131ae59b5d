/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Arrays of a step of pretraining, reused for batches of one size. The two parts of the gradient of
 * tied weights, that of the way back and that of the way there,
 *
 * <pre>{@code   dW = residual' code + input' delta}</pre>
 *
 * are one product, because residuals and inputs stand under each other in one array, codes and
 * deltas in another. There are {@code samples} codes for each example; those of one sample stand
 * together. Transposes are views, made once.
 */
final class StepRows {

  /** Derivatives of the loss by the inputs of the visible units, {@code [samples n, nIn]}. */
  final INDArray residual;

  /** What the hidden units got, {@code [n, nIn]}. */
  final INDArray input;

  /** States of the hidden units, {@code [samples n, nOut]}. */
  final INDArray code;

  /** Derivatives of the loss by the inputs of the hidden units, {@code [n, nOut]}. */
  final INDArray delta;

  /** Losses of single values, {@code [samples n, nIn]}. */
  final INDArray loss;

  final INDArray residualT;
  final INDArray inputT;
  final INDArray codeT;
  final INDArray deltaT;

  private final INDArray visibleT;
  private final INDArray hidden;
  private final INDArray visibleOnes;
  private final INDArray ones;
  private final INDArray exampleOnes;
  private INDArray diagonal;
  private boolean diagonalSet;

  StepRows(DataType type, long examples, int samples, long visibleSize, long hiddenSize) {
    long codes = samples * examples;
    long all = codes + examples;
    INDArray visible = Nd4j.create(type, new long[] {all, visibleSize}, 'c');
    hidden = Nd4j.create(type, new long[] {all, hiddenSize}, 'c');
    visibleT = visible.transpose();
    residual = rows(visible, 0, codes);
    input = rows(visible, codes, all);
    code = rows(hidden, 0, codes);
    delta = rows(hidden, codes, all);
    loss = Nd4j.create(type, new long[] {codes, visibleSize}, 'c');
    residualT = residual.transpose();
    inputT = input.transpose();
    codeT = code.transpose();
    deltaT = delta.transpose();
    visibleOnes = Nd4j.ones(type, visibleSize);
    ones = Nd4j.ones(type, codes);
    exampleOnes = ones.get(NDArrayIndex.interval(0, examples));
  }

  private static INDArray rows(INDArray matrix, long from, long to) {
    return matrix.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }

  boolean isOf(DataType type) {
    return hidden.dataType() == type;
  }

  /** The losses of rows. */
  double[] losses() {
    return Rows.products(loss, visibleOnes).toDoubleVector();
  }

  /**
   * Adds {@code factor W diag(v)} to this step's gradient of the weights, where {@code v} is the
   * sum of the rows; for terms with {@code |w_j|^2}.
   *
   * @param columns {@code [n, nOut]} in 'c' order. Not modified.
   */
  void addWeightsTimes(INDArray columns, double factor) {
    if (diagonal == null) {
      diagonal = Workspaces.outside(() -> Nd4j.create(columns.dataType(), columns.size(1)));
    }
    Rows.weightedSum(columns.transpose(), exampleOnes, diagonal, factor, 0);
    diagonalSet = true;
  }

  /**
   * Writes the gradient.
   *
   * @param tiedWeights {@code W}. Not modified.
   * @param weights gets {@code dW}
   * @param hiddenBias gets {@code dc}
   * @param visibleBias gets {@code db}
   */
  void gradientInto(
      INDArray tiedWeights, INDArray weights, INDArray hiddenBias, INDArray visibleBias) {
    HostBlas.gemm(visibleT, hidden, weights, false, false, 1.0, 0.0);
    if (diagonalSet) {
      weights.addi(tiedWeights.mulRowVector(diagonal));
      diagonalSet = false;
    }
    Rows.weightedSum(deltaT, exampleOnes, hiddenBias, 1, 0);
    Rows.weightedSum(residualT, ones, visibleBias, 1, 0);
  }
}
