/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.Energy;
import org.dl4jebm.training.Score;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Chains of {@link Langevin} moves that need only a score, {@code x <- x + drift s(x) + noise z}:
 * of a score network, or of an energy whose values are not wanted, as when an energy network is
 * trained. Biased as said there; where there is an energy, {@link EnergyChains} with {@link Mala}
 * are not.
 *
 * <p>The score is evaluated once for each move, at its beginning, as it is then: also if it is
 * being trained meanwhile. {@link #state} and {@link #restore} save chains with the position of
 * their random stream, to go on with the same numbers. Not safe for use by several threads at once.
 * If the thread is interrupted, a call ends between two moves with a {@link CancellationException},
 * and the interruption flag stays set. If a score is not finite, a call ends with an {@link
 * ArithmeticException}, and the chains are where they were before that move.
 */
public final class LangevinChains {

  private final Score score;
  private final RandomStream random;
  private final INDArray points;
  private INDArray memory;
  private Langevin kernel;
  private long steps;

  /**
   * What has to be saved to go on with chains.
   *
   * @param points {@code [n, ...]}
   * @param random position of the random stream, as {@link RandomStream#state} returns it
   * @param steps number of moves done
   */
  public record State(INDArray points, long[] random, long steps) {}

  private LangevinChains(Score score, INDArray start, Langevin kernel, RandomStream random) {
    this.score = score;
    this.kernel = kernel;
    this.random = random;
    points = Workspaces.outside(() -> start.dup('c'));
  }

  /**
   * Chains that start at given points.
   *
   * @param score the score {@code grad log p(x)}, such as a {@link
   *     org.dl4jebm.training.DifferentiableEnergy}; kept
   * @param start {@code [n, ...]}, FLOAT or DOUBLE, one point for each chain. Not modified.
   * @param kernel how they move
   * @param random the stream to draw from, kept
   * @return the chains
   * @throws IllegalArgumentException if the start is empty, not finite or out of the kernel's
   *     bounds
   */
  public static LangevinChains from(
      Score score, INDArray start, Langevin kernel, RandomStream random) {
    Ensemble.requireStart(start, kernel.bounds());
    return new LangevinChains(score, start, kernel, random);
  }

  /**
   * Moves all chains.
   *
   * @param count number of moves, at least 0
   * @return this
   * @throws IllegalArgumentException if {@code count} is negative or the score is of another shape
   * @throws ArithmeticException if a score is not finite
   */
  public LangevinChains step(long count) {
    if (count < 0) {
      throw new IllegalArgumentException("count is " + count + "; accepted: 0 or more");
    }
    for (long i = 0; i < count; i++) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException("interrupted after " + steps + " moves");
      }
      LangevinMove.move(points, score, kernel, random, "step " + (steps + 1), memory());
      steps++;
    }
    return this;
  }

  /** For the gradients of the moves. */
  private INDArray memory() {
    if (memory == null && score instanceof DifferentiableEnergy) {
      memory = Workspaces.outside(() -> points.like());
    }
    return memory;
  }

  /**
   * Moves all chains and records a number along each, for {@link ChainDiagnostics}.
   *
   * @param quantity what to record of the points
   * @param times how many records, at least 1
   * @param every moves before each record, at least 1
   * @return {@code [chain][record]}, new
   * @throws IllegalArgumentException if a number is below 1
   */
  public double[][] trace(Energy quantity, int times, int every) {
    return Traces.record(times, every, this::step, () -> quantity.energy(points));
  }

  /**
   * Sets the kernel for the moves from now on.
   *
   * @param next how to move
   * @return this
   * @throws IllegalArgumentException if a point is out of its bounds
   */
  public LangevinChains setKernel(Langevin next) {
    Ensemble.requireStart(points, next.bounds());
    kernel = next;
    return this;
  }

  /**
   * The points.
   *
   * @return {@code [n, ...]}, a copy
   */
  public INDArray points() {
    return Workspaces.outside(() -> points.dup('c'));
  }

  /**
   * Number of moves since the chains were started.
   *
   * @return at least 0
   */
  public long steps() {
    return steps;
  }

  /**
   * Returns what has to be saved to go on later.
   *
   * @return copies
   */
  public State state() {
    return new State(points(), random.state(), steps);
  }

  /**
   * Goes on from a saved state; the random stream is moved to its position.
   *
   * @param state as {@link #state} returned it, of as many chains of such points. Not modified.
   * @throws IllegalArgumentException if sizes or types differ; nothing is changed then
   */
  public void restore(State state) {
    Traces.requireAlike(state.points(), points);
    random.restore(state.random());
    points.assign(state.points());
    steps = state.steps();
  }
}
