/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.dl4jebm.examples.cli.Program;
import org.dl4jebm.examples.dbn.DbnArguments;
import org.dl4jebm.examples.dbn.DbnDefaults;
import org.dl4jebm.examples.dbn.DefaultTexts;
import org.dl4jebm.examples.dbn.StackArguments;
import org.dl4jebm.examples.dbn.StackOptions;
import org.dl4jebm.examples.dbn.StackProgram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

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
public final class DeepBeliefNetDigits extends StackProgram {

  private static final String FOLDER = "out/dbn-digits";

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
    return Program.run(
        new DeepBeliefNetDigits(),
        new DefaultTexts(DbnDefaults.DIGITS, DbnDefaults.MNIST, FOLDER),
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
      return quick ? DbnDefaults.QUICK_MNIST : DbnDefaults.MNIST;
    }
    return quick ? DbnDefaults.QUICK_DIGITS : DbnDefaults.DIGITS;
  }

  @Override
  protected Path defaultFolder() {
    return Path.of(FOLDER);
  }
}
