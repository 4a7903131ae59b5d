/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.function.UnaryOperator;
import org.dl4jebm.layers.energy.DenseChain;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.score.ScoreMatchingLoss;
import org.dl4jebm.layers.score.ScoreNetworkMatchingLoss;
import org.dl4jebm.layers.score.VarianceReducedScoreLoss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Points with directions, unit vectors or random ones.
 *
 * @param layout the streams of the twin
 * @param loss on the twin
 * @param kind of random directions, or null for unit vectors
 * @param from first of the unit vectors
 * @param count how many directions
 * @param use what the loss needs besides
 */
record DirectionStacker(
    StreamLayout layout, ILossFunction loss, Probes kind, long from, int count, Use use)
    implements Stacker {

  /** What a loss needs besides the directions. */
  enum Use {
    /** Nothing. */
    DERIVATIVES,
    /** The gradient of the energy as first direction. */
    GRADIENT,
    /** The directions as labels. */
    JACOBIAN
  }

  static DirectionStacker units(ScoreMatchingLoss loss, long from) {
    return new DirectionStacker(
        loss.layout(), loss, null, from, loss.directions(), Use.DERIVATIVES);
  }

  static DirectionStacker random(ScoreMatchingLoss loss, Probes kind) {
    return new DirectionStacker(
        loss.layout(), loss, Stacks.require(kind), 0, loss.directions(), Use.DERIVATIVES);
  }

  static DirectionStacker random(VarianceReducedScoreLoss loss, Probes kind) {
    return new DirectionStacker(
        loss.layout(), loss, Stacks.require(kind), 0, loss.directions(), Use.GRADIENT);
  }

  static DirectionStacker units(ScoreNetworkMatchingLoss loss, long from) {
    return new DirectionStacker(loss.layout(), loss, null, from, loss.directions(), Use.JACOBIAN);
  }

  static DirectionStacker random(ScoreNetworkMatchingLoss loss, Probes kind) {
    return new DirectionStacker(
        loss.layout(), loss, Stacks.require(kind), 0, loss.directions(), Use.JACOBIAN);
  }

  @Override
  public int rows() {
    return layout.streams();
  }

  @Override
  public double compute(
      DenseChain chain,
      INDArray x,
      UnaryOperator<INDArray> gradient,
      RandomStream random,
      double factor,
      boolean add) {
    if (use != Use.DERIVATIVES) {
      return Stacker.super.compute(chain, x, gradient, random, factor, add);
    }
    long n = x.size(0);
    INDArray stack = chain.stack(n);
    stack.get(NDArrayIndex.interval(0, n), NDArrayIndex.all()).assign(x);
    INDArray v = stack.get(NDArrayIndex.interval(n, stack.size(0)), NDArrayIndex.all());
    if (kind == null) {
      v.assign(Stacks.units(x, from, from + count));
    } else {
      kind.draw(random, v);
    }
    if (loss instanceof ScoreMatchingLoss matching && matching.curvature() == 0) {
      return compute(chain, matching, (int) n, factor, add);
    }
    return compute(chain, Nd4j.zeros(x.dataType(), rows() * n, 1), factor, add);
  }

  /** The loss has few numbers, and as operations on arrays it takes longer than a layer. */
  private double compute(
      DenseChain chain, ScoreMatchingLoss matching, int n, double factor, boolean add) {
    INDArray output = chain.forward();
    double[] out = output.dup('c').data().asDouble();
    int seconds = layout.inputStreams() * n;
    double scale = factor * rows() * matching.scale();
    double sum = 0;
    double[] epsilon = new double[out.length];
    for (int i = n; i < seconds; i++) {
      sum += out[i] * out[i] / 2;
      epsilon[i] = scale * out[i];
    }
    for (int i = seconds; i < out.length; i++) {
      sum -= out[i];
      epsilon[i] = -scale;
    }
    INDArray errors = Nd4j.createFromArray(epsilon).castTo(output.dataType());
    chain.backward(errors.reshape('c', output.shape()), add);
    return matching.scale() * sum / n;
  }

  @Override
  public DataSet stack(INDArray x, UnaryOperator<INDArray> gradient, RandomStream random) {
    INDArray v =
        kind == null
            ? Stacks.units(x, from, from + count)
            : Stacks.directions(x, kind, count, random);
    long rows = rows() * x.size(0);
    if (use == Use.GRADIENT) {
      INDArray u = gradient.apply(x);
      INDArray constants = Stacks.squares(u).muli(-0.5);
      return new DataSet(Nd4j.concat(0, x, u, v), Stacks.labels(rows, constants));
    }
    INDArray stack = Nd4j.concat(0, x, v);
    return new DataSet(
        stack, use == Use.JACOBIAN ? Stacks.flat(stack) : Nd4j.zeros(x.dataType(), rows, 1));
  }
}
