/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import java.io.IOException;
import java.nio.file.Path;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.examples.data.Digits;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.training.data.LabelledImages;
import org.dl4jebm.training.data.MnistFolder;
import org.dl4jebm.training.data.TrainTest;
import picocli.CommandLine.Option;

/** Options of the examples with networks of images of digits. */
public final class DigitArguments {

  private static final int QUICK_IMAGES = 96;
  private static final int QUICK_EPOCHS = 2;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Folder with the four MNIST files, idx or idx.gz. Default: the 8x8 digits that come with"
              + " the program.")
  private Path data;

  @Option(
      names = "--train-images",
      paramLabel = "N",
      description = "Training images, the first ones. Default: all.")
  private Integer trainImages;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Passes over the training images. Default: by the size of the images.")
  private Integer epochs;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "64",
      description = "Images in a batch. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(names = "--rate", paramLabel = "X", description = "Learning rate of Adam.")
  private Double rate;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Seed of weights, samples and order of images. Not 0. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--quick",
      description = "Few images and epochs: whether all works, not how well.")
  private boolean quick;

  /** For picocli. */
  public DigitArguments() {}

  /**
   * Checks the options and reads the images.
   *
   * @return the images
   * @throws IOException if a file is missing or damaged
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public TrainTest load() throws IOException {
    Checks.atLeast(1, batch, "--batch");
    Seeds.requireNonZero(seed, "--seed");
    if (epochs != null) {
      Checks.atLeast(1, epochs, "--epochs");
    }
    if (rate != null) {
      Checks.positive(rate, "--rate");
    }
    if (trainImages != null) {
      Checks.atLeast(1, trainImages, "--train-images");
    }
    TrainTest images = data == null ? Digits.load() : MnistFolder.load(data);
    int most = trainImages == null ? Integer.MAX_VALUE : trainImages;
    return new TrainTest(
        first(images.train(), quick ? Math.min(most, QUICK_IMAGES) : most),
        first(images.test(), quick ? QUICK_IMAGES : Integer.MAX_VALUE));
  }

  private static LabelledImages first(LabelledImages images, int count) {
    return count < images.size() ? images.first(count) : images;
  }

  /**
   * Passes over the training images.
   *
   * @param ofDigits how many of the 8x8 digits, if none were given
   * @param ofMnist how many of MNIST, if none were given
   * @return the number
   */
  public int epochs(int ofDigits, int ofMnist) {
    if (epochs != null) {
      return epochs;
    }
    return quick ? QUICK_EPOCHS : data == null ? ofDigits : ofMnist;
  }

  /**
   * Images in a batch.
   *
   * @return the number
   */
  public int batch() {
    return batch;
  }

  /**
   * Learning rate of Adam.
   *
   * @param otherwise the rate if none was given
   * @return the rate
   */
  public double rate(double otherwise) {
    return rate == null ? otherwise : rate;
  }

  /**
   * Seed of weights, samples and order of images.
   *
   * @return any number but 0
   */
  public long seed() {
    return seed;
  }

  /**
   * Whether only to see that all works.
   *
   * @return whether
   */
  public boolean quick() {
    return quick;
  }
}
