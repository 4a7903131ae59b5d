/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Rows;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The penalty {@code total cost sum_j KL(target || q_j)} on the mean activations {@code q_j} of
 * Bernoulli hidden units over the batch, weighted where its rows are; {@code total} is the sum of
 * the weights.
 */
final class SparsityPenalty {

  /** Mean activations are kept this far from 0 and 1. */
  private static final double MARGIN = 1e-6;

  private final double target;
  private final double cost;

  SparsityPenalty(ContrastiveDivergenceOptions options) {
    this.target = options.sparsityTarget();
    this.cost = options.sparsityCost();
  }

  /**
   * Replaces hidden means {@code h} of data of weight 1 by {@code -h}, plus the derivative of the
   * penalty by the hidden field.
   */
  void negateAndAdd(PhaseBuffers b) {
    INDArray h = b.dataHidden;
    if (cost == 0) {
      HostBlas.scale(h, -1);
      return;
    }
    INDArray q = Nd4j.createUninitialized(h.dataType(), h.size(1));
    Rows.weightedSum(b.dataHiddenT, b.dataPhaseWeights, q, -1 / b.totalWeight(), 0);
    q.addi(MARGIN).divi(1 + 2 * MARGIN);
    INDArray slope = q.sub(target).divi(q.mul(q.rsub(1)));
    slope.muli(cost);
    INDArray penalty = h.rsub(1).muli(h).muliRowVector(slope);
    h.negi().addi(penalty);
  }
}
