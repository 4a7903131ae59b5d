/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Tells which native libraries are in this process already, without loading any. */
final class NativeLibraries {

  private static final Path MAPPED_FILES = Path.of("/proc/self/maps");
  private static final List<String> WITH_OPEN_MP =
      List.of("libgomp", "libiomp5", "libomp.", "libnd4jcpu", "libnd4jcuda");
  private static final List<String> WITH_OPEN_BLAS = List.of("openblas", "libnd4jcpu");
  private static final String ND4J_THREAD = "DeallocatorServiceThread";

  private NativeLibraries() {}

  static boolean hasOpenMp() {
    return isMapped(WITH_OPEN_MP);
  }

  static boolean hasOpenBlas() {
    return isMapped(WITH_OPEN_BLAS);
  }

  private static boolean isMapped(List<String> libraries) {
    if (!Files.isReadable(MAPPED_FILES)) {
      return hasNd4jThread();
    }
    // Latin-1 reads any bytes: a file name in this list need not be valid in any character set.
    try (Stream<String> lines = Files.lines(MAPPED_FILES, StandardCharsets.ISO_8859_1)) {
      return lines.anyMatch(line -> libraries.stream().anyMatch(line::contains));
    } catch (IOException | UncheckedIOException e) {
      return hasNd4jThread();
    }
  }

  /** ND4J starts threads of this name together with its natives. */
  static boolean hasNd4jThread() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().startsWith(ND4J_THREAD));
  }
}
