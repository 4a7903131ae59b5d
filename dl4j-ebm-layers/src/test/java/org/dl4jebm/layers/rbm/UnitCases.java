/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.NdAssert;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * All unit types, with what tests need to know of them: states to draw, and the states of their
 * parts for sums and integrals. It uses nothing of the code under test but the names of the types.
 */
final class UnitCases {

  /** Types for a visible layer of 4 units. */
  static final List<UnitType> VISIBLE =
      List.of(
          new BernoulliUnits(),
          new SpinUnits(),
          new SoftmaxUnits(2),
          GaussianUnits.unitVariance(),
          GaussianUnits.withVariance(0.7),
          GaussianUnits.withVariance(0.5, 1, 1.5, 2),
          GaussianUnits.learnedVariance(0.5, 1, 1.5, 2),
          new TruncatedGaussianUnits(),
          new NoisyRectifiedUnits(),
          MixedUnits.of(
              MixedUnits.part(2, new SoftmaxUnits(2)), MixedUnits.part(2, new SpinUnits())),
          MixedUnits.of(
              MixedUnits.part(1, GaussianUnits.learnedVariance(0.7)),
              MixedUnits.part(1, new BernoulliUnits()),
              MixedUnits.part(1, new TruncatedGaussianUnits()),
              MixedUnits.part(1, GaussianUnits.learnedVariance(1.5))));

  /** Types for a hidden layer of 3 units. */
  static final List<UnitType> HIDDEN =
      List.of(
          new BernoulliUnits(),
          new SpinUnits(),
          new SoftmaxUnits(3),
          GaussianUnits.unitVariance(),
          GaussianUnits.withVariance(1.5, 0.7, 1),
          new TruncatedGaussianUnits(),
          new NoisyRectifiedUnits(),
          MixedUnits.of(
              MixedUnits.part(1, new BernoulliUnits()), MixedUnits.part(2, new SoftmaxUnits(2))),
          MixedUnits.of(
              MixedUnits.part(2, new TruncatedGaussianUnits()),
              MixedUnits.part(1, GaussianUnits.withVariance(1.5))));

  private UnitCases() {}

  /**
   * Columns that take their states together, independently of the other columns once the other side
   * is given: one unit, or one group of softmax units.
   *
   * @param from first column
   * @param states states of these columns, one a row
   * @param logWeights logarithms of the weights with which they enter sums
   */
  record Variable(int from, double[][] states, double[] logWeights) {

    int width() {
      return states[0].length;
    }
  }

  /** The variables that a layer is made of. */
  static List<Variable> variables(UnitType type, int units) {
    List<Variable> variables = new ArrayList<>();
    if (type instanceof MixedUnits mixed) {
      int from = 0;
      for (MixedUnits.Part part : mixed.parts()) {
        for (Variable own : variables(part.units(), (int) part.size())) {
          variables.add(new Variable(from + own.from(), own.states(), own.logWeights()));
        }
        from += (int) part.size();
      }
      return variables;
    }
    if (type instanceof SoftmaxUnits softmax) {
      int k = softmax.states();
      double[][] oneHot = new double[k][k];
      for (int i = 0; i < k; i++) {
        oneHot[i][i] = 1;
      }
      for (int from = 0; from < units; from += k) {
        variables.add(new Variable(from, oneHot, new double[k]));
      }
      return variables;
    }
    for (int i = 0; i < units; i++) {
      variables.add(single(type, i));
    }
    return variables;
  }

