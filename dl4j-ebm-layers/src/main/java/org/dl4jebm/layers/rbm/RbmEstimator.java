/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Map;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Forms the gradient of an {@link RbmObjective} for one batch after the other. What it keeps
 * between steps, such as persistent chains, can be saved and restored; its random stream is its
 * owner's. Arrays are kept outside workspaces. Not safe for use by several threads at once.
 */
public interface RbmEstimator {

  /**
   * Writes the gradient of the loss to be minimised, summed over the batch with the weights of its
   * rows, and moves what the estimator keeps. The model is not modified.
   *
   * @param model the machine
   * @param batch the data. Not modified.
   * @param gradient all of its arrays are overwritten
   * @return the score of the batch before the step, as {@link #scoreName} says, or NaN if it was
   *     not asked for
   */
  double gradient(RbmModel model, RbmBatch batch, RbmGradient gradient);

  /**
   * Says in a few words what the score is.
   *
   * @return for example {@code recon. error}
   */
  String scoreName();

  /**
   * Further numbers about the last step whose score was asked for, such as {@link
   * ResumablePretraining#FREE_ENERGY_GAP}, for listeners and for the detection of divergence.
   *
   * @return numbers by name, in a fixed order; empty before the first such step and for estimators
   *     that have none
   */
  default Map<String, Double> diagnostics() {
    return Map.of();
  }

  /**
   * Returns what has to be saved to go on with the same numbers.
   *
   * @return copies by name; empty before the first step and for estimators that keep nothing
   */
  Map<String, INDArray> state();

  /**
   * Goes on from a saved state.
   *
   * @param model the machine that is trained, for sizes and data type. Not modified.
   * @param state as {@link #state} returned it; empty to start anew. Not modified.
   * @throws IllegalArgumentException if the state is not one of such an estimator for such a
   *     machine; nothing is changed then
   */
  void setState(RbmModel model, Map<String, INDArray> state);
}
