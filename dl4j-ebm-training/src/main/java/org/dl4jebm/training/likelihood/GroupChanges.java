/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import java.util.Arrays;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.UnitGroup;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Free energies of rows of data in which one group of visible units takes its other states. The
 * change of a group of size {@code g} changes the hidden field by a product of inner size {@code
 * g}.
 */
final class GroupChanges {

  private final RbmModel model;

  /** The data; while a group is changed, with its changed columns. */
  private final INDArray states;

  private final double[] rows;
  private final INDArray statistic;
  private final INDArray target;
  private final INDArray field;
  private final INDArray fieldT;
  private final INDArray energies;

  GroupChanges(RbmModel model, INDArray data) {
    this.model = model;
    DataType type = model.weights().dataType();
    long n = data.size(0);
    states = data.castTo(type).dup('c');
    rows = states.castTo(DataType.DOUBLE).data().asDouble();
    statistic = statistic(states.dup('c'));
    target = Nd4j.create(type, new long[] {n, model.hiddenSize()}, 'c');
    model.hiddenFieldInto(statistic.transpose(), target, target.transpose());
    field = target.ulike();
    fieldT = field.transpose();
    energies = freeEnergy(target);
  }

  private INDArray statistic(INDArray v) {
    if (model.visibleUnits().statisticIsState()) {
      return v;
    }
    INDArray t = v.dup('c');
    model.visibleUnits().toStatistic(t);
    return t;
  }

  private INDArray freeEnergy(INDArray hiddenField) {
    return model
        .visibleUnits()
        .energyTerm(states, model.visibleBias())
        .subi(model.hiddenUnits().logPartition(hiddenField, model.hiddenBias()));
  }

  /** {@code log p(group | rest)} of each row. */
  double[] logConditional(UnitGroup group) {
    double[] logs = new double[(int) states.size(0)];
    INDArray columns = columns(states, group);
    INDArray before = columns.dup('c');
    INDArray weights = model.weights().get(interval(group), NDArrayIndex.all()).dup('c');
    for (int a = 0; a < group.states().length - 1; a++) {
      columns.assign(alternative(group, a));
      INDArray change = columns(statistic(states), group).sub(columns(statistic, group)).dup('c');
      field.assign(target);
      HostBlas.gemm(
          weights.transpose(), change.transpose(), fieldT, false, false, model.coupling(), 1);
      double[] differences = energies.sub(freeEnergy(field)).toDoubleVector();
      for (int row = 0; row < logs.length; row++) {
        logs[row] = logAddExp(logs[row], differences[row]);
      }
    }
    columns.assign(before);
    for (int row = 0; row < logs.length; row++) {
      logs[row] = -logs[row];
    }
    return logs;
  }

  /** The group's columns in its other state number {@code a} of each row. */
  private INDArray alternative(UnitGroup group, int a) {
    int units = (int) states.size(1);
    int n = (int) states.size(0);
    int size = group.size();
    UnitGroup alone = new UnitGroup(0, size, group.states());
    double[] flat = new double[n * size];
    for (int i = 0; i < n; i++) {
      System.arraycopy(rows, i * units + group.from(), flat, i * size, size);
      change(flat, i * size, alone, a);
    }
    return Nd4j.create(flat, new long[] {n, size}, 'c').castTo(states.dataType());
  }

  /**
   * Puts a group of one row into another state than it is in.
   *
   * @param flat rows of states, modified
   * @param start where the row begins
   * @param group the group
   * @param a number of the other state; one that does not exist changes nothing
   */
  static void change(double[] flat, int start, UnitGroup group, int a) {
    double[][] all = group.states();
    if (a >= all.length - 1) {
      return;
    }
    int column = start + group.from();
    if (all.length == 2 && group.size() == 1) {
      flat[column] = all[0][0] + all[1][0] - flat[column];
      return;
    }
    double[] next = all[(indexOf(flat, column, group) + 1 + a) % all.length];
    System.arraycopy(next, 0, flat, column, next.length);
  }

  private static int indexOf(double[] flat, int column, UnitGroup group) {
    double[][] all = group.states();
    for (int s = 0; s < all.length; s++) {
      boolean same = true;
      for (int i = 0; i < all[s].length; i++) {
        same &= flat[column + i] == all[s][i];
      }
      if (same) {
        return s;
      }
    }
    throw new IllegalArgumentException(
        "data hold a row with "
            + Arrays.toString(Arrays.copyOfRange(flat, column, column + group.size()))
            + " in a group of softmax units; accepted by the pseudo-likelihood: one-hot data");
  }

  private static INDArray columns(INDArray x, UnitGroup group) {
    return x.get(NDArrayIndex.all(), interval(group));
  }

  private static INDArrayIndex interval(UnitGroup group) {
    return NDArrayIndex.interval(group.from(), group.to());
  }

  /** {@code log(exp(x) + exp(y))}. */
  static double logAddExp(double x, double y) {
    double max = Math.max(x, y);
    return max + Math.log1p(Math.exp(-Math.abs(x - y)));
  }
}
