/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.NoisyScore;
import org.dl4jebm.training.report.Progress;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Annealed Langevin sampling (Song and Ermon, NeurIPS 2019, algorithm 1): {@link Langevin} moves
 * with the scores of ever less noisy versions of a distribution. Where modes are far apart the
 * noisy versions join them, so that their weights come out right; plain Langevin chains keep the
 * modes, and wrong weights, that they started with.
 *
 * <p>{@link #inpaint} holds known values (their algorithm 2): at each level these are drawn once,
 * with the level's noise, and written over after each move; at the end they are written without
 * noise. The unknown values follow approximately their distribution given the known ones.
 *
 * <p>Bias: that of the moves, which are not tested, and of a finite number of them at each level.
 * At the end the points have still the noise of the smallest level, unless {@link
 * AnnealedLangevinOptions#denoise}.
 *
 * <p>{@link #state} and {@link #restore} save the points with the position of their random stream,
 * to go on with the same numbers. If the thread is interrupted, a call ends between two moves with
 * a {@link CancellationException}, and the interruption flag stays set. If a score is not finite, a
 * call ends with an {@link ArithmeticException}, and the points are where they were before that
 * move. Not safe for use by several threads at once.
 */
public final class AnnealedLangevin {

  private final NoisyScore score;
  private final AnnealedLangevinOptions options;
  private final double[] sigmas;
  private final RandomStream random;
  private final INDArray points;

  /** 1 for known and 0 for unknown values, 1 - mask, and the known values; null without. */
  private final INDArray known;

  private final INDArray unknown;
  private final INDArray knownValues;

  /** Known values with the noise of the present level. */
  private final INDArray noisyValues;

  private long steps;

  /**
   * What has to be saved to go on.
   *
   * @param points {@code [n, ...]}
   * @param noisyValues known values with the noise of the present level; null without
   * @param random position of the random stream
   * @param steps number of moves done, over all levels, with the last step if there is one
   */
  public record State(INDArray points, INDArray noisyValues, long[] random, long steps) {}

  private AnnealedLangevin(
      NoisyScore score,
      INDArray start,
      INDArray known,
      INDArray values,
      AnnealedLangevinOptions options,
      RandomStream random) {
    this.score = score;
    this.options = options;
    this.random = random;
    sigmas = options.sigmas();
    points = start.dup('c');
    this.known = known;
    unknown = known == null ? null : known.rsub(1);
    knownValues = known == null ? null : values.castTo(points.dataType()).mul(known);
    noisyValues = known == null ? null : points.ulike();
  }

  /**
   * Points that start anywhere; {@link Starts#uniform} in the data's range is usual.
   *
   * @param score the scores at all noise levels, kept
   * @param start {@code [n, ...]}, FLOAT or DOUBLE. Not modified.
   * @param options noise levels and step sizes
   * @param random the stream to draw from, kept
   * @return the points, before the first move
   * @throws IllegalArgumentException if the start is empty, not finite or out of the bounds
   */
  public static AnnealedLangevin from(
      NoisyScore score, INDArray start, AnnealedLangevinOptions options, RandomStream random) {
    Ensemble.requireStart(start, options.bounds());
    return Workspaces.outside(
        () -> new AnnealedLangevin(score, start, null, null, options, random));
  }

  /**
   * Points with known values.
   *
   * @param score the scores at all noise levels, kept
   * @param start {@code [n, ...]}, FLOAT or DOUBLE, where unknown values start. Not modified.
   * @param values the known values, of the shape of {@code start}; finite where they are unknown,
   *     too. Not modified.
   * @param known 1 for known and 0 for unknown values: of the shape of {@code start}, or with 1
   *     along the first dimension for all points alike. Not modified.
   * @param options noise levels and step sizes
   * @param random the stream to draw from, kept
   * @return the points, before the first move
   * @throws IllegalArgumentException if the start is empty, not finite or out of the bounds, shapes
   *     differ, or the mask has other values
   */
  public static AnnealedLangevin inpaint(
      NoisyScore score,
      INDArray start,
      INDArray values,
      INDArray known,
      AnnealedLangevinOptions options,
      RandomStream random) {
    Ensemble.requireStart(start, options.bounds());
    if (values == null || known == null) {
      throw new IllegalArgumentException(
          (values == null ? "values" : "known") + " is null; accepted: an array");
    }
    if (!Arrays.equals(values.shape(), start.shape())) {
      throw new IllegalArgumentException(
          "values have shape "
              + Arrays.toString(values.shape())
              + "; accepted: "
              + Arrays.toString(start.shape()));
    }
    Ensemble.requirePoints(values.castTo(start.dataType()), options.bounds(), "values");
    long[] one = start.shape().clone();
    one[0] = 1;
    if (!Arrays.equals(known.shape(), start.shape()) && !Arrays.equals(known.shape(), one)) {
      throw new IllegalArgumentException(
          "known has shape "
              + Arrays.toString(known.shape())
              + "; accepted: "
              + Arrays.toString(start.shape())
              + " or "
              + Arrays.toString(one));
    }
    return Workspaces.outside(
        () -> {
          INDArray mask = known.castTo(start.dataType());
          for (double value : mask.dup('c').reshape(mask.length()).toDoubleVector()) {
            if (value != 0 && value != 1) {
              throw new IllegalArgumentException("known has " + value + "; accepted: 0 or 1");
            }
          }
          INDArray full = Nd4j.create(start.dataType(), start.shape(), 'c').addi(mask);
          return new AnnealedLangevin(score, start, full, values, options, random);
        });
  }

  /**
   * Goes through all levels that are left, in silence.
   *
   * @return the points, {@code [n, ...]}, a copy
   * @throws ArithmeticException if a score is not finite
   */
  public INDArray run() {
    return run(Progress.silent());
  }

  /**
   * Goes through all levels that are left.
   *
   * @param progress what to tell how far the work is
   * @return the points, {@code [n, ...]}, a copy
   * @throws ArithmeticException if a score is not finite
   */
  public INDArray run(Progress progress) {
    progress.start("annealed Langevin sampling", totalSteps());
    while (!isFinished()) {
      step(1);
      progress.advance(steps, () -> "level " + Math.min(level() + 1, sigmas.length));
    }
    progress.finish(null);
    return points();
  }

  /**
   * Makes some moves, or fewer if the last level ends.
   *
   * @param count number of moves, at least 0
   * @return this
   * @throws IllegalArgumentException if {@code count} is negative
   * @throws ArithmeticException if a score is not finite
   */
  public AnnealedLangevin step(long count) {
    if (count < 0) {
      throw new IllegalArgumentException("count is " + count + "; accepted: 0 or more");
    }
    for (long i = 0; i < count && !isFinished(); i++) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException("interrupted after " + steps + " moves");
      }
      Workspaces.outside(
          () -> {
            move();
            return null;
          });
    }
    return this;
  }

  private void move() {
    int level = Math.min(level(), sigmas.length - 1);
    double sigma = sigmas[level];
    if (steps == levelSteps()) {
      Langevin last = Langevin.independent(sigma * sigma, 0).within(options.bounds());
      LangevinMove.move(points, x -> score.score(x, sigma), last, random, "the last step");
    } else {
      if (steps % options.steps() == 0 && known != null) {
        random.gaussian(sigma, noisyValues);
        noisyValues.muli(known).addi(knownValues);
      }
      String where = "move " + (steps % options.steps() + 1) + " of level " + (level + 1);
      LangevinMove.move(points, x -> score.score(x, sigma), options.kernel(level), random, where);
    }
    steps++;
    hold(isFinished() ? knownValues : noisyValues);
  }

  private void hold(INDArray values) {
    if (known != null) {
      points.muli(unknown).addi(values);
    }
  }

  /**
   * The present noise level.
   *
   * @return 0 for the largest, to the number of levels less 1; that number after their last move
   */
  public int level() {
    return (int) (steps / options.steps());
  }

  /**
   * Whether all levels have been gone through.
   *
   * @return whether
   */
  public boolean isFinished() {
    return steps >= totalSteps();
  }

  private long levelSteps() {
    return (long) options.steps() * sigmas.length;
  }

  private long totalSteps() {
    return levelSteps() + (options.denoise() ? 1 : 0);
  }

  /**
   * Number of moves done, over all levels.
   *
   * @return at least 0
   */
  public long steps() {
    return steps;
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
   * Returns what has to be saved to go on later.
   *
   * @return copies
   */
  public State state() {
    return new State(
        points(),
        known == null ? null : Workspaces.outside(() -> noisyValues.dup('c')),
        random.state(),
        steps);
  }

  /**
   * Goes on from a saved state; the random stream is moved to its position.
   *
   * @param state as {@link #state} returned it, of as many points with the same options. Not
   *     modified.
   * @throws IllegalArgumentException if sizes or types differ, or only one of the two has known
   *     values; nothing is changed then
   */
  public void restore(State state) {
    Traces.requireAlike(state.points(), points);
    if ((state.noisyValues() == null) != (known == null)) {
      throw new IllegalArgumentException(
          "saved points have "
              + (known == null ? "known values" : "no known values")
              + "; accepted: "
              + (known == null ? "none" : "some, as here"));
    }
    random.restore(state.random());
    points.assign(state.points());
    if (known != null) {
      noisyValues.assign(state.noisyValues());
    }
    steps = state.steps();
  }
}
