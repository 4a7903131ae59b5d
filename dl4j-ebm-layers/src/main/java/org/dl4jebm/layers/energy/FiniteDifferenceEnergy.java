/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

/** Placeholder. */
public final class FiniteDifferenceEnergy {
  private FiniteDifferenceEnergy() {}
}
