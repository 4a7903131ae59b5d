/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options of {@link org.dl4jebm.examples.StackedDenoisingAutoencoder}. */
public final class SdaArguments extends StackArguments {

  @ArgGroup(
      validate = false,
      order = 1,
      heading = "%nPretraining, each layer on all images, no labels:%n")
  private Pretraining pretraining = new Pretraining();

  /** For picocli. */
  public SdaArguments() {}

  @Override
  protected PretrainSettings over(PretrainSettings defaults) {
    return pretraining.over((DenoisingPretraining) defaults);
  }

  /** Options of {@link DenoisingPretraining}. */
  static final class Pretraining {

    @Option(
        names = "--pretrain-epochs",
        paramLabel = "N",
        description = "Epochs for each layer. Default: ${bundle:default.pretrain.epochs}.")
    private Integer epochs;

    @Option(
        names = "--pretrain-batch",
        paramLabel = "N",
        description = "Images in a batch. Default: ${bundle:default.pretrain.batch}.")
    private Integer batch;

    @Option(
        names = "--pretrain-rate",
        paramLabel = "X",
        description = "Learning rate. Default: ${bundle:default.pretrain.rate}.")
    private Double rate;

    @Option(
        names = "--corruption",
        split = ",",
        paramLabel = "X",
        description =
            "Shares of the values that are set to 0, for each layer from the lowest up; the last"
                + " one holds for the layers above too. Default:"
                + " ${bundle:default.pretrain.corruption}.")
    private List<Double> corruption;

    private DenoisingPretraining over(DenoisingPretraining defaults) {
      return new DenoisingPretraining(
          given(epochs, defaults.epochs()),
          given(batch, defaults.batch()),
          given(rate, defaults.rate()),
          given(corruption, defaults.corruption()));
    }
  }
}
