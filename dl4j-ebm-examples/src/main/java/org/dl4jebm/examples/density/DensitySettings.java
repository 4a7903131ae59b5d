/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.density;

import java.util.List;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.training.likelihood.AisOptions;

/**
 * What {@link DensityExperiment} does.
 *
 * @param shapes densities, one or more, each once
 * @param objectives one or more, each once
 * @param epochs passes over the training points
 * @param trainingPoints how many
 * @param testPoints held out, for score error and likelihood
 * @param samples in the picture
 * @param sampleMoves of the chains that make them
 * @param annealing options of the estimates of log Z
 * @param seed of weights, data and samples; not 0
 */
public record DensitySettings(
    List<Shape> shapes,
    List<Objective> objectives,
    int epochs,
    int trainingPoints,
    int testPoints,
    int samples,
    int sampleMoves,
    AisOptions annealing,
    long seed) {

  /** Passes over the data of the default run. */
  public static final int EPOCHS = 15;

  /**
   * Checks the settings.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public DensitySettings {
    requireDistinct(shapes, "--densities");
    requireDistinct(objectives, "--objectives");
    Checks.atLeast(1, epochs, "--epochs");
    Checks.require(seed != 0, "--seed", seed, "any number but 0");
    shapes = List.copyOf(shapes);
    objectives = List.copyOf(objectives);
  }

  private static void requireDistinct(List<?> values, String option) {
    Checks.require(
        !values.isEmpty() && values.stream().distinct().count() == values.size(),
        option,
        values,
        "one or more, each once");
  }

  /**
   * The sizes of the whole experiment.
   *
   * @param shapes densities
   * @param objectives objectives
   * @param epochs passes over the training points
   * @param seed not 0
   * @return settings that end within two minutes with all densities and the objectives of a default
   *     run
   */
  public static DensitySettings of(
      List<Shape> shapes, List<Objective> objectives, int epochs, long seed) {
    return new DensitySettings(
        shapes, objectives, epochs, 10_000, 4000, 300, 200, AisOptions.linear(200, 200), seed);
  }

  /**
   * Small sizes that only show whether all works.
   *
   * @return the same with one epoch, few points and short chains
   */
  public DensitySettings quick() {
    return new DensitySettings(
        shapes, objectives, 1, 1000, 500, 100, 20, AisOptions.linear(20, 50), seed);
  }
}
