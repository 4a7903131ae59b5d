/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A distribution that chains are started from. */
@FunctionalInterface
public interface Starts {

  /**
   * Draws points.
   *
   * @param random the stream to draw from
   * @param out {@code [n, ...]} in 'c' order without gaps. Overwritten.
   */
  void draw(RandomStream random, INDArray out);

  /**
   * Independent values, uniform in a box.
   *
   * @param box the box
   * @return the distribution
   * @throws IllegalArgumentException if {@code box} is null
   */
  static Starts uniform(Box box) {
    if (box == null) {
      throw new IllegalArgumentException("box is null; accepted: a Box");
    }
    return (random, out) -> {
      random.uniform(out);
      out.muli(box.width()).addi(box.low());
    };
  }

  /**
   * Independent normal values.
   *
   * @param mean of each value, finite
   * @param deviation standard deviation, finite and above 0
   * @return the distribution
   * @throws IllegalArgumentException if a number is out of range
   */
  static Starts gaussian(double mean, double deviation) {
    if (!Double.isFinite(mean)) {
      throw new IllegalArgumentException("mean is " + mean + "; accepted: a finite number");
    }
    Leapfrog.requirePositive(deviation, "deviation");
    return (random, out) -> {
      random.gaussian(deviation, out);
      out.addi(mean);
    };
  }

  /**
   * Points drawn from given ones with replacement, such as training examples.
   *
   * @param points {@code [m, ...]}, at least one; kept
   * @return the distribution
   * @throws IllegalArgumentException if there are no points
   */
  static Starts among(INDArray points) {
    if (points.isEmpty() || points.rank() < 2) {
      throw new IllegalArgumentException(
          "points have shape "
              + Arrays.toString(points.shape())
              + "; accepted: one or more along the first of two or more dimensions");
    }
    return (random, out) -> {
      if (!Arrays.equals(tail(points), tail(out))) {
        throw new IllegalArgumentException(
            "points have shape "
                + Arrays.toString(points.shape())
                + "; accepted: [m"
                + Arrays.toString(tail(out)).replace("[", ", "));
      }
      SplittableRandom java = random.javaRandom();
      int[] rows = new int[(int) out.size(0)];
      Arrays.setAll(rows, i -> java.nextInt((int) points.size(0)));
      INDArray drawn = Nd4j.pullRows(PointRows.matrix(points), 1, rows);
      out.assign(drawn.reshape('c', out.shape()));
    };
  }

  private static long[] tail(INDArray array) {
    return Arrays.copyOfRange(array.shape(), 1, array.rank());
  }
}
