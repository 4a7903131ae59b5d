/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Sets each value to 0 with a given probability, independently; the others are not rescaled
 * (Vincent, Larochelle, Bengio and Manzagol, ICML 2008). For data in [0, 1] and other data whose 0
 * means that nothing is there.
 *
 * @param probability of a value to be set to 0, in [0, 1]
 */
public record MaskingCorruption(double probability) implements Corruption {

  /**
   * Checks the probability.
   *
   * @throws IllegalArgumentException if it is not in [0, 1]
   */
  public MaskingCorruption {
    if (!(probability >= 0 && probability <= 1)) {
      throw new IllegalArgumentException(
          "probability of the masking corruption is " + probability + "; accepted: 0 to 1");
    }
  }

  @Override
  public void corrupt(INDArray clean, INDArray out, RandomStream random) {
    out.assign(1 - probability);
    random.bernoulli(out, out);
    out.muli(clean);
  }
}
