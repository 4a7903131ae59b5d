/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dl4jebm.training.device.CudaLibraries.Candidate;
import org.dl4jebm.training.device.Device.Penalties;
import org.dl4jebm.training.device.Device.Recording;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.device.EmulatedDriver.Launch;
import org.junit.jupiter.api.Test;

/** What a {@link CudaDevice} asks of the driver, and what it does when a call fails. */
class CudaDeviceTest {

  /** Uses each kind of call once. */
  private static void use(EmulatedDriver driver) {
    try (Device device = driver.open(CudaOptions.DEFAULT)) {
      DeviceArray clock = device.allocate("clock", Type.INT, 2);
      DeviceArray numbers = device.allocate("numbers", Type.FLOAT, 16);
      DeviceArray others = device.allocate("others", Type.FLOAT, 16);
      numbers.upload(new float[16]);
      try (Recording recording =
          device.record(
              () -> {
                device.gemm(false, false, 4, 4, 4, 1, numbers, 4, numbers, 4, 0, others, 4);
                device.tick(clock, 1, 1);
                device.copy(numbers, others);
              })) {
        recording.replay();
      }
      device.allFinite(numbers);
      device.synchronize();
      others.close();
    }
  }

  @Test
  void freesEverything() {
    EmulatedDriver driver = new EmulatedDriver(null);
    use(driver);
    assertEquals(List.of(), driver.alive());
  }

  @Test
  void freesEverythingWhicheverCallFails() {
    EmulatedDriver whole = new EmulatedDriver(null);
    use(whole);
    for (int i = 0; i < whole.calls().size(); i++) {
      EmulatedDriver driver = new EmulatedDriver(null);
      driver.failAt(i, 13);
      String name = whole.calls().get(i);
      DeviceException e = assertThrows(DeviceException.class, () -> use(driver), name);
      assertTrue(e.getMessage().contains(name), e.getMessage());
      assertTrue(e.getMessage().contains("code 13 ("), e.getMessage());
      // What could not be freed itself is left, nothing else.
      boolean frees = name.matches(".*(Free|Destroy|Release|Unload).*");
      assertEquals(frees ? 1 : 0, driver.alive().size(), i + " " + name + driver.alive());
    }
  }

  @Test
  void aFunctionThatIsMissingIsNamed() {
    EmulatedDriver driver = new EmulatedDriver(null);
    driver.leaveOut("cuGraphInstantiateWithFlags");
    String message = assertThrows(DeviceException.class, () -> use(driver)).getMessage();
    assertTrue(message.contains("no function cuGraphInstantiateWithFlags"), message);
    assertEquals(List.of(), driver.alive());
  }

  @Test
  void whatCannotRunTheKernelsIsRefused() {
    EmulatedDriver old = new EmulatedDriver(null, 1L << 30, 7, 5);
    String message =
        assertThrows(DeviceException.class, () -> old.open(CudaOptions.DEFAULT)).getMessage();
    assertEquals(
        "emulated (compute capability 7.5) cannot run the kernels; accepted: compute capability 8.0"
            + " (Ampere) or higher",
        message);
    EmulatedDriver driver = new EmulatedDriver(null);
    CudaOptions second = new CudaOptions(1, false, Optional.empty());
    assertEquals(
        "there is no GPU 1; the driver has 1",
        assertThrows(DeviceException.class, () -> driver.open(second)).getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> new CudaOptions(-1, false, Optional.empty()));
  }

  @Test
  void moreMemoryThanThereIsIsRefusedBeforeTheDriverIsAsked() {
    EmulatedDriver driver = new EmulatedDriver(null, 16L << 20, 8, 0);
    try (Device device = driver.open(CudaOptions.DEFAULT)) {
      long free = device.freeBytes();
      int asked = driver.calls().size();
      String message =
          assertThrows(
                  DeviceException.class, () -> device.allocate("weights", Type.FLOAT, 1L << 30))
              .getMessage();
      assertEquals("\"weights\" needs 4294967296 bytes and " + free + " are free", message);
      assertFalse(driver.calls().subList(asked, driver.calls().size()).contains("cuMemAlloc_v2"));
    }
  }

  @Test
  void nothingIsAllocatedOrCopiedWhileRecording() {
    EmulatedDriver driver = new EmulatedDriver(null);
    try (Device device = driver.open(CudaOptions.DEFAULT)) {
      DeviceArray array = device.allocate("array", Type.FLOAT, 1);
      for (Runnable wrong :
          List.<Runnable>of(
              () -> device.allocate("more", Type.FLOAT, 1),
              () -> array.upload(new float[1]),
              () -> array.download(new float[1]),
              device::synchronize,
              () -> device.allFinite(array))) {
        assertThrows(IllegalStateException.class, () -> device.record(wrong));
      }
      device.synchronize();
    }
    assertEquals(List.of(), driver.alive());
  }

