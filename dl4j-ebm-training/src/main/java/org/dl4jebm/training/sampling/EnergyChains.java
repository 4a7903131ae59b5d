/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.Energy;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Chains that sample {@code p(x) = exp(-E(x)) / Z} by moves along the gradient of an energy, with a
 * {@link Kernel}: {@link Mala} or {@link Hmc}, for which {@code p} is stationary, or {@link
 * Langevin}, for which it nearly is. Chains move side by side as one batch and do not know of each
 * other. They forget their start in a time that depends on the energy, and may never leave a mode:
 * see {@link ChainDiagnostics}; {@link ParallelTempering} helps.
 *
 * <p>Each leapfrog step evaluates the energy and its gradient once ({@link
 * DifferentiableEnergy#energyAndGradient}); values at the chains' points are kept. After a change
 * of the energy, such as a training step of its network, call {@link #energyHasChanged}.
 *
 * <p>Whether a move is accepted is decided in DOUBLE, from energies that are as exact as the energy
 * gives them: a network in FLOAT rounds energies of 10,000 nats to about 0.001, which is then the
 * error of the logarithm of the probability of acceptance.
 *
 * <p>{@link #state} and {@link #restore} save chains with the position of their random stream, to
 * go on with the same numbers. Not safe for use by several threads at once. If the thread is
 * interrupted, a call ends between two moves with a {@link CancellationException}, and the
 * interruption flag stays set. If an energy or gradient is not a number, a call ends with an {@link
 * ArithmeticException} that names it, and the chains are where they were before that move. A
 * trajectory of several leapfrog steps that leaves the finite numbers, because steps are too large,
 * is refused and counted as {@link #diverged}.
 */
public final class EnergyChains {

  private final Ensemble ensemble;
  private final RandomStream random;
  private Kernel kernel;
  private long steps;
  private long moves;
  private long accepted;
  private long diverged;

  /**
   * What has to be saved to go on with chains.
   *
   * @param points {@code [n, ...]}
   * @param energy {@code E(x)} of each point
   * @param gradient {@code grad E(x)}, {@code [n, d]}
   * @param random position of the random stream, as {@link RandomStream#state} returns it
   * @param leapfrogSize size of the kernel's leapfrog steps
   * @param steps number of moves of all chains
   * @param moves number of moves since the acceptance rate was last reset, summed over chains
   * @param accepted how many of them were accepted
   * @param diverged how many of them left the finite numbers
   */
  public record State(
      INDArray points,
      double[] energy,
      INDArray gradient,
      long[] random,
      double leapfrogSize,
      long steps,
      long moves,
      long accepted,
      long diverged) {}

  private EnergyChains(Ensemble ensemble, Kernel kernel, RandomStream random) {
    this.ensemble = ensemble;
    this.kernel = kernel;
    this.random = random;
  }

  /**
   * Chains that start at given points.
   *
   * @param energy the energy, kept
   * @param start {@code [n, ...]}, FLOAT or DOUBLE, one point for each chain. Not modified.
   * @param kernel how they move
   * @param random the stream to draw from, kept
   * @return the chains
   * @throws IllegalArgumentException if the start is empty, not finite or out of the kernel's
   *     bounds, or the energy has not one value for each point
   * @throws ArithmeticException if the energy or its gradient is not finite at a start
   */
  public static EnergyChains from(
      DifferentiableEnergy energy, INDArray start, Kernel kernel, RandomStream random) {
    return of(null, energy, start, kernel, random);
  }

  /**
   * Chains on the geometric path from a base to the energy, {@code (1 - beta) E_0(x) + beta E(x)},
   * that begin at {@code beta = 0}; {@link #setBeta} moves on. Annealed importance sampling uses
   * them.
   *
   * @param base the energy {@code E_0} at {@code beta = 0}, kept
   * @param energy the energy at {@code beta = 1}, kept
   * @param start {@code [n, ...]}, FLOAT or DOUBLE, one point for each chain. Not modified.
   * @param kernel how they move
   * @param random the stream to draw from, kept
   * @return the chains
   * @throws IllegalArgumentException as for {@link #from}
   * @throws ArithmeticException if an energy or its gradient is not finite at a start
   */
  public static EnergyChains onPath(
      DifferentiableEnergy base,
      DifferentiableEnergy energy,
      INDArray start,
      Kernel kernel,
      RandomStream random) {
    EnergyChains chains = of(base, energy, start, kernel, random);
    chains.setBeta(0);
    return chains;
  }

  private static EnergyChains of(
      DifferentiableEnergy base,
      DifferentiableEnergy energy,
      INDArray start,
      Kernel kernel,
      RandomStream random) {
    Ensemble.requireStart(start, kernel.bounds());
    double[] beta = new double[Math.toIntExact(start.size(0))];
    Arrays.fill(beta, 1);
    return new EnergyChains(
        Workspaces.outside(() -> new Ensemble(base, energy, start, beta)), kernel, random);
  }

  /**
   * Moves all chains.
   *
   * @param count number of moves, at least 0
   * @return this
   * @throws IllegalArgumentException if {@code count} is negative
   * @throws ArithmeticException if an energy or gradient is not a number
   */
  public EnergyChains step(long count) {
    if (count < 0) {
      throw new IllegalArgumentException("count is " + count + "; accepted: 0 or more");
    }
    for (long i = 0; i < count; i++) {
      move();
    }
    return this;
  }

  /** Returns the mean probability of acceptance. */
  private double move() {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("interrupted after " + steps + " moves");
    }
    double[] size = new double[ensemble.size()];
    Arrays.fill(size, kernel.leapfrog().size());
    Ensemble.Outcome outcome =
        ensemble.move(kernel.leapfrog(), size, kernel.bounds(), random, steps + 1);
    steps++;
    moves += ensemble.size();
    diverged += outcome.diverged();
    for (boolean each : outcome.accepted()) {
      accepted += each ? 1 : 0;
    }
    return Arrays.stream(outcome.probability()).average().orElseThrow();
  }

  /**
   * Moves all chains and adapts the step size of {@link Mala} or {@link Hmc} on the way, by dual
   * averaging of the mean probability of acceptance (Hoffman and Gelman, JMLR 2014). The step size
   * is kept from then on, so that the chain is valid again; what was passed through meanwhile is no
   * sample. Counts of accepted and diverged moves begin anew.
   *
   * @param count number of moves, at least 1; with ten chains or more a hundred are often enough
   * @param targetAcceptance acceptance rate to reach, above 0 and below 1, such as {@link
   *     Mala#TARGET_ACCEPTANCE} or {@link Hmc#TARGET_ACCEPTANCE}
   * @return this
   * @throws IllegalArgumentException if a number is out of range
   * @throws UnsupportedOperationException if the kernel is {@link Langevin}
   * @throws ArithmeticException if an energy or gradient is not a number; the step size is then
   *     that before the call
   */
  public EnergyChains warmUp(int count, double targetAcceptance) {
    if (count < 1) {
      throw new IllegalArgumentException("count is " + count + "; accepted: 1 or more");
    }
    StepSizeAdaptation.requireTarget(targetAcceptance);
    Kernel before = kernel;
    StepSizeAdaptation adaptation =
        new StepSizeAdaptation(kernel.leapfrog().size(), targetAcceptance);
    kernel = kernel.withLeapfrogSize(adaptation.size());
    boolean done = false;
    try {
      for (int i = 0; i < count; i++) {
        adaptation.update(move());
        kernel = kernel.withLeapfrogSize(adaptation.size());
      }
      done = true;
    } finally {
      kernel = done ? kernel.withLeapfrogSize(adaptation.result()) : before;
    }
    resetCounts();
    return this;
  }

  /** Begins the counts of accepted and diverged moves anew. */
  public void resetCounts() {
    moves = 0;
    accepted = 0;
    diverged = 0;
  }

  /**
   * Moves all chains and records a number along each, for {@link ChainDiagnostics}.
   *
   * @param quantity what to record of the points, such as the energy itself
   * @param times how many records, at least 1
   * @param every moves before each record, at least 1
   * @return {@code [chain][record]}, new
   * @throws IllegalArgumentException if a number is below 1
   */
  public double[][] trace(Energy quantity, int times, int every) {
    return Traces.record(times, every, this::step, () -> quantity.energy(points()));
  }

  /**
   * The points.
   *
   * @return {@code [n, ...]}, a copy
   */
  public INDArray points() {
    return Workspaces.outside(() -> ensemble.points().dup('c'));
  }

  /**
   * The energies of the points, {@code E(x)} without a factor {@code beta}.
   *
   * @return one for each chain, a copy
   */
  public double[] energies() {
    return ensemble.values().energy().clone();
  }

  /**
   * The energies of the points under the base of {@link #onPath}.
   *
   * @return one for each chain, a copy
   * @throws IllegalStateException if there is no base
   */
  public double[] baseEnergies() {
    requireBase();
    return ensemble.values().baseEnergy().clone();
  }

  private void requireBase() {
    if (ensemble.values().baseEnergy() == null) {
      throw new IllegalStateException("these chains have no base; accepted: those of onPath");
    }
  }

  /**
   * Sets where on the path from the base to the energy the next moves are.
   *
   * @param beta from 0, the base, to 1, the energy
   * @return this
   * @throws IllegalArgumentException if {@code beta} is out of range
   * @throws IllegalStateException if there is no base
   */
  public EnergyChains setBeta(double beta) {
    requireBase();
    if (!(beta >= 0 && beta <= 1)) {
      throw new IllegalArgumentException("beta is " + beta + "; accepted: 0 to 1");
    }
    Arrays.fill(ensemble.beta(), beta);
    return this;
  }

  /**
   * Sets the kernel for the moves from now on.
   *
   * @param next how to move
   * @return this
   * @throws IllegalArgumentException if a point is out of its bounds
   */
  public EnergyChains setKernel(Kernel next) {
    if (!Objects.equals(next.bounds(), kernel.bounds())) {
      Ensemble.requireStart(ensemble.points(), next.bounds());
    }
    kernel = next;
    return this;
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
   * The kernel with its present step size.
   *
   * @return the kernel
   */
  public Kernel kernel() {
    return kernel;
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
   * Fraction of moves that were accepted, since the start, {@link #warmUp} or {@link #resetCounts}.
   *
   * @return from 0 to 1; NaN if there were none
   */
  public double acceptanceRate() {
    return (double) accepted / moves;
  }

  /**
   * How many trajectories left the finite numbers, in the same time. A few of very many may be;
   * more say that steps are too large, or that the energy is not a number somewhere.
   *
   * @return at least 0
   */
  public long diverged() {
    return diverged;
  }

  /**
   * Returns what has to be saved to go on later.
   *
   * @return copies
   */
  public State state() {
    PathEnergy.Values values = Workspaces.outside(() -> ensemble.values().copy());
    return new State(
        points(),
        values.energy(),
        values.gradient(),
        random.state(),
        kernel.leapfrog().size(),
        steps,
        moves,
        accepted,
        diverged);
  }

  /**
   * Goes on from a saved state; the random stream is moved to its position. The energy must be what
   * it was, else call {@link #energyHasChanged}.
   *
   * @param state as {@link #state} returned it, of as many chains of such points with such a
   *     kernel. Not modified.
   * @throws IllegalArgumentException if sizes or types differ; nothing is changed then
   * @throws IllegalStateException for chains with a base, which are not saved
   */
  public void restore(State state) {
    if (ensemble.values().baseEnergy() != null) {
      throw new IllegalStateException("chains with a base cannot be restored");
    }
    Traces.requireAlike(state.points(), ensemble.points());
    Leapfrog own = kernel.leapfrog();
    Kernel next =
        own.size() == state.leapfrogSize() ? kernel : kernel.withLeapfrogSize(state.leapfrogSize());
    random.restore(state.random());
    kernel = next;
    ensemble.put(
        state.points(), new PathEnergy.Values(state.energy(), state.gradient(), null, null));
    steps = state.steps();
    moves = state.moves();
    accepted = state.accepted();
    diverged = state.diverged();
  }
}