  private static Variable single(UnitType type, int column) {
    if (type instanceof BernoulliUnits) {
      return new Variable(column, new double[][] {{0}, {1}}, new double[2]);
    } else if (type instanceof SpinUnits) {
      return new Variable(column, new double[][] {{-1}, {1}}, new double[2]);
    } else if (type instanceof GaussianUnits) {
      // The trapezoidal rule is exact to rounding for a function that vanishes so at both ends.
      return trapezoids(column, -20, 20, 1000);
    } else if (type instanceof TruncatedGaussianUnits) {
      return panels(column, 0, 20, 100);
    } else if (type instanceof NoisyRectifiedUnits) {
      // The stepped sigmoid unit that they stand for has whole numbers as states.
      double[][] numbers = new double[41][1];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i][0] = i;
      }
      return new Variable(column, numbers, new double[numbers.length]);
    }
    throw new IllegalArgumentException("no states of " + type);
  }

  /** Equally spaced states with the weights of the trapezoidal rule. */
  private static Variable trapezoids(int column, double from, double to, int steps) {
    double[][] states = new double[steps + 1][1];
    double[] logWeights = new double[steps + 1];
    double step = (to - from) / steps;
    for (int i = 0; i <= steps; i++) {
      states[i][0] = from + i * step;
      logWeights[i] = Math.log(i == 0 || i == steps ? step / 2 : step);
    }
    return new Variable(column, states, logWeights);
  }

  /** Five Gauss-Legendre nodes in each of many panels. */
  private static Variable panels(int column, double from, double to, int panels) {
    double[] nodes = {
      -0.9061798459386640, -0.5384693101056831, 0, 0.5384693101056831, 0.906179845938664
    };
    double[] weights = {
      0.2369268850561891,
      0.4786286704993665,
      0.5688888888888889,
      0.4786286704993665,
      0.2369268850561891
    };
    double[][] states = new double[panels * nodes.length][1];
    double[] logWeights = new double[states.length];
    double half = (to - from) / panels / 2;
    for (int i = 0; i < states.length; i++) {
      int node = i % nodes.length;
      states[i][0] = from + (2 * (i / nodes.length) + 1 + nodes[node]) * half;
      logWeights[i] = Math.log(half * weights[node]);
    }
    return new Variable(column, states, logWeights);
  }

  /**
   * {@code log sum_x exp(f(x))} over all states of a layer, for an {@code f} that is a sum of one
   * function a variable: each variable is moved over its states while the others stay where they
   * are.
   */
  static double logSum(UnitType type, int units, Function<INDArray, INDArray> f) {
    List<Variable> variables = variables(type, units);
    double[] base = new double[units];
    for (Variable variable : variables) {
      double[] state = variable.states()[variable.states().length / 2];
      System.arraycopy(state, 0, base, variable.from(), state.length);
    }
    double atBase = f.apply(Nd4j.createFromArray(new double[][] {base})).getDouble(0);
    double log = atBase;
    for (Variable variable : variables) {
      double[][] rows = new double[variable.states().length][];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = base.clone();
        System.arraycopy(variable.states()[i], 0, rows[i], variable.from(), variable.width());
      }
      double[] values = NdAssert.values(f.apply(Nd4j.createFromArray(rows)));
      double sum = 0;
      for (int i = 0; i < values.length; i++) {
        sum += Math.exp(values[i] - atBase + variable.logWeights()[i]);
      }
      log += Math.log(sum);
    }
    return log;
  }

  /** Rows of states, in DOUBLE. */
  static INDArray batch(UnitType type, int rows, int units, long seed) {
    INDArray u = Nd4j.create(DataType.DOUBLE, rows, units);
    try (RandomStream random = new RandomStream(seed)) {
      random.uniform(u);
    }
    if (type instanceof MixedUnits mixed) {
      List<INDArray> batches = new ArrayList<>();
      for (MixedUnits.Part part : mixed.parts()) {
        batches.add(batch(part.units(), rows, (int) part.size(), seed + batches.size()));
      }
      return Nd4j.concat(1, batches.toArray(new INDArray[0])).dup('c');
    } else if (type instanceof GaussianUnits) {
      return u.muli(4).subi(2);
    } else if (type instanceof TruncatedGaussianUnits || type instanceof NoisyRectifiedUnits) {
      return u.muli(3);
    }
    double[] numbers = NdAssert.values(u);
    double[][] batch = new double[rows][units];
    for (int row = 0; row < rows; row++) {
      for (Variable variable : variables(type, units)) {
        double number = numbers[row * units + variable.from()];
        double[] state = variable.states()[(int) (number * variable.states().length)];
        System.arraycopy(state, 0, batch[row], variable.from(), state.length);
      }
    }
    return Nd4j.createFromArray(batch);
  }

  /** All joint states of a layer of discrete units; the first variable changes fastest. */
  static double[][] allStates(UnitType type, int units) {
    List<Variable> variables = variables(type, units);
    int count = 1;
    for (Variable variable : variables) {
      count *= variable.states().length;
    }
    double[][] all = new double[count][units];
    for (int s = 0; s < count; s++) {
      int number = s;
      for (Variable variable : variables) {
        double[] state = variable.states()[number % variable.states().length];
        number /= variable.states().length;
        System.arraycopy(state, 0, all[s], variable.from(), state.length);
      }
    }
    return all;
  }

  /** The place of a state in {@link #allStates}. */
  static int indexOf(double[] state, double[][] all) {
    for (int s = 0; s < all.length; s++) {
      if (Arrays.equals(state, all[s])) {
        return s;
      }
    }
    throw new IllegalArgumentException(Arrays.toString(state) + " is no state");
  }
}
