/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.StableSoftmax;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scalar.Step;
import org.nd4j.linalg.api.ops.impl.transforms.custom.CumSum;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Groups of {@code K} units of which exactly one is 1 and the others are 0: categorical variables,
 * also called Potts spins. {@code e(x; b) = -b.x}, {@code p(x_k = 1 | z) = exp(z_k) / sum_l
 * exp(z_l)} and {@code A(z) = log sum_l exp(z_l)}, with sums over the units of one group; the group
 * {@code g} is made of the columns {@code g K} to {@code g K + K - 1}.
 *
 * <p>Choose them for class labels and for symbols such as letters, ratings or amino acids (see
 * Salakhutdinov, Mnih and Hinton, ICML 2007). As visible units they take one-hot data, or
 * probabilities that sum to 1 in each group. A constant added to the weights of all units of a
 * group does not change the model, and so the weights are determined up to that constant only. Two
 * states a group are a Bernoulli unit with one column too many; use {@link BernoulliUnits}.
 */
public final class SoftmaxUnits implements UnitType {

  private static final long serialVersionUID = 1L;

  /** Means are kept this far from 0 when they are turned into biases. */
  private static final double MEAN_MARGIN = 1e-3;

  /** How far the sum of a group may be from 1, for probabilities that were rounded. */
  private static final double SUM_TOLERANCE = 1e-3;

  /**
   * Up to this many states, cumulative sums are a product with a triangular matrix, which takes a
   * twentieth of the time of ND4J's own operation at 10 states.
   */
  private static final int MATRIX_LIMIT = 64;

  private final int states;

  /**
   * Creates the type.
   *
   * @param states number {@code K} of states of a variable, 2 or more; the number of units of the
   *     layer must be a multiple of it
   * @throws IllegalArgumentException if there are fewer than two states
   */
  @JsonCreator
  public SoftmaxUnits(@JsonProperty("states") int states) {
    if (states < 2) {
      throw new IllegalArgumentException(
          "softmax units have " + states + " states a group; accepted: 2 or more");
    }
    this.states = states;
  }

  /**
   * Number of states of a variable.
   *
   * @return {@code K}
   */
  @JsonProperty("states")
  public int states() {
    return states;
  }

  @Override
  public String describe() {
    return "softmax units of " + states + " states";
  }

  @Override
  public Optional<String> reasonNotHidden() {
    return Optional.empty();
  }

  @Override
  public void checkSize(long units) {
    if (units % states != 0) {
      throw new IllegalArgumentException(
          "there are "
              + units
              + " units in groups of "
              + states
              + " states; accepted: a multiple of "
              + states);
    }
  }

  @Override
  public Optional<String> findBadStates(INDArray values) {
    double min = values.minNumber().doubleValue();
    if (min < 0) {
      return Optional.of(
          String.format(Locale.ROOT, "the value %s; accepted by %s: 0 to 1", min, describe()));
    }
    INDArray error = groups(values).sum(1).subi(1);
    int worst = Nd4j.getBlasWrapper().level1().iamax(error);
    double sum = 1 + error.getDouble(worst);
    if (Math.abs(sum - 1) <= SUM_TOLERANCE) {
      return Optional.empty();
    }
    long groupsOfRow = values.size(1) / states;
    long column = worst % groupsOfRow * states;
    return Optional.of(
        String.format(
            Locale.ROOT,
            "the sum %s of the columns %d to %d in row %d; accepted by %s: 1, as of one-hot data or"
                + " probabilities",
            sum,
            column,
            column + states - 1,
            worst / groupsOfRow,
            describe()));
  }

  @Override
  public INDArray energyTerm(INDArray values, INDArray bias) {
    return Rows.products(values, bias).negi();
  }

  @Override
  public INDArray logPartition(INDArray field, INDArray bias) {
    INDArray z = groups(field);
    INDArray max = z.max(1);
    INDArray sum = Transforms.exp(z.subColumnVector(max), false).sum(1);
    return Transforms.log(sum, false)
        .addi(max)
        .reshape('c', new long[] {field.size(0), field.size(1) / states})
        .sum(1);
  }

  @Override
  public void fieldToMean(INDArray field) {
    StableSoftmax.softmax(view(field));
  }

