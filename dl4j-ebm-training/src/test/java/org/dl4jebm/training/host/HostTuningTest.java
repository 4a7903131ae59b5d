/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dl4jebm.training.host.ForkedJvm.Output;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each test is a fresh process, because everything here is decided once in a process. */
@EnabledOnOs(OS.LINUX)
class HostTuningTest {

  private static final String MARK = "-onednn";

  /** libgomp writes its settings to the standard error when it is loaded. */
  private static ForkedJvm child() {
    return ForkedJvm.of(HostTuningChild.class).environment("OMP_DISPLAY_ENV", "verbose");
  }

  private static void assumeNativesWithOneDnn() {
    assumeTrue(
        System.getProperty("java.class.path").contains(MARK),
        "the natives of this platform have no oneDNN");
  }

  private static boolean spins(Output output) {
    return output.err().stream().noneMatch(line -> line.contains("GOMP_SPINCOUNT = '0'"));
  }

  @Test
  void libgompReadsThePolicyAndNothingOfNd4jIsLoadedByTheCall() throws Exception {
    Output output = child().run("environment", "network");
    assertEquals("APPLIED", output.answer("threads"));
    assertEquals("passive", output.answer("OMP_WAIT_POLICY"));
    assertEquals("false", output.answer("nd4j-mapped"));
    assertEquals("true", output.answer("same"));
    assertTrue(
        output.err().stream().anyMatch(line -> line.contains("GOMP_SPINCOUNT")),
        "libgomp did not show its settings: " + output.err());
    assertFalse(spins(output), () -> "libgomp did not see the policy: " + output.err());
  }

  @Test
  void openBlasUsesTheKernelsForAvx512AndTheyAreRight() throws Exception {
    assumeTrue(
        Files.readString(Path.of("/proc/cpuinfo"), StandardCharsets.ISO_8859_1)
            .contains(" avx512vl"),
        "the processor has no AVX-512");
    Output output = child().environment("OPENBLAS_VERBOSE", "2").run("environment", "products");
    assertEquals("APPLIED", output.answer("kernels"));
    assertEquals("SkylakeX", output.answer("OPENBLAS_CORETYPE"));
    assertTrue(output.err().contains("Core: SkylakeX"), () -> "OpenBLAS chose " + output.err());
    // A sum of k + 1 terms is wrong by at most k + 3 units in any order of summation.
    assertEquals(0, Double.parseDouble(output.answer("product-error")), 140 + 3);
  }

  @Test
  void kernelsChosenByTheUserStay() throws Exception {
    Output output = child().environment(MatrixKernels.VARIABLE, "Haswell").run("environment");
    assertEquals("LEFT_TO_USER", output.answer("kernels"));
    assertEquals("Haswell", output.answer("OPENBLAS_CORETYPE"));
  }

  @Test
  void convolutionAndBatchNormalizationRunByOneDnnAndNothingElseDoes() throws Exception {
    assumeNativesWithOneDnn();
    Output output = child().environment("DNNL_VERBOSE", "1").run("environment", "network");
    assertEquals("APPLIED", output.answer("onednn"));
    assertEquals("false", output.answer("property"));
    assertEquals("1", output.answer("SD_FORBID_HELPERS"));
    assertEquals("true", output.answer("in-use"));
    assertEquals(0, Double.parseDouble(output.answer("softmax-backward-error")), 1e-5);
    String[] expected = {
      "convolution,.*forward",
      "convolution,.*backward_weights",
      "convolution,.*backward_data",
      "batch_normalization,.*forward",
      "batch_normalization,.*backward"
    };
    for (String primitive : expected) {
      assertTrue(
          output.out().stream()
              .anyMatch(line -> line.matches("dnnl_verbose,exec,cpu," + primitive + ".*")),
          () -> primitive + " is not among " + output.lines("dnnl_verbose"));
    }
    for (String line : output.lines("dnnl_verbose,exec")) {
      assertTrue(
          line.matches("dnnl_verbose,exec,cpu,(convolution|batch_normalization|reorder),.*"),
          () -> "oneDNN also ran " + line);
    }
  }

