/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import org.dl4jebm.examples.cli.Checks;
import picocli.CommandLine.Option;

/** Options of {@link EnergyExperiment} beside those of the images. */
public final class EnergyArguments {

  private static final int QUICK_MOVES = 3;

  @Option(
      names = "--left-out",
      paramLabel = "CLASS",
      defaultValue = "9",
      description =
          "Digit that the network is not trained on, to be told from the others. Default:"
              + " ${DEFAULT-VALUE}.")
  private int leftOut;

  @Option(
      names = "--moves",
      paramLabel = "N",
      defaultValue = "20",
      description = "Langevin moves before each step of training. Default: ${DEFAULT-VALUE}.")
  private int moves;

  @Option(
      names = "--drift",
      paramLabel = "X",
      defaultValue = "2.5",
      description = "Factor of the gradient in a move. Default: ${DEFAULT-VALUE}.")
  private double drift;

  @Option(
      names = "--noise",
      paramLabel = "X",
      defaultValue = "0.005",
      description =
          "Standard deviation of the noise of a move, pixels being in [0, 1]. Default:"
              + " ${DEFAULT-VALUE}.")
  private double noise;

  @Option(
      names = "--buffer",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Chains in the replay buffer. Default: ${DEFAULT-VALUE}.")
  private int buffer;

  @Option(
      names = "--restart",
      paramLabel = "P",
      defaultValue = "0.05",
      description = "Probability of a chain to begin anew from noise. Default: ${DEFAULT-VALUE}.")
  private double restart;

  @Option(
      names = "--energy-l2",
      paramLabel = "X",
      defaultValue = "0.1",
      description = "Coefficient of the squared energies. Default: ${DEFAULT-VALUE}.")
  private double energyL2;

  /** For picocli. */
  public EnergyArguments() {}

  /**
   * Checks the options.
   *
   * @param batch images in a batch
   * @param classes of the images
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public void check(int batch, int classes) {
    Checks.require(
        leftOut >= 0 && leftOut < classes, "--left-out", leftOut, "0 to " + (classes - 1));
    Checks.atLeast(1, moves, "--moves");
    Checks.positive(drift, "--drift");
    Checks.notNegative(noise, "--noise");
    Checks.atLeast(batch, buffer, "--buffer");
    Checks.require(restart >= 0 && restart <= 1, "--restart", restart, "0 to 1");
    Checks.notNegative(energyL2, "--energy-l2");
  }

  int leftOut() {
    return leftOut;
  }

  int moves(boolean quick) {
    return quick ? Math.min(moves, QUICK_MOVES) : moves;
  }

  double drift() {
    return drift;
  }

  double noise() {
    return noise;
  }

  int buffer() {
    return buffer;
  }

  double restart() {
    return restart;
  }

  double energyL2() {
    return energyL2;
  }
}
