/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A store of chains that outlive a training step (Du and Mordatch, NeurIPS 2019): a batch is drawn
 * from it, moved, and put back. Each chain is begun anew with a small probability, so that the
 * store keeps meeting starts far from the data. With a restart probability of 1 it is short-run
 * training (Nijkamp et al., NeurIPS 2019); with 0, and as many chains as a batch has, persistent
 * contrastive divergence (Tieleman 2008).
 *
 * <p>The store is full from the start, with draws of the restart distribution (Grathwohl et al.,
 * ICLR 2020). A batch holds different chains of it, so that none is overwritten by another. Not
 * safe for use by several threads at once.
 */
public final class ReplayBuffer {

  /** The share of restarts of Du and Mordatch (2019). */
  public static final double DEFAULT_RESTART_PROBABILITY = 0.05;

  private final INDArray rows;
  private final long[] shape;
  private final double restartProbability;
  private final Starts starts;
  private final RandomStream random;
  private long draws;
  private long restarts;

  /**
   * Chains taken from the store.
   *
   * @param slots their places
   * @param points {@code [n, ...]}, a copy
   */
  public record Batch(int[] slots, INDArray points) {}

  /**
   * What has to be saved to go on.
   *
   * @param points {@code [capacity, ...]}
   * @param random position of the random stream
   * @param draws number of chains drawn so far
   * @param restarts how many of them were begun anew
   */
  public record State(INDArray points, long[] random, long draws, long restarts) {}

  /**
   * Creates and fills the store.
   *
   * @param capacity number of chains, at least 1
   * @param restartProbability of each chain in a batch to be begun anew, 0 to 1
   * @param starts where chains begin, kept
   * @param type FLOAT or DOUBLE
   * @param exampleShape shape of one point
   * @param random the stream to draw from, kept
   * @throws IllegalArgumentException naming what is out of range
   */
  public ReplayBuffer(
      int capacity,
      double restartProbability,
      Starts starts,
      DataType type,
      long[] exampleShape,
      RandomStream random) {
    if (starts == null || exampleShape == null || random == null) {
      throw new IllegalArgumentException(
          (starts == null ? "starts" : exampleShape == null ? "exampleShape" : "random")
              + " is null; accepted: a value");
    }
    if (capacity < 1) {
      throw new IllegalArgumentException(
          "capacity is " + capacity + "; accepted: 1 or more, an empty buffer has no chains");
    }
    if (!(restartProbability >= 0 && restartProbability <= 1)) {
      throw new IllegalArgumentException(
          "restartProbability is " + restartProbability + "; accepted: 0 to 1");
    }
    if (type != DataType.FLOAT && type != DataType.DOUBLE) {
      throw new IllegalArgumentException("type is " + type + "; accepted: FLOAT or DOUBLE");
    }
    if (exampleShape.length == 0 || Arrays.stream(exampleShape).anyMatch(x -> x < 1)) {
      throw new IllegalArgumentException(
          "exampleShape is "
              + Arrays.toString(exampleShape)
              + "; accepted: one or more sizes of at least 1");
    }
    this.restartProbability = restartProbability;
    this.starts = starts;
    this.random = random;
    shape = new long[exampleShape.length + 1];
    System.arraycopy(exampleShape, 0, shape, 1, exampleShape.length);
    shape[0] = capacity;
    rows = Workspaces.outside(() -> PointRows.matrix(fresh(type, capacity)));
  }

  private INDArray fresh(DataType type, int n) {
    long[] wanted = shape.clone();
    wanted[0] = n;
    INDArray points = Nd4j.create(type, wanted, 'c');
    starts.draw(random, points);
    return points;
  }

