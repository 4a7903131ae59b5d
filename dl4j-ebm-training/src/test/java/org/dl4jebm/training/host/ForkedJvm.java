/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Runs a main in a JVM of its own, for what is read once when a process starts. */
final class ForkedJvm {

  private static final int TIMEOUT_SECONDS = 240;

  private final Class<?> main;
  private final Map<String, String> environment = new HashMap<>();
  private final List<String> options = new ArrayList<>();
  private final List<String> classPath =
      new ArrayList<>(List.of(System.getProperty("java.class.path").split(File.pathSeparator)));

  private ForkedJvm(Class<?> main) {
    this.main = main;
    options.add("-Xmx512m");
    options.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
  }

  static ForkedJvm of(Class<?> main) {
    return new ForkedJvm(main);
  }

  ForkedJvm environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  ForkedJvm option(String option) {
    options.add(option);
    return this;
  }

  /** Leaves out class path entries; at least one must match. */
  ForkedJvm without(Predicate<String> entry) {
    if (!classPath.removeIf(entry)) {
      throw new IllegalStateException("nothing to leave out of the class path " + classPath);
    }
    return this;
  }

  ForkedJvm with(Path entry) {
    classPath.add(entry.toString());
    return this;
  }

  /** Runs to the end; a failure or a timeout is an exception that holds the output. */
  Output run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add("-cp");
    command.add(String.join(File.pathSeparator, classPath));
    command.add(main.getName());
    command.addAll(Arrays.asList(arguments));
    Path out = Files.createTempFile("forked", ".out");
    Path err = Files.createTempFile("forked", ".err");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
      builder
          .environment()
          .keySet()
          .removeIf(
              name -> name.matches("(OMP|GOMP|KMP|OPENBLAS|SD|DNNL|MKLDNN)_.*|JAVA_TOOL_OPTIONS"));
      builder.environment().putAll(environment);
      Process process = builder.start();
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("no end after " + TIMEOUT_SECONDS + " s: " + command);
      }
      Output output = new Output(Files.readAllLines(out), Files.readAllLines(err));
      if (process.exitValue() != 0) {
        throw new IllegalStateException("exit " + process.exitValue() + ": " + output);
      }
      return output;
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  /** What the process wrote. Lines {@code name=value} of the standard output are its answers. */
  record Output(List<String> out, List<String> err) {

    String answer(String name) {
      return out.stream()
          .filter(line -> line.startsWith(name + "="))
          .map(line -> line.substring(name.length() + 1))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no answer '" + name + "' in " + this));
    }

    List<String> lines(String start) {
      return out.stream().filter(line -> line.startsWith(start)).collect(Collectors.toList());
    }
  }
}
