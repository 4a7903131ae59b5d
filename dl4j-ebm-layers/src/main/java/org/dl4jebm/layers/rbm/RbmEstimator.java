/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Map;
import java.util.Optional;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.common.primitives.Pair;
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
   * ResumablePretraining#FREE_ENERGY_GAP}, and about what the estimator keeps, for listeners and
   * for the detection of divergence.
   *
   * @return numbers by name, in a fixed order; empty before the first step and for estimators that
   *     have none
   */
  default Map<String, Double> diagnostics() {
    return Map.of();
  }

  /**
   * Shows where the chains are that go on from step to step: the conditional means of the visible
   * units given the chains' hidden states, and a draw from that distribution. The chains do not
   * move.
   *
   * @param model the machine that is trained. Not modified.
   * @param stream what to draw from, not the estimator's own
   * @return means and states, {@code [chains, nIn]} each, new; empty before the first step and for
   *     estimators without such chains
   */
  default Optional<Pair<INDArray, INDArray>> sampleChains(RbmModel model, RandomStream stream) {
    return Optional.empty();
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