  /**
   * Draws different chains, each begun anew with the restart probability.
   *
   * @param n how many, 1 to the capacity
   * @return copies, and where they belong
   * @throws IllegalArgumentException if {@code n} is out of range
   */
  public Batch draw(int n) {
    if (n < 1 || n > capacity()) {
      throw new IllegalArgumentException(
          "n is " + n + "; accepted: 1 to the capacity of the buffer, " + capacity());
    }
    SplittableRandom java = random.javaRandom();
    int[] slots = distinct(n, java);
    boolean[] anew = new boolean[n];
    for (int i = 0; i < n; i++) {
      anew[i] = java.nextDouble() < restartProbability;
      restarts += anew[i] ? 1 : 0;
    }
    draws += n;
    return Workspaces.outside(
        () -> {
          INDArray points = Nd4j.pullRows(rows, 1, slots, 'c');
          PointRows.copy(PointRows.matrix(fresh(rows.dataType(), n)), points, anew);
          return new Batch(slots, points.reshape('c', batchShape(n)));
        });
  }

  /** Floyd's sample without replacement, in the order drawn. */
  private int[] distinct(int n, SplittableRandom java) {
    int capacity = capacity();
    Set<Integer> chosen = new LinkedHashSet<>();
    for (int last = capacity - n; last < capacity; last++) {
      int slot = java.nextInt(last + 1);
      if (!chosen.add(slot)) {
        chosen.add(last);
      }
    }
    return chosen.stream().mapToInt(Integer::intValue).toArray();
  }

  private long[] batchShape(int n) {
    long[] wanted = shape.clone();
    wanted[0] = n;
    return wanted;
  }

  /**
   * Puts chains back where they were drawn.
   *
   * @param slots as {@link Batch#slots} says. Not modified.
   * @param points {@code [n, ...]}, where they are now. Not modified.
   * @throws IllegalArgumentException if shapes or types differ, a place is not in the store or a
   *     value is not finite; nothing is changed then
   */
  public void put(int[] slots, INDArray points) {
    if (points.dataType() != rows.dataType()
        || !Arrays.equals(points.shape(), batchShape(slots.length))) {
      throw new IllegalArgumentException(
          "points are "
              + points.dataType()
              + Arrays.toString(points.shape())
              + "; accepted: "
              + rows.dataType()
              + Arrays.toString(batchShape(slots.length)));
    }
    for (int slot : slots) {
      if (slot < 0 || slot >= capacity()) {
        throw new IllegalArgumentException(
            "slot is " + slot + "; accepted: 0 to " + (capacity() - 1));
      }
    }
    INDArray matrix = PointRows.matrix(points);
    double sum = Nd4j.getBlasWrapper().asum(matrix.reshape('c', new long[] {matrix.length()}));
    if (!Double.isFinite(sum)) {
      throw new IllegalArgumentException(
          "points have values that are not finite numbers; accepted: finite ones");
    }
    PointRows.scatter(matrix, rows, slots);
  }

  /**
   * Number of chains in the store.
   *
   * @return at least 1
   */
  public int capacity() {
    return (int) shape[0];
  }

  /**
   * Fraction of the chains drawn so far that were begun anew.
   *
   * @return from 0 to 1; NaN before the first
   */
  public double restartRate() {
    return (double) restarts / draws;
  }

  /**
   * The chains.
   *
   * @return {@code [capacity, ...]}, a copy
   */
  public INDArray points() {
    return Workspaces.outside(() -> rows.dup('c').reshape('c', shape));
  }

  /**
   * Returns what has to be saved to go on later.
   *
   * @return copies
   */
  public State state() {
    return new State(points(), random.state(), draws, restarts);
  }

  /**
   * Goes on from a saved state; the random stream is moved to its position.
   *
   * @param state as {@link #state} returned it, of a store of this capacity. Not modified.
   * @throws IllegalArgumentException if sizes or types differ; nothing is changed then
   */
  public void restore(State state) {
    Traces.requireAlike(state.points(), rows.reshape('c', shape));
    random.restore(state.random());
    rows.assign(state.points().reshape('c', rows.shape()));
    draws = state.draws();
    restarts = state.restarts();
  }
}
