/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

/** What a layer of latent variables passes on outside training. */
public enum LatentInference {
  /** The most probable value: mu, or the one-hot code of the largest logit. */
  MODE,

  /** The expectation: mu, or the probabilities. */
  MEAN,

  /**
   * An exact sample, drawn anew at each pass; the same sequence of passes from the start of a
   * network gives the same samples.
   */
  SAMPLE
}
