/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.updater;

import org.dl4jebm.layers.HostBlocks;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.AdamUpdater;
import org.nd4j.linalg.learning.config.Adam;

/** The step of {@link HostAdam}. */
final class HostAdamUpdater extends AdamUpdater {

  HostAdamUpdater(Adam config) {
    super(config);
  }

  @Override
  public void applyUpdater(INDArray gradient, int iteration, int epoch) {
    INDArray m = getM();
    INDArray v = getV();
    if (m == null || v == null) {
      throw new IllegalStateException("Adam has no state yet; accepted: setStateViewArray first");
    }
    INDArray shaped = gradient.reshape(v.shape());
    boolean reached =
        HostBlocks.reach(shaped)
            && HostBlocks.reach(m)
            && HostBlocks.reach(v)
            && shaped.ordering() == m.ordering()
            && shaped.data().pointer().equals(gradient.data().pointer());
    if (!reached) {
      super.applyUpdater(gradient, iteration, epoch);
      return;
    }
    Adam config = getConfig();
    double beta1 = config.getBeta1();
    double beta2 = config.getBeta2();
    double t = iteration + 1.0;
    double rate =
        config.getLearningRate(iteration, epoch)
            * Math.sqrt(1 - Math.pow(beta2, t))
            / (1 - Math.pow(beta1, t));
    float keep1 = (float) beta1;
    float keep2 = (float) beta2;
    // In FLOAT, as ND4J's operation has them: 1 - 0.999f is 0.00100005.
    float take1 = 1 - keep1;
    float take2 = 1 - keep2;
    float step = (float) rate;
    float epsilon = (float) config.getEpsilon();
    HostBlocks.update(
        shaped,
        m,
        v,
        (g, mean, square, n) -> {
          for (int i = 0; i < n; i++) {
            float x = g[i];
            float newMean = keep1 * mean[i] + take1 * x;
            float newSquare = keep2 * square[i] + take2 * x * x;
            mean[i] = newMean;
            square[i] = newSquare;
            g[i] = step * newMean / ((float) Math.sqrt(newSquare) + epsilon);
          }
        });
  }
}
