/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.HashSet;
import java.util.List;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.random.Seeds;

/**
 * Everything that determines the numbers of an experiment, apart from the images. The four
 * constants of this class hold every default.
 *
 * @param layers sizes of the hidden layers, from the lowest up; at least one
 * @param labels numbers of labels to learn from; at least one, none twice
 * @param seeds of the repetitions, not 0; at least one, none twice
 * @param starts how the hidden layers of the compared classifiers begin; at least one, none twice
 * @param pretrain how the stack is pretrained
 * @param fineTune how the classifier is trained
 */
public record DbnOptions(
    List<Integer> layers,
    List<LabelCount> labels,
    List<Long> seeds,
    List<Start> starts,
    PretrainSettings pretrain,
    FineTuneSettings fineTune) {

  private static final List<Start> BOTH = List.of(Start.RANDOM, Start.PRETRAINED);

  /** For the 8x8 digits: a minute or so on two cores. */
  public static final DbnOptions DIGITS =
      new DbnOptions(
          List.of(200, 200, 400),
          List.of(new LabelCount(100), new LabelCount(1000), LabelCount.ALL),
          List.of(1L, 2L, 3L),
          BOTH,
          new PretrainSettings(50, 20, 0.05, 0.5, 0.9, 5, 2e-4, 1, 0, 0.01),
          new FineTuneSettings(
              30,
              600,
              20,
              FineTuneSettings.Kind.ADAM,
              0.005,
              0.9,
              0,
              0,
              0,
              0,
              FineTuneSettings.Init.XAVIER,
              false));

  /** For the 8x8 digits: a few seconds, to see that everything works. */
  public static final DbnOptions QUICK_DIGITS =
      new DbnOptions(
          List.of(100, 100, 200),
          DIGITS.labels,
          List.of(1L, 2L),
          BOTH,
          new PretrainSettings(15, 20, 0.05, 0.5, 0.9, 5, 2e-4, 1, 0, 0.01),
          new FineTuneSettings(
              8,
              200,
              20,
              FineTuneSettings.Kind.ADAM,
              0.005,
              0.9,
              0,
              0,
              0,
              0,
              FineTuneSettings.Init.XAVIER,
              false));

  /** For MNIST: the network of the published figures, for which hours are needed. */
  public static final DbnOptions MNIST =
      new DbnOptions(
          List.of(500, 500, 2000),
          List.of(new LabelCount(100), new LabelCount(1000), new LabelCount(10000), LabelCount.ALL),
          List.of(1L, 2L, 3L),
          BOTH,
          new PretrainSettings(25, 100, 0.05, 0.5, 0.9, 5, 2e-4, 1, 0, 0.01),
          new FineTuneSettings(
              30,
              1500,
              100,
              FineTuneSettings.Kind.NESTEROVS,
              0.1,
              0.9,
              0,
              0,
              0,
              0,
              FineTuneSettings.Init.SIGMOID_UNIFORM,
              false));

  /** For MNIST: less than a minute, to see that everything works. */
  public static final DbnOptions QUICK_MNIST =
      new DbnOptions(
          List.of(100, 100, 200),
          List.of(new LabelCount(100), new LabelCount(1000)),
          List.of(1L),
          BOTH,
          new PretrainSettings(1, 100, 0.1, 0.5, 0.9, 0, 2e-4, 1, 0, 0.01),
          new FineTuneSettings(
              1,
              200,
              100,
              FineTuneSettings.Kind.ADAM,
              0.001,
              0.9,
              0,
              0,
              0,
              0,
              FineTuneSettings.Init.SIGMOID_UNIFORM,
              false));

  /**
   * Checks and copies the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public DbnOptions {
    requireDistinct(labels, "--labels");
    requireDistinct(seeds, "--seeds");
    requireDistinct(starts.stream().map(Start::name).toList(), "--starts");
    Checks.require(!layers.isEmpty(), "--layers", "empty", "one size or more");
    layers.forEach(size -> Checks.atLeast(1, size, "--layers"));
    seeds.forEach(seed -> Seeds.requireNonZero(seed, "--seeds"));
    layers = List.copyOf(layers);
    labels = List.copyOf(labels);
    seeds = List.copyOf(seeds);
    starts = starts.stream().sorted().toList();
  }

  private static void requireDistinct(List<?> values, String option) {
    Checks.require(
        !values.isEmpty() && new HashSet<>(values).size() == values.size(),
        option,
        values,
        "one value or more, none of them twice");
  }
}
