/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jna.ptr.IntByReference;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dl4jebm.training.host.BackendReport.Choice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With stand-ins for the driver: what a machine with such a GPU would answer. */
class BackendGuardTest {

  private static final Map<String, String> NOTHING_SET = Map.of();

  private static BackendReport decide(String line, GpuDriver driver) {
    return BackendGuard.decide(Optional.of(line), false, NOTHING_SET::get, driver);
  }

  private static Gpu gpu(int ordinal, String capability) {
    String[] parts = capability.split("\\.");
    return new Gpu(
        ordinal, "card " + ordinal, Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
  }

  @ParameterizedTest
  @CsvSource({
    "3.5, CPU",
    "3.7, CUDA",
    "5.3, CUDA",
    "7.0, CUDA",
    "7.5, CUDA",
    "8.0, CUDA",
    "8.6, CUDA",
    "8.9, CUDA",
    "9.0, CPU",
    "10.0, CPU",
    "12.0, CPU"
  })
  void oneGpu(String capability, Choice expected) {
    BackendReport report = decide("11.6", () -> List.of(gpu(0, capability)));
    assertEquals(expected, report.choice());
    assertEquals(expected == Choice.CPU, report.hidden());
    assertTrue(
        report.toString().contains("card 0 (compute capability " + capability + ")"),
        report::toString);
    assertEquals(1, report.toString().lines().count());
  }

  @ParameterizedTest
  @CsvSource({"7.0, CPU", "8.0, CPU", "7.5, CUDA", "8.6, CUDA", "8.9, CUDA", "9.0, CPU"})
  void windowsHasLessCode(String capability, Choice expected) {
    assertEquals(
        expected,
        BackendGuard.decide(
                Optional.of("11.6"), true, NOTHING_SET::get, () -> List.of(gpu(0, capability)))
            .choice());
  }

  @Test
  void noDriverAndNoGpu() {
    BackendReport none =
        decide(
            "11.6",
            () -> {
              throw new GpuDriver.Failure("no NVIDIA driver (libcuda.so.1 not found)");
            });
    assertEquals("backend: CPU (no NVIDIA driver (libcuda.so.1 not found))", none.toString());
    assertTrue(none.hidden());
    BackendReport empty = decide("11.6", List::of);
    assertEquals("backend: CPU (the NVIDIA driver sees no GPU)", empty.toString());
    assertTrue(empty.hidden());
  }

  @Test
  void severalGpus() {
    BackendReport mixed =
        decide("11.6", () -> List.of(gpu(0, "9.0"), gpu(1, "8.6"), gpu(2, "7.5")));
    assertEquals(Choice.CPU, mixed.choice());
    assertTrue(mixed.reason().contains("CUDA_VISIBLE_DEVICES=1,2"), mixed::toString);
    assertEquals(Choice.CUDA, decide("11.6", () -> List.of(gpu(0, "8.0"), gpu(1, "8.6"))).choice());
  }

  @Test
  void whatIsNotKnownIsLeftToNd4j() {
    BackendReport later = decide("12.9", () -> List.of(gpu(0, "9.0")));
    assertEquals(Choice.LEFT_TO_ND4J, later.choice());
    assertFalse(later.hidden());
    assertTrue(later.reason().contains("nd4j-cuda-12.9"), later::toString);
    for (String variable : List.of("BACKEND_PRIORITY_CPU", "BACKEND_PRIORITY_GPU")) {
      BackendReport set =
          BackendGuard.decide(
              Optional.of("11.6"),
              false,
              Map.of(variable, "7")::get,
              () -> {
                throw new AssertionError("the driver need not be asked");
              });
      assertEquals(Choice.LEFT_TO_ND4J, set.choice());
      assertTrue(set.reason().contains(variable));
    }
  }

  @Test
  void theDriverIsAskedInItsOwnLanguage() throws GpuDriver.Failure {
    List<String> calls = new ArrayList<>();
    NvidiaDriver.Functions two =
        (name, arguments) -> {
          calls.add(name);
          switch (name) {
            case "cuInit" -> assertEquals(0, arguments[0]);
            case "cuDeviceGetCount" -> ((IntByReference) arguments[0]).setValue(2);
            case "cuDeviceGet" ->
                ((IntByReference) arguments[0]).setValue(40 + (Integer) arguments[1]);
            case "cuDeviceGetName" -> {
              byte[] text = ("NVIDIA " + arguments[2]).getBytes(StandardCharsets.UTF_8);
              System.arraycopy(text, 0, (byte[]) arguments[0], 0, text.length);
            }
            case "cuDeviceGetAttribute" ->
                ((IntByReference) arguments[0])
                    .setValue((Integer) arguments[1] == 75 ? 8 : (Integer) arguments[2] - 40);
            default -> throw new AssertionError(name);
          }
          return 0;
        };
    assertEquals(
        List.of(new Gpu(0, "NVIDIA 40", 8, 0), new Gpu(1, "NVIDIA 41", 8, 1)),
        new NvidiaDriver(two).gpus());
    assertEquals("cuInit", calls.get(0));
    assertEquals(List.of(), new NvidiaDriver((name, arguments) -> 100).gpus());
    GpuDriver.Failure failure =
        assertThrows(
            GpuDriver.Failure.class, () -> new NvidiaDriver((name, arguments) -> 999).gpus());
    assertTrue(failure.getMessage().contains("cuInit failed with code 999"));
    assertThrows(
        GpuDriver.Failure.class,
        () ->
            new NvidiaDriver(
                    (name, arguments) -> {
                      throw new UnsatisfiedLinkError(name);
                    })
                .gpus());
  }

  @Test
  void announcementsAreFoundAndHidden(@TempDir Path folder) throws IOException {
    Path cuda = announce(folder.resolve("nd4j-cuda-11.6-1.0.0-M2.1"), "a.JCublasBackend");
    Path cpu = announce(folder.resolve("nd4j-native"), "a.CpuBackend");
    URL[] both = {cpu.toUri().toURL(), cuda.toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(both, null)) {
      URL found = CudaBackend.find(loader).orElseThrow();
      assertEquals(Optional.of("11.6"), CudaBackend.line(found));
      ClassLoader hiding = CudaBackend.hiding(loader);
      assertEquals(Optional.empty(), CudaBackend.find(hiding));
      assertEquals(1, Collections.list(hiding.getResources(CudaBackend.SERVICE)).size());
      assertEquals(Optional.empty(), CudaBackend.line(cpu.toUri().toURL()));
    }
  }

  private static Path announce(Path folder, String backend) throws IOException {
    Path file = folder.resolve(CudaBackend.SERVICE);
    Files.createDirectories(file.getParent());
    Files.writeString(file, backend + "\n");
    return folder;
  }

  @Test
  void withoutTheCudaBackendNothingIsHidden() {
    BackendReport report = BackendGuard.apply();
    assertSame(report, BackendGuard.apply());
    assertFalse(report.hidden());
  }

  @Test
  void badValues() {
    assertThrows(IllegalArgumentException.class, () -> new Gpu(-1, "x", 8, 0));
    assertThrows(NullPointerException.class, () -> new Gpu(0, null, 8, 0));
    assertThrows(NullPointerException.class, () -> new BackendReport(null, false, "x"));
  }
}