  @Override
  public void fieldToSample(INDArray field, RandomStream random) {
    fieldToMean(field);
    sample(view(field), view(field), random);
  }

  @Override
  public void fieldToMeanAndSample(INDArray field, INDArray sample, RandomStream random) {
    fieldToMean(field);
    sample(view(field), view(sample), random);
  }

  /**
   * State {@code k} where the cumulative sum passes a uniform number, so that a state of
   * probability 0 is not drawn even if that number is 0.
   *
   * @param out may be {@code probability}
   */
  private void sample(INDArray probability, INDArray out, RandomStream random) {
    INDArray passed = cumulativeSums(probability);
    INDArray u = Nd4j.createUninitialized(passed.dataType(), new long[] {passed.size(0), 1}, 'c');
    random.uniform(u);
    passed.subiColumnVector(u);
    Nd4j.exec(new Step(passed, passed, 0.0));
    // Rounding can leave the last sum a little below 1.
    passed.getColumn(states - 1).assign(1);
    out.assign(passed);
    columns(out, 1, states).subi(columns(passed, 0, states - 1));
  }

  private INDArray cumulativeSums(INDArray probability) {
    INDArray sums = Nd4j.createUninitialized(probability.dataType(), probability.shape(), 'c');
    if (states > MATRIX_LIMIT) {
      Nd4j.exec(new CumSum(probability, sums, false, false, 1));
      return sums;
    }
    INDArray lower = lowerTriangle().castTo(probability.dataType());
    HostBlas.gemm(lower, probability.transpose(), sums.transpose(), false, false, 1, 0);
    return sums;
  }

  /** ND4J's own {@code tri} writes only the ones and leaves what was in memory above them. */
  private INDArray lowerTriangle() {
    float[][] ones = new float[states][states];
    for (int i = 0; i < states; i++) {
      Arrays.fill(ones[i], 0, i + 1, 1);
    }
    return Nd4j.createFromArray(ones);
  }

  private static INDArray columns(INDArray x, long from, long to) {
    return x.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to));
  }

  /** One group a row; may be a copy. */
  private INDArray groups(INDArray x) {
    return x.reshape('c', new long[] {x.length() / states, states});
  }

  /** One group a row, never a copy. */
  private INDArray view(INDArray x) {
    return x.reshape('c', true, x.length() / states, states);
  }

  @Override
  public void toStatistic(INDArray values) {}

  @Override
  public boolean statisticIsState() {
    return true;
  }

  /** Logarithms of the means, at least of {@code 0.001}. */
  @Override
  public INDArray biasForMean(INDArray mean) {
    return Transforms.log(Transforms.max(mean, MEAN_MARGIN, true), false);
  }

  @Override
  public IActivation activation() {
    return new ActivationGroupSoftmax(states);
  }

  @Override
  public boolean isBounded() {
    return true;
  }

  @Override
  public OptionalLong stateCount(long units) {
    long count = 1;
    for (long group = 0; group < units / states; group++) {
      if (count > Long.MAX_VALUE / states) {
        return OptionalLong.empty();
      }
      count *= states;
    }
    return OptionalLong.of(count);
  }

  /** The state of group {@code g} is digit {@code g} of the number to base {@code K}. */
  @Override
  public void writeStates(long first, INDArray out) {
    int rows = (int) out.size(0);
    float[][] values = new float[rows][(int) out.size(1)];
    for (int i = 0; i < rows; i++) {
      long number = first + i;
      for (int column = 0; column < values[i].length; column += states) {
        values[i][column + (int) (number % states)] = 1;
        number /= states;
      }
    }
    out.assign(Nd4j.createFromArray(values));
  }

  @Override
  public List<UnitGroup> groups(long units) {
    double[][] oneHot = new double[states][states];
    for (int k = 0; k < states; k++) {
      oneHot[k][k] = 1;
    }
    List<UnitGroup> groups = new ArrayList<>();
    for (int from = 0; from < units; from += states) {
      groups.add(new UnitGroup(from, from + states, oneHot));
    }
    return groups;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SoftmaxUnits units && states == units.states;
  }

  @Override
  public int hashCode() {
    return 31 * SoftmaxUnits.class.hashCode() + states;
  }

  @Override
  public String toString() {
    return describe();
  }
}
