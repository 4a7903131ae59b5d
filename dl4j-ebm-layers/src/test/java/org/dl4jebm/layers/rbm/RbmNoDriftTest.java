/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Chains that start exactly at {@code p(v)} stay there, for every pair of unit types and however
 * slowly the chain mixes: after 1, 4 and 16 sweeps the total variation distance between the
 * frequencies of the visible states and {@code p} stays under {@link Limits#totalVariation}, which
 * a right sampler passes with probability 1e-9.
 *
 * <p>{@code p} comes from the free energy, which {@link RbmModelTest} compares with sums and
 * integrals of the energy. Real-valued units are drawn from cells of a fine grid, uniformly within
 * a cell, and counted in a few bins of about equal probability; the difference between {@code p}
 * and its step function on the grid is of second order in the width of a cell.
 */
@Tag("gpu")
class RbmNoDriftTest {

  private static final int ROWS = 25_000;
  private static final int BINS = 6;

  /** Cells of a real-valued unit over {@link #RANGE} from its lowest value. */
  private static final int CELLS = 320;

  private static final double RANGE = 14;

  /**
   * Of {@code p} from its step function on the grid, for densities that {@link #CELLS} resolves.
   */
  private static final double DISCRETISATION = 5e-4;

  /** Types with 2 or 3 variables a layer. */
  record Layer(UnitType type, int units) {}

  private static final List<Layer> DISCRETE =
      List.of(
          new Layer(new BernoulliUnits(), 3),
          new Layer(new SpinUnits(), 3),
          new Layer(new SoftmaxUnits(3), 6),
          new Layer(
              MixedUnits.of(
                  MixedUnits.part(2, new SpinUnits()), MixedUnits.part(3, new SoftmaxUnits(3))),
              5));

  private static final List<Layer> VISIBLE =
      Stream.concat(
              DISCRETE.stream(),
              Stream.of(
                  new Layer(GaussianUnits.unitVariance(), 2),
                  new Layer(GaussianUnits.withVariance(0.5, 1.5), 2),
                  new Layer(new TruncatedGaussianUnits(), 2)))
          .toList();

  private static final List<Layer> HIDDEN =
      Stream.concat(
              DISCRETE.stream(),
              Stream.of(
                  new Layer(GaussianUnits.unitVariance(), 2),
                  new Layer(GaussianUnits.withVariance(0.5, 1.5), 2),
                  new Layer(new TruncatedGaussianUnits(), 2),
                  new Layer(
                      MixedUnits.of(
                          MixedUnits.part(1, GaussianUnits.withVariance(0.5)),
                          MixedUnits.part(1, new TruncatedGaussianUnits())),
                      2)))
          .toList();

  static Stream<Arguments> pairs() {
    return VISIBLE.stream().flatMap(v -> HIDDEN.stream().map(h -> Arguments.of(v, h)));
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void gibbsSweepsDoNotDrift(Layer visible, Layer hidden) {
    TinyRbm tiny = TinyRbm.oracle(visible.units(), hidden.units());
    if (!visible.type().isBounded() && !hidden.type().isBounded()) {
      tiny = tiny.scaleWeights(0.3);
    }
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(tiny.weights()).dup('f'),
            Nd4j.createFromArray(tiny.hiddenBias()),
            Nd4j.createFromArray(tiny.visibleBias()),
            visible.type(),
            hidden.type());
    model.requireNormalisable();
    Grid grid = new Grid(visible, model);
    INDArray v = grid.draw(ROWS, 77);
    assertClose(grid, v, 0);
    int done = 0;
    try (RandomStream random = new RandomStream(78)) {
      for (int sweeps : new int[] {1, 4, 16}) {
        v = model.gibbs(v, sweeps - done, random);
        done = sweeps;
        assertClose(grid, v, sweeps);
      }
    }
  }

  private static void assertClose(Grid grid, INDArray v, int sweeps) {
    double distance = TinyRbm.totalVariation(grid.binProbabilities(), grid.frequencies(v));
    double limit = Limits.totalVariation(grid.binProbabilities(), ROWS) + DISCRETISATION;
    assertTrue(limit < 0.06, "the limit must be tight enough to mean something");
    assertTrue(
        distance < limit,
        () -> "total variation " + distance + " over " + limit + " after " + sweeps + " sweeps");
  }

  /** The distribution of the visible states on a grid. */
  private static final class Grid {

    private final int units;
    private final List<UnitCases.Variable> variables;
    private final double[] width;
    private final double[] p;

    /** Bin of each state of each variable. */
    private final int[][] bins;

    private final double[] binProbabilities;

    Grid(Layer layer, RbmModel model) {
      units = layer.units();
      variables =
          UnitCases.variables(layer.type(), units).stream()
              .map(variable -> cells(layer.type(), variable))
              .toList();
      width = new double[variables.size()];
      double[][] states = new double[count()][];
      for (int s = 0; s < states.length; s++) {
        states[s] = state(s);
      }
      double[] f = NdAssert.values(model.freeEnergy(Nd4j.createFromArray(states)));
      p = new double[f.length];
      double low = Double.POSITIVE_INFINITY;
      for (double x : f) {
        low = Math.min(low, x);
      }
      double z = 0;
      for (int s = 0; s < p.length; s++) {
        p[s] = Math.exp(low - f[s]);
        z += p[s];
      }
      for (int s = 0; s < p.length; s++) {
        p[s] /= z;
      }
      bins = new int[variables.size()][];
      int count = 1;
      for (int i = 0; i < bins.length; i++) {
        bins[i] = bins(i);
        count *= bins[i][bins[i].length - 1] + 1;
        if (isReal(i)) {
          double[][] cells = variables.get(i).states();
          width[i] = cells[1][0] - cells[0][0];
        }
      }
      binProbabilities = new double[count];
      for (int s = 0; s < p.length; s++) {
        binProbabilities[bin(indices(s))] += p[s];
      }
    }

    private static UnitCases.Variable cells(UnitType type, UnitCases.Variable variable) {
      if (variable.states().length <= BINS) {
        return variable;
      }
      double from = type instanceof GaussianUnits ? -RANGE / 2 : 0;
      double[][] middles = new double[CELLS][1];
      for (int i = 0; i < CELLS; i++) {
        middles[i][0] = from + (i + 0.5) * RANGE / CELLS;
      }
      return new UnitCases.Variable(variable.from(), middles, new double[CELLS]);
    }

    private int count() {
      int count = 1;
      for (UnitCases.Variable variable : variables) {
        count *= variable.states().length;
      }
      return count;
    }

    private boolean isReal(int variable) {
      return variables.get(variable).states().length == CELLS;
    }

    private int[] indices(int s) {
      int[] indices = new int[variables.size()];
      int number = s;
      for (int i = 0; i < indices.length; i++) {
        indices[i] = number % variables.get(i).states().length;
        number /= variables.get(i).states().length;
      }
      return indices;
    }

    private double[] state(int s) {
      double[] state = new double[units];
      int[] indices = indices(s);
      for (int i = 0; i < indices.length; i++) {
        UnitCases.Variable variable = variables.get(i);
        System.arraycopy(
            variable.states()[indices[i]], 0, state, variable.from(), variable.width());
      }
      return state;
    }

    /** Each state of a discrete variable is a bin of its own. */
    private int[] bins(int variable) {
      double[] marginal = new double[variables.get(variable).states().length];
      for (int s = 0; s < p.length; s++) {
        marginal[indices(s)[variable]] += p[s];
      }
      int[] bins = new int[marginal.length];
      double sum = 0;
      for (int i = 0; i < bins.length; i++) {
        bins[i] = isReal(variable) ? (int) Math.min(BINS - 1, sum * BINS) : i;
        sum += marginal[i];
      }
      return bins;
    }

    private int bin(int[] indices) {
      int bin = 0;
      for (int i = indices.length - 1; i >= 0; i--) {
        bin = bin * (bins[i][bins[i].length - 1] + 1) + bins[i][indices[i]];
      }
      return bin;
    }

    double[] binProbabilities() {
      return binProbabilities;
    }

    INDArray draw(int rows, long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      double[] cumulative = p.clone();
      for (int s = 1; s < p.length; s++) {
        cumulative[s] += cumulative[s - 1];
      }
      double[][] drawn = new double[rows][];
      for (int r = 0; r < rows; r++) {
        double u = random.nextDouble() * cumulative[p.length - 1];
        int found = java.util.Arrays.binarySearch(cumulative, u);
        drawn[r] = state(found < 0 ? -found - 1 : found + 1);
        for (int i = 0; i < width.length; i++) {
          if (width[i] > 0) {
            drawn[r][variables.get(i).from()] += width[i] * (random.nextDouble() - 0.5);
          }
        }
      }
      return Nd4j.createFromArray(drawn).castTo(DataType.DOUBLE);
    }

    double[] frequencies(INDArray v) {
      double[] flat = NdAssert.values(v);
      double[] frequencies = new double[binProbabilities.length];
      int[] indices = new int[variables.size()];
      for (int r = 0; r < v.size(0); r++) {
        for (int i = 0; i < indices.length; i++) {
          indices[i] = index(i, flat, r * units + variables.get(i).from());
        }
        frequencies[bin(indices)] += 1.0 / v.size(0);
      }
      return frequencies;
    }

    private int index(int variable, double[] flat, int from) {
      double[][] states = variables.get(variable).states();
      if (width[variable] > 0) {
        double cell = Math.floor((flat[from] - states[0][0]) / width[variable] + 0.5);
        return (int) Math.max(0, Math.min(states.length - 1, cell));
      }
      double[] state = new double[variables.get(variable).width()];
      System.arraycopy(flat, from, state, 0, state.length);
      return UnitCases.indexOf(state, states);
    }
  }
}
