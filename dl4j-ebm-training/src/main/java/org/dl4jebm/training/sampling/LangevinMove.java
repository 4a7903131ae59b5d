/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import org.dl4jebm.layers.ScratchSpace;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.Score;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The move {@code x <- x + drift s(x) + noise z} of {@link Langevin}, in place. */
final class LangevinMove {

  /** Shared by all objects; each thread has its own memory behind it. */
  private static final ScratchSpace SCRATCH = new ScratchSpace();

  private LangevinMove() {}

  /**
   * Moves all points, or none if the score is not finite.
   *
   * @param x {@code [n, ...]} in 'c' order without gaps. Modified.
   * @param where for messages
   */
  static void move(INDArray x, Score score, Langevin kernel, RandomStream random, String where) {
    move(x, score, kernel, random, where, null);
  }

  /**
   * Moves all points, or none if the score is not finite.
   *
   * @param x {@code [n, ...]} in 'c' order without gaps. Modified.
   * @param where for messages
   * @param memory of the shape of {@code x}, used for the gradient of an energy. Modified; may be
   *     null.
   */
  static void move(
      INDArray x,
      Score score,
      Langevin kernel,
      RandomStream random,
      String where,
      INDArray memory) {
    // Of an energy the gradient is enough: its sign is that of the drift.
    boolean up = memory == null || !(score instanceof DifferentiableEnergy);
    INDArray slope =
        Workspaces.outside(
            () -> up ? score.score(x) : ((DifferentiableEnergy) score).gradient(x, memory));
    if (!Arrays.equals(slope.shape(), x.shape())) {
      throw new IllegalArgumentException(
          "the score has shape "
              + Arrays.toString(slope.shape())
              + " at points of shape "
              + Arrays.toString(x.shape())
              + "; accepted: the same");
    }
    SCRATCH.run(
        () -> {
          INDArray rows = PointRows.matrix(slope.castTo(x.dataType()));
          double sum = PathEnergy.requireFinite(rows, where);
          double cut = Math.min(sum, kernel.gradientClip() * x.length());
          requireReach(kernel.drift() * cut, x.dataType(), where);
          if (kernel.gradientClip() < Double.POSITIVE_INFINITY) {
            Ensemble.clip(rows, kernel.gradientClip());
          }
          long[] flat = {x.length()};
          Nd4j.getBlasWrapper()
              .level1()
              .axpy(
                  x.length(),
                  up ? kernel.drift() : -kernel.drift(),
                  rows.reshape('c', flat),
                  x.reshape('c', flat));
          if (kernel.noise() > 0) {
            INDArray noise = Nd4j.createUninitialized(x.dataType(), x.shape(), 'c');
            random.gaussian(kernel.noise(), noise);
            Nd4j.getBlasWrapper()
                .level1()
                .axpy(x.length(), 1, noise.reshape('c', flat), x.reshape('c', flat));
          }
          if (kernel.bounds() != null) {
            kernel.bounds().reflect(x);
          }
        });
  }

  /** Half of the range is left for the point itself. */
  private static void requireReach(double distance, DataType type, String where) {
    double largest = type == DataType.FLOAT ? Float.MAX_VALUE : Double.MAX_VALUE;
    if (distance > largest / 2) {
      throw new ArithmeticException(
          "a chain would leave the finite numbers at "
              + where
              + " (the magnitudes of all moves add up to "
              + distance
              + "); accepted: smaller steps");
    }
  }
}
