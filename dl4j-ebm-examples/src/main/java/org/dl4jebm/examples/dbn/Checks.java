/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

/** Checks of options, with one form of message. */
final class Checks {

  private Checks() {}

  static void atLeast(int least, int value, String option) {
    require(value >= least, option, value, least + " or more");
  }

  static void positive(double value, String option) {
    require(value > 0 && Double.isFinite(value), option, value, "a finite number above 0");
  }

  static void notNegative(double value, String option) {
    require(value >= 0 && Double.isFinite(value), option, value, "a finite number from 0");
  }

  /** For momentum and dropout, where 1 would stop all learning. */
  static void fraction(double value, String option) {
    require(value >= 0 && value < 1, option, value, "0 or more, less than 1");
  }

  static void require(boolean holds, String option, Object value, String accepted) {
    if (!holds) {
      throw new IllegalArgumentException(option + " is " + value + "; accepted: " + accepted);
    }
  }
}
