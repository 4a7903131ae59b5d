/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dl4jebm.training.host.HostTuningReport.Outcome;
import org.dl4jebm.training.host.HostTuningReport.Part;

/**
 * Sets {@code OPENBLAS_CORETYPE} for this process before OpenBLAS is loaded, where the processor
 * has AVX-512 or AVX2. OpenBLAS 0.3.19 goes by a list of processor models, and takes kernels for
 * very old processors on one that is newer than its list: "Barcelona" (SSE) on a Zen 5.
 */
final class MatrixKernels {

  static final String VARIABLE = "OPENBLAS_CORETYPE";

  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

  /**
   * OpenBLAS's kernels, each named after the first processor that had all they are compiled for,
   * best first. The operating system lists only the instruction sets that it supports.
   */
  private enum Kernels {
    AVX512("SkylakeX", List.of("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl")),
    AVX2("Haswell", List.of("avx2", "fma"));

    private final String coreType;
    private final List<String> needed;

    Kernels(String coreType, List<String> needed) {
      this.coreType = coreType;
      this.needed = needed;
    }
  }

  private MatrixKernels() {}

  static Part apply() {
    return apply(
        System.getenv(),
        MatrixKernels::processorFlags,
        NativeLibraries::hasOpenBlas,
        CLibrary::open);
  }

  /**
   * The decision, with everything it looks at as an argument. {@code cLibrary} may throw a linkage
   * error when JNA is missing.
   */
  static Part apply(
      Map<String, String> environment,
      Supplier<Set<String>> processorFlags,
      BooleanSupplier openBlasLoaded,
      Supplier<CLibrary> cLibrary) {
    String own = environment.get(VARIABLE);
    if (own != null) {
      return new Part(Outcome.LEFT_TO_USER, VARIABLE + "=" + own);
    }
    Set<String> flags = processorFlags.get();
    Optional<Kernels> best =
        Arrays.stream(Kernels.values()).filter(k -> flags.containsAll(k.needed)).findFirst();
    if (best.isEmpty()) {
      return new Part(
          Outcome.UNAVAILABLE, "no AVX2 found; OpenBLAS chooses by the model of the processor");
    }
    String coreType = best.get().coreType;
    try {
      if (openBlasLoaded.getAsBoolean()) {
        return new Part(
            Outcome.TOO_LATE, "OpenBLAS is loaded; call HostTuning.apply() first in main");
      }
      CLibrary c = cLibrary.get();
      // Native code may have changed the environment after Java took its copy.
      String value = c.get(VARIABLE);
      if (value != null) {
        return new Part(Outcome.LEFT_TO_USER, VARIABLE + "=" + value);
      }
      c.set(VARIABLE, coreType);
      if (!coreType.equals(c.get(VARIABLE))) {
        return new Part(Outcome.UNAVAILABLE, "setenv of the C library had no effect");
      }
      return new Part(Outcome.APPLIED, VARIABLE + "=" + coreType);
    } catch (LinkageError | RuntimeException e) {
      return new Part(Outcome.UNAVAILABLE, "no access to setenv through JNA: " + e);
    }
  }

  /** Instruction sets of an x86 processor under Linux; empty elsewhere. */
  private static Set<String> processorFlags() {
    try (Stream<String> lines = Files.lines(PROCESSORS, StandardCharsets.ISO_8859_1)) {
      Optional<String> flags = lines.filter(line -> line.startsWith("flags")).findFirst();
      return flags.stream()
          .flatMap(line -> Arrays.stream(line.split("\\s+")))
          .collect(Collectors.toSet());
    } catch (IOException | UncheckedIOException e) {
      return Set.of();
    }
  }
}
