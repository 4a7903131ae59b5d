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
 * has AVX-512. OpenBLAS 0.3.19 goes by a list of processor models; on a newer one, as on those of
 * AMD, it takes its kernels for AVX2.
 */
final class MatrixKernels {

  static final String VARIABLE = "OPENBLAS_CORETYPE";

  /** OpenBLAS's name of its AVX-512 kernels, after the first processor that had all of it. */
  static final String VALUE = "SkylakeX";

  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

  /** What the kernels are compiled for. The operating system lists only what it supports. */
  private static final List<String> NEEDED =
      List.of("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl");

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
    if (!processorFlags.get().containsAll(NEEDED)) {
      return new Part(
          Outcome.UNAVAILABLE, "AVX-512 not found; OpenBLAS chooses by the model of the processor");
    }
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
      c.set(VARIABLE, VALUE);
      if (!VALUE.equals(c.get(VARIABLE))) {
        return new Part(Outcome.UNAVAILABLE, "setenv of the C library had no effect");
      }
      return new Part(Outcome.APPLIED, VARIABLE + "=" + VALUE);
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
