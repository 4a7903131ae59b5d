/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.energy.PatchArguments;
import org.dl4jebm.examples.energy.PatchExperiment;
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
 * Trains machines with Gaussian visible units on whitened patches of images, by score matching and
 * by contrastive divergence, and draws their filters side by side. Without options it takes patches
 * of generated images; see {@code --help}.
 */
@Command(
    name = "PatchFilters",
    description = {
      "Trains restricted Boltzmann machines with Gaussian visible units on whitened patches of"
          + " images, by score matching and by contrastive divergence, and draws their filters."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class PatchFilters implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/patch-filters",
      description = "Folder for results. Default: ${DEFAULT-VALUE}.")
  private Path out;

  @Mixin private PatchArguments arguments;

  private PatchFilters() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(PatchFilters::run, args);
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
    return Program.run(new PatchFilters(), null, out, err, args);
  }

  @Override
  public Integer call() throws IOException {
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      PatchExperiment experiment;
      try {
        PrintWriter printer = spec.commandLine().getOut();
        OutputFolder folder = OutputFolder.create(out);
        HostTuning.apply().lines().forEach(printer::println);
        experiment = new PatchExperiment(arguments, folder, printer, progress);
      } catch (IllegalArgumentException e) {
        return Program.refuse(spec.commandLine(), e.getMessage());
      }
      experiment.run();
    }
    return ExitCode.OK;
  }
}
