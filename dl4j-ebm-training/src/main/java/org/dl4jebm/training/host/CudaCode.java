/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * For which compute capabilities the released CUDA backends of ND4J hold machine code. They hold no
 * PTX, which a driver could translate for others; read from the published jars.
 */
final class CudaCode {

  private static final List<String> LINUX =
      List.of("3.7", "5.0", "5.2", "6.0", "6.1", "7.0", "7.5", "8.0", "8.6");
  private static final List<String> WINDOWS = List.of("5.0", "5.2", "6.1", "7.5", "8.6");

  private static final Map<String, List<String>> ON_LINUX = Map.of("11.4", LINUX, "11.6", LINUX);
  private static final Map<String, List<String>> ON_WINDOWS = Map.of("11.6", WINDOWS);

  private CudaCode() {}

  /**
   * The capabilities of a line of the backend.
   *
   * @param line of {@code nd4j-cuda-11.6} it is 11.6
   * @param windows whether on Windows, otherwise on Linux
   * @return the capabilities, or nothing if this class does not know the line
   */
  static Optional<List<String>> of(String line, boolean windows) {
    return Optional.ofNullable((windows ? ON_WINDOWS : ON_LINUX).get(line));
  }

  /**
   * Whether machine code for some capabilities runs on a GPU: that for the same major number and no
   * higher minor one does.
   */
  static boolean runs(List<String> capabilities, Gpu gpu) {
    return capabilities.stream()
        .map(capability -> capability.split("\\."))
        .anyMatch(
            parts ->
                Integer.parseInt(parts[0]) == gpu.major()
                    && Integer.parseInt(parts[1]) <= gpu.minor());
  }
}
