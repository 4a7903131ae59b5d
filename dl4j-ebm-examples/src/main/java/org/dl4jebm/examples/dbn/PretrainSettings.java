/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.training.data.LabelledImages;

/** What the layers of a stack are, and how each is trained without labels. */
public sealed interface PretrainSettings permits RbmPretraining, DenoisingPretraining {

  /**
   * Passes over all training images for each layer.
   *
   * @return the number, at least 1
   */
  int epochs();

  /**
   * Images in a batch.
   *
   * @return the number, at least 1
   */
  int batch();

  /**
   * What one of the layers is called.
   *
   * @return for example {@code RBM}
   */
  String layerName();

  /**
   * The start of a stack's configuration: updater, initial weights, weight decay.
   *
   * @return a new builder
   */
  NeuralNetConfiguration.Builder global();

  /**
   * A layer of the stack, or of the classifier that is made from it.
   *
   * @param index number of the layer, 0 for the lowest
   * @return a new builder, without sizes
   */
  BasePretrainNetwork.Builder<?> layer(int index);

  /**
   * Sets what cannot be configured, before the stack is pretrained.
   *
   * @param stack the initialised stack. Modified.
   * @param images the training images. Not modified.
   */
  default void prepare(MultiLayerNetwork stack, LabelledImages images) {}
}
