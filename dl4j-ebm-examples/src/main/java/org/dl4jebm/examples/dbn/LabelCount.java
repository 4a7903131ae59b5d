/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

/**
 * How many of the training images keep their label: a number, or all of them.
 *
 * @param count the number, or 0 for all
 */
public record LabelCount(int count) {

  private static final String ALL_WORD = "all";

  /** Every training image. */
  public static final LabelCount ALL = new LabelCount(0);

  /**
   * Checks the number.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public LabelCount {
    if (count < 0) {
      throw refused(Integer.toString(count));
    }
  }

  /**
   * Reads what stands on the command line.
   *
   * @param text a positive number, or {@code all}
   * @return the count
   * @throws IllegalArgumentException if it is neither
   */
  public static LabelCount parse(String text) {
    if (text.equals(ALL_WORD)) {
      return ALL;
    }
    if (!text.matches("0*[1-9][0-9]{0,8}")) {
      throw refused(text);
    }
    return new LabelCount(Integer.parseInt(text));
  }

  /**
   * The number of labels in a given training set.
   *
   * @param available number of training images
   * @return a number from 1 to {@code available}
   * @throws IllegalArgumentException if there are not that many
   */
  public int of(int available) {
    if (count > available) {
      throw new IllegalArgumentException(
          "--labels is " + count + "; accepted: 1 to " + available + " training images, or all");
    }
    return count == 0 ? available : count;
  }

  private static IllegalArgumentException refused(String text) {
    return new IllegalArgumentException(
        "--labels is '" + text + "'; accepted: whole numbers from 1, or " + ALL_WORD);
  }

  @Override
  public String toString() {
    return count == 0 ? ALL_WORD : Integer.toString(count);
  }
}
