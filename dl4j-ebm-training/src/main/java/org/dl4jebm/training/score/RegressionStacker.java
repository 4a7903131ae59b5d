/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.function.UnaryOperator;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.score.ScoreRegressionLoss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Noisy points with the score that a network should have there.
 *
 * @param levels of the noise
 * @param conditional whether the network is told of the level, and its output is the score times
 *     sigma
 */
record RegressionStacker(NoiseLevels levels, boolean conditional) implements Stacker {

  @Override
  public StreamLayout layout() {
    return null;
  }

  @Override
  public ILossFunction loss() {
    return new ScoreRegressionLoss();
  }

  @Override
  public int rows() {
    return 1;
  }

  @Override
  public DataSet stack(INDArray x, UnaryOperator<INDArray> gradient, RandomStream random) {
    return stack(NoisyPoints.draw(x, levels, random));
  }

  DataSet stack(NoisyPoints noisy) {
    INDArray sigma = noisy.sigma().reshape('c', new long[] {noisy.sigma().length(), 1});
    if (conditional) {
      return new DataSet(
          noisy.conditioned(), Nd4j.concat(1, noisy.noise().neg(), Nd4j.onesLike(sigma)));
    }
    INDArray target = noisy.noise().divColumnVector(noisy.sigma()).negi();
    return new DataSet(noisy.points(), Nd4j.concat(1, target, sigma.mul(sigma)));
  }
}
