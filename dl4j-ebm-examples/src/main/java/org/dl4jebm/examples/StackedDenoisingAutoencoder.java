/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.dbn.DefaultTexts;
import org.dl4jebm.examples.dbn.SdaArguments;
import org.dl4jebm.examples.dbn.SdaDefaults;
import org.dl4jebm.examples.dbn.StackArguments;
import org.dl4jebm.examples.dbn.StackOptions;
import org.dl4jebm.examples.dbn.StackProgram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Pretrains a stack of denoising autoencoders on handwritten digits and fine-tunes it: the
 * counterpart of {@link DeepBeliefNetDigits} without sampling. Prints a table and writes pictures,
 * tables and models to a folder. Without options it takes the 8x8 digits that come with it; see
 * {@code --help}.
 *
 * <p>Vincent, Larochelle, Lajoie, Bengio and Manzagol, "Stacked denoising autoencoders", Journal of
 * Machine Learning Research 2010.
 */
@Command(
    name = "StackedDenoisingAutoencoder",
    description = {
      "Pretrains a stack of denoising autoencoders on handwritten digits without labels, fine-tunes"
          + " it as a classifier with few and many labels, and compares it with the same network"
          + " trained from random weights."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Program.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
public final class StackedDenoisingAutoencoder extends StackProgram {

  private static final String FOLDER = "out/sda-digits";

  @Mixin private SdaArguments arguments;

  private StackedDenoisingAutoencoder() {}

  /**
   * Runs the program; leaves the JVM only if something went wrong.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    Program.main(StackedDenoisingAutoencoder::run, args);
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
    return Program.run(
        new StackedDenoisingAutoencoder(),
        new DefaultTexts(SdaDefaults.DIGITS, SdaDefaults.MNIST, FOLDER),
        out,
        err,
        args);
  }

  @Override
  protected StackArguments arguments() {
    return arguments;
  }

  @Override
  protected StackOptions defaults(boolean mnist, boolean quick) {
    if (mnist) {
      return quick ? SdaDefaults.QUICK_MNIST : SdaDefaults.MNIST;
    }
    return quick ? SdaDefaults.QUICK_DIGITS : SdaDefaults.DIGITS;
  }

  @Override
  protected Path defaultFolder() {
    return Path.of(FOLDER);
  }
}
