/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The inverse temperatures of {@link Tempering}, which replica of each chain is at which of them,
 * and how often they exchange. Exchanges move temperatures between replicas, so that the states
 * stay where they are: replica {@code s} of chain {@code m} is the row {@code s * chains + m}.
 */
final class TemperatureLadder {

  static final String INVERSE_TEMPERATURES = "inverseTemperatures";
  static final String REPLICA_AT = "replicaAt";
  static final String SWAPS = "swaps";
  static final List<String> NAMES = List.of(INVERSE_TEMPERATURES, REPLICA_AT, SWAPS);

  /** Sweeps over which rates of exchange are averaged where the ladder does not adapt. */
  private static final int REPORT_EVERY = 100;

  /** An interval without rejections has this length, so that lengths add up to an order. */
  private static final double SHORTEST = 1e-3;

  private final Tempering options;
  private final int chains;

  /** By level, from 1 down to 0. */
  private double[] beta;

  /** The replica at a level, for each chain. */
  private int[][] replicaAt;

  /** Sums of the probabilities of exchange of level i with i + 1, and how many there were. */
  private double[] acceptance;

  private double[] attempts;

  /** Rates of the last full window; NaN before. */
  private double[] lastRates;

  /** Sweeps since the rates were last taken. */
  private int sweeps;

  private boolean oddPairs;

  TemperatureLadder(Tempering options, int chains) {
    this.options = options;
    this.chains = chains;
    double[] equallySpaced = new double[options.temperatures()];
    for (int i = 0; i < equallySpaced.length; i++) {
      equallySpaced[i] = 1 - (double) i / (equallySpaced.length - 1);
    }
    start(equallySpaced);
  }

  private void start(double[] inverseTemperatures) {
    beta = inverseTemperatures;
    int pairs = beta.length - 1;
    replicaAt = new int[beta.length][chains];
    for (int level = 0; level < beta.length; level++) {
      Arrays.fill(replicaAt[level], level);
    }
    acceptance = new double[pairs];
    attempts = new double[pairs];
    lastRates = new double[pairs];
    Arrays.fill(lastRates, Double.NaN);
    sweeps = 0;
    oddPairs = false;
  }

  int temperatures() {
    return beta.length;
  }

  double[] inverseTemperatures() {
    return beta.clone();
  }

  int rows() {
    return beta.length * chains;
  }

  /** Random numbers that {@link #exchange} takes. */
  int randomNumbers() {
    return Math.max(1, beta.length / 2 * chains);
  }

  /** The inverse temperature of each row. */
  double[] inverseTemperatureOfRows() {
    double[] ofRows = new double[rows()];
    for (int level = 0; level < beta.length; level++) {
      for (int chain = 0; chain < chains; chain++) {
        ofRows[replicaAt[level][chain] * chains + chain] = beta[level];
      }
    }
    return ofRows;
  }

  /** The rows at a level, one a chain. */
  int[] rowsAt(int level) {
    int[] rows = new int[chains];
    for (int chain = 0; chain < chains; chain++) {
      rows[chain] = replicaAt[level][chain] * chains + chain;
    }
    return rows;
  }

  /** Probability that two replicas exchange; {@code energy} is {@code U = dE_beta / d beta}. */
  static double probability(double beta, double otherBeta, double energy, double otherEnergy) {
    double p = Math.exp(Math.min(0, (beta - otherBeta) * (energy - otherEnergy)));
    return p >= 0 ? p : 0;
  }

