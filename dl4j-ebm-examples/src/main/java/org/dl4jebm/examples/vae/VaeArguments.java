/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.vae;

import java.util.List;
import org.dl4jebm.layers.variational.DiscreteGradient;
import picocli.CommandLine.Option;

/** Options of the command line that change a preset. */
public final class VaeArguments {

  private static final List<Integer> NO_LAYERS = List.of(0);

  /** For picocli. */
  public VaeArguments() {}

  /** What is maximised. */
  enum Bound {
    /** The evidence lower bound, the mean over the samples. */
    ELBO,
    /** The importance-weighted bound. */
    IWAE
  }

  @Option(names = "--latents", paramLabel = "N", description = "Latent variables.")
  private Integer latents;

  @Option(
      names = "--hidden",
      split = ",",
      paramLabel = "N",
      description =
          "Units of the encoder's hidden layers; the decoder has the same. 0 for none: linear"
              + " encoder and decoder.")
  private List<Integer> hidden;

  @Option(names = "--samples", paramLabel = "K", description = "Samples of an image in training.")
  private Integer samples;

  @Option(
      names = "--bound",
      paramLabel = "NAME",
      description = "What is maximised: ${COMPLETION-CANDIDATES}.")
  private Bound bound;

  @Option(
      names = "--gradient",
      paramLabel = "NAME",
      description = "How derivatives pass discrete variables: RELAXED, STRAIGHT_THROUGH.")
  private DiscreteGradient gradient;

  @Option(
      names = "--cooling-rate",
      paramLabel = "X",
      description = "How fast the temperature falls: max(0.5, exp(-X updates)).")
  private Double coolingRate;

  @Option(names = "--batch", paramLabel = "N", description = "Images in a batch.")
  private Integer batch;

  @Option(
      names = "--stages",
      paramLabel = "N",
      description = "Stages of 1, 3, 9, ... epochs with falling learning rates.")
  private Integer stages;

  @Option(names = "--epochs", paramLabel = "N", description = "Epochs, in place of stages.")
  private Integer epochs;

  @Option(names = "--rate", paramLabel = "X", description = "Learning rate of Adam.")
  private Double rate;

  @Option(names = "--final-rate", paramLabel = "X", description = "Learning rate at the end.")
  private Double finalRate;

  @Option(names = "--epsilon", paramLabel = "X", description = "Constant of Adam.")
  private Double epsilon;

  /**
   * What was given, over a preset.
   *
   * @param preset values of the options that were not given
   * @return the settings
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public VaeSettings over(VaeSettings preset) {
    int chosenStages = epochs != null && stages == null ? 0 : given(stages, preset.stages());
    return new VaeSettings(
        preset.family(),
        given(latents, preset.latents()),
        NO_LAYERS.equals(hidden) ? List.of() : given(hidden, preset.hidden()),
        preset.activation(),
        given(samples, preset.samples()),
        bound == null ? preset.importanceWeighted() : bound == Bound.IWAE,
        given(gradient, preset.gradient()),
        given(coolingRate, preset.coolingRate()),
        preset.pixels(),
        given(batch, preset.batch()),
        chosenStages,
        given(epochs, preset.epochs()),
        given(rate, preset.rate()),
        given(finalRate, preset.finalRate()),
        given(epsilon, preset.epsilon()));
  }

  private static <T> T given(T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
