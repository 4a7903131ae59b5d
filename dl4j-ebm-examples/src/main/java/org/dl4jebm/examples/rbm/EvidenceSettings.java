/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.rbm;

import org.dl4jebm.examples.cli.Checks;

/**
 * How the likelihood is estimated where it cannot be computed.
 *
 * @param temperatures of annealed importance sampling, at least 2
 * @param chains of annealed importance sampling, at least 2
 * @param burnIn Gibbs sweeps from training images to the starts of reverse annealing, at least 0
 */
public record EvidenceSettings(int temperatures, int chains, int burnIn) {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public EvidenceSettings {
    Checks.atLeast(2, temperatures, "--ais-temperatures");
    Checks.atLeast(2, chains, "--ais-chains");
    Checks.atLeast(0, burnIn, "--burn-in");
  }
}
