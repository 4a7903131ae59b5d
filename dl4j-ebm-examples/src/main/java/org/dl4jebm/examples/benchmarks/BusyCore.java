/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** A second process that keeps one core busy while a benchmark runs, or nothing. */
final class BusyCore implements AutoCloseable {

  private final Process process;

  private BusyCore(Process process) {
    this.process = process;
  }

  /** Starts the process if {@code wanted}; it ends with {@link #close()} or with this JVM. */
  static BusyCore start(boolean wanted) {
    if (!wanted) {
      return new BusyCore(null);
    }
    try {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:+UseSerialGC",
                  "-Xmx16m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  BusyCore.class.getName(),
                  Long.toString(ProcessHandle.current().pid()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
      return new BusyCore(process);
    } catch (IOException e) {
      throw new UncheckedIOException("the busy process could not be started", e);
    }
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  /** The busy process: computes until its parent has ended. */
  public static void main(String[] args) {
    ProcessHandle parent = ProcessHandle.of(Long.parseLong(args[0])).orElse(null);
    double x = 1;
    while (parent != null && parent.isAlive() && x > 0) {
      for (int i = 0; i < 10_000_000; i++) {
        x = Math.sqrt(x + i);
      }
    }
  }
}
