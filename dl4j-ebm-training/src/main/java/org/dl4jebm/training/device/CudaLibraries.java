/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Finds the driver's library and cuBLAS. The driver comes with the card; cuBLAS of CUDA 13, 12 or
 * 11 comes with a toolkit, its runtime packages, or by itself.
 *
 * @param windows whether files are named as on Windows
 * @param environment environment variables by name, null for those that are not set
 * @param exists whether there is such a file
 * @param opener opens a library by name or path
 */
record CudaLibraries(
    boolean windows, UnaryOperator<String> environment, Predicate<Path> exists, Opener opener) {

  /** Environment variable for the folder of cuBLAS. */
  static final String FOLDER_VARIABLE = "DL4JEBM_CUDA_LIBRARIES";

  private static final List<Integer> VERSIONS = List.of(13, 12, 11);
  private static final List<String> HOMES = List.of("CUDA_HOME", "CUDA_PATH");
  private static final List<String> FOLDERS =
      List.of("lib64", "lib", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib");
  private static final List<String> WINDOWS_FOLDERS = List.of("bin", "bin/x64");
  private static final List<String> INSTALLED =
      List.of(
          "/usr/local/cuda",
          "/usr/local/cuda-13",
          "/usr/local/cuda-12",
          "/usr/local/cuda-11",
          "/opt/cuda");

  /** Opens libraries. */
  @FunctionalInterface
  interface Opener {

    /**
     * Opens a library.
     *
     * @throws UnsatisfiedLinkError if it is not there or lacks what it depends on
     */
    NativeFunctions open(String library);
  }

  /** Those of this machine. */
  static CudaLibraries ofThisMachine() {
    return new CudaLibraries(
        Platform.isWindows(), System::getenv, Files::isRegularFile, CudaLibraries::jna);
  }

  /** Looks each function up once. */
  private static NativeFunctions jna(String name) {
    NativeLibrary library = NativeLibrary.getInstance(name);
    Map<String, Function> functions = new HashMap<>();
    return (function, arguments) ->
        functions.computeIfAbsent(function, library::getFunction).invokeInt(arguments);
  }

  /**
   * The driver.
   *
   * @throws DeviceException if there is none
   */
  NativeFunctions driver() {
    String name = windows ? "nvcuda" : "libcuda.so.1";
    try {
      return opener.open(name);
    } catch (LinkageError e) {
      throw new DeviceException("no NVIDIA driver (" + name + " not found)", e);
    }
  }

  /**
   * The newest cuBLAS of the first place that has any.
   *
   * @param folder searched first
   * @throws DeviceException if there is none, with the places
   */
  NativeFunctions blas(Optional<Path> folder) {
    List<String> failures = new ArrayList<>();
    for (Candidate candidate : candidates(folder)) {
      try {
        if (candidate.before() != null) {
          opener.open(candidate.before());
        }
        return opener.open(candidate.library());
      } catch (LinkageError e) {
        failures.add(candidate.library() + ": " + e.getMessage());
      }
    }
    throw new DeviceException(
        "no cuBLAS of CUDA 13, 12 or 11 could be loaded; install the CUDA runtime libraries or set "
            + FOLDER_VARIABLE
            + " to their folder. Tried:\n  "
            + String.join("\n  ", failures));
  }

  /**
   * A library to try.
   *
   * @param before the library it needs from the same folder, or null where the loader finds both
   */
  record Candidate(String before, String library) {}

  List<Candidate> candidates(Optional<Path> folder) {
    List<Candidate> candidates = new ArrayList<>();
    Set<Path> first = new LinkedHashSet<>();
    folder.ifPresent(first::add);
    String variable = environment.apply(FOLDER_VARIABLE);
    if (variable != null && !variable.isBlank()) {
      first.add(Path.of(variable));
    }
    inFolders(first, candidates);
    for (int version : VERSIONS) {
      candidates.add(new Candidate(null, file("cublas", version)));
    }
    Set<Path> rest = new LinkedHashSet<>();
    for (String home : HOMES) {
      String path = environment.apply(home);
      if (path != null && !path.isBlank()) {
        addFolders(Path.of(path), rest);
      }
    }
    if (!windows) {
      INSTALLED.forEach(home -> addFolders(Path.of(home), rest));
    }
    rest.removeAll(first);
    inFolders(rest, candidates);
    return candidates;
  }

  private void addFolders(Path home, Set<Path> to) {
    for (String folder : windows ? WINDOWS_FOLDERS : FOLDERS) {
      to.add(home.resolve(folder));
    }
  }

  /** Of each folder the files that are there. */
  private void inFolders(Set<Path> folders, List<Candidate> to) {
    for (Path folder : folders) {
      for (int version : VERSIONS) {
        Path library = folder.resolve(file("cublas", version) + (windows ? ".dll" : ""));
        if (exists.test(library)) {
          Path before = folder.resolve(file("cublasLt", version) + (windows ? ".dll" : ""));
          to.add(new Candidate(exists.test(before) ? before.toString() : null, library.toString()));
        }
      }
    }
  }

  private String file(String name, int version) {
    return windows ? name + "64_" + version : "lib" + name + ".so." + version;
  }
}
