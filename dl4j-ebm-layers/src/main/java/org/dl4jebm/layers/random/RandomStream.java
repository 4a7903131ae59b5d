/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.random;

import java.util.Arrays;
import org.dl4jebm.layers.Workspaces;
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
 * that are filled, not on the number of threads. Uniform numbers have a resolution of
 * 2<sup>-23</sup> and can be exactly 0, on the CPU in FLOAT and in DOUBLE alike, so an event of
 * probability 0 can happen once in 2<sup>23</sup> draws. Not safe for use by several threads at
 * once.
 */
public final class RandomStream implements AutoCloseable {

  /** How many numbers {@link #state()} returns. */
  public static final int STATE_LENGTH = 2;

  private final Random generator;

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
  }

  /**
   * Draws independent 0/1 values: {@code out_i = 1} with probability {@code probability_i}.
   *
   * @param probability probabilities in [0, 1], contiguous, of the type of {@code out}. Not
   *     modified, unless it is {@code out} itself.
   * @param out contiguous array of the same shape. Modified; may be {@code probability}.
   * @throws IllegalArgumentException if shapes or data types differ (ND4J would write garbage)
   */
  public void bernoulli(INDArray probability, INDArray out) {
    requireAlike(probability, out, "probability");
    Nd4j.getExecutioner().exec(new BernoulliDistribution(out, probability), generator);
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
   * Returns the position of the stream, for {@link #restore(long[])}.
   *
   * @return two numbers, a copy
   */
  public long[] state() {
    return new long[] {generator.rootState(), generator.nodeState()};
  }

  /**
   * Goes to a position that {@link #state()} returned earlier, of this stream or of another.
   *
   * @param state two numbers. Not modified.
   * @throws IllegalArgumentException if {@code state} does not hold two numbers
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
