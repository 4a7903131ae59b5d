/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import java.util.function.UnaryOperator;
import org.dl4jebm.layers.energy.DenseChain;
import org.dl4jebm.layers.energy.StreamLayout;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
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

  /**
   * Leaves the gradient of the parameters in a network of dense layers, as its twin would: summed
   * over examples and multiplied by {@link #rows} and a factor.
   *
   * @param chain passes of the network with {@link #layout}, which accept the points
   * @param x points, {@code [n, d]} in 'c' order, of the network's type. Not modified.
   * @param gradient computes the gradient of the energy of the network as it is
   * @param random what to draw from, the same numbers as {@link #stack}
   * @param factor what the gradient is multiplied by
   * @param add whether it is added to what is there
   * @return the mean of the loss
   */
  default double compute(
      DenseChain chain,
      INDArray x,
      UnaryOperator<INDArray> gradient,
      RandomStream random,
      double factor,
      boolean add) {
    DataSet stack = stack(x, gradient, random);
    chain.stack(x.size(0)).assign(stack.getFeatures());
    return compute(chain, stack.getLabels(), factor, add);
  }

  /** The passes, when the stack has been filled. */
  default double compute(DenseChain chain, INDArray labels, double factor, boolean add) {
    Pair<Double, INDArray> loss =
        loss()
            .computeGradientAndScore(
                labels, chain.forward(), new ActivationIdentity(), null, /* average= */ true);
    INDArray epsilon = loss.getSecond();
    chain.backward(factor == 1 ? epsilon : epsilon.mul(factor), add);
    return loss.getFirst();
  }
}
