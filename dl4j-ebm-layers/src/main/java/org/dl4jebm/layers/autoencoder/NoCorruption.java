/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Leaves examples as they are, which makes the layer an ordinary autoencoder. With as many hidden
 * units as visible ones, or more, it may then learn little but to copy.
 */
public record NoCorruption() implements Corruption {

  @Override
  public void corrupt(INDArray clean, INDArray out, RandomStream random) {
    out.assign(clean);
  }
}
