/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.Energy;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Parallel tempering, or replica exchange (Swendsen and Wang 1986; Geyer 1991): beside chains of
 * {@code exp(-E(x))} run others of {@code exp(-beta_k E(x))} with falling {@code beta_k}, which
 * cross from mode to mode more easily. After each move of all, neighbours {@code k, k + 1} exchange
 * their points with probability
 *
 * <pre>{@code   min(1, exp((beta_k - beta_{k+1}) (E(x_k) - E(x_{k+1}))))}</pre>
 *
 * even pairs and odd pairs in turn (Okabe et al. 2001; Syed et al., JRSS B 2022). The product of
 * all distributions is stationary if the kernel is {@link Mala} or {@link Hmc}; {@link Langevin}
 * leaves its bias.
 *
 * <p>Use it where modes are far apart and {@link ChainDiagnostics} or different starts show that
 * chains do not mix. It costs as many times more as there are temperatures; all of them go through
 * the energy as one batch. Swap rates of 0.2 to 0.4 everywhere are usual ({@link #swapRates}); put
 * temperatures closer where they are lower. {@code exp(-beta E)} must have a finite integral for
 * the smallest {@code beta}: without {@link Kernel#bounds}, energies that level off have none.
 *
 * <p>Step sizes begin at those of the kernel times {@code 1 / sqrt(beta_k)}, as the width of a
 * Gaussian grows; {@link #warmUp} adapts each temperature's.
 *
 * <p>{@link #state} and {@link #restore} save chains with the position of their random stream, to
 * go on with the same numbers. Not safe for use by several threads at once. Interruption and
 * energies that are not numbers are dealt with as by {@link EnergyChains}.
 */
public final class ParallelTempering {

  private static final double HALF_STEP = 0x1p-24;

  private final Ensemble ensemble;
  private final double[] betas;
  private final Kernel kernel;
  private final RandomStream random;

  /** Chains at each temperature. */
  private final int n;

  private final INDArray uniform;
  private final double[] sizes;
  private final long[] accepted;
  private final long[] swapsAccepted;
  private final long[] swapsAttempted;
  private long moves;
  private long steps;

  /**
   * What has to be saved to go on with chains.
   *
   * @param points {@code [n * temperatures, ...]}, temperature by temperature
   * @param energy {@code E(x)} of each point
   * @param gradient {@code grad E(x)}, {@code [n * temperatures, d]}
   * @param random position of the random stream
   * @param sizes of the leapfrog steps at each temperature
   * @param steps number of moves of all chains
   */
  public record State(
      INDArray points,
      double[] energy,
      INDArray gradient,
      long[] random,
      double[] sizes,
      long steps) {}

  private ParallelTempering(Ensemble ensemble, double[] betas, Kernel kernel, RandomStream random) {
    this.ensemble = ensemble;
    this.betas = betas;
    this.kernel = kernel;
    this.random = random;
    n = ensemble.size() / betas.length;
    uniform = Workspaces.outside(() -> Nd4j.create(DataType.DOUBLE, n));
    sizes = new double[betas.length];
    Arrays.setAll(
        sizes,
        k ->
            kernel instanceof Langevin
                ? kernel.leapfrog().size()
                : kernel.leapfrog().size() / Math.sqrt(betas[k]));
    accepted = new long[betas.length];
    swapsAccepted = new long[betas.length - 1];
    swapsAttempted = new long[betas.length - 1];
  }

  /**
   * Chains that start at the same points at all temperatures.
   *
   * @param energy the energy, kept
   * @param betas inverse temperatures, two or more, the first 1, strictly falling, above 0. Not
   *     modified.
   * @param start {@code [n, ...]}, FLOAT or DOUBLE, one point for each chain. Not modified.
   * @param kernel how they move
   * @param random the stream to draw from, kept
   * @return the chains
   * @throws IllegalArgumentException if the temperatures are not so, or the start is empty, not
   *     finite or out of the kernel's bounds
   * @throws ArithmeticException if the energy or its gradient is not finite at a start
   */
  public static ParallelTempering from(
      DifferentiableEnergy energy,
      double[] betas,
      INDArray start,
      Kernel kernel,
      RandomStream random) {
    INDArray[] starts = new INDArray[betas.length];
    Arrays.fill(starts, start);
    return fromEach(energy, betas, starts, kernel, random);
  }

  /**
   * Chains that start at points of their own at each temperature.
   *
   * @param energy the energy, kept
   * @param betas inverse temperatures, two or more, the first 1, strictly falling, above 0. Not
   *     modified.
   * @param starts for each temperature {@code [n, ...]}, of the same shape and type. Not modified.
   * @param kernel how they move
   * @param random the stream to draw from, kept
   * @return the chains
   * @throws IllegalArgumentException as for {@link #from}, or if the starts are not as many or not
   *     alike
   * @throws ArithmeticException if the energy or its gradient is not finite at a start
   */
  public static ParallelTempering fromEach(
      DifferentiableEnergy energy,
      double[] betas,
      INDArray[] starts,
      Kernel kernel,
      RandomStream random) {
    requireBetas(betas);
    if (starts.length != betas.length) {
      throw new IllegalArgumentException(
          "there are "
              + starts.length
              + " starts; accepted: "
              + betas.length
              + ", as many as betas");
    }
    for (INDArray start : starts) {
      Ensemble.requireStart(start, kernel.bounds());
      Traces.requireAlike(start, starts[0]);
    }
    int n = Math.toIntExact(starts[0].size(0));
    double[] rows = new double[n * betas.length];
    Arrays.setAll(rows, i -> betas[i / n]);
    return new ParallelTempering(
        Workspaces.outside(() -> new Ensemble(null, energy, Nd4j.concat(0, starts), rows)),
        betas.clone(),
        kernel,
        random);
  }

  private static void requireBetas(double[] betas) {
    if (betas.length < 2 || betas[0] != 1) {
      throw new IllegalArgumentException(
          "betas are " + Arrays.toString(betas) + "; accepted: two or more, the first 1");
    }
    for (int k = 1; k < betas.length; k++) {
      if (!(betas[k] > 0 && betas[k] < betas[k - 1])) {
        throw new IllegalArgumentException(
            "betas["
                + k
                + "] is "
                + betas[k]
                + "; accepted: above 0 and below betas["
                + (k - 1)
                + "], which is "
                + betas[k - 1]);
      }
    }
  }

  /**
   * Moves all chains and lets neighbours exchange, so many times.
   *
   * @param count number of moves, at least 0
   * @return this
   * @throws IllegalArgumentException if {@code count} is negative
   * @throws ArithmeticException if an energy or gradient is not a number
   */
  public ParallelTempering step(long count) {
    if (count < 0) {
      throw new IllegalArgumentException("count is " + count + "; accepted: 0 or more");
    }
    for (long i = 0; i < count; i++) {
      move();
    }
    return this;
  }

  /** Returns the mean probability of acceptance of each temperature. */
  private double[] move() {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("interrupted after " + steps + " moves");
    }
    double[] rows = new double[ensemble.size()];
    Arrays.setAll(rows, i -> sizes[i / n]);
    Ensemble.Outcome outcome =
        ensemble.move(kernel.leapfrog(), rows, kernel.bounds(), random, steps + 1);
    double[] rate = new double[betas.length];
    for (int i = 0; i < rows.length; i++) {
      accepted[i / n] += outcome.accepted()[i] ? 1 : 0;
      rate[i / n] += outcome.probability()[i] / n;
    }
    moves++;
    Workspaces.outside(
        () -> {
          exchange((int) (steps % 2));
          return null;
        });
    steps++;
    return rate;
  }

  /** Pairs {@code (first, first + 1), (first + 2, first + 3), ...} */
  private void exchange(int first) {
    double[] energy = ensemble.values().energy();
    int[] from = new int[ensemble.size()];
    Arrays.setAll(from, i -> i);
    boolean any = false;
    for (int k = first; k + 1 < betas.length; k += 2) {
      random.uniform(uniform);
      double[] u = uniform.data().asDouble();
      for (int c = 0; c < n; c++) {
        int cold = k * n + c;
        int hot = cold + n;
        double log = (betas[k] - betas[k + 1]) * (energy[cold] - energy[hot]);
        if (Math.log(u[c] + HALF_STEP) < log) {
          from[cold] = hot;
          from[hot] = cold;
          swapsAccepted[k]++;
          any = true;
        }
      }
      swapsAttempted[k] += n;
    }
    if (any) {
      ensemble.permute(from);
    }
  }

  /**
   * Moves all chains and adapts the step size of each temperature on the way, as {@link
   * EnergyChains#warmUp} does. Counts begin anew.
   *
   * @param count number of moves, at least 1
   * @param targetAcceptance acceptance rate to reach, above 0 and below 1
   * @return this
   * @throws IllegalArgumentException if a number is out of range
   * @throws UnsupportedOperationException if the kernel is {@link Langevin}
   * @throws ArithmeticException if an energy or gradient is not a number; the step sizes are then
   *     those before the call
   */
  public ParallelTempering warmUp(int count, double targetAcceptance) {
    if (count < 1) {
      throw new IllegalArgumentException("count is " + count + "; accepted: 1 or more");
    }
    StepSizeAdaptation.requireTarget(targetAcceptance);
    kernel.withLeapfrogSize(sizes[0]);
    double[] before = sizes.clone();
    StepSizeAdaptation[] adaptations = new StepSizeAdaptation[sizes.length];
    Arrays.setAll(adaptations, k -> new StepSizeAdaptation(sizes[k], targetAcceptance));
    boolean done = false;
    try {
      for (int i = 0; i < count; i++) {
        double[] rate = move();
        for (int k = 0; k < sizes.length; k++) {
          adaptations[k].update(rate[k]);
          sizes[k] = adaptations[k].size();
        }
      }
      done = true;
    } finally {
      for (int k = 0; k < sizes.length; k++) {
        sizes[k] = done ? adaptations[k].result() : before[k];
      }
    }
    resetCounts();
    return this;
  }

  /** Begins the counts of accepted moves and swaps anew. */
  public void resetCounts() {
    moves = 0;
    Arrays.fill(accepted, 0);
    Arrays.fill(swapsAccepted, 0);
    Arrays.fill(swapsAttempted, 0);
  }

  /**
   * Moves all chains and records a number along each chain at {@code beta = 1}, for {@link
   * ChainDiagnostics}.
   *
   * @param quantity what to record of the points
   * @param times how many records, at least 1
   * @param every moves before each record, at least 1
   * @return {@code [chain][record]}, new
   * @throws IllegalArgumentException if a number is below 1
   */
  public double[][] trace(Energy quantity, int times, int every) {
    return Traces.record(times, every, this::step, () -> quantity.energy(points()));
  }

  /**
   * The points at {@code beta = 1}, samples of {@code exp(-E) / Z}.
   *
   * @return {@code [n, ...]}, a copy
   */
  public INDArray points() {
    return points(0);
  }

  /**
   * The points at one temperature.
   *
   * @param temperature 0 for {@code beta = 1}, to the number of temperatures less 1
   * @return {@code [n, ...]}, a copy
   * @throws IllegalArgumentException if there is no such temperature
   */
  public INDArray points(int temperature) {
    if (temperature < 0 || temperature >= betas.length) {
      throw new IllegalArgumentException(
          "temperature is " + temperature + "; accepted: 0 to " + (betas.length - 1));
    }
    long from = (long) temperature * n;
    return Workspaces.outside(
        () -> {
          INDArray all = ensemble.points();
          long[] shape = all.shape().clone();
          shape[0] = n;
          return all.get(NDArrayIndex.interval(from, from + n)).dup('c').reshape('c', shape);
        });
  }

  /**
   * Fractions of accepted moves at each temperature, since the start, {@link #warmUp} or {@link
   * #resetCounts}.
   *
   * @return one for each temperature, new; NaN if there were no moves
   */
  public double[] acceptanceRates() {
    return Arrays.stream(accepted).mapToDouble(a -> (double) a / moves / n).toArray();
  }

  /**
   * Fractions of accepted swaps between neighbours, in the same time.
   *
   * @return between temperatures {@code k} and {@code k + 1}, new; NaN where none was tried
   */
  public double[] swapRates() {
    return ChainDiagnostics.swapRates(swapsAccepted, swapsAttempted);
  }

  /**
   * Number of moves of all chains.
   *
   * @return at least 0
   */
  public long steps() {
    return steps;
  }

  /**
   * Evaluates the energy at the points again, after it was changed.
   *
   * @throws ArithmeticException if the energy or its gradient is not finite at a point
   */
  public void energyHasChanged() {
    Workspaces.outside(
        () -> {
          ensemble.evaluateAgain();
          return null;
        });
  }

  /**
   * Returns what has to be saved to go on later. Counts are not saved.
   *
   * @return copies
   */
  public State state() {
    return Workspaces.outside(
        () -> {
          PathEnergy.Values values = ensemble.values().copy();
          return new State(
              ensemble.points().dup('c'),
              values.energy(),
              values.gradient(),
              random.state(),
              sizes.clone(),
              steps);
        });
  }

  /**
   * Goes on from a saved state; the random stream is moved to its position, counts begin anew. The
   * energy must be what it was, else call {@link #energyHasChanged}.
   *
   * @param state as {@link #state} returned it, of as many chains and temperatures. Not modified.
   * @throws IllegalArgumentException if sizes or types differ; nothing is changed then
   */
  public void restore(State state) {
    Traces.requireAlike(state.points(), ensemble.points());
    if (state.sizes().length != sizes.length) {
      throw new IllegalArgumentException(
          "there are " + state.sizes().length + " saved temperatures; accepted: " + sizes.length);
    }
    random.restore(state.random());
    System.arraycopy(state.sizes(), 0, sizes, 0, sizes.length);
    ensemble.put(
        state.points(), new PathEnergy.Values(state.energy(), state.gradient(), null, null));
    steps = state.steps();
    resetCounts();
  }
}
