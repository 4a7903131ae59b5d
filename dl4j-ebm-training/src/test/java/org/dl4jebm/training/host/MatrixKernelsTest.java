/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dl4jebm.training.host.HostTuningReport.Outcome;
import org.dl4jebm.training.host.HostTuningReport.Part;
import org.junit.jupiter.api.Test;

class MatrixKernelsTest {

  private static final Set<String> AVX512 =
      Set.of("fpu", "avx2", "fma", "avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl");

  private final Map<String, String> process = new HashMap<>();

  private final CLibrary library =
      new CLibrary() {
        @Override
        public String get(String name) {
          return process.get(name);
        }

        @Override
        public void set(String name, String value) {
          process.putIfAbsent(name, value);
        }
      };

  private Part apply(Map<String, String> environment, Set<String> flags, boolean loaded) {
    return MatrixKernels.apply(environment, () -> flags, () -> loaded, () -> library);
  }

  @Test
  void choosesTheKernelsForAvx512() {
    assertEquals(Outcome.APPLIED, apply(Map.of(), AVX512, false).outcome());
    assertEquals(Map.of("OPENBLAS_CORETYPE", "SkylakeX"), process);
  }

  @Test
  void allOfAnInstructionSetIsNeeded() {
    for (String flag : AVX512) {
      Set<String> flags = new HashSet<>(AVX512);
      flags.remove(flag);
      process.clear();
      assertEquals(Outcome.APPLIED, apply(Map.of(), flags, false).outcome());
      String expected = flag.startsWith("avx512") ? "Haswell" : "SkylakeX";
      assertEquals(Map.of("OPENBLAS_CORETYPE", expected), process, "without " + flag);
    }
    process.clear();
    for (Set<String> flags : List.of(Set.<String>of(), Set.of("avx2"), Set.of("fma", "avx512f"))) {
      assertEquals(Outcome.UNAVAILABLE, apply(Map.of(), flags, false).outcome());
    }
    assertTrue(process.isEmpty());
  }

  @Test
  void leavesWhatIsSet() {
    Part part = apply(Map.of("OPENBLAS_CORETYPE", "Zen"), AVX512, false);
    assertEquals(Outcome.LEFT_TO_USER, part.outcome());
    assertTrue(part.detail().contains("OPENBLAS_CORETYPE=Zen"), part.detail());
    process.put("OPENBLAS_CORETYPE", "Prescott");
    assertEquals(Outcome.LEFT_TO_USER, apply(Map.of(), AVX512, false).outcome());
    assertEquals(Map.of("OPENBLAS_CORETYPE", "Prescott"), process);
  }

  @Test
  void saysThatItIsTooLate() {
    assertEquals(Outcome.TOO_LATE, apply(Map.of(), AVX512, true).outcome());
    assertTrue(process.isEmpty());
  }

  @Test
  void survivesAMissingJna() {
    Part part =
        MatrixKernels.apply(
            Map.of(),
            () -> AVX512,
            () -> false,
            () -> {
              throw new NoClassDefFoundError("com/sun/jna/Function");
            });
    assertEquals(Outcome.UNAVAILABLE, part.outcome());
    assertTrue(part.detail().contains("JNA"), part.detail());
  }

  @Test
  void saysSoWhenTheLibraryDoesNotKeepTheValue() {
    CLibrary deaf =
        new CLibrary() {
          @Override
          public String get(String name) {
            return null;
          }

          @Override
          public void set(String name, String value) {}
        };
    Part part = MatrixKernels.apply(Map.of(), () -> AVX512, () -> false, () -> deaf);
    assertEquals(Outcome.UNAVAILABLE, part.outcome());
  }
}