  /**
   * Lets the pairs whose turn it is exchange.
   *
   * @param energies {@code U} of each row
   * @param uniform numbers in [0, 1), as many as {@link #randomNumbers}
   */
  void exchange(double[] energies, double[] uniform) {
    int next = 0;
    for (int i = oddPairs ? 1 : 0; i + 1 < beta.length; i += 2) {
      for (int chain = 0; chain < chains; chain++) {
        int colder = replicaAt[i][chain];
        int hotter = replicaAt[i + 1][chain];
        double p =
            probability(
                beta[i],
                beta[i + 1],
                energies[colder * chains + chain],
                energies[hotter * chains + chain]);
        acceptance[i] += p;
        if (uniform[next++] < p) {
          replicaAt[i][chain] = hotter;
          replicaAt[i + 1][chain] = colder;
        }
      }
      attempts[i] += chains;
    }
    oddPairs = !oddPairs;
    sweeps++;
  }

  /** Rates of exchange of neighbours, from the cold end on; NaN where none was tried yet. */
  double[] swapRates() {
    double[] rates = lastRates.clone();
    for (int i = 0; i < rates.length; i++) {
      if (Double.isNaN(rates[i])) {
        rates[i] = acceptance[i] / attempts[i];
      }
    }
    return rates;
  }

  /**
   * Takes the rates at the end of a window and places the temperatures anew, if the ladder adapts.
   *
   * @return null, or where the number of temperatures changed the old row that each new row is to
   *     start from
   */
  int[] adapt() {
    int window = options.adaptEvery() == 0 ? REPORT_EVERY : options.adaptEvery();
    if (sweeps < window || Arrays.stream(attempts).anyMatch(n -> n == 0)) {
      return null;
    }
    for (int i = 0; i < lastRates.length; i++) {
      lastRates[i] = acceptance[i] / attempts[i];
    }
    Arrays.fill(acceptance, 0);
    Arrays.fill(attempts, 0);
    sweeps = 0;
    if (options.adaptEvery() == 0) {
      return null;
    }
    double[] lengths = Arrays.stream(lastRates).map(r -> Math.max(SHORTEST, 1 - r)).toArray();
    int pairs = wantedPairs(Arrays.stream(lengths).sum());
    double[] placed = place(beta, lengths, pairs);
    if (pairs == lengths.length) {
      beta = placed;
      return null;
    }
    int[] sources = new int[placed.length * chains];
    for (int level = 0; level < placed.length; level++) {
      int[] rows = rowsAt(nearest(placed[level]));
      System.arraycopy(rows, 0, sources, level * chains, chains);
    }
    start(placed);
    return sources;
  }

  private int wantedPairs(double length) {
    int present = beta.length - 1;
    if (options.maxTemperatures() == options.temperatures()) {
      return present;
    }
    int needed = (int) Math.ceil(length / (1 - options.swapRate()));
    int wanted = needed >= present - 1 ? Math.max(needed, present) : needed + 1;
    return Math.max(1, Math.min(options.maxTemperatures() - 1, wanted));
  }

  /**
   * Inverse temperatures that cut the whole length into equal parts, with linear interpolation
   * inside the present intervals.
   */
  static double[] place(double[] beta, double[] lengths, int pairs) {
    double total = Arrays.stream(lengths).sum();
    double[] placed = new double[pairs + 1];
    placed[0] = 1;
    int interval = 0;
    double before = 0;
    for (int i = 1; i < pairs; i++) {
      double wanted = total * i / pairs;
      while (interval < lengths.length - 1 && before + lengths[interval] < wanted) {
        before += lengths[interval++];
      }
      double part = Math.min(1, (wanted - before) / lengths[interval]);
      placed[i] = beta[interval] + part * (beta[interval + 1] - beta[interval]);
    }
    return placed;
  }

  private int nearest(double inverseTemperature) {
    int nearest = 0;
    for (int i = 1; i < beta.length; i++) {
      if (Math.abs(beta[i] - inverseTemperature) < Math.abs(beta[nearest] - inverseTemperature)) {
        nearest = i;
      }
    }
    return nearest;
  }

  void diagnostics(Map<String, Double> numbers) {
    numbers.put(Tempering.TEMPERATURES, (double) beta.length);
    for (int i = 1; i < beta.length - 1; i++) {
      numbers.put("inverse temperature " + i, beta[i]);
    }
    double[] rates = swapRates();
    for (int i = 0; i < rates.length; i++) {
      if (!Double.isNaN(rates[i])) {
        numbers.put(Tempering.SWAP_RATE + " " + i + "-" + (i + 1), rates[i]);
      }
    }
  }

