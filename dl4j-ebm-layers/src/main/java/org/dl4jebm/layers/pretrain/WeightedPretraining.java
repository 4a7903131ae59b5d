/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.pretrain;

import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A layer whose unsupervised training takes a weight for each example. A whole-numbered weight
 * counts as that many copies of the example in the sum of the loss; as everywhere in DL4J the
 * gradient is then divided by the number of rows, not by the sum of the weights, so that weights of
 * mean 1 leave the size of the steps alone.
 */
public interface WeightedPretraining {

  /**
   * Trains on one batch.
   *
   * @param batch {@code [n, nIn]}. Not modified.
   * @param weights {@code [n]} or {@code [n, 1]}, finite, not negative, not all 0, or null for 1
   *     each. Not modified.
   * @param workspaceMgr DL4J's workspaces
   * @throws org.deeplearning4j.exception.DL4JInvalidInputException if the batch or its weights
   *     cannot be used; nothing was changed then
   */
  void fit(INDArray batch, INDArray weights, LayerWorkspaceMgr workspaceMgr);
}
