/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What chains of all kinds have in common. */
final class Traces {

  private Traces() {}

  /** Numbers along chains, {@code [chain][record]}. */
  static double[][] record(int times, int every, LongConsumer step, Supplier<INDArray> quantity) {
    if (times < 1 || every < 1) {
      throw new IllegalArgumentException(
          "times is " + times + " and every is " + every + "; accepted: 1 or more");
    }
    double[][] trace = null;
    for (int t = 0; t < times; t++) {
      step.accept(every);
      double[] values = quantity.get().castTo(DataType.DOUBLE).dup('c').data().asDouble();
      if (trace == null) {
        trace = new double[values.length][times];
      }
      for (int chain = 0; chain < values.length; chain++) {
        trace[chain][t] = values[chain];
      }
    }
    return trace;
  }

  /** Checks that saved points fit. */
  static void requireAlike(INDArray saved, INDArray own) {
    if (!Arrays.equals(saved.shape(), own.shape()) || saved.dataType() != own.dataType()) {
      throw new IllegalArgumentException(
          "saved points are "
              + saved.dataType()
              + Arrays.toString(saved.shape())
              + "; accepted: "
              + own.dataType()
              + Arrays.toString(own.shape()));
    }
  }
}
