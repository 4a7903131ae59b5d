/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.cli;

/** Checks of options, with one form of message. */
public final class Checks {

  private Checks() {}

  /**
   * Checks a whole number.
   *
   * @param least smallest number accepted
   * @param value the number
   * @param option how it is called in the message
   * @throws IllegalArgumentException if it is smaller
   */
  public static void atLeast(int least, int value, String option) {
    require(value >= least, option, value, least + " or more");
  }

  /**
   * Checks a number that must be above 0.
   *
   * @param value the number
   * @param option how it is called in the message
   * @throws IllegalArgumentException if it is not finite and above 0
   */
  public static void positive(double value, String option) {
    require(value > 0 && Double.isFinite(value), option, value, "a finite number above 0");
  }

  /**
   * Checks a number that may be 0.
   *
   * @param value the number
   * @param option how it is called in the message
   * @throws IllegalArgumentException if it is not finite or below 0
   */
  public static void notNegative(double value, String option) {
    require(value >= 0 && Double.isFinite(value), option, value, "a finite number from 0");
  }

  /**
   * Checks momentum and dropout, where 1 would stop all learning.
   *
   * @param value the number
   * @param option how it is called in the message
   * @throws IllegalArgumentException if it is not in [0, 1)
   */
  public static void fraction(double value, String option) {
    require(value >= 0 && value < 1, option, value, "0 or more, less than 1");
  }

  /**
   * Checks anything.
   *
   * @param holds whether the value is accepted
   * @param option how it is called in the message
   * @param value the value
   * @param accepted what is accepted
   * @throws IllegalArgumentException if it is not accepted, naming all three
   */
  public static void require(boolean holds, String option, Object value, String accepted) {
    if (!holds) {
      throw new IllegalArgumentException(option + " is " + value + "; accepted: " + accepted);
    }
  }
}
