/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Optional;
import java.util.OptionalLong;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Rectified units in their exact form: real numbers that are never negative, with {@code e(x; b) =
 * sum x_i^2 / 2 - b_i x_i} for {@code x_i >= 0}. Given the field a unit has the normal distribution
 * of mean {@code z} and variance 1 cut off at 0:
 *
 * <pre>{@code
 * E[x | z] = z + phi(z) / Phi(z)        A(z) = sum z_i^2 / 2 + log(sqrt(2 pi) Phi(z_i))
 * }</pre>
 *
 * with density {@code phi} and distribution function {@code Phi} of the standard normal
 * distribution (Su, Liao, Li, Gan and Carin, AAAI 2017). The mean is a smooth rectifier: about
 * {@code z} for large fields and {@code -1 / z} for low ones. Samples are drawn by inversion,
 * exactly but for the resolution of the uniform numbers, 2<sup>-23</sup>, also far out in the tail.
 *
 * <p>Choose them for data that are not negative and, as hidden units, for rectified features of a
 * machine that is a true distribution; {@link NoisyRectifiedUnits} are the usual approximation,
 * which is fine-tuned as a layer of {@code max(0, z)}. With Gaussian or rectified units on the
 * other side the weights must be small; see {@link RbmModel#requireNormalisable}.
 */
public final class TruncatedGaussianUnits implements UnitType {

  private static final long serialVersionUID = 1L;

  /** Means are kept this far from 0 when they are turned into biases. */
  private static final double MEAN_MARGIN = 1e-3;

  /** The mean is convex in the field, and Newton's method from the start below needs fewer. */
  private static final int NEWTON_STEPS = 12;

  /** Creates the type; all instances are equal. */
  public TruncatedGaussianUnits() {}

  @Override
  public String describe() {
    return "truncated Gaussian units, 0 or greater";
  }

  @Override
  public Optional<String> reasonNotHidden() {
    return Optional.empty();
  }

  @Override
  public void checkSize(long units) {}

  @Override
  public Optional<String> findBadStates(INDArray states) {
    return RectifiedStates.findBad(states, describe());
  }

  @Override
  public INDArray energyTerm(INDArray states, INDArray bias) {
    return states.mul(0.5).subiRowVector(bias).muli(states).sum(1);
  }

  @Override
  public INDArray logPartition(INDArray field, INDArray bias) {
    return TruncatedNormal.logPartition(field).sum(1);
  }

  @Override
  public void fieldToMean(INDArray field) {
    TruncatedNormal.mean(field);
  }

  @Override
  public void fieldToSample(INDArray field, RandomStream random) {
    TruncatedNormal.sample(field, random);
  }

  @Override
  public void fieldToMeanAndSample(INDArray field, INDArray sample, RandomStream random) {
    sample.assign(field);
    TruncatedNormal.sample(sample, random);
    TruncatedNormal.mean(field);
  }

  @Override
  public void toStatistic(INDArray states) {}

  @Override
  public boolean statisticIsState() {
    return true;
  }

  @Override
  public INDArray biasForMean(INDArray mean) {
    INDArray target = Transforms.max(mean, MEAN_MARGIN, true);
    INDArray field = target.sub(target.rdiv(1));
    for (int step = 0; step < NEWTON_STEPS; step++) {
      INDArray value = field.dup();
      TruncatedNormal.mean(value);
      INDArray slope = ActivationTruncatedGaussian.slope(value, field);
      field.subi(value.subi(target).divi(slope));
    }
    return field;
  }

  @Override
  public IActivation activation() {
    return new ActivationTruncatedGaussian();
  }

  @Override
  public boolean isBounded() {
    return false;
  }

  @Override
  public EnergyGrowth growth(long units) {
    return RectifiedStates.growth(units);
  }

  @Override
  public OptionalLong stateCount(long units) {
    return OptionalLong.empty();
  }

  @Override
  public void writeStates(long first, INDArray out) {
    throw new UnsupportedOperationException(describe() + " have no discrete states");
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TruncatedGaussianUnits;
  }

  @Override
  public int hashCode() {
    return TruncatedGaussianUnits.class.hashCode();
  }

  @Override
  public String toString() {
    return describe();
  }
}
