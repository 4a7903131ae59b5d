/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.ScratchSpace;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * A batch whose last visible units are a label, with every label in its place: the field of the
 * hidden units is {@code c + t(x) W_x + W_y}, so that all labels of an example share the product
 * with {@code x}. Hidden fields are formed in blocks.
 */
final class LabelFields {

  /** Hidden fields in a block. */
  private static final long BLOCK_NUMBERS = 1L << 18;

  private static final ScratchSpace SCRATCH = new ScratchSpace();

  private final RbmModel model;
  private final int labels;
  private final long rows;

  /** The label columns of the batch, {@code [n, labels]}. */
  private final INDArray targets;

  /** The states with the label columns 0. */
  private final INDArray states;

  /** Statistics of {@link #states}. */
  private final INDArray statistics;

  /** Field of the hidden units without a label, {@code [n, nOut]}. */
  private final INDArray field;

  /** {@code W_y}, one label a row. */
  private final INDArray labelFields;

  private INDArray logProbabilities;

  /**
   * Forms the fields without labels.
   *
   * @param model the machine
   * @param visible states, {@code [n, nIn]}; the last columns hold the labels or 0. Not modified.
   * @param labels number of label units
   */
  LabelFields(RbmModel model, INDArray visible, int labels) {
    this.model = model;
    this.labels = labels;
    this.rows = visible.size(0);
    states = visible.castTo(model.weights().dataType()).dup('c');
    INDArray labelColumns =
        states.get(NDArrayIndex.all(), NDArrayIndex.interval(labelStart(), model.visibleSize()));
    targets = labelColumns.dup('c');
    labelColumns.assign(0);
    statistics = model.visibleUnits().statisticIsState() ? states : states.dup('c');
    model.visibleUnits().toStatistic(statistics);
    field = Nd4j.createUninitialized(states.dataType(), new long[] {rows, hiddenSize()}, 'c');
    model.hiddenFieldInto(statistics.transpose(), field, field.transpose());
    labelFields = labelRows(model.weights()).dup('c').muli(model.coupling());
  }

  private long labelStart() {
    return model.visibleSize() - labels;
  }

  private long hiddenSize() {
    return model.hiddenSize();
  }

  /** The part of an array with one row, or one number, a visible unit that belongs to labels. */
  private INDArray labelRows(INDArray ofVisible) {
    return ofVisible.get(NDArrayIndex.interval(labelStart(), model.visibleSize()));
  }

  INDArray targets() {
    return targets;
  }

  /** {@code log p(y | x)} of all labels, {@code [n, labels]}, kept. */
  INDArray logProbabilities() {
    if (logProbabilities == null) {
      INDArray values = Nd4j.createUninitialized(field.dataType(), new long[] {rows, labels}, 'c');
      forEachBlock(
          (from, to, hidden) ->
              values
                  .get(NDArrayIndex.interval(from, to))
                  .assign(
                      model
                          .hiddenUnits()
                          .logPartition(hidden, model.hiddenBias())
                          .reshape('c', new long[] {to - from, labels})));
      values.addiRowVector(labelRows(model.visibleBias()));
      INDArray logSum = new SoftmaxUnits(labels).logPartition(values, values);
      logProbabilities = values.subiColumnVector(logSum);
    }
    return logProbabilities;
  }

  /**
   * Writes the gradient of {@code -sum_r a_r log p(y_r | x_r)}.
   *
   * @param factors {@code a}, {@code [n]}; 0 for rows without a label. Not modified.
   * @param out all of its arrays are overwritten
   */
  void writeGradient(INDArray factors, RbmGradient out) {
    INDArray q = targets.sub(Transforms.exp(logProbabilities(), true)).muliColumnVector(factors);
    INDArray perRow = Nd4j.createUninitialized(field.dataType(), field.shape(), 'c');
    INDArray perLabel = Nd4j.create(field.dataType(), new long[] {labels, hiddenSize()}, 'c');
    forEachBlock(
        (from, to, hidden) -> {
          model.hiddenUnits().fieldToMean(hidden);
          model.hiddenUnits().toStatistic(hidden);
          INDArray block = q.get(NDArrayIndex.interval(from, to)).dup('c');
          hidden.muliColumnVector(block.reshape('c', new long[] {block.length()}));
          INDArray means = hidden.reshape('c', new long[] {to - from, labels, hiddenSize()});
          perRow.get(NDArrayIndex.interval(from, to)).assign(means.sum(1));
          perLabel.addi(means.sum(0));
        });
    INDArray ones = Nd4j.ones(field.dataType(), rows);
    HostBlas.gemm(statistics, perRow, out.weights(), true, false, -1, 0);
    labelRows(out.weights()).subi(perLabel);
    FreeEnergyGradient.columnSums(perRow, ones, -1, out.hiddenBias());
    // The weights of an example's labels sum to 0, so that the biases of x have no part in it.
    out.visibleBias().assign(0);
    labelRows(out.visibleBias()).subi(q.sum(0));
    if (out.visibleParameters() != null) {
      writeParameterGradient(q, out.visibleParameters());
    }
  }

  private void writeParameterGradient(INDArray q, INDArray out) {
    out.assign(0);
    INDArray v = states.dup('c');
    for (int label = 0; label < labels; label++) {
      INDArray column = v.getColumn(labelStart() + label).assign(1);
      INDArray hidden = model.propUp(v);
      model.hiddenUnits().toStatistic(hidden);
      INDArray derivative = ContrastiveDivergence.energyDerivative(model, v, hidden.transpose());
      // ND4J takes a vector that is not contiguous for a row.
      out.addi(derivative.muliColumnVector(q.getColumn(label).dup()).sum(0));
      column.assign(0);
    }
  }

  /** Takes the fields of a block of rows, {@code [rows * labels, nOut]}, and may change them. */
  private interface BlockVisitor {
    void visit(long from, long to, INDArray hiddenFields);
  }

  private void forEachBlock(BlockVisitor visitor) {
    DataType type = field.dataType();
    long step = Math.max(1, BLOCK_NUMBERS / (labels * hiddenSize()));
    INDArray offsets = labelFields.reshape('c', new long[] {1, labels, hiddenSize()});
    for (long row = 0; row < rows; row += step) {
      long from = row;
      long to = Math.min(rows, row + step);
      SCRATCH.run(
          () -> {
            long[] shape = {to - from, labels, hiddenSize()};
            INDArray fields = Nd4j.createUninitialized(type, shape, 'c').assign(0);
            fields.addi(offsets);
            fields.addi(
                field
                    .get(NDArrayIndex.interval(from, to))
                    .reshape('c', new long[] {to - from, 1, hiddenSize()}));
            visitor.visit(
                from, to, fields.reshape('c', new long[] {(to - from) * labels, hiddenSize()}));
          });
    }
  }
}
