/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.dl4jebm.training.device.DeviceComparison.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The check for GPU machines, with stand-ins. */
class DeviceCheckTest {

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  static List<TestDevices.Kind> kinds() {
    return TestDevices.all();
  }

  private int run(Function<CudaOptions, Device> opener, String... args) {
    return new DeviceCheck(new PrintStream(written, true, StandardCharsets.UTF_8), opener)
        .run(args);
  }

  private String text() {
    return written.toString(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void operationsAndChainsAreAccepted(TestDevices.Kind kind) {
    try (Device device = kind.open();
        Device twin = new HostDevice()) {
      for (Result each : DeviceComparison.run(device, twin)) {
        assertTrue(each.accepted(), each::toString);
      }
      for (Result each : ChainStatistics.run(device, 20_000)) {
        assertTrue(each.accepted(), each::toString);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void everythingWithoutGpu(TestDevices.Kind kind) {
    assertEquals(0, run(options -> kind.open(), "--small"), this::text);
    assertTrue(text().contains("All operations are right."), text());
    assertTrue(text().contains("| AIS 12x7 chains 20 |"), text());
  }

  @Test
  void everythingWithTheTwin(@TempDir Path folder) throws IOException {
    Path peers = folder.resolve("peers.tsv");
    Files.writeString(peers, "CD-1 12x7 batch 5\teager\t1.5\n");
    assertEquals(
        0,
        run(
            options -> {
              throw new AssertionError("opened");
            },
            "--twin",
            "--driver",
            "driver 1.2",
            "--peers",
            peers.toString()));
    assertTrue(text().contains("plain Java"), text());
    assertTrue(text().contains("driver 1.2"), text());
    assertTrue(text().contains(" 1.5000 |"), text());
    assertTrue(text().contains("| AIS 12x7 chains 20 |"), text());
    assertFalse(text().contains("WRONG"), text());
  }

  @Test
  void noDeviceIsSaidInOneLine() {
    assertEquals(
        3,
        run(
            options -> {
              throw new DeviceException("no NVIDIA driver");
            }));
    assertEquals("No check: no NVIDIA driver", text().strip());
  }

  @Test
  void badOptions(@TempDir Path folder) throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.tsv"), "one\n");
    assertEquals(2, run(options -> new HostDevice(), "--gpu"));
    assertEquals(2, run(options -> new HostDevice(), "--driver"));
    assertEquals(2, run(options -> new HostDevice(), "--peers", bad.toString()));
    assertTrue(text().contains("accepted: case, kind, milliseconds"), text());
  }

  @Test
  void errorsAreFound() {
    assertFalse(new Result("", Double.NaN, 1).accepted());
    assertFalse(new Result("", 2, 1).accepted());
    assertTrue(new Result("", 0, 0).accepted());
  }
}
