/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.io.IOException;
import java.nio.file.Path;
import org.dl4jebm.examples.data.Digits;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.data.Binarization;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.data.MnistFolder;
import org.dl4jebm.training.data.TrainTest;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Images of a variational autoencoder, as Bernoulli variables.
 *
 * @param images training and test images in grey values in [0, 1]
 * @param pixels how grey values become states of binary variables
 */
public record VaeData(TrainTest images, Pixels pixels) {

  /** The draws of the test images, and of fixed training images, are part of the data set. */
  private static final long TRAIN_DRAW = 101;

  private static final long TEST_DRAW = 102;

  /** How grey values become states of binary variables. */
  public enum Pixels {
    /** They stay as they are, as if each image were the mean of many; no likelihood of a model. */
    GREY,
    /** One Bernoulli draw for each pixel, once for all. */
    FIXED,
    /** Training images are drawn anew in each epoch, test images once. */
    RESAMPLED
  }

  /**
   * Reads the images.
   *
   * @param folder the folder of MNIST's files, or null for the 8x8 digits that come with the
   *     program
   * @param pixels how grey values become states
   * @return the images
   * @throws IOException if a file is missing or damaged
   */
  public static VaeData load(Path folder, Pixels pixels) throws IOException {
    return new VaeData(folder == null ? Digits.load() : MnistFolder.load(folder), pixels);
  }

  /**
   * Fewer images.
   *
   * @param train how many training images at most
   * @param test how many test images at most
   * @return the first of them
   */
  public VaeData first(int train, int test) {
    return new VaeData(
        new TrainTest(first(images.train(), train), first(images.test(), test)), pixels);
  }

  private static LabelledImages first(LabelledImages images, int count) {
    return images.first(Math.min(count, images.size()));
  }

  /**
   * Pixels of an image.
   *
   * @return the number
   */
  public int size() {
    return images.train().height() * images.train().width();
  }

  /**
   * Training images of an epoch.
   *
   * @param seed of the draws where they are drawn anew
   * @param epoch number of the epoch
   * @return {@code [n, pixels]}
   */
  public INDArray train(long seed, int epoch) {
    INDArray grey = images.train().features();
    return switch (pixels) {
      case GREY -> grey;
      case FIXED -> Binarization.bernoulli(grey, TRAIN_DRAW);
      case RESAMPLED -> Binarization.bernoulli(grey, Seeds.derive(seed, epoch));
    };
  }

  /**
   * Test images, the same for all seeds.
   *
   * @return {@code [m, pixels]}
   */
  public INDArray test() {
    INDArray grey = images.test().features();
    return pixels == Pixels.GREY ? grey : Binarization.bernoulli(grey, TEST_DRAW);
  }
}
