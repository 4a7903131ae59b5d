/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The loss of pretraining of a layer with tied weights, and its gradient. */
interface StepObjective {

  /** How many codes there are for each example. */
  default int samples() {
    return 1;
  }

  /**
   * Fills {@code rows}: all but {@link StepRows#loss} enters the gradient.
   *
   * @param tied the parameters. Not modified.
   * @param clean the data, {@code [n, nIn]} in 'c' order, of the parameters' type. Not modified.
   * @param factors weights of the examples as a column {@code [n, 1]}, or null for 1 each. Not
   *     modified.
   * @param rows arrays of this step. Modified.
   * @param noise what to draw from
   * @return the loss of each example in nats, without its weight
   */
  double[] step(
      TiedWeights tied, INDArray clean, INDArray factors, StepRows rows, RandomStream noise);
}
