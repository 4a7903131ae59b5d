/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleUnaryOperator;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Real-valued units with a fixed variance {@code s_i^2} each: {@code e(x; b) = sum (x_i - b_i)^2 /
 * (2 s_i^2)}, {@code t(x) = x / s^2}, {@code x | z ~ N(z, s^2)}, {@code A(z; b) = sum log(2 pi
 * s_i^2) / 2 + (z_i^2 - b_i^2) / (2 s_i^2)}.
 *
 * <p>The coupling is {@code v_i W_ij h_j / s_i^2} (Cho, Ilin and Raiko, ICANN 2011), not Hinton and
 * Salakhutdinov's {@code v_i W_ij h_j / s_i}; weights of the one are those of the other times
 * {@code s_i}. With unit variance the two agree.
 *
 * <p>Choose them for real-valued data. Standardise each input to mean 0 and variance 1 first and
 * take {@link #unitVariance()}, or give the noise variance of each input. Learning rates must be 10
 * to 100 times smaller than with Bernoulli units (Hinton, UTML TR 2010-003, section 13.2).
 */
public final class GaussianUnits implements UnitType {

  private static final long serialVersionUID = 1L;

  private final double[] variance;

  /** The variances as a row, one copy a data type; filled when first asked for. */
  private final transient Map<DataType, INDArray> varianceRows = new ConcurrentHashMap<>();

  private final transient Map<DataType, INDArray> deviationRows = new ConcurrentHashMap<>();

  private GaussianUnits(double[] variance) {
    for (int i = 0; i < variance.length; i++) {
      if (!(variance[i] > 0) || Double.isInfinite(variance[i])) {
        throw new IllegalArgumentException(
            "variance[" + i + "] is " + variance[i] + "; accepted: finite and greater than 0");
      }
    }
    this.variance = variance.clone();
  }

  /**
   * Units with variance 1.
   *
   * @return the type
   */
  public static GaussianUnits unitVariance() {
    return new GaussianUnits(new double[0]);
  }

  /**
   * Units with given variances.
   *
   * @param variance one variance for all units, or one a unit; finite, greater than 0. Not
   *     modified.
   * @return the type
   * @throws IllegalArgumentException if there is no variance, or one is not finite and positive
   */
  @JsonCreator
  public static GaussianUnits withVariance(@JsonProperty("variance") double... variance) {
    if (variance == null || (variance.length == 1 && variance[0] == 1)) {
      return unitVariance();
    }
    return new GaussianUnits(variance);
  }

  /**
   * Returns the variances.
   *
   * @return empty for unit variance, one number for all units, or one a unit; a copy
   */
  @JsonProperty("variance")
  public double[] variance() {
    return variance.clone();
  }

  @Override
  public String describe() {
    return variance.length == 0
        ? "Gaussian units of variance 1"
        : variance.length == 1
            ? "Gaussian units of variance " + variance[0]
            : "Gaussian units of " + variance.length + " given variances";
  }

  @Override
  public Optional<String> reasonNotHidden() {
    return Optional.of(
        "Gaussian units are real-valued, and a fine-tuned layer of them would be linear rather than"
            + " sigmoid; they are supported as visible units only");
  }

  @Override
  public void checkSize(long units) {
    if (variance.length > 1 && variance.length != units) {
      throw new IllegalArgumentException(
          "there are "
              + variance.length
              + " variances for "
              + units
              + " Gaussian units; accepted: none, 1 or "
              + units);
    }
  }

  @Override
  public Optional<String> findBadStates(INDArray states) {
    return Optional.empty();
  }

  @Override
  public INDArray energyTerm(INDArray states, INDArray bias) {
    INDArray squares = states.subRowVector(bias);
    squares.muli(squares);
    divideByVariance(squares);
    return squares.sum(1).muli(0.5);
  }

  @Override
  public INDArray logPartition(INDArray field, INDArray bias) {
    INDArray difference = field.mul(field).subiRowVector(bias.mul(bias));
    divideByVariance(difference);
    return difference.sum(1).muli(0.5).addi(logNormaliser(field.size(1)));
  }

  private double logNormaliser(long units) {
    double sum = 0;
    for (int i = 0; i < units; i++) {
      sum += Math.log(2 * Math.PI * varianceOf(i));
    }
    return sum / 2;
  }

  private double varianceOf(int unit) {
    return variance.length == 0 ? 1 : variance.length == 1 ? variance[0] : variance[unit];
  }

  @Override
  public void fieldToMean(INDArray field) {}

  @Override
  public void fieldToSample(INDArray field, RandomStream random) {
    fieldToMeanAndSample(field, field, random);
  }

  @Override
  public void fieldToMeanAndSample(INDArray field, INDArray sample, RandomStream random) {
    if (variance.length <= 1) {
      random.gaussian(field, Math.sqrt(varianceOf(0)), sample);
      return;
    }
    INDArray deviation = row(deviationRows, field.dataType(), Math::sqrt);
    if (sample != field) {
      sample.assign(field);
    }
    sample.diviRowVector(deviation);
    random.gaussian(sample, 1, sample);
    sample.muliRowVector(deviation);
  }

  @Override
  public void toStatistic(INDArray states) {
    divideByVariance(states);
  }

  private void divideByVariance(INDArray states) {
    if (variance.length == 1) {
      states.divi(variance[0]);
    } else if (variance.length > 1) {
      states.diviRowVector(row(varianceRows, states.dataType(), DoubleUnaryOperator.identity()));
    }
  }

  private INDArray row(Map<DataType, INDArray> cache, DataType type, DoubleUnaryOperator function) {
    return cache.computeIfAbsent(
        type,
        t ->
            Workspaces.outside(
                () ->
                    Nd4j.createFromArray(Arrays.stream(variance).map(function).toArray())
                        .castTo(t)));
  }

  @Override
  public boolean statisticIsState() {
    return variance.length == 0;
  }

  @Override
  public INDArray biasForMean(INDArray mean) {
    return mean.dup();
  }

  @Override
  public IActivation activation() {
    return new ActivationIdentity();
  }

  @Override
  public boolean isBounded() {
    return false;
  }

  @Override
  public OptionalLong stateCount(long units) {
    return OptionalLong.empty();
  }

  @Override
  public void writeStates(long first, INDArray out) {
    throw new UnsupportedOperationException(describe() + " have no discrete states");
  }

  /** Java serialisation leaves the caches empty; the constructor makes them anew. */
  private Object readResolve() {
    return new GaussianUnits(variance);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof GaussianUnits units && Arrays.equals(variance, units.variance);
  }

  @Override
  public int hashCode() {
    return 31 * GaussianUnits.class.hashCode() + Arrays.hashCode(variance);
  }

  @Override
  public String toString() {
    return describe();
  }
}
