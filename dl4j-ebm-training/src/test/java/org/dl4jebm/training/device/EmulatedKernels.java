/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The kernels of {@code src/main/cuda} compiled for the CPU by {@code src/test/cuda/emulation.cpp},
 * where there is a C++ compiler.
 */
final class EmulatedKernels {

  private static final Path SOURCE = Path.of("src", "test", "cuda", "emulation.cpp");
  private static final List<String> COMPILERS = List.of("g++", "clang++", "clang++-14");
  private static final long MINUTES = 5;

  private static EmulatedKernels compiled;

  private final NativeLibrary library;
  private final Function launch;

  private EmulatedKernels(Path file) {
    library = NativeLibrary.getInstance(file.toString());
    launch = library.getFunction("emulation_launch");
  }

  /** Whether this machine can compile them; only Linux has what the emulation of barriers needs. */
  static boolean available() {
    return Platform.isLinux() && compiler().isPresent() && Files.isRegularFile(SOURCE);
  }

  /** The kernels, compiled when they are first asked for. */
  static synchronized EmulatedKernels get() {
    if (compiled == null) {
      compiled = new EmulatedKernels(compile());
    }
    return compiled;
  }

  private static Optional<String> compiler() {
    return COMPILERS.stream().filter(name -> onPath(name).isPresent()).findFirst();
  }

  /** A program by its name. */
  static Optional<Path> onPath(String program) {
    String path = System.getenv("PATH");
    if (path == null) {
      return Optional.empty();
    }
    return List.of(path.split(File.pathSeparator)).stream()
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Path compile() {
    try {
      Path folder = Files.createTempDirectory("emulation");
      folder.toFile().deleteOnExit();
      Path library = folder.resolve("libemulation.so");
      library.toFile().deleteOnExit();
      String output =
          run(
              List.of(
                  compiler().orElseThrow(),
                  "-x",
                  "c++",
                  "-std=c++17",
                  "-O2",
                  "-ffp-contract=off",
                  "-Wall",
                  "-Wextra",
                  "-Werror",
                  "-shared",
                  "-fPIC",
                  SOURCE.toString(),
                  "-o",
                  library.toString()));
      if (!Files.isRegularFile(library)) {
        throw new IllegalStateException("the kernels do not compile for the CPU:\n" + output);
      }
      return library;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a program prints; a failure is told at the end of it. */
  static String run(List<String> command) throws IOException {
    Path log = Files.createTempFile("emulation", ".log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
      }
      String output = Files.readString(log);
      int code = process.waitFor();
      return code == 0 ? output : output + "\n" + command.get(0) + " ended with code " + code;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } finally {
      Files.delete(log);
    }
  }

  /** The number of a kernel, -1 if there is none of this name. */
  int number(String name) {
    return library.getFunction("emulation_kernel").invokeInt(new Object[] {name});
  }

  /** Runs a kernel, with the code of the driver. */
  synchronized int launch(int number, CudaGrid grid, Pointer parameters) {
    return launch.invokeInt(
        new Object[] {
          number, grid.blocksX(), grid.blocksY(), grid.threadsX(), grid.threadsY(), parameters
        });
  }

  /** Calls another function of the emulation. */
  void call(String function, Object... arguments) {
    library.getFunction(function).invokeVoid(arguments);
  }
}
