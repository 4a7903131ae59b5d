/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The gradient of {@link ExactLikelihoodObjective}. Keeps nothing between steps. */
final class ExactLikelihoodGradient implements RbmEstimator {

  private final ExactLikelihoodObjective options;

  ExactLikelihoodGradient(ExactLikelihoodObjective options) {
    this.options = options;
  }

  /**
   * {@inheritDoc}
   *
   * @return the exact negative log-likelihood {@code F(v) + log Z} in nats, weighted mean over the
   *     batch
   */
  @Override
  public double gradient(RbmModel model, RbmBatch batch, RbmGradient gradient) {
    INDArray v = batch.data();
    INDArray factors = batch.factors(model.weights().dataType());
    FreeEnergyGradient.write(model, v, factors, gradient);
    RbmMoments moments = new RbmEnumeration(model, options.maxStates()).moments();
    double total = batch.totalWeight();
    add(gradient.weights(), moments.products(), total);
    add(gradient.hiddenBias(), moments.hidden(), total);
    add(gradient.visibleBias(), moments.visible(), total);
    if (gradient.visibleParameters() != null) {
      add(gradient.visibleParameters(), moments.visibleParameters(), total);
    }
    if (!batch.withScore()) {
      return Double.NaN;
    }
    INDArray energies = model.freeEnergy(v).castTo(DataType.DOUBLE);
    double sum = energies.mul(factors.castTo(DataType.DOUBLE)).sumNumber().doubleValue();
    return sum / total + moments.logZ();
  }

  private static void add(INDArray target, INDArray moments, double factor) {
    target.addi(moments.mul(factor).castTo(target.dataType()));
  }

  @Override
  public String scoreName() {
    return "-log likelihood";
  }

  @Override
  public Map<String, INDArray> state() {
    return Map.of();
  }

  @Override
  public void setState(RbmModel model, Map<String, INDArray> state) {
    SavedArrays.requireNames(state);
  }
}