  /** Everything, in DOUBLE, so that a restored ladder goes on with the same numbers. */
  void addState(Map<String, INDArray> state) {
    double[][] replicas = new double[beta.length][chains];
    for (int level = 0; level < beta.length; level++) {
      replicas[level] = Arrays.stream(replicaAt[level]).asDoubleStream().toArray();
    }
    double[] counters = new double[beta.length - 1];
    counters[0] = 2 * sweeps + (oddPairs ? 1 : 0);
    state.put(INVERSE_TEMPERATURES, array(beta));
    state.put(REPLICA_AT, Workspaces.outside(() -> Nd4j.createFromArray(replicas)));
    state.put(
        SWAPS,
        Workspaces.outside(
            () ->
                Nd4j.createFromArray(new double[][] {acceptance, attempts, lastRates, counters})));
  }

  private static INDArray array(double[] values) {
    return Workspaces.outside(() -> Nd4j.createFromArray(values));
  }

  /**
   * A ladder that goes on from a saved one.
   *
   * @throws IllegalArgumentException if the state is not one of such a ladder
   */
  TemperatureLadder restored(Map<String, INDArray> state) {
    INDArray saved = state.get(INVERSE_TEMPERATURES).castTo(DataType.DOUBLE);
    double[] values = saved.rank() == 1 ? saved.dup('c').data().asDouble() : new double[0];
    boolean fixed = options.maxTemperatures() == options.temperatures();
    int least = fixed ? options.temperatures() : 2;
    if (values.length < least
        || values.length > options.maxTemperatures()
        || values[0] != 1
        || values[values.length - 1] != 0
        || !falls(values)) {
      throw new IllegalArgumentException(
          "saved "
              + INVERSE_TEMPERATURES
              + " are "
              + Arrays.toString(values)
              + "; accepted: "
              + (fixed ? "" : "2 to ")
              + options.maxTemperatures()
              + " numbers that fall from 1 to 0, as configured");
    }
    TemperatureLadder ladder = new TemperatureLadder(options, chains);
    ladder.start(values);
    ladder.restoreReplicas(SavedArrays.checked(state, REPLICA_AT, values.length, chains));
    double[][] swaps =
        SavedArrays.checked(state, SWAPS, 4, values.length - 1)
            .castTo(DataType.DOUBLE)
            .toDoubleMatrix();
    ladder.acceptance = swaps[0];
    ladder.attempts = swaps[1];
    ladder.lastRates = swaps[2];
    ladder.sweeps = (int) swaps[3][0] / 2;
    ladder.oddPairs = (int) swaps[3][0] % 2 == 1;
    return ladder;
  }

  private static boolean falls(double[] values) {
    for (int i = 1; i < values.length; i++) {
      if (!(values[i] < values[i - 1])) {
        return false;
      }
    }
    return true;
  }

  private void restoreReplicas(INDArray saved) {
    double[][] replicas = saved.castTo(DataType.DOUBLE).toDoubleMatrix();
    for (int chain = 0; chain < chains; chain++) {
      boolean[] seen = new boolean[beta.length];
      for (int level = 0; level < beta.length; level++) {
        double replica = replicas[level][chain];
        if (!(replica >= 0 && replica < beta.length) || seen[(int) replica]) {
          throw new IllegalArgumentException(
              "saved "
                  + REPLICA_AT
                  + " holds "
                  + replica
                  + " for temperature "
                  + level
                  + " of chain "
                  + chain
                  + "; accepted: each of 0 to "
                  + (beta.length - 1)
                  + " once a chain");
        }
        seen[(int) replica] = true;
        replicaAt[level][chain] = (int) replica;
      }
    }
  }
}
