/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Replaces each value with a given probability, independently, by the lowest or the highest value,
 * one as likely as the other (Vincent, Larochelle, Lajoie, Bengio and Manzagol, JMLR 2010). For
 * data near the ends of a range, such as ink on paper.
 *
 * @param probability of a value to be replaced, in [0, 1]
 * @param low the lowest value, finite
 * @param high the highest value, finite and greater
 */
public record SaltAndPepperCorruption(double probability, double low, double high)
    implements Corruption {

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public SaltAndPepperCorruption {
    if (!(probability >= 0 && probability <= 1)) {
      throw new IllegalArgumentException(
          "probability of the salt-and-pepper corruption is " + probability + "; accepted: 0 to 1");
    }
    if (!(Double.isFinite(low) && Double.isFinite(high) && low < high)) {
      throw new IllegalArgumentException(
          "the salt-and-pepper corruption goes from "
              + low
              + " to "
              + high
              + "; accepted: finite numbers, the first less than the second");
    }
  }

  /**
   * Between 0 and 1.
   *
   * @param probability of a value to be replaced, in [0, 1]
   * @return the corruption
   */
  public static SaltAndPepperCorruption of(double probability) {
    return new SaltAndPepperCorruption(probability, 0, 1);
  }

  @Override
  public void corrupt(INDArray clean, INDArray out, RandomStream random) {
    out.assign(0.5);
    random.bernoulli(out, out);
    INDArray replaced = out.ulike().assign(probability);
    random.bernoulli(replaced, replaced);
    // clean + replaced (extreme - clean)
    out.muli(high - low).addi(low).subi(clean).muli(replaced).addi(clean);
  }
}
