/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.training.score.NoiseLevels;
import picocli.CommandLine.Option;

/** Options of {@link ScoreExperiment} beside those of the images. */
public final class ScoreArguments {

  private static final int QUICK_STEPS = 3;

  @Option(
      names = "--largest-noise",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "Largest standard deviation of the noise, pixels being in [0, 1]. Default:"
              + " ${DEFAULT-VALUE}.")
  private double largest;

  @Option(
      names = "--smallest-noise",
      paramLabel = "X",
      defaultValue = "0.03",
      description = "Smallest standard deviation of the noise. Default: ${DEFAULT-VALUE}.")
  private double smallest;

  @Option(
      names = "--levels",
      paramLabel = "N",
      defaultValue = "10",
      description =
          "Levels of noise, with the same ratio of neighbours. Default: ${DEFAULT-VALUE}.")
  private int levels;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "30",
      description = "Langevin moves at each level. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Option(
      names = "--step-size",
      paramLabel = "X",
      defaultValue = "0.2",
      description =
          "Step size of a move in units of the squared deviation of the level, x + step s + sqrt(2"
              + " step) z. Default: ${DEFAULT-VALUE}, that of the paper's program.")
  private double stepSize;

  @Option(
      names = "--average",
      paramLabel = "X",
      defaultValue = "0.995",
      description = "Decay of the average of parameters. Default: ${DEFAULT-VALUE}.")
  private double average;

  /** For picocli. */
  public ScoreArguments() {}

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public void check() {
    Checks.positive(smallest, "--smallest-noise");
    Checks.require(
        largest > smallest && Double.isFinite(largest),
        "--largest-noise",
        largest,
        "a finite number above --smallest-noise, which is " + smallest);
    Checks.atLeast(2, levels, "--levels");
    Checks.atLeast(1, steps, "--steps");
    Checks.positive(stepSize, "--step-size");
    Checks.fraction(average, "--average");
  }

  NoiseLevels levels() {
    return NoiseLevels.geometric(largest, smallest, levels);
  }

  int steps(boolean quick) {
    return quick ? Math.min(steps, QUICK_STEPS) : steps;
  }

  double epsilon() {
    return stepSize * smallest * smallest;
  }

  double average() {
    return average;
  }
}
