/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.energy.DigitArguments;
import org.dl4jebm.examples.energy.EnergyArguments;
import org.dl4jebm.examples.energy.EnergyExperiment;
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
 * Trains a convolutional energy network on images of digits by Langevin chains from a replay
 * buffer, draws its samples over training, and measures how well its energies tell test images from
 * noise, from their own patches shuffled and from a class left out. Without options it takes the
 * 8x8 digits that come with it; see {@code --help}.
 */
@Command(
    name = "EnergyDigits",
    description = {
      "Trains a convolutional energy network on images of digits by Langevin chains from a replay"
          + " buffer and measures how well it tells them from other images."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class EnergyDigits implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/energy-digits",
      description = "Folder for results. Default: ${DEFAULT-VALUE}.")
  private Path out;

  @Mixin private DigitArguments arguments;

  @Mixin private EnergyArguments settings;

  private EnergyDigits() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(EnergyDigits::run, args);
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
    return Program.run(new EnergyDigits(), null, out, err, args);
  }

  @Override
  public Integer call() throws IOException {
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      EnergyExperiment experiment;
      try {
        PrintWriter printer = spec.commandLine().getOut();
        OutputFolder folder = OutputFolder.create(out);
        HostTuning.apply().lines().forEach(printer::println);
        experiment =
            new EnergyExperiment(arguments, settings, arguments.load(), folder, printer, progress);
      } catch (IllegalArgumentException e) {
        return Program.refuse(spec.commandLine(), e.getMessage());
      }
      experiment.run();
    }
    return ExitCode.OK;
  }
}
