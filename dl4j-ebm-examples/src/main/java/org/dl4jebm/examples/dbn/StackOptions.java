/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.HashSet;
import java.util.List;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.random.Seeds;

/**
 * Everything that determines the numbers of an experiment, apart from the images. {@link
 * DbnDefaults} and {@link SdaDefaults} hold every default.
 *
 * @param layers sizes of the hidden layers, from the lowest up; at least one
 * @param labels numbers of labels to learn from; at least one, none twice
 * @param seeds of the repetitions, not 0; at least one, none twice
 * @param starts how the hidden layers of the compared classifiers begin; at least one, none twice
 * @param pretrain how the stack is pretrained
 * @param fineTune how the classifier is trained
 */
public record StackOptions(
    List<Integer> layers,
    List<LabelCount> labels,
    List<Long> seeds,
    List<Start> starts,
    PretrainSettings pretrain,
    FineTuneSettings fineTune) {

  /**
   * Checks and copies the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public StackOptions {
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
