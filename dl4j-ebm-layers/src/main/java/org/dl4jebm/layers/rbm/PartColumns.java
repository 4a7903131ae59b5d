/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Where a part of {@link MixedUnits} lies in the arrays of the layer.
 *
 * @param units type of the part
 * @param from first column
 * @param to behind the last column
 * @param parametersFrom first further parameter
 * @param parametersTo behind the last further parameter; as {@code parametersFrom} if there is none
 */
record PartColumns(UnitType units, long from, long to, long parametersFrom, long parametersTo) {

  /** The places of parts that lie side by side. */
  static List<PartColumns> of(List<MixedUnits.Part> parts) {
    List<PartColumns> columns = new ArrayList<>();
    long from = 0;
    long parameter = 0;
    for (MixedUnits.Part part : parts) {
      long to = from + part.size();
      long end = parameter + part.units().parameterCount(part.size());
      columns.add(new PartColumns(part.units(), from, to, parameter, end));
      from = to;
      parameter = end;
    }
    return List.copyOf(columns);
  }

  long size() {
    return to - from;
  }

  boolean hasParameters() {
    return parametersTo > parametersFrom;
  }

  /** The columns of a matrix, or the entries of a vector: a view. */
  INDArray view(INDArray array) {
    return interval(array, from, to);
  }

  /** A copy in 'c' order of {@link #view}. */
  INDArray copy(INDArray array) {
    return view(array).dup('c');
  }

  /** The part's further parameters out of those of the layer: a view. */
  INDArray parametersOf(INDArray array) {
    return interval(array, parametersFrom, parametersTo);
  }

  private static INDArray interval(INDArray array, long from, long to) {
    return array.rank() == 1
        ? array.get(NDArrayIndex.interval(from, to))
        : array.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to));
  }

  /**
   * Writes the part's states into joint states of the layer: row {@code i} of {@code out} gets the
   * state number {@code (first + i) / stride} modulo {@code count}, of which there are at most as
   * many different ones as rows.
   *
   * @param count number of states of the part
   * @param stride how many joint states go by before the part changes its own
   * @param first number of the first joint state
   * @param out joint states. Modified.
   */
  void writeStates(long count, long stride, long first, INDArray out) {
    int rows = (int) out.size(0);
    long low = first / stride;
    int different = (int) Math.min(count, (first + rows - 1) / stride - low + 1);
    INDArray table = Nd4j.create(out.dataType(), new long[] {different, size()}, 'c');
    // In at most two pieces, from the number of the first row up and from 0 on.
    long start = low % count;
    int piece = (int) Math.min(different, count - start);
    units.writeStates(start, rows(table, 0, piece));
    if (piece < different) {
      units.writeStates(0, rows(table, piece, different));
    }
    int[] places = new int[rows];
    for (int i = 0; i < rows; i++) {
      places[i] = (int) (((first + i) / stride - low) % count);
    }
    view(out).assign(Nd4j.pullRows(table, 1, places));
  }

  private static INDArray rows(INDArray table, long from, long to) {
    return table.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }
}
