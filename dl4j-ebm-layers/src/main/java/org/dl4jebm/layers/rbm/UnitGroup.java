/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;

/**
 * Neighbouring units that take their states together and, given the other side of the machine,
 * independently of all others: a single unit, or the units of one softmax variable.
 *
 * @param from first column
 * @param to column after the last
 * @param states all states of these columns, one a row; empty where the states are not discrete
 */
public record UnitGroup(int from, int to, double[][] states) {

  /**
   * Number of units.
   *
   * @return at least 1
   */
  public int size() {
    return to - from;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof UnitGroup group
        && from == group.from
        && to == group.to
        && Arrays.deepEquals(states, group.states);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * from + to) + Arrays.deepHashCode(states);
  }
}
