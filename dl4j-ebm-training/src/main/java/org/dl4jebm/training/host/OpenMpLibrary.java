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

/**
 * Tells whether ND4J's natives, and with them OpenMP, are in this process, without loading them.
 */
final class OpenMpLibrary {

  private static final Path MAPPED_FILES = Path.of("/proc/self/maps");
  private static final List<String> LIBRARIES =
      List.of("libgomp", "libiomp5", "libomp.", "libnd4jcpu", "libnd4jcuda");
  private static final String ND4J_THREAD = "DeallocatorServiceThread";

  private OpenMpLibrary() {}

  static boolean isLoaded() {
    return Files.isReadable(MAPPED_FILES) ? isMapped(MAPPED_FILES) : hasNd4jThread();
  }

  private static boolean isMapped(Path mappedFiles) {
    // Latin-1 reads any bytes: a file name in this list need not be valid in any character set.
    try (Stream<String> lines = Files.lines(mappedFiles, StandardCharsets.ISO_8859_1)) {
      return lines.anyMatch(line -> LIBRARIES.stream().anyMatch(line::contains));
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
