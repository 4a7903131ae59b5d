/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.lang.ref.Reference;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.dl4jebm.layers.HostMemory;
import org.dl4jebm.layers.Rows;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.controlflow.Select;
import org.nd4j.linalg.factory.Nd4j;

/** Operations on matrices with a point in each row, in 'c' order and without gaps. */
final class PointRows {

  private PointRows() {}

  /** The points as rows, a view where possible: {@code [n, d]}. */
  static INDArray matrix(INDArray points) {
    INDArray plain =
        points.ordering() == 'c' && points.elementWiseStride() == 1 && !points.isView()
            ? points
            : points.dup('c');
    return plain.reshape('c', new long[] {points.size(0), points.length() / points.size(0)});
  }

  /** {@code to_i <- to_i + factor_i from_i} for each row. */
  static void addScaled(INDArray to, double[] factor, INDArray from) {
    double first = factor[0];
    if (Arrays.stream(factor).allMatch(x -> x == first)) {
      long[] flat = {to.length()};
      Nd4j.getBlasWrapper()
          .level1()
          .axpy(to.length(), first, from.reshape('c', flat), to.reshape('c', flat));
    } else {
      INDArray column = Nd4j.createFromArray(factor).castTo(to.dataType());
      to.addi(from.mulColumnVector(column.reshape('c', new long[] {factor.length, 1})));
    }
  }

  /** {@code sum_j a_ij b_ij} for each row. {@code a} is overwritten. */
  static double[] products(INDArray a, INDArray b, INDArray ones) {
    return sums(a.muli(b), ones);
  }

  /** The sum of each row. */
  static double[] sums(INDArray a, INDArray ones) {
    return Rows.products(a, ones).castTo(DataType.DOUBLE).toDoubleVector();
  }

  /** Writes row {@code i} of one matrix into row {@code places[i]} of another. */
  static void scatter(INDArray from, INDArray to, int[] places) {
    if (!HostMemory.holdsArrays()) {
      for (int i = 0; i < places.length; i++) {
        to.putRow(places[i], from.getRow(i));
      }
      return;
    }
    BytePointer source = new BytePointer(from.data().addressPointer());
    BytePointer target = new BytePointer(to.data().addressPointer());
    long width = from.size(1) * from.dataType().width();
    for (int i = 0; i < places.length; i++) {
      Pointer.memcpy(target.position(places[i] * width), source.position(i * width), width);
    }
    Reference.reachabilityFence(from);
    Reference.reachabilityFence(to);
  }

  /** Overwrites the chosen rows. */
  static void copy(INDArray from, INDArray to, boolean[] which) {
    if (!HostMemory.holdsArrays()) {
      INDArray chosen = Nd4j.createFromArray(which);
      INDArray result = to.ulike();
      Nd4j.exec(new Select(new INDArray[] {chosen, from, to}, new INDArray[] {result}));
      to.assign(result);
      return;
    }
    BytePointer source = new BytePointer(from.data().addressPointer());
    BytePointer target = new BytePointer(to.data().addressPointer());
    long width = from.size(1) * from.dataType().width();
    for (int start = 0; start < which.length; start++) {
      int end = start;
      while (end < which.length && which[end]) {
        end++;
      }
      if (end > start) {
        long at = start * width;
        Pointer.memcpy(target.position(at), source.position(at), (end - start) * width);
        start = end;
      }
    }
    Reference.reachabilityFence(from);
    Reference.reachabilityFence(to);
  }
}
