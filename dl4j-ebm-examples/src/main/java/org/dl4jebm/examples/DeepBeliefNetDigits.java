/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.data.Digits;
import org.dl4jebm.examples.dbn.DbnArguments;
import org.dl4jebm.examples.dbn.DbnOptions;
import org.dl4jebm.examples.dbn.DefaultTexts;
import org.dl4jebm.examples.dbn.Experiment;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.MnistFolder;
import org.dl4jebm.training.data.TrainTest;
import org.dl4jebm.training.host.HostTuning;
import org.dl4jebm.training.report.ConsoleProgress;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IVersionProvider;
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
    versionProvider = DeepBeliefNetDigits.Version.class,
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
    HostTuning.apply();
    setIfAbsent("java.awt.headless", "true");
    setIfAbsent("org.slf4j.simpleLogger.defaultLogLevel", "warn");
    int code = run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args);
    if (code != ExitCode.OK) {
      System.exit(code);
    }
  }

  private static void setIfAbsent(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
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
    return new CommandLine(new DeepBeliefNetDigits())
        .setOut(out)
        .setErr(err)
        .setResourceBundle(new DefaultTexts())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(
            (e, given) -> refuse(e.getCommandLine(), e.getMessage() + "; see --help"))
        .setExecutionExceptionHandler((e, commandLine, parsed) -> explain(e, commandLine))
        .execute(args);
  }

  private static int refuse(CommandLine commandLine, String message) {
    commandLine.getErr().println("error: " + message.replaceAll("\\s*\\R\\s*", " "));
    return ExitCode.USAGE;
  }

  private static int explain(Exception e, CommandLine commandLine) throws Exception {
    if (e instanceof IOException
        || e instanceof UncheckedIOException
        || e instanceof TrainingDivergedException) {
      return refuse(commandLine, e.getMessage());
    }
    throw e;
  }

  @Override
  public Integer call() throws IOException {
    Experiment experiment;
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      try {
        experiment = prepare(progress);
      } catch (IllegalArgumentException e) {
        return refuse(spec.commandLine(), e.getMessage());
      }
      experiment.run();
    }
    return ExitCode.OK;
  }

  /** Checks everything that can be wrong before the work begins. */
  private Experiment prepare(Progress progress) throws IOException {
    DbnOptions options = arguments.over(defaults());
    Experiment.Source source = source();
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

  private Experiment.Source source() {
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

  /** Reads the version that Maven wrote into the jar. */
  static final class Version implements IVersionProvider {

    private static final List<String> ARTIFACTS =
        List.of("org.dl4jebm/dl4j-ebm-training", "org.nd4j/nd4j-api");

    @Override
    public String[] getVersion() throws IOException {
      return new String[] {
        "dl4j-ebm " + versionOf(ARTIFACTS.get(0)), "ND4J " + versionOf(ARTIFACTS.get(1))
      };
    }

    private static String versionOf(String artifact) throws IOException {
      try (InputStream in =
          Version.class.getResourceAsStream("/META-INF/maven/" + artifact + "/pom.properties")) {
        if (in == null) {
          return "(not run from a jar)";
        }
        Properties properties = new Properties();
        properties.load(in);
        return properties.getProperty("version");
      }
    }
  }
}
