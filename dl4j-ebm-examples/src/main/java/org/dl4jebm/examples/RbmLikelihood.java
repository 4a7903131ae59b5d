/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.rbm.RbmArguments;
import org.dl4jebm.examples.rbm.RbmExperiment;
import org.dl4jebm.examples.rbm.RbmPreset;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.host.HostTuning;
import org.dl4jebm.training.report.ConsoleProgress;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Trains one restricted Boltzmann machine and says how probable it makes images that it has not
 * seen: exactly where that can be computed, otherwise between annealed importance sampling and its
 * reverse. Presets reproduce published results; see {@code --help}.
 */
@Command(
    name = "RbmLikelihood",
    description = {
      "Trains a restricted Boltzmann machine on images and reports the log-likelihood of test"
          + " images, exact or estimated from both sides."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class RbmLikelihood implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--preset",
      paramLabel = "NAME",
      defaultValue = "DIGITS",
      description =
          "Settings of a published result: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private RbmPreset preset;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Folder with the four MNIST files, idx or idx.gz, for the presets on MNIST.")
  private Path data;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/rbm-likelihood",
      description = "Folder for results. Default: ${DEFAULT-VALUE}.")
  private Path out;

  @Option(
      names = "--execution",
      paramLabel = "NAME",
      defaultValue = "ND4J",
      description =
          "What trains and anneals: ${COMPLETION-CANDIDATES}; DEVICE is a GPU through the kernels of"
              + " this library, and ND4J where that cannot be. Default: ${DEFAULT-VALUE}.")
  private Execution execution;

  @Mixin private RbmArguments arguments;

  private RbmLikelihood() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(RbmLikelihood::run, args);
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
    return Program.run(new RbmLikelihood(), null, out, err, args);
  }

  @Override
  public Integer call() throws IOException {
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      RbmExperiment experiment;
      try {
        PrintWriter printer = spec.commandLine().getOut();
        RbmExperiment.Settings settings =
            new RbmExperiment.Settings(
                arguments.over(preset.training()),
                arguments.over(preset.evidence()),
                arguments.seeds(),
                arguments.monitorEvery(),
                execution,
                preset.published());
        OutputFolder folder = OutputFolder.create(out);
        HostTuning.apply().lines().forEach(printer::println);
        experiment =
            new RbmExperiment(settings, preset.data().load(data), folder, printer, progress);
      } catch (IllegalArgumentException e) {
        return Program.refuse(spec.commandLine(), e.getMessage());
      }
      experiment.run();
    }
    return ExitCode.OK;
  }
}