  @ParameterizedTest
  @CsvSource({"OMP_WAIT_POLICY,active", "OMP_WAIT_POLICY,passive", "GOMP_SPINCOUNT,7"})
  void aThreadPolicyOfTheUserStays(String name, String value) throws Exception {
    Output output = child().environment(name, value).run("environment");
    assertEquals("LEFT_TO_USER", output.answer("threads"));
    assertEquals(value, output.answer(name));
    String other = name.equals("GOMP_SPINCOUNT") ? "OMP_WAIT_POLICY" : "GOMP_SPINCOUNT";
    assertEquals("null", output.answer(other));
    assertTrue(output.answer("report").contains(name + "=" + value));
  }

  @Test
  void helpersDisabledByTheUserStayDisabled() throws Exception {
    Output output = child().option("-D" + OneDnn.PROPERTY + "=true").run("environment", "network");
    assertEquals("LEFT_TO_USER", output.answer("onednn"));
    assertEquals("true", output.answer("property"));
    assertEquals("false", output.answer("in-use"));
    assertEquals("null", output.answer("SD_FORBID_HELPERS"));
    assertEquals("APPLIED", output.answer("threads"));
  }

  @Test
  void helpersForbiddenInTheEnvironmentStayForbidden() throws Exception {
    Output output =
        child()
            .environment(OneDnn.FORBID_VARIABLE, "yes")
            .environment("DNNL_VERBOSE", "1")
            .run("environment", "network");
    assertEquals("LEFT_TO_USER", output.answer("onednn"));
    assertEquals("yes", output.answer("SD_FORBID_HELPERS"));
    assertEquals("null", output.answer("property"));
    assertTrue(output.lines("dnnl_verbose,exec").isEmpty());
  }

  @Test
  void helpersEnabledByTheUserAreMadeToWork() throws Exception {
    assumeNativesWithOneDnn();
    Output output = child().option("-D" + OneDnn.PROPERTY + "=false").run("network");
    assertEquals("APPLIED", output.answer("onednn"));
    assertEquals("true", output.answer("in-use"));
  }

  @Test
  void afterNd4jIsLoadedItIsTooLateForWhatIsReadWhenItLoads() throws Exception {
    Output output = child().run("nd4j-first", "environment", "network");
    assertEquals("TOO_LATE", output.answer("threads"));
    assertEquals("null", output.answer("OMP_WAIT_POLICY"));
    assertNotEquals("APPLIED", output.answer("kernels"));
    assertEquals("null", output.answer("OPENBLAS_CORETYPE"));
    assertTrue(spins(output), "this process cannot have the policy");
    assumeNativesWithOneDnn();
    assertEquals("true", output.answer("in-use"));
    assertEquals(0, Double.parseDouble(output.answer("softmax-backward-error")), 1e-5);
  }

  @Test
  void withoutJnaTheThreadsAreLeftAndOneDnnIsConfinedAllTheSame() throws Exception {
    Output output =
        child().without(entry -> entry.matches(".*[/\\\\]jna-[0-9][^/\\\\]*jar")).run("network");
    assertEquals("UNAVAILABLE", output.answer("threads"));
    assertTrue(output.answer("report").contains("JNA"));
    assumeNativesWithOneDnn();
    assertEquals("true", output.answer("in-use"));
    assertEquals(0, Double.parseDouble(output.answer("softmax-backward-error")), 1e-5);
  }

  @Test
  void withoutNativesThatHaveOneDnnNothingIsSwitchedOn() throws Exception {
    assumeNativesWithOneDnn();
    Output output = child().without(entry -> entry.contains(MARK)).run("environment");
    assertEquals("UNAVAILABLE", output.answer("onednn"));
    assertTrue(output.answer("report").contains("nd4j-native"));
    assertEquals("null", output.answer("property"));
    assertEquals("null", output.answer("SD_FORBID_HELPERS"));
  }

  @Test
  void withCudaOnTheClassPathNothingIsSwitchedOn(@TempDir Path folder) throws Exception {
    Path backend = folder.resolve("org/nd4j/linalg/jcublas/JCublasBackend.class");
    Files.createDirectories(backend.getParent());
    Files.createFile(backend);
    Output output = child().with(folder).run();
    assertEquals("UNAVAILABLE", output.answer("onednn"));
    assertTrue(output.answer("report").contains("CUDA"));
    assertEquals("null", output.answer("property"));
  }

  @Test
  void aClassLoaderGivenToDeeplearning4jStays() throws Exception {
    Output output = child().run("own-loader");
    assertEquals("LEFT_TO_USER", output.answer("onednn"));
    assertEquals("true", output.answer("own-loader-kept"));
    assertEquals("null", output.answer("property"));
  }
}
