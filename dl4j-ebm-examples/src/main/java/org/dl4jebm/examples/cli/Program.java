/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.ResourceBundle;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.host.BackendGuard;
import org.dl4jebm.training.host.BackendReport;
import org.dl4jebm.training.host.HostTuning;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IVersionProvider;

/**
 * How the example programs start and end: tuned for the host, quiet logs, one line on the error
 * stream and exit code 2 when something is wrong with what the user gave.
 */
public final class Program {

  /** What {@link #main} runs. */
  @FunctionalInterface
  public interface Body {

    /**
     * Runs a program within the JVM.
     *
     * @param out gets the findings
     * @param err gets one line if something is wrong with the input
     * @param args the command line
     * @return the exit code
     */
    int run(PrintWriter out, PrintWriter err, String... args);
  }

  private Program() {}

  /**
   * Runs a program as the JVM's main; leaves the JVM only if something went wrong. Where a CUDA
   * backend is on the class path, the first line tells what the program runs on.
   *
   * @param body the program
   * @param args the command line
   */
  public static void main(Body body, String... args) {
    BackendReport backend = BackendGuard.apply();
    if (backend.hidden() || backend.choice() != BackendReport.Choice.CPU) {
      System.out.println(backend);
    }
    HostTuning.apply();
    // JavaCPP compares the memory of the process with a limit at each small native allocation, a
    // quarter of the time of small networks. By default the limit is four times the largest heap,
    // which is all the memory of the machine and guards nothing.
    setIfAbsent("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    setIfAbsent("java.awt.headless", "true");
    setIfAbsent("org.slf4j.simpleLogger.defaultLogLevel", "warn");
    int code = body.run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args);
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
   * Parses a command line and executes a command.
   *
   * @param command a picocli command
   * @param texts texts its descriptions refer to, or null
   * @param out gets the findings
   * @param err gets one line if something is wrong with the input
   * @param args the command line
   * @return 0 if all went well, 2 if something is wrong with the input, 1 for any other failure
   */
  public static int run(
      Object command, ResourceBundle texts, PrintWriter out, PrintWriter err, String... args) {
    return new CommandLine(command)
        .setOut(out)
        .setErr(err)
        .setResourceBundle(texts)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(
            (e, given) -> refuse(e.getCommandLine(), e.getMessage() + "; see --help"))
        .setExecutionExceptionHandler((e, commandLine, parsed) -> explain(e, commandLine))
        .execute(args);
  }

  /**
   * Says in one line what is wrong with the input.
   *
   * @param commandLine gets the line on its error stream
   * @param message what is wrong
   * @return the exit code for it
   */
  public static int refuse(CommandLine commandLine, String message) {
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

  /** Reads the versions that Maven wrote into the jars. */
  public static final class Version implements IVersionProvider {

    /** For picocli. */
    public Version() {}

    @Override
    public String[] getVersion() throws IOException {
      return new String[] {
        "dl4j-ebm " + versionOf("org.dl4jebm/dl4j-ebm-training"),
        "ND4J " + versionOf("org.nd4j/nd4j-api")
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
