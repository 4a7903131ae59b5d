/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.function.UnaryOperator;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.score.ScoreMatchingLoss;
import org.dl4jebm.layers.score.ScoreNetworkMatchingLoss;
import org.dl4jebm.layers.score.VarianceReducedScoreLoss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
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
