/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.pretrain;

import java.util.Map;
import java.util.Optional;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A layer whose unsupervised training can be stopped, saved and continued with the same numbers as
 * if it had not been stopped. Implemented by layers, used by trainers.
 */
public interface ResumablePretraining {

  /**
   * A name among the {@link #pretrainDiagnostics}: the mean free energy of a sampler's states minus
   * that of the data, in nats, which is the mean of {@code log p} over the data minus that over the
   * samples. It stays within a few standard deviations of single states' free energies in a model
   * whose sampler keeps up, and runs away where training diverges.
   */
  String FREE_ENERGY_GAP = "free-energy gap";

  /**
   * Returns what is needed, besides parameters and iteration count, to continue.
   *
   * @return copies of the present state
   */
  PretrainState pretrainState();

  /**
   * Continues from a state. Parameters and the iteration count of the configuration are restored by
   * the caller.
   *
   * @param state a state of a layer with the same configuration. Not modified.
   * @throws IllegalArgumentException if the state does not fit the layer; the layer is then
   *     unchanged
   */
  void restorePretrainState(PretrainState state);

  /**
   * Draws states of this layer's units given its input, as training data for the layer above.
   *
   * @param input {@code [n, nIn]}. Not modified.
   * @param random the stream to draw from
   * @return {@code [n, nOut]}, new
   */
  INDArray sampleOutput(INDArray input, RandomStream random);

  /**
   * Says why {@link #sampleOutput} cannot be used.
   *
   * @return the reason and what is accepted, or empty where it can be used, as by default
   */
  default Optional<String> reasonNotSampled() {
    return Optional.empty();
  }

  /**
   * Says in a few words what {@code score()} means while the layer is pretrained, for progress
   * displays and charts.
   *
   * @return for example {@code recon. error}
   */
  String pretrainScoreName();

  /**
   * Further numbers about the last update whose score was computed, such as {@link
   * #FREE_ENERGY_GAP}.
   *
   * @return numbers by name, in a fixed order; empty where there are none
   */
  default Map<String, Double> pretrainDiagnostics() {
    return Map.of();
  }
}
