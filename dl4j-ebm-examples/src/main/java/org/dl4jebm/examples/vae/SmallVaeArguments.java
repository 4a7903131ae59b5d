/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.io.IOException;
import java.nio.file.Path;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.random.Seeds;
import picocli.CommandLine.Option;

/** Options of the examples that train with one updater from beginning to end. */
public final class SmallVaeArguments {

  /** Passes over the 8x8 digits and over MNIST, which has 46 times as many images. */
  private static final int DIGITS_EPOCHS = 50;

  private static final int MNIST_EPOCHS = 10;

  private static final int QUICK_IMAGES = 200;
  private static final int QUICK_EPOCHS = 2;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Folder with the four MNIST files, idx or idx.gz. Default: the 8x8 digits that come with"
              + " the program.")
  private Path data;

  @Option(
      names = "--latents",
      paramLabel = "N",
      defaultValue = "10",
      description = "Latent variables. Default: ${DEFAULT-VALUE}.")
  private int latents;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description =
          "Passes over the training images. Default: "
              + DIGITS_EPOCHS
              + " of the 8x8 digits, "
              + MNIST_EPOCHS
              + " of MNIST.")
  private Integer epochs;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "50",
      description = "Images in a batch. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--rate",
      paramLabel = "X",
      defaultValue = "0.001",
      description = "Learning rate of Adam. Default: ${DEFAULT-VALUE}.")
  private double rate;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Seed of weights, samples and order of images. Not 0. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--evidence-samples",
      paramLabel = "K",
      defaultValue = "100",
      description = "Samples of an image in the bounds. Default: ${DEFAULT-VALUE}.")
  private int evidenceSamples;

  @Option(
      names = "--quick",
      description = "Few images and epochs: whether all works, not how well.")
  private boolean quick;

  /** For picocli. */
  public SmallVaeArguments() {}

  /**
   * Checks the options and reads the images.
   *
   * @return the images, each pixel drawn once for all
   * @throws IOException if a file is missing or damaged
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public VaeData load() throws IOException {
    Checks.atLeast(1, latents, "--latents");
    Checks.atLeast(1, epochs(), "--epochs");
    Checks.atLeast(1, batch, "--batch");
    Checks.positive(rate, "--rate");
    Seeds.requireNonZero(seed, "--seed");
    Checks.atLeast(1, evidenceSamples, "--evidence-samples");
    VaeData images = VaeData.load(data, VaeData.Pixels.FIXED);
    return quick ? images.first(QUICK_IMAGES, QUICK_IMAGES) : images;
  }

  /**
   * Latent variables.
   *
   * @return the number
   */
  public int latents() {
    return latents;
  }

  /**
   * Passes over the training images.
   *
   * @return the number
   */
  public int epochs() {
    if (epochs != null) {
      return epochs;
    }
    return quick ? QUICK_EPOCHS : data == null ? DIGITS_EPOCHS : MNIST_EPOCHS;
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
   * @return the rate
   */
  public double rate() {
    return rate;
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
   * Samples of an image in the bounds.
   *
   * @return the number
   */
  public int evidenceSamples() {
    return evidenceSamples;
  }
}
