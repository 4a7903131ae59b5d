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
 * @param rollBacks one entry each time that training diverged in this call and went on from the
 *     last good state, in order
 */
public record PretrainResult(
    boolean completed, List<LayerResult> layers, List<RollBack> rollBacks) {

  /** Copies the lists. */
  public PretrainResult {
    layers = List.copyOf(layers);
    rollBacks = List.copyOf(rollBacks);
  }

  /**
   * What was done to one layer.
   *
   * @param name name of the layer
   * @param epochs whole passes over the data, those before a resumption included
   * @param iterations updates in this call, without those that were undone
   * @param scoreName what {@code score} is
   * @param score the layer's last score
   * @param seconds wall-clock time in this call
   * @param ranOn what the steps ran on at last: the device, or {@code ND4J}, in brackets with the
   *     reason where a device was asked for
   */
  public record LayerResult(
      String name,
      int epochs,
      long iterations,
      String scoreName,
      double score,
      double seconds,
      String ranOn) {}

  /**
   * How training diverged, and how it went on.
   *
   * @param layer name of the layer
   * @param epoch the layer's epoch in which it was seen, counted from 1
   * @param batch the batches of that epoch that had been trained on
   * @param quantity what showed it, such as {@code free-energy gap}
   * @param value its value
   * @param rateFactor by which all learning rates of the layer are multiplied since then
   * @param learningRate of the layer's weights at the step with which training went on
   */
  public record RollBack(
      String layer,
      int epoch,
      long batch,
      String quantity,
      double value,
      double rateFactor,
      double learningRate) {}
}
