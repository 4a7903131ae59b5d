/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.vae.SmallVae;
import org.dl4jebm.examples.vae.SmallVaeArguments;
import org.dl4jebm.examples.vae.VaeData;
import org.dl4jebm.examples.vae.VaePictures;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.host.HostTuning;
import org.dl4jebm.training.report.ConsoleProgress;
import org.dl4jebm.training.report.OutputFolder;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.report.TextTable;
import org.dl4jebm.training.variational.ActiveUnits;
import org.dl4jebm.training.variational.Evidence;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Trains a variational autoencoder with convolutions in the encoder and transposed convolutions in
 * the decoder, a {@code ComputationGraph}, on images of digits; prints bounds of the log-likelihood
 * of test images and writes pictures. Without options it takes the 8x8 digits that come with it;
 * see {@code --help}.
 */
@Command(
    name = "ConvolutionalVae",
    description = {
      "Trains a convolutional variational autoencoder on images of digits, prints bounds of the"
          + " log-likelihood of test images and writes reconstructions and samples."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class ConvolutionalVae implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/convolutional-vae",
      description = "Folder for results. Default: ${DEFAULT-VALUE}.")
  private Path out;

  @Mixin private SmallVaeArguments arguments;

  private ConvolutionalVae() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(ConvolutionalVae::run, args);
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
    return Program.run(new ConvolutionalVae(), null, out, err, args);
  }

  @Override
  public Integer call() throws IOException {
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      VaeData data;
      SmallVae autoencoder;
      OutputFolder folder;
      try {
        data = arguments.load();
        folder = OutputFolder.create(out);
        HostTuning.apply().lines().forEach(spec.commandLine().getOut()::println);
        autoencoder =
            SmallVae.convolutional(
                arguments, data.images().test().height(), data.images().test().width());
      } catch (IllegalArgumentException e) {
        return Program.refuse(spec.commandLine(), e.getMessage());
      }
      train(autoencoder, data, folder, progress);
    }
    return ExitCode.OK;
  }

  private void train(SmallVae autoencoder, VaeData data, OutputFolder folder, Progress progress)
      throws IOException {
    long start = System.nanoTime();
    autoencoder.fit(arguments, data, "training", progress);
    double seconds = (System.nanoTime() - start) / 1e9;
    ModelFiles.write(autoencoder.network(), folder.path().resolve("model.zip"));
    folder.writePng("bounds.png", autoencoder.curves().render());
    new VaePictures(autoencoder.model(), data.images().test(), data.test()).write(folder, "");
    Evidence evidence = autoencoder.evidence(data.test(), arguments.evidenceSamples(), progress);
    TextTable table =
        new TextTable(
            "epochs",
            "ELBO",
            "reconstruction",
            "KL",
            "NLL, k = " + arguments.evidenceSamples(),
            "active",
            "training s");
    table.row(
        arguments.epochs(),
        evidence.lowerBound(),
        evidence.reconstruction(),
        evidence.divergence(),
        evidence.negativeLogLikelihood(),
        ActiveUnits.of(autoencoder.model(), data.test()).count() + " of " + arguments.latents(),
        String.format(Locale.ROOT, "%.0f", seconds));
    String text =
        String.format(
            Locale.ROOT,
            "Nats an image with standard errors, %d test images of %d pixels, each pixel drawn"
                + " once. %d parameters.%n%n%s",
            data.test().rows(),
            data.size(),
            autoencoder.network().numParams(),
            table);
    folder.writeText("results.md", text);
    PrintWriter printer = spec.commandLine().getOut();
    printer.printf("%s%nTables, pictures and the network are in %s%n", text, folder);
    printer.flush();
  }
}
