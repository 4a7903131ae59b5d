/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.dbn;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.data.Digits;
import org.dl4jebm.training.data.MnistFolder;
import org.dl4jebm.training.data.TrainTest;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.host.HostThreads;
import org.dl4jebm.training.host.HostTuning;
import org.dl4jebm.training.report.ConsoleProgress;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A program that runs an {@link Experiment}, with the options that do not change its numbers. */
public abstract class StackProgram implements Callable<Integer> {

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
      description = "Folder for results. Default: ${bundle:default.out}.")
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

  @Option(
      names = "--execution",
      paramLabel = "NAME",
      defaultValue = "ND4J",
      description =
          "What pretrains: ${COMPLETION-CANDIDATES}; DEVICE is a GPU through the kernels of this"
              + " library, and ND4J where that cannot be. Default: ${DEFAULT-VALUE}.")
  private Execution execution;

  /** For subclasses. */
  protected StackProgram() {}

  /**
   * The options of the experiment as they were given.
   *
   * @return the arguments
   */
  protected abstract StackArguments arguments();

  /**
   * Values of the options that were not given.
   *
   * @param mnist whether the images are other than those that come with the program
   * @param quick whether it should take seconds
   * @return the options
   */
  protected abstract StackOptions defaults(boolean mnist, boolean quick);

  /**
   * Where results go if no folder was given.
   *
   * @return the folder
   */
  protected abstract Path defaultFolder();

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
    StackOptions options = arguments().over(defaults(data != null, quick));
    Experiment.Source source = source(options);
    PrintWriter printer = spec.commandLine().getOut();
    OutputFolder folder = OutputFolder.create(out == null ? defaultFolder() : out);
    HostTuning.apply().lines().forEach(printer::println);
    if (data == null) {
      // Networks of some thousand weights a layer: two trainings beside each other instead.
      HostThreads.limit(1);
    }
    TrainTest images = data == null ? Digits.load() : MnistFolder.load(data);
    return new Experiment(options, images, source, folder, printer, progress);
  }

  private Experiment.Source source(StackOptions options) {
    boolean unused =
        pretrained != null || resume || checkpointEvery != 0 || execution != Execution.ND4J;
    if (unused && !options.starts().contains(Start.PRETRAINED)) {
      throw new IllegalArgumentException(
          "--starts is "
              + options.starts().get(0).name()
              + ", so no stack is needed; accepted: no --pretrained, --resume, --checkpoint-every or"
              + " --execution"
              + " beside it");
    }
    if (pretrained == null) {
      return new Experiment.Pretrain(checkpointEvery, resume, execution);
    }
    if (resume || checkpointEvery != 0 || execution != Execution.ND4J) {
      throw new IllegalArgumentException(
          "--pretrained is "
              + pretrained
              + ", so nothing is pretrained; accepted: no --resume, --checkpoint-every or"
              + " --execution"
              + " beside it");
    }
    return new Experiment.FromFile(pretrained);
  }
}
