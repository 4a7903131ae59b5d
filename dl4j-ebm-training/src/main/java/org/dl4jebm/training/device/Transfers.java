/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.FloatPointer;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Copies between ND4J and Java arrays, which devices take. */
final class Transfers {

  private Transfers() {}

  /** All numbers of an array of any type in row-major order. */
  static float[] floats(INDArray array) {
    INDArray rows = array.castTo(DataType.FLOAT).dup('c');
    if (!Nd4j.getEnvironment().isCPU()) {
      return rows.data().asFloat();
    }
    float[] numbers = new float[Math.toIntExact(rows.length())];
    try (FloatPointer pointer = new FloatPointer(rows.data().addressPointer())) {
      pointer.get(numbers);
    }
    Reference.reachabilityFence(rows);
    return numbers;
  }

  /** All numbers of a FLOAT array of a device. */
  static float[] floats(DeviceArray array) {
    float[] numbers = new float[Math.toIntExact(array.length())];
    array.download(numbers);
    return numbers;
  }

  /** All numbers of a DOUBLE array of a device. */
  static double[] doubles(DeviceArray array) {
    double[] numbers = new double[Math.toIntExact(array.length())];
    array.download(numbers);
    return numbers;
  }

  /** A new FLOAT matrix outside of workspaces. */
  static INDArray matrix(float[] numbers, long rows, long columns) {
    return Workspaces.outside(
        () -> Nd4j.createFromArray(numbers).reshape('c', new long[] {rows, columns}));
  }
}
