/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.vae.SmallVae;
import org.dl4jebm.examples.vae.SmallVaeArguments;
import org.dl4jebm.examples.vae.TraversalPicture;
import org.dl4jebm.examples.vae.VaeData;
import org.dl4jebm.layers.variational.KullbackLeiblerTerm;
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
 * Trains the same variational autoencoder with several weights beta of the divergence (Higgins et
 * al., ICLR 2017) on images of digits, and shows in one picture what each latent variable does: the
 * larger beta is, the fewer of them are used. Without options it takes the 8x8 digits that come
 * with it; see {@code --help}.
 */
@Command(
    name = "BetaVae",
    description = {
      "Trains variational autoencoders with several weights beta of the divergence on images of"
          + " digits, and draws latent traversals of all of them in one picture."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class BetaVae implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/beta-vae",
      description = "Folder for results. Default: ${DEFAULT-VALUE}.")
  private Path out;

  @Mixin private SmallVaeArguments arguments;

  private BetaVae() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(BetaVae::run, args);
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
    return Program.run(new BetaVae(), null, out, err, args);
  }

  @Option(
      names = "--betas",
      split = ",",
      paramLabel = "X",
      defaultValue = "0.25,1,2",
      description = "Weights of the divergence. Default: ${DEFAULT-VALUE}.")
  private List<Double> betas;

  @Override
  public Integer call() throws IOException {
    try (Progress progress =
        ConsoleProgress.isTerminal() ? Progress.console() : Progress.silent()) {
      VaeData data;
      OutputFolder folder;
      try {
        betas.forEach(beta -> Checks.notNegative(beta, "--betas"));
        data = arguments.load();
        folder = OutputFolder.create(out);
        HostTuning.apply().lines().forEach(spec.commandLine().getOut()::println);
      } catch (IllegalArgumentException e) {
        return Program.refuse(spec.commandLine(), e.getMessage());
      }
      train(data, folder, progress);
    }
    return ExitCode.OK;
  }

  private void train(VaeData data, OutputFolder folder, Progress progress) throws IOException {
    TextTable table = new TextTable("beta", "ELBO", "reconstruction", "KL", "active", "training s");
    TraversalPicture picture =
        new TraversalPicture(data.images().test().height(), data.images().test().width());
    for (double beta : betas) {
      SmallVae autoencoder =
          SmallVae.dense(arguments, data.size(), KullbackLeiblerTerm.DEFAULT.withBeta(beta));
      long start = System.nanoTime();
      autoencoder.fit(arguments, data, "beta " + beta, progress);
      double seconds = (System.nanoTime() - start) / 1e9;
      ModelFiles.write(autoencoder.network(), folder.path().resolve("model-beta" + beta + ".zip"));
      Evidence evidence = autoencoder.evidence(data.test(), arguments.evidenceSamples(), progress);
      ActiveUnits units = ActiveUnits.of(autoencoder.model(), data.test());
      table.row(
          beta,
          evidence.lowerBound(),
          evidence.reconstruction(),
          evidence.divergence(),
          units.count() + " of " + arguments.latents(),
          String.format(Locale.ROOT, "%.0f", seconds));
      picture.add(
          String.format(
              Locale.ROOT,
              "beta = %s: KL %.2f nats, %s",
              beta,
              evidence.divergence().mean(),
              units),
          autoencoder.model(),
          units,
          data.test().getRow(0, true));
      folder.writePng("traversals.png", picture.render());
    }
    String text =
        String.format(
            Locale.ROOT,
            "Nats an image with standard errors, %d test images of %d pixels, each pixel drawn"
                + " once, %d epochs. The ELBO is that of beta = 1 for all.%n%n%s",
            data.test().rows(),
            data.size(),
            arguments.epochs(),
            table);
    folder.writeText("results.md", text);
    PrintWriter printer = spec.commandLine().getOut();
    printer.printf("%s%nTables, pictures and networks are in %s%n", text, folder);
    printer.flush();
  }
}
