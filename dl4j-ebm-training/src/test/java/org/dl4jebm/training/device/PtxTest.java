/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.dl4jebm.training.device.CudaKernels.Kernel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The PTX that is shipped. */
class PtxTest {

  private static final Path SOURCES = Path.of("src", "main", "cuda");

  /** In the order of build-ptx.sh. */
  private static final List<String> FILES =
      List.of("build-ptx.sh", "functions.h", "gpu.h", "philox.h", "rbm.cu", "units.h");

  @Test
  void wasMadeOfTheSourcesAsTheyAre() throws IOException, NoSuchAlgorithmException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (String file : FILES) {
      all.writeBytes(Files.readAllBytes(SOURCES.resolve(file)));
    }
    String text = all.toString(StandardCharsets.ISO_8859_1).replace("\r", "");
    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.ISO_8859_1));
    assertTrue(
        CudaKernels.ptx().contains("// sources sha256 " + HexFormat.of().formatHex(hash) + "\n"),
        "rbm.ptx is older than its sources: run src/main/cuda/build-ptx.sh");
  }

  @Test
  void isForAmpereAndDriversOfCuda11() {
    assertTrue(CudaKernels.ptx().contains("\n.version 7.0\n.target sm_80\n.address_size 64\n"));
  }

  @Test
  void hasTheKernelsThatTheDeviceNames() {
    for (Kernel kernel : Kernel.values()) {
      assertTrue(
          CudaKernels.ptx().contains(".entry " + kernel.function() + "("), kernel.function());
    }
    assertEquals(Kernel.values().length, CudaKernels.ptx().split("\\.entry ").length - 1);
  }

  @Test
  void leavesNothingToBeFused() {
    assertEquals(
        List.of(),
        CudaKernels.ptx()
            .lines()
            .filter(line -> line.matches("\\s*(add|sub|mul|mad)\\.f(32|64)\\s.*"))
            .toList());
  }

  @ParameterizedTest
  @ValueSource(ints = {80, 86, 89, 90, 100, 120})
  void assemblesWithoutSpills(int architecture, @TempDir Path folder) throws IOException {
    assumeTrue(EmulatedKernels.onPath("ptxas").isPresent(), "no ptxas on the PATH");
    Path ptx = Files.writeString(folder.resolve("rbm.ptx"), CudaKernels.ptx());
    Path cubin = folder.resolve("rbm.cubin");
    String output =
        EmulatedKernels.run(
            List.of(
                "ptxas", "-v", "-arch=sm_" + architecture, ptx.toString(), "-o", cubin.toString()));
    assertTrue(Files.size(cubin) > 0, output);
    List<String> stacks = output.lines().filter(line -> line.contains("stack frame")).toList();
    assertEquals(Kernel.values().length, stacks.size(), output);
    for (String stack : stacks) {
      assertEquals("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", stack.strip());
    }
  }
}
