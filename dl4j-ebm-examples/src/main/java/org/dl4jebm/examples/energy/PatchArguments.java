/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import java.nio.file.Path;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.random.Seeds;
import picocli.CommandLine.Option;

/** Options of {@link PatchExperiment}. */
public final class PatchArguments {

  private static final int QUICK_PATCHES = 400;
  private static final int QUICK_EPOCHS = 2;
  private static final int LEAST_SIDE = 4;

  @Option(
      names = "--images",
      paramLabel = "DIR",
      description =
          "Folder with images, jpg or png. Default: generated images of discs that cover each other"
              + " (dead leaves), no photographs.")
  private Path images;

  @Option(
      names = "--side",
      paramLabel = "N",
      defaultValue = "10",
      description = "Pixels along the side of a patch. Default: ${DEFAULT-VALUE}.")
  private int side;

  @Option(
      names = "--patches",
      paramLabel = "N",
      defaultValue = "10000",
      description = "Patches to train on. Default: ${DEFAULT-VALUE}.")
  private int patches;

  @Option(
      names = "--hidden",
      paramLabel = "N",
      defaultValue = "100",
      description = "Hidden units. Default: ${DEFAULT-VALUE}.")
  private int hidden;

  @Option(
      names = "--variance",
      paramLabel = "X",
      defaultValue = "0.5",
      description =
          "Variance of a visible unit given the hidden ones; whitened pixels have about 1. Default:"
              + " ${DEFAULT-VALUE}.")
  private double variance;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "25",
      description = "Passes over the patches. Default: ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "100",
      description = "Patches in a batch. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--rate",
      paramLabel = "X",
      defaultValue = "0.005",
      description = "Learning rate of Adam. Default: ${DEFAULT-VALUE}.")
  private double rate;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Seed of patches, weights, samples and order. Not 0. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--quick",
      description = "Few patches and epochs: whether all works, not how well.")
  private boolean quick;

  /** For picocli. */
  public PatchArguments() {}

  void check() {
    Checks.atLeast(LEAST_SIDE, side, "--side");
    Checks.atLeast(2, patches, "--patches");
    Checks.atLeast(1, hidden, "--hidden");
    Checks.positive(variance, "--variance");
    Checks.atLeast(1, epochs, "--epochs");
    Checks.atLeast(1, batch, "--batch");
    Checks.positive(rate, "--rate");
    Seeds.requireNonZero(seed, "--seed");
  }

  Path images() {
    return images;
  }

  int side() {
    return side;
  }

  int patches() {
    return quick ? Math.min(patches, QUICK_PATCHES) : patches;
  }

  int hidden() {
    return hidden;
  }

  double variance() {
    return variance;
  }

  int epochs() {
    return quick ? Math.min(epochs, QUICK_EPOCHS) : epochs;
  }

  int batch() {
    return Math.min(batch, patches());
  }

  double rate() {
    return rate;
  }

  long seed() {
    return seed;
  }
}
