/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.List;

/**
 * What a call of {@link GreedyPretrainer} did.
 *
 * @param completed false if the thread was interrupted before all layers were done
 * @param layers one entry a layer that was trained in this call, in order
 */
public record PretrainResult(boolean completed, List<LayerResult> layers) {

  /** Copies the list. */
  public PretrainResult {
    layers = List.copyOf(layers);
  }

  /**
   * What was done to one layer.
   *
   * @param name name of the layer
   * @param epochs whole passes over the data, those before a resumption included
   * @param iterations updates in this call
   * @param scoreName what {@code score} is
   * @param score the layer's last score
   * @param seconds wall-clock time in this call
   */
  public record LayerResult(
      String name, int epochs, long iterations, String scoreName, double score, double seconds) {}
}
