/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.updater;

import org.dl4jebm.layers.HostBlocks;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.NesterovsUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;

/** The step of {@link HostNesterovs}. */
final class HostNesterovsUpdater extends NesterovsUpdater {

  HostNesterovsUpdater(Nesterovs config) {
    super(config);
  }

  @Override
  public void applyUpdater(INDArray gradient, int iteration, int epoch) {
    INDArray v = getV();
    if (v == null) {
      throw new IllegalStateException(
          "Nesterovs has no state yet; accepted: setStateViewArray first");
    }
    INDArray shaped = gradient.reshape(v.shape());
    boolean reached =
        HostBlocks.reach(shaped)
            && HostBlocks.reach(v)
            && shaped.ordering() == v.ordering()
            && shaped.data().pointer().equals(gradient.data().pointer());
    if (!reached) {
      super.applyUpdater(gradient, iteration, epoch);
      return;
    }
    float momentum = (float) getConfig().currentMomentum(iteration, epoch);
    float rate = (float) getConfig().getLearningRate(iteration, epoch);
    // DL4J subtracts the step: params += v + momentum (v - previous v).
    HostBlocks.update(
        shaped,
        v,
        (g, velocity, n, from) -> {
          for (int i = 0; i < n; i++) {
            float kept = momentum * velocity[i];
            float moved = kept - rate * g[i];
            velocity[i] = moved;
            g[i] = kept - (1 + momentum) * moved;
          }
        });
  }
}
