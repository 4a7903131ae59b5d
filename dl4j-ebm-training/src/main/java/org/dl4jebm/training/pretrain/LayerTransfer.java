/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

/** What the layers below hand to the layer that is being pretrained. */
public enum LayerTransfer {
  /**
   * The activations of the layer below, which for Bernoulli units are probabilities: less noise,
   * the usual choice for features that are fine-tuned.
   */
  MEANS,

  /**
   * States drawn from the layer below given its input: what the deep belief network as a generative
   * model asks for (Hinton, Osindero and Teh 2006). Drawn anew at each visit, and only from the
   * layer directly below, which must be one of this library's, frozen or not. Layers directly on
   * the network's inputs take the data as they are.
   */
  SAMPLES
}
