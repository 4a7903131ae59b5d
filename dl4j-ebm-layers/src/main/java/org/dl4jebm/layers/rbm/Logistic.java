/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The logistic function {@code 1 / (1 + exp(-x))}.
 *
 * <p>ND4J's own takes about 2 ns a value on one core, more than a tenth of a training step. Natives
 * built with oneDNN have a vectorised hyperbolic tangent behind the operation {@code tanh}, so that
 * {@code 1/2 + tanh(x/2) / 2} takes a third of that time; its absolute error in FLOAT is below 1e-7
 * (and values below 3e-8 become 0). Elsewhere the way round would be slower, so it is taken only
 * where {@code tanh} turns out not to be ND4J's own.
 */
final class Logistic {

  private static final int PROBES = 1000;
  private static final double PROBE_RANGE = 8;
  private static final double PROBE_TOLERANCE = 1e-6;
  private static final boolean FAST_TANH = Workspaces.outside(Logistic::hasFastTanh);

  private Logistic() {}

  /** Replaces every value by its logistic function; the array must be contiguous. */
  static void apply(INDArray x) {
    if (FAST_TANH && x.dataType() == DataType.FLOAT) {
      x.muli(0.5);
      tanh(x);
      x.muli(0.5).addi(0.5);
    } else {
      Transforms.sigmoid(x, false);
    }
  }

  private static void tanh(INDArray x) {
    Nd4j.exec(DynamicCustomOp.builder("tanh").addInputs(x).addOutputs(x).build());
  }

  /**
   * Whether the operation {@code tanh} is another implementation than ND4J's element-wise one,
   * which shows in the last bit of many results. The answer is the same on every run.
   */
  private static boolean hasFastTanh() {
    if (!Nd4j.getEnvironment().isCPU() || !Nd4j.getEnvironment().helpersAllowed()) {
      return false;
    }
    INDArray plain =
        Nd4j.linspace(DataType.FLOAT, -PROBE_RANGE, 2 * PROBE_RANGE / PROBES, PROBES)
            .reshape('c', 1, PROBES);
    INDArray other = plain.dup();
    Transforms.tanh(plain, false);
    tanh(other);
    double difference = other.sub(plain).amaxNumber().doubleValue();
    return difference > 0 && difference < PROBE_TOLERANCE;
  }
}
