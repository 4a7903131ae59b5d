/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.function.UnaryOperator;
import org.dl4jebm.layers.energy.DenseChain;
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

  /**
   * {@inheritDoc}
   *
   * <p>With {@code q = z - sigma grad E(x~)} the loss is {@code norm(q)^2 / 2} and the direction,
   * weight included, {@code -sigma q}.
   */
  @Override
  public double compute(
      DenseChain chain,
      INDArray x,
      UnaryOperator<INDArray> gradient,
      RandomStream random,
      double factor,
      boolean add) {
    if (conditional || add) {
      return Stacker.super.compute(chain, x, gradient, random, factor, add);
    }
    long n = x.size(0);
    NoisyPoints noisy = NoisyPoints.draw(x, levels, random);
    INDArray stack = chain.stack(n);
    stack.get(NDArrayIndex.interval(0, n), NDArrayIndex.all()).assign(noisy.points());
    chain.forwardPoints();
    INDArray slope = chain.slope();
    INDArray q = noisy.noise();
    INDArray direction = stack.get(NDArrayIndex.interval(n, 2 * n), NDArrayIndex.all());
    double scale = -factor * rows();
    if (levels.count() == 1) {
      Nd4j.getBlasWrapper()
          .level1()
          .axpy(q.length(), -levels.sigma(0), Stacks.vector(slope), Stacks.vector(q));
      direction.assign(q).muli(scale * levels.sigma(0));
    } else {
      q.subi(slope.mulColumnVector(noisy.sigma()));
      direction.assign(q).muliColumnVector(noisy.sigma().mul(scale));
    }
    chain.backwardAlong();
    return Nd4j.getBlasWrapper().dot(Stacks.vector(q), Stacks.vector(q)) / (2 * n);
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
