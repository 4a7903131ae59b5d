/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.rbm;

import java.util.List;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.examples.rbm.TrainingSettings.Method;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The settings of a preset that can be changed on the command line; null where none was given. */
public final class RbmArguments {

  @Option(
      names = "--seeds",
      split = ",",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Seeds of the repetitions: of weights, samples and order of images. Not 0. Default:"
              + " ${DEFAULT-VALUE}.")
  private List<Long> seeds;

  @Option(
      names = "--monitor",
      paramLabel = "N",
      description =
          "Follow the training: every N epochs write likelihoods, measures of the chains, filters"
              + " and chains to the folder monitor-seed... within that of the results.")
  private Integer monitor;

  @ArgGroup(validate = false, heading = "%nTraining, where it differs from the preset:%n")
  private Training training = new Training();

  @ArgGroup(validate = false, heading = "%nLikelihood, where it differs from the preset:%n")
  private Evidence evidence = new Evidence();

  /** Options of {@link TrainingSettings}. */
  static final class Training {

    @Option(names = "--hidden", paramLabel = "N", description = "Hidden units.")
    private Integer hidden;

    @Option(
        names = "--method",
        paramLabel = "NAME",
        description = "Estimator of the gradient: ${COMPLETION-CANDIDATES}.")
    private Method method;

    @Option(names = "--cd", paramLabel = "K", description = "Gibbs sweeps a step.")
    private Integer k;

    @Option(names = "--chains", paramLabel = "N", description = "Persistent chains.")
    private Integer chains;

    @Option(
        names = "--temperatures",
        paramLabel = "N",
        description = "Temperatures of parallel tempering.")
    private Integer temperatures;

    @Option(
        names = "--centered",
        arity = "1",
        paramLabel = "true|false",
        description = "Whether the gradient is centred.")
    private Boolean centered;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the data.")
    private Integer epochs;

    @Option(names = "--batch", paramLabel = "N", description = "Images in a batch.")
    private Integer batch;

    @Option(names = "--rate", paramLabel = "X", description = "Learning rate.")
    private Double rate;

    @Option(
        names = "--final-rate",
        paramLabel = "X",
        description =
            "Learning rate at the end; it falls linearly over the second half of the epochs.")
    private Double finalRate;

    @Option(names = "--momentum", paramLabel = "X", description = "Nesterov momentum.")
    private Double momentum;

    @Option(names = "--l2", paramLabel = "X", description = "Weight decay.")
    private Double l2;

    @Option(
        names = "--deviation",
        paramLabel = "X",
        description = "Standard deviation of the initial weights.")
    private Double deviation;
  }

  /** Options of {@link EvidenceSettings}. */
  static final class Evidence {

    @Option(
        names = "--ais-temperatures",
        paramLabel = "N",
        description = "Temperatures of annealed importance sampling.")
    private Integer temperatures;

    @Option(
        names = "--ais-chains",
        paramLabel = "N",
        description = "Chains of annealed importance sampling.")
    private Integer chains;

    @Option(
        names = "--burn-in",
        paramLabel = "N",
        description = "Gibbs sweeps from training images to the starts of reverse annealing.")
    private Integer burnIn;
  }

  /**
   * The seeds.
   *
   * @return one or more
   */
  public List<Long> seeds() {
    return seeds;
  }

  /**
   * How often training is looked at.
   *
   * @return epochs from one look to the next, or 0 for never
   * @throws IllegalArgumentException if less than 1 was given
   */
  public int monitorEvery() {
    if (monitor == null) {
      return 0;
    }
    Checks.atLeast(1, monitor, "--monitor");
    return monitor;
  }

  /**
   * What was given for the training, over a preset.
   *
   * @param preset values of the options that were not given
   * @return the settings
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public TrainingSettings over(TrainingSettings preset) {
    Training t = training;
    return new TrainingSettings(
        given(t.hidden, preset.hidden()),
        given(t.method, preset.method()),
        given(t.k, preset.k()),
        given(t.chains, preset.chains()),
        given(t.temperatures, preset.temperatures()),
        given(t.centered, preset.centered()),
        given(t.epochs, preset.epochs()),
        given(t.batch, preset.batch()),
        given(t.rate, preset.rate()),
        given(t.finalRate, preset.finalRate()),
        given(t.momentum, preset.momentum()),
        given(t.l2, preset.l2()),
        given(t.deviation, preset.deviation()));
  }

  /**
   * What was given for the likelihood, over a preset.
   *
   * @param preset values of the options that were not given
   * @return the settings
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public EvidenceSettings over(EvidenceSettings preset) {
    return new EvidenceSettings(
        given(evidence.temperatures, preset.temperatures()),
        given(evidence.chains, preset.chains()),
        given(evidence.burnIn, preset.burnIn()));
  }

  private static <T> T given(T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
