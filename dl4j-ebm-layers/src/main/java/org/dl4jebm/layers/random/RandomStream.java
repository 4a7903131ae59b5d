/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.random;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.HostMemory;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.random.impl.BernoulliDistribution;
import org.nd4j.linalg.api.ops.random.impl.GaussianDistribution;
import org.nd4j.linalg.api.ops.random.impl.UniformDistribution;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A random stream of its own, apart from ND4J's thread-local default generator, whose position can
 * be saved and restored.
 *
 * <p>The numbers depend on the seed, on the order of calls and on the memory order of the arrays
 * that are filled, not on the number of threads. Not safe for use by several threads at once.
 *
 * <p>Two generators are behind it. 0/1 values on the CPU come from SplitMix64 in loops that the JVM
 * vectorises; there an event of probability 0 never happens and one of probability 1 always does,
 * probabilities are met to within 2<sup>-23</sup>, and FLOAT and DOUBLE get the same values. All
 * else comes from a native generator of ND4J's, whose uniform numbers have a resolution of
 * 2<sup>-23</sup> and can be exactly 0, in FLOAT and in DOUBLE alike, so that on a GPU an event of
 * probability 0 can happen once in 2<sup>23</sup> draws.
 */
public final class RandomStream implements AutoCloseable {

  /** How many numbers {@link #state()} returns. */
  public static final int STATE_LENGTH = 3;

  /** Makes every finite difference of two numbers in [0, 1] a whole number when it is added. */
  private static final float ROUND = 0x1.8p23f;

  /** Bits of a uniform number, and how many of them fill a seed. */
  private static final int UNIFORM_BITS = 23;

  private static final int SEED_DRAWS = 3;

  private final Random generator;
  private final UniformBlocks uniform;

  /** Holds the noise while the means stand in the array to be filled; made when first needed. */
  private INDArray noise;

  /**
   * Opens a stream.
   *
   * @param seed any value but 0; it is mixed first, so that neighbouring seeds are independent
   * @throws IllegalArgumentException if {@code seed} is 0
   */
  public RandomStream(long seed) {
    this.generator = Nd4j.getRandomFactory().getNewRandomInstance(Seeds.derive(seed, 0));
    this.uniform = new UniformBlocks(Seeds.derive(seed, 1));
  }

  /**
   * Draws independent 0/1 values: {@code out_i = 1} with probability {@code probability_i}.
   *
   * @param probability probabilities in [0, 1], contiguous, of the type of {@code out}. Not
   *     modified, unless it is {@code out} itself. NaN gives NaN on the CPU.
   * @param out contiguous array of the same shape. Modified; may be {@code probability}.
   * @throws IllegalArgumentException if shapes or data types differ (ND4J would write garbage)
   */
  public void bernoulli(INDArray probability, INDArray out) {
    requireAlike(probability, out, "probability");
    if (!HostMemory.holdsArrays()) {
      Nd4j.getExecutioner().exec(new BernoulliDistribution(out, probability), generator);
    } else if (out.isEmpty()) {
      return;
    } else if (HostBlocks.reach(out)
        && HostBlocks.reach(probability)
        && probability.ordering() == out.ordering()) {
      drawBlocks(probability, out);
    } else {
      INDArray single =
          Nd4j.createUninitialized(DataType.FLOAT, out.shape(), out.ordering()).assign(probability);
      drawBlocks(single, single);
      out.assign(single);
    }
  }

  private void drawBlocks(INDArray probability, INDArray out) {
    HostBlocks.map(probability, out, (p, n, from) -> draw(p, uniform.peek(from, n), n));
    uniform.skip(out.length());
  }

  /**
   * Turns fields into probabilities and draws 0/1 values from these, as {@link #bernoulli(INDArray,
   * INDArray)} would, in one pass over the memory.
   *
   * @param field fields, which {@link HostBlocks#reach} can reach. Becomes the probabilities,
   *     unless it is {@code out} itself.
   * @param toProbability replaces fields by probabilities in [0, 1]
   * @param out array of the same shape, type and order. Modified; may be {@code field}.
   * @throws IllegalArgumentException if an array cannot be reached, or shapes or orders differ
   */
  public void bernoulli(INDArray field, HostBlocks.Work toProbability, INDArray out) {
    HostBlocks.Work draw = (p, n, from) -> draw(p, uniform.peek(from, n), n);
    if (field == out) {
      HostBlocks.map(
          field,
          out,
          (block, n, from) -> {
            toProbability.on(block, n, from);
            draw.on(block, n, from);
          });
    } else {
      HostBlocks.map(field, field, toProbability, out, draw);
    }
    uniform.skip(out.length());
  }

  /**
   * Replaces {@code p} by 1 where {@code p > u} and by 0 elsewhere. Without a comparison, which the
   * JVM would not vectorise: the difference plus 1/2 is rounded to a whole number.
   */
  private static void draw(float[] p, float[] u, int n) {
    for (int i = 0; i < n; i++) {
      float rounded = (p[i] - u[i] + 0.5f + ROUND) - ROUND;
      p[i] = Math.max(0, Math.min(1, rounded));
    }
  }

