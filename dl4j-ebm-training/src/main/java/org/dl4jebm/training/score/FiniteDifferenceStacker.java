/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.score.FiniteDifferenceScoreLoss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Points with their neighbours on both sides along random directions.
 *
 * @param loss on the network's own rows
 * @param kind of the directions
 */
record FiniteDifferenceStacker(FiniteDifferenceScoreLoss loss, Probes kind) implements Stacker {

  FiniteDifferenceStacker {
    Stacks.require(kind);
  }

  @Override
  public StreamLayout layout() {
    return null;
  }

  @Override
  public int rows() {
    return 1 + 2 * loss.directions();
  }

  @Override
  public DataSet stack(INDArray x, UnaryOperator<INDArray> gradient, RandomStream random) {
    INDArray v = Stacks.directions(x, kind, loss.directions(), random).muli(loss.step());
    INDArray[] parts = new INDArray[loss.directions()];
    Arrays.fill(parts, x);
    INDArray repeated = Nd4j.concat(0, parts);
    return new DataSet(
        Nd4j.concat(0, x, repeated.add(v), repeated.sub(v)),
        Nd4j.zeros(x.dataType(), rows() * x.size(0), 1));
  }
}
