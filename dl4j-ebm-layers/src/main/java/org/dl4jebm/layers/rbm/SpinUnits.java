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
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Binary units with states -1 and +1 (Ising spins): {@code e(x; b) = -b.x}, {@code p(x_i = 1 | z) =
 * sigmoid(2 z_i)}, {@code E[x_i | z] = tanh(z_i)}, {@code A(z) = sum log(2 cosh z_i)}.
 *
 * <p>With {@code x = 2 y - 1} every machine of such units is one of {@link BernoulliUnits} {@code
 * y} with other weights and biases, and the other way round, but training takes another path: the
 * two states of a spin are alike to the weights, so that learning does not depend on which of the
 * two a data set calls "on". Choose them for symmetric data and for hidden layers that are
 * fine-tuned as a layer of hyperbolic tangents; for pixels that are mostly off Bernoulli units
 * learn sparser features. As visible units they take data in [-1, 1]; a value between is treated as
 * the mean of a unit.
 */
public final class SpinUnits implements UnitType {

  private static final long serialVersionUID = 1L;

  /** Means are kept this far from -1 and 1 when they are turned into biases. */
  private static final double MEAN_MARGIN = 2e-3;

  /** Creates the type; all instances are equal. */
  public SpinUnits() {}

  @Override
  public String describe() {
    return "spin units {-1, +1}";
  }

  @Override
  public Optional<String> reasonNotHidden() {
    return Optional.empty();
  }

  @Override
  public void checkSize(long units) {}

  @Override
  public Optional<String> findBadStates(INDArray states) {
    if (ValueRange.holds(states, -1, 1)) {
      return Optional.empty();
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "values from %s to %s; accepted by %s: -1 to 1. Map binary data from {0, 1} by 2 x - 1,"
                + " or choose BernoulliUnits for them and GaussianUnits for real-valued data",
            states.minNumber().doubleValue(),
            states.maxNumber().doubleValue(),
            describe()));
  }

  @Override
  public INDArray energyTerm(INDArray states, INDArray bias) {
    return Rows.products(states, bias).negi();
  }

  /** {@code log(2 cosh z) = softplus(2 |z|) - |z|}. */
  @Override
  public INDArray logPartition(INDArray field, INDArray bias) {
    INDArray absolute = Transforms.abs(field, true);
    return Softplus.of(absolute.mul(2)).subi(absolute).sum(1);
  }

  @Override
  public void fieldToMean(INDArray field) {
    fieldToProbability(field);
    probabilityToMean(field);
  }

  @Override
  public void fieldToSample(INDArray field, RandomStream random) {
    fieldToProbability(field);
    random.bernoulli(field, field);
    probabilityToMean(field);
  }

  @Override
  public void fieldToMeanAndSample(INDArray field, INDArray sample, RandomStream random) {
    fieldToProbability(field);
    random.bernoulli(field, sample);
    probabilityToMean(field);
    probabilityToMean(sample);
  }

  private static void fieldToProbability(INDArray field) {
    field.muli(2);
    Logistic.apply(field);
  }

  private static void probabilityToMean(INDArray p) {
    p.muli(2).subi(1);
  }

  @Override
  public void toStatistic(INDArray states) {}

  @Override
  public boolean statisticIsState() {
    return true;
  }

  @Override
  public INDArray biasForMean(INDArray mean) {
    double limit = 1 - MEAN_MARGIN;
    INDArray m = Transforms.max(Transforms.min(mean, limit, true), -limit, false);
    return Transforms.log(m.add(1).divi(m.rsub(1)), false).muli(0.5);
  }

  /** The hyperbolic tangent of the field itself, without a factor. */
  @Override
  public IActivation activation() {
    return new ActivationTanH();
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
    BinaryStates.write(first, -1, 1, out);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SpinUnits;
  }

  @Override
  public int hashCode() {
    return SpinUnits.class.hashCode();
  }

  @Override
  public String toString() {
    return describe();
  }
}