  /**
   * Draws independent normal numbers: {@code out_i ~ N(mean_i, deviation^2)}.
   *
   * @param mean contiguous array of the type of {@code out}. Not modified, unless it is {@code out}
   *     itself.
   * @param deviation standard deviation, at least 0
   * @param out contiguous array of the same shape. Modified; may be {@code mean}, the same object.
   * @throws IllegalArgumentException if shapes or data types differ
   */
  public void gaussian(INDArray mean, double deviation, INDArray out) {
    requireAlike(mean, out, "mean");
    // ND4J's operation takes an array of means as well, and ignores it.
    INDArray target = mean == out ? noiseLike(out) : out;
    Nd4j.getExecutioner().exec(new GaussianDistribution(target, 0.0, deviation), generator);
    out.addi(mean == out ? target : mean);
  }

  /**
   * Fills an array with independent normal numbers, {@code out_i ~ N(0, deviation^2)}. On the CPU
   * they are, in any type, quantiles of 2^23 equally spaced probabilities rounded to FLOAT, none
   * farther than 5.3 deviations from 0.
   *
   * @param deviation standard deviation, at least 0
   * @param out contiguous array. Overwritten.
   */
  public void gaussian(double deviation, INDArray out) {
    if (HostBlocks.reach(out)) {
      HostBlocks.map(
          out,
          out,
          (block, n, from) ->
              NormalQuantile.apply(uniform.peek(from, n), block, n, (float) deviation));
      uniform.skip(out.length());
    } else if (HostMemory.holdsArrays() && !out.isEmpty()) {
      INDArray single =
          Workspaces.outside(
              () -> Nd4j.createUninitialized(DataType.FLOAT, out.shape(), out.ordering()));
      gaussian(1, single);
      out.assign(single).muli(deviation);
    } else {
      Nd4j.getExecutioner().exec(new GaussianDistribution(out, 0.0, deviation), generator);
    }
  }

  private INDArray noiseLike(INDArray out) {
    if (noise == null
        || noise.dataType() != out.dataType()
        || noise.ordering() != out.ordering()
        || !Arrays.equals(noise.shape(), out.shape())) {
      noise = Workspaces.outside(out::ulike);
    }
    return noise;
  }

  /**
   * Fills an array with independent numbers that are uniform on [0, 1); 0 itself can occur.
   *
   * @param out the array to fill. Modified.
   */
  public void uniform(INDArray out) {
    Nd4j.getExecutioner().exec(new UniformDistribution(out, 0.0, 1.0), generator);
  }

  /**
   * Starts a generator of Java's own at a seed drawn from this stream, for integers, permutations
   * and numbers with more bits.
   *
   * @return a new generator
   */
  public SplittableRandom javaRandom() {
    INDArray bits = Workspaces.outside(() -> Nd4j.create(DataType.DOUBLE, SEED_DRAWS));
    uniform(bits);
    long seed = 0;
    for (int i = 0; i < SEED_DRAWS; i++) {
      seed = (seed << UNIFORM_BITS) ^ (long) Math.scalb(bits.getDouble(i), UNIFORM_BITS);
    }
    return new SplittableRandom(seed);
  }

  /**
   * Returns the position of the stream, for {@link #restore(long[])}.
   *
   * @return {@value #STATE_LENGTH} numbers, a copy
   */
  public long[] state() {
    return new long[] {generator.rootState(), generator.nodeState(), uniform.position()};
  }

  /**
   * Goes to a position that {@link #state()} returned earlier, of this stream or of another.
   *
   * @param state {@value #STATE_LENGTH} numbers. Not modified.
   * @throws IllegalArgumentException if {@code state} does not hold as many numbers
   */
  public void restore(long[] state) {
    if (state.length != STATE_LENGTH) {
      throw new IllegalArgumentException(
          "random state has "
              + state.length
              + " numbers; accepted: "
              + STATE_LENGTH
              + ", as state() returns them");
    }
    generator.setStates(state[0], state[1]);
    uniform.moveTo(state[2]);
  }

  /** Frees the native generator; the stream must not be used afterwards. */
  @Override
  public void close() {
    try {
      generator.close();
    } catch (Exception e) {
      throw new IllegalStateException("the native random generator could not be freed", e);
    }
  }

  private static void requireAlike(INDArray in, INDArray out, String name) {
    if (in.dataType() != out.dataType() || !Arrays.equals(in.shape(), out.shape())) {
      throw new IllegalArgumentException(
          name
              + " is "
              + describe(in)
              + " and out is "
              + describe(out)
              + "; accepted: the same type and shape");
    }
  }

  private static String describe(INDArray array) {
    return array.dataType() + Arrays.toString(array.shape());
  }
}
