/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.density.AnnealingExperiment;
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
 * The toy of Song and Ermon (NeurIPS 2019): Langevin chains of a mixture of two normal
 * distributions far apart get its weights wrong, annealed ones get them right, with exact scores
 * and with those of a noise-conditional score network.
 */
@Command(
    name = "AnnealedLangevinToy",
    description = {
      "Draws from 0.2 N((-5,-5), I) + 0.8 N((5,5), I) by Langevin chains, plain and annealed, with"
          + " exact scores and with those of a network, and measures the weights of the modes."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class AnnealedLangevinToy implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--chains",
      paramLabel = "N",
      defaultValue = "" + AnnealingExperiment.CHAINS,
      description = "Chains of each sampler. Default: ${DEFAULT-VALUE}.")
  private int chains;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "" + AnnealingExperiment.STEPS,
      description =
          "Moves at each of the ten levels of noise; a plain chain has as many as an annealed one"
              + " in all. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "" + AnnealingExperiment.EPOCHS,
      description = "Passes of the network over 10,000 points. Default: ${DEFAULT-VALUE}.")
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
      defaultValue = "out/annealed-langevin-toy",
      description = "Folder for results. Default: ${DEFAULT-VALUE}.")
  private Path out;

  @Option(
      names = "--quick",
      description = "One epoch, few and short chains: whether all works, not how well.")
  private boolean quick;

  private AnnealedLangevinToy() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(AnnealedLangevinToy::run, args);
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
    return Program.run(new AnnealedLangevinToy(), null, out, err, args);
  }

  @Override
  public Integer call() throws IOException {
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      PrintWriter printer = spec.commandLine().getOut();
      AnnealingExperiment experiment;
      try {
        AnnealingExperiment.Settings settings =
            new AnnealingExperiment.Settings(chains, steps, epochs, seed);
        OutputFolder folder = OutputFolder.create(out);
        HostTuning.apply().lines().forEach(printer::println);
        experiment =
            new AnnealingExperiment(quick ? settings.quick() : settings, folder, printer, progress);
      } catch (IllegalArgumentException e) {
        return Program.refuse(spec.commandLine(), e.getMessage());
      }
      experiment.run();
    }
    return ExitCode.OK;
  }
}
