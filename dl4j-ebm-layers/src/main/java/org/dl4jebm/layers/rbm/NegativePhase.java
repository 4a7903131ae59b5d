/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Where the states of the negative phase of {@link ContrastiveDivergence} come from: an estimate of
 * the model's expectation by Markov chains.
 */
interface NegativePhase {

  /** Number of rows that the chains take for {@code n} rows of data. */
  long rows(long n);

  /** Whether each chain belongs to a row of the data, so that it has that row's weight. */
  boolean followsData();

  /**
   * Runs the chains and leaves the statistics of their visible states in {@code
   * buffers.chainVisible} and the field of the hidden units in {@code buffers.chainHidden}. When it
   * is called {@code buffers.dataHidden} holds the field of the data; afterwards it holds the
   * data's hidden means.
   */
  void run(RbmModel model, PhaseBuffers buffers, int sweeps);

  /**
   * Called between {@link #run} and {@link #finish}: free energies of the chains' states, {@code
   * [m]}, new.
   */
  default INDArray freeEnergy(RbmModel model, PhaseBuffers buffers) {
    return model.freeEnergy(buffers.chainStates(), buffers.chainHidden);
  }

  /**
   * Called after {@link #run}: replaces the field in {@code buffers.chainHidden} by hidden means.
   */
  void finish(RbmModel model, PhaseBuffers buffers);

  /**
   * Statistics {@code t(h)} of the hidden states at which the chains are that go on from step to
   * step and have the machine's own temperature: {@code [m, nOut]}, new; empty where there are
   * none.
   */
  default Optional<INDArray> chainStatistics(RbmModel model) {
    return Optional.empty();
  }

  /** Copies of what is kept from step to step, by name. */
  Map<String, INDArray> state();

  /** Adds numbers for {@link RbmEstimator#diagnostics}. */
  default void addDiagnostics(Map<String, Double> numbers) {}

  /** Called with the gradient of a batch of {@code rows} rows. Not modified. */
  default void learn(RbmGradient gradient, long rows) {}

  /** Names of what {@link #state} returns after the first step. */
  List<String> stateNames();

  /**
   * Checks a saved state, which is empty or has all names, and returns what goes on from it, or
   * starts anew from an empty one.
   *
   * @throws IllegalArgumentException if the state does not fit
   */
  Runnable restoring(RbmModel model, Map<String, INDArray> state);
}
