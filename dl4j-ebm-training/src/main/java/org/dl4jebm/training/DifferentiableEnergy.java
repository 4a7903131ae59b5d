/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

import org.dl4jebm.layers.energy.EnergyDerivatives;
import org.dl4jebm.layers.energy.EnergyGradient;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An energy with its gradient in {@code x}, as samplers that follow the gradient need it. {@link
 * #of} makes one of a DL4J network.
 */
public interface DifferentiableEnergy extends Energy, Score {

  /**
   * Computes the gradient of the energy of each point, minus the score: {@code grad E(x) = -grad
   * log p(x)}.
   *
   * @param x points, {@code [n, ...]}, as for {@link #energy}. Not modified.
   * @return of the shape of {@code x}, new
   */
  INDArray gradient(INDArray x);

  /**
   * Computes the gradient of the energy of each point, in a loop that has memory for it: large new
   * arrays can take as long as the work on them.
   *
   * @param x points. Not modified.
   * @param memory an array of the shape of {@code x}, perhaps used for the result. Modified.
   * @return the gradient, {@code memory} or new
   */
  default INDArray gradient(INDArray x, INDArray memory) {
    return gradient(x);
  }

  /**
   * Computes both, where that is cheaper than one after the other.
   *
   * @param x points. Not modified.
   * @return energies and gradients, new
   */
  default EnergyGradient energyAndGradient(INDArray x) {
    return new EnergyGradient(energy(x), gradient(x));
  }

  /**
   * Computes the score of each point, {@code -grad E(x)}.
   *
   * @param x points. Not modified.
   * @return of the shape of {@code x}, new
   */
  @Override
  default INDArray score(INDArray x) {
    return gradient(x).negi();
  }

  /**
   * Makes one of a network.
   *
   * @param network the network as an energy, such as a {@link
   *     org.dl4jebm.layers.energy.NetworkEnergy}; kept
   * @return the same energy
   */
  static DifferentiableEnergy of(EnergyDerivatives network) {
    return new DifferentiableEnergy() {
      @Override
      public INDArray energy(INDArray x) {
        return network.energy(x);
      }

      @Override
      public INDArray gradient(INDArray x) {
        return network.gradient(x);
      }

      @Override
      public INDArray gradient(INDArray x, INDArray memory) {
        return network.gradient(x, memory);
      }

      @Override
      public EnergyGradient energyAndGradient(INDArray x) {
        return network.energyAndGradient(x);
      }
    };
  }
}