  @Test
  void launchesCoverAllElementsAndSlicesAreOffsets() {
    EmulatedDriver driver = new EmulatedDriver(null);
    try (Device device = driver.open(CudaOptions.DEFAULT)) {
      DeviceArray array = device.allocate("array", Type.FLOAT, 5000);
      DeviceArray rates = device.allocate("rates", Type.FLOAT, 2);
      DeviceArray clock = device.allocate("clock", Type.INT, 2);
      device.sgd(array, array, Penalties.NONE, 1, rates, clock);
      device.sgd(array.slice(7, 4), array.slice(100, 4), Penalties.NONE, 1, rates, clock);
      Launch whole = driver.launches().get(0);
      Launch part = driver.launches().get(1);
      assertEquals(new CudaGrid(5, 1, 256, 1), whole.grid());
      assertEquals(new CudaGrid(1, 1, 256, 1), part.grid());
      assertEquals(5000, whole.arguments().get(2));
      assertEquals(whole.arguments().get(0) + 7 * Float.BYTES, part.arguments().get(0));
      assertEquals(whole.arguments().get(0) + 100 * Float.BYTES, part.arguments().get(1));
    }
  }

  @Test
  void gridsCoverMatricesOfAnySize() {
    int[] sizes = {1, 3, 4, 5, 31, 32, 100, 784, 4096, 70_000, 3_000_000, Integer.MAX_VALUE};
    for (int rows : sizes) {
      for (int units : sizes) {
        CudaGrid quads = CudaGrid.quads(rows, units);
        assertTrue(4L * quads.blocksX() * quads.threadsX() >= units, quads::toString);
        assertTrue(quads.blocksY() <= 65_535 && quads.blocksY() >= 1, quads::toString);
        assertEquals(256, quads.threadsX() * quads.threadsY());
        CudaGrid along = CudaGrid.rows(rows, units);
        assertTrue((long) along.blocksX() * along.threadsY() >= rows, along::toString);
        assertEquals(256, along.threadsX() * along.threadsY());
        CudaGrid columns = CudaGrid.columns(rows, units, 524_256L / units);
        assertTrue((long) columns.blocksX() * columns.threadsX() >= units, columns::toString);
        assertTrue(columns.blocksY() >= 1 && columns.blocksY() <= 64, columns::toString);
      }
    }
  }

  @Test
  void aDeviceGoesFromThreadToThread() throws InterruptedException {
    EmulatedDriver driver = new EmulatedDriver(null);
    CudaDevice device = driver.open(CudaOptions.DEFAULT);
    List<Throwable> failures = new ArrayList<>();
    Thread other =
        new Thread(
            () -> {
              device.allocate("array", Type.FLOAT, 8).upload(new float[8]);
              device.close();
            });
    other.setUncaughtExceptionHandler((thread, e) -> failures.add(e));
    other.start();
    other.join();
    assertEquals(List.of(), failures);
    assertEquals(List.of(), driver.alive());
  }

  private static List<String> tried(Map<String, String> environment, boolean windows, Path folder) {
    CudaLibraries libraries =
        new CudaLibraries(windows, environment::get, path -> true, name -> (n, a) -> 0);
    return libraries.candidates(Optional.ofNullable(folder)).stream()
        .map(Candidate::library)
        .map(name -> name.replace('\\', '/'))
        .toList();
  }

  @Test
  void cublasIsSearchedNewestFirstAndWhereTheUserSaysBeforeAll() {
    List<String> linux =
        tried(
            Map.of(CudaLibraries.FOLDER_VARIABLE, "/variable", "CUDA_HOME", "/home"),
            false,
            Path.of("/option"));
    assertEquals(
        List.of(
            "/option/libcublas.so.13",
            "/option/libcublas.so.12",
            "/option/libcublas.so.11",
            "/variable/libcublas.so.13",
            "/variable/libcublas.so.12",
            "/variable/libcublas.so.11",
            "libcublas.so.13",
            "libcublas.so.12",
            "libcublas.so.11",
            "/home/lib64/libcublas.so.13"),
        linux.subList(0, 10));
    assertTrue(linux.contains("/usr/local/cuda/lib64/libcublas.so.12"));
    assertTrue(
        tried(Map.of("CUDA_PATH", "/cuda"), true, null).contains("/cuda/bin/x64/cublas64_13.dll"));
  }

  @Test
  void withoutLibrariesTheMessageTellsWhatWasTried() {
    CudaLibraries none =
        new CudaLibraries(
            false,
            name -> null,
            path -> false,
            name -> {
              throw new UnsatisfiedLinkError("not here");
            });
    assertEquals(
        "no NVIDIA driver (libcuda.so.1 not found)",
        assertThrows(DeviceException.class, none::driver).getMessage());
    String message =
        assertThrows(DeviceException.class, () -> none.blas(Optional.empty())).getMessage();
    assertTrue(message.contains("libcublas.so.11: not here"), message);
  }

  @Test
  void cublasLtIsOpenedFirstFromTheSameFolder() {
    List<String> opened = new ArrayList<>();
    CudaLibraries libraries =
        new CudaLibraries(
            false,
            name -> null,
            path -> true,
            name -> {
              opened.add(name);
              return (n, a) -> 0;
            });
    libraries.blas(Optional.of(Path.of("/here")));
    assertEquals(List.of("/here/libcublasLt.so.13", "/here/libcublas.so.13"), opened);
  }
}
