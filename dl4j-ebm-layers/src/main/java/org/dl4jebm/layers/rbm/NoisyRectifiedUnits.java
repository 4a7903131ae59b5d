/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.DoubleUnaryOperator;
import org.dl4jebm.layers.Logistic;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scalar.Step;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Noisy rectified linear units (Nair and Hinton, ICML 2010): samples are {@code max(0, z +
 * sqrt(sigmoid(z)) n)} with standard normal {@code n}.
 *
 * <p>They approximate stepped sigmoid units, the number of units that are on among infinitely many
 * Bernoulli units with the same weights and with biases {@code b - 1/2}, {@code b - 3/2}, ... By an
 * identity of Euler's that is a machine of whole numbers {@code x = 0, 1, 2, ...} with
 *
 * <pre>{@code
 * e(x; b) = sum x_i^2 / 2 - b_i x_i + sum_k=1..x_i log(1 - exp(-k))
 * A(z)    = sum_i sum_k>=1 softplus(z_i - k + 1/2)
 * E[x|z]  = sum_k>=1 sigmoid(z - k + 1/2), within 0.0106 of softplus(z)
 * }</pre>
 *
 * <p>Energies, log partition functions and means here are those of the stepped sigmoid unit: exact,
 * with the logarithms between whole numbers by analytic continuation in {@code x}. Free energies
 * are those of a true distribution, and contrastive divergence follows their derivative. Only the
 * samples are approximate, and at fields around 0 they are so to a large degree: for {@code z > 3}
 * their mean and variance are those of the unit they stand for to within 0.05, but at {@code z =
 * -0.2} their mean is 0.41 too small, and at {@code z = -0.3} their variance is 0.35 too small. So
 * Gibbs chains do not leave the distribution as it is (the frequencies of three binary visible
 * units moved by 0.09 in total variation in 16 sweeps, or, with hidden biases of 3, by less than
 * could be measured), and estimates of log Z that rest on chains are not to be trusted. {@link
 * TruncatedGaussianUnits} are sampled exactly.
 *
 * <p>Choose them for hidden features of images, fine-tuned as a layer of {@code max(0, z)}, which
 * is {@link #activation} though it is not the conditional mean. Learning rates must be smaller than
 * with Bernoulli units, as states have no bound; with Gaussian or rectified units on the other side
 * the weights must be small, see {@link RbmModel#requireNormalisable}.
 */
public final class NoisyRectifiedUnits implements UnitType {

  private static final long serialVersionUID = 1L;

  /** Terms of the sums over copies, whose terms fall like {@code exp(-k)}. */
  private static final int COPIES = 45;

  /** Terms of the interpolating polynomials in FLOAT and in DOUBLE. */
  private static final int SINGLE_TERMS = 10;

  private static final int TERMS = 20;

  /** {@code sum_k>=1 log(1 - exp(-k))}. */
  private static final double LOG_EULER = sum(k -> Math.log1p(-Math.exp(-k)));

  /** The ripple of a sum over whole numbers against the integral, from Poisson's formula. */
  private static final double RIPPLE = 2 * Math.exp(-2 * Math.PI * Math.PI);

  // With y = exp(-|z|) the sums for fields that are not positive are y times a smooth function of
  // y on [0, 1], as is the rest of the sum of logarithms with y = exp(-x).

  private static final Polynomial LOW_MEAN =
      ofY(y -> sum(k -> Math.exp(0.5 - k) / (1 + y * Math.exp(0.5 - k))));

  private static final Polynomial LOW_LOG_PARTITION =
      ofY(y -> sum(k -> Math.log1p(y * Math.exp(0.5 - k))) / y);

  private static final Polynomial LOG_REST = ofY(y -> sum(k -> Math.log1p(-y * Math.exp(-k))) / y);

  /** Means are kept this far from 0 when they are turned into biases. */
  private static final double MEAN_MARGIN = 1e-3;

  /** Bisections from an interval of length 1, down to rounding. */
  private static final int BISECTIONS = 52;

  /** Creates the type; all instances are equal. */
  public NoisyRectifiedUnits() {}

  private static double sum(DoubleUnaryOperator term) {
    double sum = 0;
    for (int k = COPIES; k >= 1; k--) {
      sum += term.applyAsDouble(k);
    }
    return sum;
  }

  private static Polynomial ofY(DoubleUnaryOperator function) {
    return Polynomial.of(x -> function.applyAsDouble((x + 1) / 2), SINGLE_TERMS, TERMS);
  }

  /** {@code y f(y)} for {@code y = exp(-a)}. */
  private static INDArray lowSum(INDArray a, Polynomial f) {
    INDArray y = Transforms.exp(a.neg(), false);
    return f.of(y.mul(2).subi(1)).muli(y);
  }

  @Override
  public String describe() {
    return "noisy rectified units, 0 or greater";
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
    return states
        .mul(0.5)
        .subiRowVector(bias)
        .muli(states)
        .subi(lowSum(states, LOG_REST))
        .addi(LOG_EULER)
        .sum(1);
  }

  /**
   * {@code A(z) + A(-z)} is the logarithm of {@code sum_x exp(z x - x^2 / 2)} over all whole
   * numbers, divided by Euler's product (Jacobi's triple product).
   */
  @Override
  public INDArray logPartition(INDArray field, INDArray bias) {
    INDArray positive = positive(field);
    INDArray low = lowSum(Transforms.abs(field, true), LOW_LOG_PARTITION);
    INDArray both = field.mul(positive);
    INDArray ripple = Transforms.cos(both.mul(2 * Math.PI), false).muli(RIPPLE);
    both.muli(both).muli(0.5).addi(Math.log(2 * Math.PI) / 2 - LOG_EULER);
    both.addi(Transforms.log1p(ripple, false));
    return both.subi(low).subi(low).muli(positive).addi(low).sum(1);
  }

  @Override
  public void fieldToMean(INDArray field) {
    INDArray low = lowSum(Transforms.abs(field, true), LOW_MEAN);
    INDArray positive = positive(field);
    if (field.dataType() == DataType.DOUBLE) {
      // Below what FLOAT can tell apart.
      INDArray angle = field.mul(2 * Math.PI);
      INDArray ripple = Transforms.cos(angle, true).muli(RIPPLE).addi(1);
      low.subi(Transforms.sin(angle, false).muli(2 * Math.PI * RIPPLE).divi(ripple).muli(positive));
    }
    field.muli(positive).addi(low);
  }

  /** 1 for positive numbers, else 0; the product with NaN is NaN. */
  private static INDArray positive(INDArray z) {
    return Nd4j.exec(new Step(z, z.ulike(), 0.0));
  }

  @Override
  public void fieldToSample(INDArray field, RandomStream random) {
    INDArray deviation = field.dup('c');
    Logistic.apply(deviation);
    Transforms.sqrt(deviation, false);
    INDArray noise = field.like();
    random.gaussian(noise, 1, noise);
    field.addi(noise.muli(deviation));
    field.muli(positive(field));
  }

  @Override
  public void fieldToMeanAndSample(INDArray field, INDArray sample, RandomStream random) {
    sample.assign(field);
    fieldToSample(sample, random);
    fieldToMean(field);
  }

  @Override
  public void toStatistic(INDArray states) {}

  @Override
  public boolean statisticIsState() {
    return true;
  }

  /** By bisection from the inverse of softplus, which is less than 1/2 away. */
  @Override
  public INDArray biasForMean(INDArray mean) {
    INDArray target = Transforms.max(mean, MEAN_MARGIN, true);
    INDArray low = Transforms.log1p(Transforms.exp(target.neg(), false).negi(), false);
    low.addi(target).subi(0.5);
    double width = 1;
    for (int step = 0; step < BISECTIONS; step++) {
      width /= 2;
      INDArray middle = low.add(width);
      INDArray value = middle.dup();
      fieldToMean(value);
      low.addi(positive(target.sub(value)).muli(width));
    }
    return low;
  }

  /** {@code max(0, z)}, as is usual; the conditional mean is a smooth version of it. */
  @Override
  public IActivation activation() {
    return new ActivationReLU();
  }

  @Override
  public boolean samplesExactly() {
    return false;
  }

  @Override
  public boolean isBounded() {
    return false;
  }

  @Override
  public EnergyGrowth growth(long units) {
    return RectifiedStates.growth(units);
  }

  /** Empty: the samples are real numbers. */
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
    return other instanceof NoisyRectifiedUnits;
  }

  @Override
  public int hashCode() {
    return NoisyRectifiedUnits.class.hashCode();
  }

  @Override
  public String toString() {
    return describe();
  }
}
