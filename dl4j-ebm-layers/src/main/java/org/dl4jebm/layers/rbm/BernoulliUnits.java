/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.dl4jebm.layers.Logistic;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.Softplus;
import org.dl4jebm.layers.ValueRange;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Binary units with states 0 and 1: {@code e(x; b) = -b.x}, {@code p(x_i = 1 | z) = sigmoid(z_i)},
 * {@code A(z) = sum softplus(z_i)}.
 *
 * <p>As visible units they take data in [0, 1]; grey values are treated as the probability that a
 * unit is on, as is usual for images. For real-valued data use {@link GaussianUnits}.
 */
public final class BernoulliUnits implements UnitType {

  private static final long serialVersionUID = 1L;

  /** Means are kept this far from 0 and 1 when they are turned into biases. */
  private static final double MEAN_MARGIN = 1e-3;

  /** Creates the type; all instances are equal. */
  public BernoulliUnits() {}

  @Override
  public String describe() {
    return "Bernoulli units {0, 1}";
  }

  @Override
  public Optional<String> reasonNotHidden() {
    return Optional.empty();
  }

  @Override
  public void checkSize(long units) {}

  @Override
  public Optional<String> findBadStates(INDArray states) {
    if (ValueRange.holds(states, 0, 1)) {
      return Optional.empty();
    }
    double min = states.minNumber().doubleValue();
    double max = states.maxNumber().doubleValue();
    return Optional.of(
        String.format(
            Locale.ROOT,
            "values from %s to %s; accepted by %s: 0 to 1. Scale the data (for example with"
                + " ImagePreProcessingScaler), or choose GaussianUnits",
            min,
            max,
            describe()));
  }

  @Override
  public INDArray energyTerm(INDArray states, INDArray bias) {
    return Rows.products(states, bias).negi();
  }

  @Override
  public INDArray logPartition(INDArray field, INDArray bias) {
    return Softplus.of(field).sum(1);
  }

  @Override
  public void fieldToMean(INDArray field) {
    Logistic.apply(field);
  }

  @Override
  public void fieldToSample(INDArray field, RandomStream random) {
    fieldToMeanAndSample(field, field, random);
  }

  @Override
  public void fieldToMeanAndSample(INDArray field, INDArray sample, RandomStream random) {
    Logistic.applyAndDraw(field, sample, random);
  }

  @Override
  public void toStatistic(INDArray states) {}

  @Override
  public boolean statisticIsState() {
    return true;
  }

  @Override
  public INDArray biasForMean(INDArray mean) {
    INDArray p = Transforms.max(Transforms.min(mean, 1 - MEAN_MARGIN, true), MEAN_MARGIN, false);
    return Transforms.log(p.div(p.rsub(1)), false);
  }

  @Override
  public IActivation activation() {
    return new ActivationSigmoid();
  }

  @Override
  public boolean isBounded() {
    return true;
  }

  @Override
  public OptionalLong stateCount(long units) {
    return BinaryStates.count(units);
  }

  @Override
  public void writeStates(long first, INDArray out) {
    BinaryStates.write(first, 0, 1, out);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BernoulliUnits;
  }

  @Override
  public int hashCode() {
    return BernoulliUnits.class.hashCode();
  }

  @Override
  public String toString() {
    return describe();
  }
}
