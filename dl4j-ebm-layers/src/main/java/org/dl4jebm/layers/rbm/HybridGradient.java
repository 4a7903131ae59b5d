/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Map;
import java.util.Optional;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The gradient of {@link HybridObjective}. Keeps what the generative estimator keeps. */
final class HybridGradient implements RbmEstimator {

  private final HybridObjective options;
  private final RandomStream random;
  private final RbmEstimator generative;

  HybridGradient(HybridObjective options, RandomStream random) {
    this.options = options;
    this.random = random;
    this.generative = options.generative().estimator(random);
  }

  /**
   * {@inheritDoc}
   *
   * @return {@code -log p(y | x)} in nats, (weighted) mean over all rows, of which those without a
   *     label count as 0; for a purely generative objective the score of that
   */
  @Override
  public double gradient(RbmModel model, RbmBatch batch, RbmGradient gradient) {
    double weight = options.generativeWeight();
    LabelFields fields = new LabelFields(model, batch.data(), options.labels());
    INDArray labelled = fields.targets().sum(1);
    boolean complete = labelled.minNumber().doubleValue() > 0;
    if (weight == 1) {
      return generative.gradient(model, complete ? batch : completed(batch, fields), gradient);
    }
    INDArray factors = batch.factors(labelled.dataType()).mul(labelled);
    fields.writeGradient(factors.mul(1 - weight), gradient);
    if (weight > 0) {
      RbmGradient other = like(gradient);
      generative.gradient(model, complete ? batch : completed(batch, fields), other);
      addScaled(gradient, other, weight);
    }
    return batch.withScore() ? loss(fields, factors) / batch.totalWeight() : Double.NaN;
  }

  /** The batch with labels drawn for the rows that have none. */
  private RbmBatch completed(RbmBatch batch, LabelFields fields) {
    INDArray drawn = fields.logProbabilities().dup('c');
    new SoftmaxUnits(options.labels()).fieldToSample(drawn, random);
    INDArray missing = fields.targets().sum(1).rsubi(1);
    drawn.muliColumnVector(missing);
    INDArray data = batch.data().castTo(drawn.dataType()).dup('c');
    long width = data.size(1);
    data.get(NDArrayIndex.all(), NDArrayIndex.interval(width - options.labels(), width))
        .addi(drawn);
    return new RbmBatch(data, batch.weights(), batch.iteration(), batch.epoch(), batch.withScore());
  }

  private static double loss(LabelFields fields, INDArray factors) {
    INDArray ofTargets = fields.logProbabilities().mul(fields.targets()).sum(1);
    return 0.0 - ofTargets.muli(factors).castTo(DataType.DOUBLE).sumNumber().doubleValue();
  }

  private static RbmGradient like(RbmGradient gradient) {
    return new RbmGradient(
        Nd4j.createUninitialized(gradient.weights().dataType(), gradient.weights().shape(), 'f'),
        gradient.hiddenBias().ulike(),
        gradient.visibleBias().ulike(),
        gradient.visibleParameters() == null ? null : gradient.visibleParameters().ulike());
  }

  private static void addScaled(RbmGradient target, RbmGradient other, double factor) {
    target.weights().addi(other.weights().muli(factor));
    target.hiddenBias().addi(other.hiddenBias().muli(factor));
    target.visibleBias().addi(other.visibleBias().muli(factor));
    if (target.visibleParameters() != null) {
      target.visibleParameters().addi(other.visibleParameters().muli(factor));
    }
  }

  @Override
  public String scoreName() {
    return options.generativeWeight() == 1 ? generative.scoreName() : "-log p(label | data)";
  }

  @Override
  public Map<String, Double> diagnostics() {
    return generative.diagnostics();
  }

  @Override
  public Optional<Pair<INDArray, INDArray>> sampleChains(RbmModel model, RandomStream stream) {
    return generative.sampleChains(model, stream);
  }

  @Override
  public Map<String, INDArray> state() {
    return generative.state();
  }

  @Override
  public void setState(RbmModel model, Map<String, INDArray> state) {
    generative.setState(model, state);
  }
}
