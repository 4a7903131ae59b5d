/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.data.Digits;
import org.dl4jebm.examples.dbn.DbnArguments;
import org.dl4jebm.examples.dbn.DbnOptions;
import org.dl4jebm.examples.dbn.DefaultTexts;
import org.dl4jebm.examples.dbn.Experiment;
import org.dl4jebm.examples.dbn.Start;
import org.dl4jebm.training.data.MnistFolder;
import org.dl4jebm.training.data.TrainTest;
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
 * Pretrains a deep belief net on handwritten digits and fine-tunes it: does pretraining on
 * unlabelled images help a classifier that has few labels? Prints a table and writes pictures,
 * tables and models to a folder. Without options it takes the 8x8 digits that come with it; see
 * {@code --help}.
 *
 * <p>Hinton, Osindero and Teh, "A fast learning algorithm for deep belief nets", Neural Computation
 * 2006.
 */
@Command(
    name = "DeepBeliefNetDigits",
    description = {
      "Pretrains a stack of RBMs on handwritten digits without labels, fine-tunes it as a classifier"
          + " with few and many labels, and compares it with the same network trained from random"
          + " weights."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class DeepBeliefNetDigits implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Folder with the four MNIST files, idx or idx.gz, or other data of that form."
              + " Default: the 8x8 digits that come with this program.")
  private Path data;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/dbn-digits",
      description = "Folder for results. Default: ${DEFAULT-VALUE}.")
  private Path out;

  @Option(
      names = "--quick",
      description = "Smaller network and shorter training, to see that everything works.")
  private boolean quick;

  @Option(
      names = "--pretrained",
      paramLabel = "FILE",
      description = "Fine-tune this saved stack for all seeds, instead of pretraining.")
  private Path pretrained;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Save the state of pretraining to the output folder every N batches, 0 for never."
              + " Default: ${DEFAULT-VALUE}.")
  private int checkpointEvery;

  @Option(
      names = "--resume",
      description = "Go on with pretraining from the checkpoints in the output folder.")
  private boolean resume;

  @Mixin private DbnArguments arguments;

  private DeepBeliefNetDigits() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(DeepBeliefNetDigits::run, args);
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
    return Program.run(new DeepBeliefNetDigits(), new DefaultTexts(), out, err, args);
  }

  @Override
  public Integer call() throws IOException {
    Experiment experiment;
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      try {
        experiment = prepare(progress);
      } catch (IllegalArgumentException e) {
        return Program.refuse(spec.commandLine(), e.getMessage());
      }
      experiment.run();
    }
    return ExitCode.OK;
  }

  /** Checks everything that can be wrong before the work begins. */
  private Experiment prepare(Progress progress) throws IOException {
    DbnOptions options = arguments.over(defaults());
    Experiment.Source source = source(options);
    PrintWriter printer = spec.commandLine().getOut();
    OutputFolder folder = OutputFolder.create(out);
    HostTuning.apply().lines().forEach(printer::println);
    TrainTest images = data == null ? Digits.load() : MnistFolder.load(data);
    return new Experiment(options, images, source, folder, printer, progress);
  }

  private DbnOptions defaults() {
    if (data == null) {
      return quick ? DbnOptions.QUICK_DIGITS : DbnOptions.DIGITS;
    }
    return quick ? DbnOptions.QUICK_MNIST : DbnOptions.MNIST;
  }

  private Experiment.Source source(DbnOptions options) {
    boolean unused = pretrained != null || resume || checkpointEvery != 0;
    if (unused && !options.starts().contains(Start.PRETRAINED)) {
      throw new IllegalArgumentException(
          "--starts is "
              + options.starts().get(0).name()
              + ", so no stack is needed; accepted: no --pretrained, --resume or --checkpoint-every"
              + " beside it");
    }
    if (pretrained == null) {
      return new Experiment.Pretrain(checkpointEvery, resume);
    }
    if (resume || checkpointEvery != 0) {
      throw new IllegalArgumentException(
          "--pretrained is "
              + pretrained
              + ", so nothing is pretrained; accepted: no --resume and no --checkpoint-every"
              + " beside it");
    }
    return new Experiment.FromFile(pretrained);
  }
}
