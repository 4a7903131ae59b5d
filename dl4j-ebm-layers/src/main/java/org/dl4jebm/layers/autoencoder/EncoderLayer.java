/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.pretrain.TiedDenseLayer;
import org.dl4jebm.layers.pretrain.TiedParamInitializer;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A layer with tied weights whose pretraining minimises a {@link StepObjective}. The noise of a
 * step is a function of the network's seed, the layer's index and the number of the iteration, so
 * that the gradient is that of the score and nothing has to be saved to go on with the same
 * numbers.
 *
 * @param <C> type of the configuration
 */
abstract class EncoderLayer<C extends EncoderConfiguration> extends TiedDenseLayer<C> {

  private static final long serialVersionUID = 1L;

  /** Full batches, and the last one of a pass. */
  private static final int KEPT_SIZES = 2;

  private transient Map<Long, StepRows> kept;

  EncoderLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  /** What pretraining minimises. */
  abstract StepObjective objective();

  TiedWeights tiedWeights() {
    return new TiedWeights(
        getParam(TiedParamInitializer.WEIGHT_KEY),
        getParam(TiedParamInitializer.HIDDEN_BIAS_KEY),
        getParam(TiedParamInitializer.VISIBLE_BIAS_KEY));
  }

  @Override
  protected void pretrainGradient(
      INDArray batch, INDArray weights, LayerWorkspaceMgr workspaceMgr) {
    TiedWeights tied =
        new TiedWeights(
            getParamWithNoise(TiedParamInitializer.WEIGHT_KEY, true, workspaceMgr),
            getParamWithNoise(TiedParamInitializer.HIDDEN_BIAS_KEY, true, workspaceMgr),
            getParam(TiedParamInitializer.VISIBLE_BIAS_KEY));
    StepObjective objective = objective();
    StepRows rows = rows(tied, batch.size(0), objective.samples());
    INDArray factors =
        weights == null
            ? null
            : weights.castTo(dataType).dup('c').reshape('c', new long[] {batch.size(0), 1});
    double[] losses;
    try (RandomStream noise = noise(conf.getIterationCount())) {
      losses = objective.step(tied, plain(batch), factors, rows, noise);
    }
    rows.gradientInto(
        tied.weights(),
        gradientViews.get(TiedParamInitializer.WEIGHT_KEY),
        gradientViews.get(TiedParamInitializer.HIDDEN_BIAS_KEY),
        gradientViews.get(TiedParamInitializer.VISIBLE_BIAS_KEY));
    score = mean(losses, factors) + calcRegularizationScore(false);
  }

  /** Rows in 'c' order of the layer's type. */
  final INDArray plain(INDArray batch) {
    INDArray cast = batch.castTo(dataType);
    return cast.ordering() == 'c' && cast.elementWiseStride() == 1 ? cast : cast.dup('c');
  }

  /** The noise of an iteration. */
  final RandomStream noise(int iteration) {
    return new RandomStream(Seeds.derive(Seeds.derive(conf.getSeed(), index), iteration));
  }

  private StepRows rows(TiedWeights tied, long n, int samples) {
    if (kept == null) {
      kept = new LinkedHashMap<>(KEPT_SIZES + 1, 0.75f, true);
    }
    StepRows found = kept.get(n);
    if (found == null || !found.isOf(dataType)) {
      found =
          Workspaces.outside(
              () -> new StepRows(dataType, n, samples, tied.visibleSize(), tied.hiddenSize()));
      kept.put(n, found);
      if (kept.size() > KEPT_SIZES) {
        kept.remove(kept.keySet().iterator().next());
      }
    }
    return found;
  }

  private static double mean(double[] losses, INDArray factors) {
    double[] weights = factors == null ? null : factors.castTo(DataType.DOUBLE).data().asDouble();
    double sum = 0;
    double total = 0;
    for (int i = 0; i < losses.length; i++) {
      double weight = weights == null ? 1 : weights[i];
      sum += weight * losses[i];
      total += weight;
    }
    return sum / total;
  }
}
