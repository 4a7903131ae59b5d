/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options of {@link org.dl4jebm.examples.DeepBeliefNetDigits}. */
public final class DbnArguments extends StackArguments {

  @ArgGroup(
      validate = false,
      order = 1,
      heading = "%nPretraining, each layer on all images, no labels:%n")
  private Pretraining pretraining = new Pretraining();

  /** For picocli. */
  public DbnArguments() {}

  @Override
  protected PretrainSettings over(PretrainSettings defaults) {
    return pretraining.over((RbmPretraining) defaults);
  }

  /** Options of {@link RbmPretraining}. */
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
        names = "--pretrain-initial-momentum",
        paramLabel = "X",
        description =
            "Nesterov momentum at first. Default: ${bundle:default.pretrain.initialMomentum}.")
    private Double initialMomentum;

    @Option(
        names = "--pretrain-momentum",
        paramLabel = "X",
        description = "Momentum afterwards. Default: ${bundle:default.pretrain.momentum}.")
    private Double momentum;

    @Option(
        names = "--pretrain-momentum-epochs",
        paramLabel = "N",
        description =
            "Epochs with the first momentum. Default: ${bundle:default.pretrain.momentumEpochs}.")
    private Integer momentumEpochs;

    @Option(
        names = "--pretrain-l2",
        paramLabel = "X",
        description = "Weight decay. Default: ${bundle:default.pretrain.l2}.")
    private Double l2;

    @Option(
        names = "--cd",
        paramLabel = "K",
        description =
            "Gibbs sweeps of contrastive divergence. Default: ${bundle:default.pretrain.k}.")
    private Integer k;

    @Option(
        names = "--persistent-chains",
        paramLabel = "N",
        description =
            "Chains of persistent contrastive divergence, 0 for none."
                + " Default: ${bundle:default.pretrain.persistentChains}.")
    private Integer persistentChains;

    @Option(
        names = "--pretrain-deviation",
        paramLabel = "X",
        description =
            "Standard deviation of the initial weights."
                + " Default: ${bundle:default.pretrain.deviation}.")
    private Double deviation;

    private RbmPretraining over(RbmPretraining defaults) {
      return new RbmPretraining(
          given(epochs, defaults.epochs()),
          given(batch, defaults.batch()),
          given(rate, defaults.rate()),
          given(initialMomentum, defaults.initialMomentum()),
          given(momentum, defaults.momentum()),
          given(momentumEpochs, defaults.momentumEpochs()),
          given(l2, defaults.l2()),
          given(k, defaults.k()),
          given(persistentChains, defaults.persistentChains()),
          given(deviation, defaults.deviation()));
    }
  }
}
