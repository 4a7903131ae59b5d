/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.function.UnaryOperator;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.score.DenoisingScoreLoss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Noisy points with the direction along which the energy has to change.
 *
 * @param levels of the noise
 * @param conditional whether the network is told of the level
 */
record DenoisingStacker(NoiseLevels levels, boolean conditional) implements Stacker {

  @Override
  public StreamLayout layout() {
    return StreamLayout.FIRST;
  }

  @Override
  public ILossFunction loss() {
    return new DenoisingScoreLoss();
  }

  @Override
  public int rows() {
    return 2;
  }

  @Override
  public DataSet stack(INDArray x, UnaryOperator<INDArray> gradient, RandomStream random) {
    return stack(NoisyPoints.draw(x, levels, random), gradient);
  }

  DataSet stack(NoisyPoints noisy, UnaryOperator<INDArray> gradient) {
    INDArray x = noisy.points();
    INDArray points = conditional ? noisy.conditioned() : noisy.points();
    INDArray slope = gradient.apply(points);
    if (conditional) {
      slope = slope.get(NDArrayIndex.all(), NDArrayIndex.interval(0, x.size(1))).dup('c');
    }
    INDArray negativeScore = Stacks.flat(slope);
    INDArray target = noisy.noise().divColumnVector(noisy.sigma()).negi();
    INDArray constants = Stacks.squares(target).subi(Stacks.squares(negativeScore)).divi(2);
    INDArray u = target.addi(negativeScore).reshape('c', x.shape());
    if (conditional) {
      u = NoisyPoints.condition(u, noisy.feature().like());
    }
    return new DataSet(
        Nd4j.concat(0, points, u),
        Stacks.labels(2 * x.size(0), constants, noisy.sigma().mul(noisy.sigma())));
  }
}
