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
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Real-valued units with a variance {@code s_i^2} each: {@code e(x; b) = sum (x_i - b_i)^2 / (2
 * s_i^2)}, {@code t(x) = x / s^2}, {@code x | z ~ N(z, s^2)}, {@code A(z; b) = sum log(2 pi s_i^2)
 * / 2 + (z_i^2 - b_i^2) / (2 s_i^2)}.
 *
 * <p>The coupling is {@code v_i W_ij h_j / s_i^2} (Cho, Ilin and Raiko, ICANN 2011), not Hinton and
 * Salakhutdinov's {@code v_i W_ij h_j / s_i}; weights of the one are those of the other times
 * {@code s_i}. With unit variance the two agree.
 *
 * <p>Choose them for real-valued data. Standardise each input to mean 0 and variance 1 first and
 * take {@link #unitVariance()}, or give the noise variance of each input. Learning rates must be 10
 * to 100 times smaller than with Bernoulli units (Hinton, UTML TR 2010-003, section 13.2).
 *
 * <p>With {@link #learnedVariance} the logarithms {@code theta_i = log s_i^2} are learned in
 * pretraining, as Cho, Ilin and Raiko propose, from
 *
 * <pre>{@code   dE/dtheta_i = -(v_i - b_i)^2 / (2 s_i^2) + v_i sum_j W_ij t_j(h) / s_i^2}</pre>
 *
 * so that reconstructions get sharper than the data's own spread. They are the layer's parameter
 * {@link RbmParamInitializer#VISIBLE_PARAMETERS_KEY}, which counts as a bias: it follows the bias
 * updater and the constraints and regularisation of biases; l2 on biases pulls variances towards 1.
 * Leave inputs out that never change: their variance would fall without end.
 *
 * <p>Hidden units of fixed variance give a linear layer, {@code f(z) = z}. With Gaussian or
 * rectified visible units they are normalisable only for small weights; see {@link
 * RbmModel#requireNormalisable}. A machine with Gaussian units on both sides is a Gaussian
 * distribution, and no better than factor analysis.
 */
public final class GaussianUnits implements UnitType {

  private static final long serialVersionUID = 1L;

  private final double[] variance;
  private final boolean learned;

  /** The parameters {@code log s^2}, or null where the variances are those of {@link #variance}. */
  private final transient INDArray logVariance;

  /** The variances as a row, one copy a data type; filled when first asked for. */
  private final transient Map<DataType, INDArray> varianceRows = new ConcurrentHashMap<>();

  private final transient Map<DataType, INDArray> deviationRows = new ConcurrentHashMap<>();

  private GaussianUnits(double[] variance, boolean learned, INDArray logVariance) {
    for (int i = 0; i < variance.length; i++) {
      if (!(variance[i] > 0) || Double.isInfinite(variance[i])) {
        throw new IllegalArgumentException(
            "variance[" + i + "] is " + variance[i] + "; accepted: finite and greater than 0");
      }
    }
    this.variance = variance.length == 1 && variance[0] == 1 ? new double[0] : variance.clone();
    this.learned = learned;
    this.logVariance = logVariance;
  }

  /**
   * Units with variance 1.
   *
   * @return the type
   */
  public static GaussianUnits unitVariance() {
    return new GaussianUnits(new double[0], false, null);
  }

  /**
   * Units with given variances.
   *
   * @param variance none for 1, one variance for all units, or one a unit; finite, greater than 0.
   *     Not modified.
   * @return the type
   * @throws IllegalArgumentException if one is not finite and positive
   */
  public static GaussianUnits withVariance(double... variance) {
    return new GaussianUnits(variance, false, null);
  }

  /**
   * Visible units whose variances are learned, one a unit.
   *
   * @param initial variances at the start: none for 1, one for all units, or one a unit; finite,
   *     greater than 0. Not modified. The variances of the data are a good choice.
   * @return the type
   * @throws IllegalArgumentException if one is not finite and positive
   */
  public static GaussianUnits learnedVariance(double... initial) {
    return new GaussianUnits(initial, true, null);
  }

  /** Files of before variances could be learned do not say whether they are. */
  @JsonCreator
  private static GaussianUnits read(
      @JsonProperty("variance") double[] variance, @JsonProperty("learned") boolean learned) {
    return new GaussianUnits(variance == null ? new double[0] : variance, learned, null);
  }

  /**
   * Returns the given variances, or those that learned ones start with.
   *
   * @return empty for unit variance, one number for all units, or one a unit; a copy
   */
  @JsonProperty("variance")
  public double[] variance() {
    return variance.clone();
  }

  /**
   * Tells whether the variances are learned.
   *
   * @return true if they are parameters of the layer
   */
  @JsonProperty("learned")
  public boolean isLearned() {
    return learned;
  }

  @Override
  public String describe() {
    String which =
        variance.length == 0
            ? "variance 1"
            : variance.length == 1
                ? "variance " + variance[0]
                : variance.length + " given variances";
    return learned
        ? "Gaussian units of learned variances, at first of " + which
        : "Gaussian units of " + which;
  }

  @Override
  public Optional<String> reasonNotHidden() {
    return learned
        ? Optional.of(
            "a hidden unit of variance s^2 is one of variance 1 whose weights and bias are divided"
                + " by s, so there is nothing to learn; take GaussianUnits.unitVariance()")
        : Optional.empty();
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
    if (logVariance != null && logVariance.length() != units) {
      throw new IllegalArgumentException(
          "there are "
              + logVariance.length()
              + " learned variances for "
              + units
              + " Gaussian units; accepted: "
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
    double sum = units * Math.log(2 * Math.PI);
    if (logVariance != null) {
      return (sum + logVariance.castTo(DataType.DOUBLE).sumNumber().doubleValue()) / 2;
    }
    for (int i = 0; i < units; i++) {
      sum += Math.log(varianceOf(i));
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
    if (logVariance == null && variance.length <= 1) {
      random.gaussian(field, Math.sqrt(varianceOf(0)), sample);
      return;
    }
    INDArray deviation =
        logVariance == null
            ? row(deviationRows, field.dataType(), Math::sqrt)
            : Transforms.exp(logVariance.castTo(field.dataType()).div(2), false);
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
    if (logVariance != null) {
      states.diviRowVector(Transforms.exp(logVariance.castTo(states.dataType()), true));
    } else if (variance.length == 1) {
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
    return !learned && variance.length == 0;
  }

  @Override
  public long parameterCount(long units) {
    return learned ? units : 0;
  }

  @Override
  public void initializeParameters(INDArray parameters) {
    for (int i = 0; i < parameters.length(); i++) {
      parameters.putScalar(i, Math.log(varianceOf(i)));
    }
  }

  @Override
  public UnitType withParameters(INDArray parameters) {
    return learned ? new GaussianUnits(variance, true, parameters) : this;
  }

  @Override
  public INDArray parameterGradient(INDArray states, INDArray coupling, INDArray bias) {
    if (!learned) {
      return UnitType.super.parameterGradient(states, coupling, bias);
    }
    INDArray half = states.subRowVector(bias);
    half.muli(half).muli(-0.5);
    INDArray gradient = states.mul(coupling).addi(half);
    divideByVariance(gradient);
    return gradient;
  }

  @Override
  public INDArray meanParameterGradient(INDArray field, INDArray bias) {
    if (!learned) {
      return UnitType.super.meanParameterGradient(field, bias);
    }
    INDArray gradient = field.mul(field).subiRowVector(bias.mul(bias)).muli(0.5);
    divideByVariance(gradient);
    return gradient.subi(0.5);
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
  public EnergyGrowth growth(long units) {
    double[] inverse = new double[(int) units];
    for (int i = 0; i < inverse.length; i++) {
      inverse[i] =
          logVariance == null
              ? 1 / Math.sqrt(varianceOf(i))
              : Math.exp(-logVariance.getDouble(i) / 2);
    }
    return new EnergyGrowth(inverse, new boolean[inverse.length]);
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
    return new GaussianUnits(variance, learned, null);
  }

  /** Equal options, and the same array of learned variances if there is one. */
  @Override
  public boolean equals(Object other) {
    return other instanceof GaussianUnits units
        && Arrays.equals(variance, units.variance)
        && learned == units.learned
        && logVariance == units.logVariance;
  }

  @Override
  public int hashCode() {
    return 31 * (31 * GaussianUnits.class.hashCode() + Arrays.hashCode(variance))
        + Boolean.hashCode(learned);
  }

  @Override
  public String toString() {
    return describe();
  }
}
