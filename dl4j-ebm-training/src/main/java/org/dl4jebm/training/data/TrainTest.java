/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

/**
 * Images to learn from and images to judge by, of the same size and with the same classes.
 *
 * @param train the training images
 * @param test the test images
 */
public record TrainTest(LabelledImages train, LabelledImages test) {

  /**
   * Checks that the two belong together.
   *
   * @param train the training images
   * @param test the test images
   * @throws IllegalArgumentException if height, width or number of classes differ
   */
  public TrainTest {
    if (train.height() != test.height()
        || train.width() != test.width()
        || train.classes() != test.classes()) {
      throw new IllegalArgumentException(
          "training images are "
              + describe(train)
              + " and test images "
              + describe(test)
              + "; accepted: the same height, width and number of classes");
    }
  }

  private static String describe(LabelledImages images) {
    return images.height() + "x" + images.width() + " in " + images.classes() + " classes";
  }
}
