/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.density.DensityExperiment;
import org.dl4jebm.examples.density.DensitySettings;
import org.dl4jebm.examples.density.Objective;
import org.dl4jebm.examples.density.Shape;
import org.dl4jebm.training.host.HostTuning;
import org.dl4jebm.training.report.ConsoleProgress;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Learns densities of the plane as energies of a network, by score matching in six forms, by
 * contrastive divergence and with a replay buffer, and compares what was learned with the truth.
 */
@Command(
    name = "EnergyDensities",
    description = {
      "Learns densities of the plane as energies of a network by each objective, and compares them"
          + " with the truth: score error, log Z from both sides, likelihood, and a picture."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class EnergyDensities implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--densities",
      split = ",",
      paramLabel = "NAME",
      description = "What is learned: ${COMPLETION-CANDIDATES}. Default: all.")
  private List<Shape> densities = List.of(Shape.values());

  @Option(
      names = "--objectives",
      split = ",",
      paramLabel = "NAME",
      description = "What it is learned by: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private List<Objective> objectives =
      List.of(Objective.SLICED, Objective.DENOISING, Objective.REPLAY);

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "" + DensitySettings.EPOCHS,
      description = "Passes over 10,000 points. Default: ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of weights, data and samples. Not 0. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/energy-densities",
      description = "Folder for results. Default: ${DEFAULT-VALUE}.")
  private Path out;

  @Option(
      names = "--quick",
      description = "One epoch, few points, short chains: whether all works, not how well.")
  private boolean quick;

  private EnergyDensities() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(EnergyDensities::run, args);
  }

  /**
   * Runs the program within a JVM.
   *
   * @param out gets the findings
   * @param err gets one line if something is wrong with the input
   * @param args see {@code --help}
   * @return 0 if all went well, 2 if something is wrong with the input, 1 for any other failure
   */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    return Program.run(new EnergyDensities(), null, out, err, args);
  }

  @Override
  public Integer call() throws IOException {
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      PrintWriter printer = spec.commandLine().getOut();
      DensityExperiment experiment;
      try {
        DensitySettings settings = DensitySettings.of(densities, objectives, epochs, seed);
        OutputFolder folder = OutputFolder.create(out);
        HostTuning.apply().lines().forEach(printer::println);
        experiment =
            new DensityExperiment(quick ? settings.quick() : settings, folder, printer, progress);
      } catch (IllegalArgumentException e) {
        return Program.refuse(spec.commandLine(), e.getMessage());
      }
      experiment.run();
    }
    return ExitCode.OK;
  }
}
