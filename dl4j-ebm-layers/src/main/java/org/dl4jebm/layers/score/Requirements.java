/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.score;

/** Checks of options. */
final class Requirements {

  private Requirements() {}

  static void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " is " + value + "; accepted: at least 1");
    }
  }

  static void positive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          name + " is " + value + "; accepted: a finite number above 0");
    }
  }

  static void notNegative(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          name + " is " + value + "; accepted: a finite number of at least 0");
    }
  }
}
