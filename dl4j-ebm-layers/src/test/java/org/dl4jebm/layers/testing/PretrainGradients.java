/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.testing;

import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.pretrain.WeightedPretraining;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Compares the step that a pretrainable layer takes with the slope of the score it reports. The
 * layer must be in DOUBLE, with updater {@code Sgd(1)}, and its noise a function of the iteration.
 */
public final class PretrainGradients {

  private static final double STEP = 1e-5;

  private PretrainGradients() {}

  /**
   * The step at iteration 0 of a batch, with the sign of a gradient; the layer is left as it was.
   *
   * @param weights weights of the rows, or null
   * @return {@code [1, numParams]}
   */
  public static INDArray step(BaseLayer<?> layer, INDArray batch, INDArray weights) {
    INDArray before = layer.params().dup();
    layer.conf().setIterationCount(0);
    if (weights == null) {
      layer.fit(batch, LayerWorkspaceMgr.noWorkspaces());
    } else {
      ((WeightedPretraining) layer).fit(batch, weights, LayerWorkspaceMgr.noWorkspaces());
    }
    INDArray step = before.sub(layer.params());
    layer.params().assign(before);
    layer.conf().setIterationCount(0);
    return step;
  }

  /** The score at iteration 0 of a batch. */
  public static double score(BaseLayer<?> layer, INDArray batch, INDArray weights) {
    step(layer, batch, weights);
    return layer.score();
  }

  /** Central differences of the score by every parameter. */
  public static double[] slopes(BaseLayer<?> layer, INDArray batch, INDArray weights) {
    INDArray params = layer.params();
    double[] slopes = new double[(int) params.length()];
    for (int i = 0; i < slopes.length; i++) {
      double value = params.getDouble(i);
      params.putScalar(i, value + STEP);
      double above = score(layer, batch, weights);
      params.putScalar(i, value - STEP);
      double below = score(layer, batch, weights);
      params.putScalar(i, value);
      slopes[i] = (above - below) / (2 * STEP);
    }
    return slopes;
  }

  /** The step must be the gradient of the score; with weights, but for the sum of these. */
  public static void check(BaseLayer<?> layer, INDArray batch, INDArray weights) {
    double scale =
        weights == null
            ? 1
            : batch.size(0) / weights.castTo(DataType.DOUBLE).sumNumber().doubleValue();
    NdAssert.assertClose(
        slopes(layer, batch, weights),
        NdAssert.values(step(layer, batch, weights).mul(scale)),
        2e-7,
        () -> layer.conf().getLayer().toString());
  }
}
