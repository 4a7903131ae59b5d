/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.function.UnaryOperator;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** Makes minibatches of a loss from points, for a network that has the loss. */
interface Stacker {

  /** The streams of the twin, or null if the loss stands on the network's own rows. */
  StreamLayout layout();

  /** The loss. */
  ILossFunction loss();

  /** How many rows of the output an example has. */
  int rows();

  /**
   * A minibatch.
   *
   * @param x points, {@code [n, ...]} in 'c' order, of the network's type. Not modified.
   * @param gradient computes the gradient of the energy of the network as it is
   * @param random what to draw from
   */
  DataSet stack(INDArray x, UnaryOperator<INDArray> gradient, RandomStream random);
}
