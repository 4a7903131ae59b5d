/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.SplittableRandom;
import org.dl4jebm.training.NoisyScore;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * {@code .2 N((-5, -5), I) + .8 N((5, 5), I)}, the example of Song and Ermon (2019), with noise of
 * any level.
 */
final class ToyMixture implements NoisyScore {

  static final double LOWER = 0.2;

  /** {@code p(x) = exp(-E(x))}. */
  static double logP(double x, double y) {
    return Math.log(
            LOWER * Math.exp(-(sq(x + 5) + sq(y + 5)) / 2)
                + (1 - LOWER) * Math.exp(-(sq(x - 5) + sq(y - 5)) / 2))
        - Math.log(2 * Math.PI);
  }

  private static double sq(double x) {
    return x * x;
  }

  @Override
  public INDArray score(INDArray x, double sigma) {
    double variance = 1 + sigma * sigma;
    // p(mode at (5, 5) | x) = logistic(10 (x_1 + x_2) / variance + log 4).
    INDArray upper = Transforms.sigmoid(x.sum(true, 1).mul(10 / variance).addi(Math.log(4)), false);
    INDArray centre = upper.muli(10).subi(5);
    return Nd4j.concat(1, centre, centre).subi(x).divi(variance);
  }

  static INDArray draw(int n, long seed, DataType type) {
    SplittableRandom random = new SplittableRandom(seed);
    INDArray x = ScoreNetworks.normal(seed, n, 2);
    for (int i = 0; i < n; i++) {
      x.getRow(i).addi(random.nextDouble() < LOWER ? -5 : 5);
    }
    return x.castTo(type);
  }

  /** How many of the points are nearer to (-5, -5). */
  static double lowerShare(INDArray x) {
    return x.sum(1).lt(0).castTo(DataType.DOUBLE).meanNumber().doubleValue();
  }
}
