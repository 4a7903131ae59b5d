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
import org.dl4jebm.examples.vae.VaeArguments;
import org.dl4jebm.examples.vae.VaeData;
import org.dl4jebm.examples.vae.VaeExperiment;
import org.dl4jebm.examples.vae.VaePreset;
import org.dl4jebm.examples.vae.VaeSettings;
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
 * Trains a variational autoencoder on images of digits and reports bounds of the log-likelihood of
 * test images: Gaussian, categorical or binary latent variables, evidence lower bound or
 * importance-weighted bound.
 */
@Command(
    name = "VaeDigits",
    description = {
      "Trains a variational autoencoder on images of digits and reports bounds of the log-likelihood"
          + " of test images."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class VaeDigits implements Callable<Integer> {

  private static final int QUICK_IMAGES = 200;
  private static final int QUICK_EPOCHS = 2;
  private static final int QUICK_SAMPLES = 20;

  @Spec private CommandSpec spec;

  @Option(
      names = "--preset",
      paramLabel = "NAME",
      defaultValue = "TWO_DIMENSIONAL",
      description =
          "Settings of a published result: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private VaePreset preset;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Folder with the four MNIST files, idx or idx.gz. Default: the 8x8 digits that come with"
              + " the program.")
  private Path data;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/vae-digits",
      description = "Folder for results. Default: ${DEFAULT-VALUE}.")
  private Path out;

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
      names = "--evidence-samples",
      paramLabel = "K",
      description = "Samples of an image in the final bound.")
  private Integer evidenceSamples;

  @Option(
      names = "--evidence-images",
      paramLabel = "N",
      defaultValue = "10000",
      description =
          "Test images of the final bound, the first ones. Default: ${DEFAULT-VALUE}, or all.")
  private int evidenceImages;

  @Option(
      names = "--every",
      paramLabel = "N",
      defaultValue = "5",
      description =
          "Epochs from one look at the bounds to the next; the network is saved at each. Default:"
              + " ${DEFAULT-VALUE}.")
  private int every;

  @Option(
      names = "--resume",
      description = "Go on from the networks in the folder of results, where there are any.")
  private boolean resume;

  @Option(
      names = "--quick",
      description = "Few images, epochs and samples: whether all works, not how well.")
  private boolean quick;

  @Mixin private VaeArguments arguments;

  private VaeDigits() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(VaeDigits::run, args);
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
    return Program.run(new VaeDigits(), null, out, err, args);
  }

  @Override
  public Integer call() throws IOException {
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      VaeExperiment experiment;
      try {
        PrintWriter printer = spec.commandLine().getOut();
        VaeSettings training = arguments.over(preset.settings());
        int samples = evidenceSamples == null ? preset.evidenceSamples() : evidenceSamples;
        if (quick) {
          training = training.withEpochs(QUICK_EPOCHS);
          samples = Math.min(samples, QUICK_SAMPLES);
        }
        VaeExperiment.Settings settings =
            new VaeExperiment.Settings(
                training, samples, evidenceImages, every, seeds, resume, preset.published());
        OutputFolder folder = OutputFolder.create(out);
        HostTuning.apply().lines().forEach(printer::println);
        VaeData images = VaeData.load(data, training.pixels());
        experiment =
            new VaeExperiment(
                settings,
                quick ? images.first(QUICK_IMAGES, QUICK_IMAGES) : images,
                folder,
                printer,
                progress);
      } catch (IllegalArgumentException e) {
        return Program.refuse(spec.commandLine(), e.getMessage());
      }
      experiment.run();
    }
    return ExitCode.OK;
  }
}
