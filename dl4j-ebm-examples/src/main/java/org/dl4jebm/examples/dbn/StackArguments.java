/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/**
 * The options of {@link StackOptions} as they stand on the command line; null where none was given.
 */
public abstract class StackArguments {

  @Option(
      names = "--layers",
      split = ",",
      paramLabel = "N",
      description = "Sizes of the hidden layers. Default: ${bundle:default.layers}.")
  private List<Integer> layers;

  @Option(
      names = "--labels",
      split = ",",
      paramLabel = "N",
      description =
          "Numbers of labelled images to learn from; 'all' for every training image."
              + " Default: ${bundle:default.labels}.")
  private List<String> labels;

  @Option(
      names = "--seeds",
      split = ",",
      paramLabel = "N",
      description =
          "Seeds of the repetitions: of weights, samples, order of images and choice of the"
              + " labelled ones. Not 0. Default: ${bundle:default.seeds}.")
  private List<Long> seeds;

  @Option(
      names = "--starts",
      split = ",",
      paramLabel = "NAME",
      description =
          "Which classifiers to train: ${COMPLETION-CANDIDATES}. Default: ${bundle:default.starts}.")
  private List<Start> starts;

  @ArgGroup(validate = false, order = 2, heading = "%nFine-tuning, the same from random weights:%n")
  private FineTuning fineTuning = new FineTuning();

  /** For subclasses, which add the options of pretraining. */
  protected StackArguments() {}

  /**
   * What was given of the options of pretraining, over defaults.
   *
   * @param defaults values of the options that were not given
   * @return the settings
   */
  protected abstract PretrainSettings over(PretrainSettings defaults);

  /** Options of {@link FineTuneSettings}. */
  static final class FineTuning {

    @Option(
        names = "--finetune-epochs",
        paramLabel = "N",
        description = "Epochs, at least. Default: ${bundle:default.fineTune.epochs}.")
    private Integer epochs;

    @Option(
        names = "--finetune-updates",
        paramLabel = "N",
        description =
            "Updates, at least: fewer labels get more epochs."
                + " Default: ${bundle:default.fineTune.updates}.")
    private Integer updates;

    @Option(
        names = "--finetune-batch",
        paramLabel = "N",
        description = "Images in a batch. Default: ${bundle:default.fineTune.batch}.")
    private Integer batch;

    @Option(
        names = "--finetune-updater",
        paramLabel = "NAME",
        description =
            "Updater: ${COMPLETION-CANDIDATES}. Default: ${bundle:default.fineTune.updater}.")
    private FineTuneSettings.Kind updater;

    @Option(
        names = "--finetune-rate",
        paramLabel = "X",
        description =
            "Learning rate at the start; it falls linearly to 0."
                + " Default: ${bundle:default.fineTune.rate}.")
    private Double rate;

    @Option(
        names = "--finetune-momentum",
        paramLabel = "X",
        description = "Nesterov momentum. Default: ${bundle:default.fineTune.momentum}.")
    private Double momentum;

    @Option(
        names = "--finetune-l2",
        paramLabel = "X",
        description = "Weight decay. Default: ${bundle:default.fineTune.l2}.")
    private Double l2;

    @Option(
        names = "--dropout",
        paramLabel = "X",
        description =
            "Share of hidden units that are dropped. Default: ${bundle:default.fineTune.dropout}.")
    private Double dropout;

    @Option(
        names = "--input-dropout",
        paramLabel = "X",
        description =
            "Share of pixels that are dropped. Default: ${bundle:default.fineTune.inputDropout}.")
    private Double inputDropout;

    @Option(
        names = "--max-norm",
        paramLabel = "X",
        description =
            "Largest norm of a hidden unit's incoming weights, 0 for no limit."
                + " Default: ${bundle:default.fineTune.maxNorm}.")
    private Double maxNorm;

    @Option(
        names = "--random-init",
        paramLabel = "NAME",
        description =
            "How hidden layers start that are not pretrained: ${COMPLETION-CANDIDATES}."
                + " Default: ${bundle:default.fineTune.randomInit}.")
    private FineTuneSettings.Init randomInit;

    @Option(
        names = "--frozen",
        description =
            "Leave the hidden layers as they are and train only the logistic regression on top.")
    private boolean frozen;

    private FineTuneSettings over(FineTuneSettings defaults) {
      return new FineTuneSettings(
          given(epochs, defaults.epochs()),
          given(updates, defaults.updates()),
          given(batch, defaults.batch()),
          given(updater, defaults.updater()),
          given(rate, defaults.rate()),
          given(momentum, defaults.momentum()),
          given(l2, defaults.l2()),
          given(dropout, defaults.dropout()),
          given(inputDropout, defaults.inputDropout()),
          given(maxNorm, defaults.maxNorm()),
          given(randomInit, defaults.randomInit()),
          frozen || defaults.frozen());
    }
  }

  /**
   * What was given, over defaults.
   *
   * @param defaults values of the options that were not given
   * @return the options
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public StackOptions over(StackOptions defaults) {
    return new StackOptions(
        given(layers, defaults.layers()),
        labels == null ? defaults.labels() : labels.stream().map(LabelCount::parse).toList(),
        given(seeds, defaults.seeds()),
        given(starts, defaults.starts()),
        over(defaults.pretrain()),
        fineTuning.over(defaults.fineTune()));
  }

  /** The value, or if it is null the other one. */
  static <T> T given(T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
