/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import static org.dl4jebm.training.device.TestDevices.doubles;
import static org.dl4jebm.training.device.TestDevices.floats;
import static org.dl4jebm.training.device.TestDevices.ints;
import static org.dl4jebm.training.device.TestDevices.numbers;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Memory;
import java.util.Arrays;
import java.util.List;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernels, run on the CPU, against {@link HostDevice} for sizes that fit no block. */
class KernelsTest {

  private static final double CLOSE = 1e-5;
  private static final long SEED = 0x9876543210L;

  private EmulatedDriver driver;

  @BeforeEach
  void needsACompiler() {
    assumeTrue(EmulatedKernels.available(), "no C++ compiler on the PATH");
    driver = new EmulatedDriver(EmulatedKernels.get());
  }

  @AfterEach
  void threadsInTheirOrderAgain() {
    if (driver != null) {
      EmulatedKernels.get().call("emulation_backwards", 0);
      assertEquals(List.of(), driver.alive());
    }
  }

  /** What all operations make of the same numbers. */
  private record Results(float[][] floats, double[][] doubles, int[] words) {}

  /**
   * @param at where matrices begin in their memory; but for a multiple of 4 no access is in quads
   */
  private static Results run(Device device, int rows, int units, int at) {
    int n = rows * units;
    DeviceArray field = matrix(device, n, 1, at);
    DeviceArray other = matrix(device, n, 2, at);
    DeviceArray bias = matrix(device, units, 3, at);
    DeviceArray base = matrix(device, units, 4, at);
    DeviceArray clock = ints(device, 1, 77);
    DeviceArray betas = doubles(device, 0, 0.25, 0.2501, 1);
    Draw draw = new Draw(SEED, Draw.channel(1, 2, Draw.HIDDEN), 5, clock);
    DeviceArray[] out = new DeviceArray[12];
    for (int i = 0; i < out.length; i++) {
      out[i] = matrix(device, n, 9, at);
    }
    device.logistic(field, bias, rows, units, -0.5f, out[0], out[1], draw);
    device.gaussian(field, bias, base, rows, units, 2, out[2], out[3], draw);
    device.softmax(field, bias, rows, units, units, 1, out[4], out[5], draw);
    int half = units % 2 == 0 ? 2 : 1;
    device.softmax(field, bias, rows, units, half, 1, out[6], out[7], draw);
    device.scaleColumns(field, bias, rows, units, out[8]);
    device.copy(field, out[9]);
    device.annealVisible(out[9], bias, base, betas, clock, rows, units, out[9], draw);
    device.copy(field, out[10]);
    DeviceArray weights = device.allocate("weights", Type.DOUBLE, rows);
    device.annealHidden(out[10], bias, base, betas, clock, rows, units, weights, out[10], draw);
    DeviceArray softplus = device.allocate("softplus", Type.DOUBLE, rows);
    device.softplusSums(field, bias, rows, units, 2, softplus);
    DeviceArray dots = device.allocate("dots", Type.DOUBLE, rows);
    device.rowDots(field, bias, rows, units, -1, dots);
    DeviceArray squares = device.allocate("squares", Type.DOUBLE, rows);
    device.squaredDistances(field, other, rows, units, squares);
    DeviceArray visible = device.allocate("visible", Type.DOUBLE, rows);
    device.annealVisibleWeights(field, bias, betas, clock, rows, units, visible);
    DeviceArray columns = matrix(device, units, 5, at);
    device.columnSums(field, rows, units, 1, 0.5f, columns);
    DeviceArray words = device.allocate("words", Type.INT, n);
    device.words(rows, units, draw, words);
    float[][] all = new float[out.length][];
    for (int i = 0; i < out.length; i++) {
      all[i] = i == out.length - 1 ? floats(columns) : floats(out[i]);
    }
    double[][] sums = {
      doubles(weights), doubles(softplus), doubles(dots), doubles(squares), doubles(visible)
    };
    return new Results(all, sums, ints(words));
  }

  private static DeviceArray matrix(Device device, int n, int stream, int at) {
    DeviceArray array = device.allocate("matrix", Type.FLOAT, n + at).slice(at, n);
    array.upload(numbers(n, stream));
    return array;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 0",
    "1, 7, 0",
    "3, 4, 0",
    "3, 4, 1",
    "9, 12, 4",
    "5, 30, 2",
    "70, 33, 0",
    "2, 516, 0",
    "4100, 9, 0",
    "600, 300, 3",
    "1100, 260, 0"
  })
  void agreeWithTheHost(int rows, int units, int at) {
    Results expected;
    try (Device host = new HostDevice()) {
      expected = run(host, rows, units, at);
    }
    try (Device device = driver.open(CudaOptions.DEFAULT)) {
      Results actual = run(device, rows, units, at);
      assertArrayEquals(expected.words(), actual.words());
      for (int i = 0; i < expected.floats().length; i++) {
        float[] e = expected.floats()[i];
        float[] a = actual.floats()[i];
        int different = 0;
        for (int j = 0; j < e.length; j++) {
          if (!(Math.abs(e[j] - a[j]) <= CLOSE * Math.max(1, Math.abs(e[j])))) {
            different++;
          }
        }
        // A state is another where a random number lies within about 1e-6 of a probability.
        assertTrue(different <= e.length * 1e-4, "output " + i + ": " + different);
      }
      for (int i = 0; i < expected.doubles().length; i++) {
        for (int r = 0; r < rows; r++) {
          double e = expected.doubles()[i][r];
          assertEquals(e, actual.doubles()[i][r], CLOSE * Math.max(1, Math.abs(e)), "sum " + i);
        }
      }
      driver.checkMemory();
    }
  }

  @Test
  void theOrderOfThreadsMakesNoDifference() {
    Results[] results = new Results[2];
    for (int i = 0; i < 2; i++) {
      EmulatedKernels.get().call("emulation_backwards", i);
      try (Device device = driver.open(CudaOptions.DEFAULT)) {
        results[i] = run(device, 1100, 30, 0);
      }
    }
    assertArrayEquals(results[0].floats(), results[1].floats());
    assertArrayEquals(results[0].doubles(), results[1].doubles());
  }

  @Test
  void moreRowsThanBlocksMayLieAboveEachOther() {
    // 65,535 blocks of 8 rows, and some.
    int rows = 525_000;
    int units = 65;
    try (Device device = driver.open(CudaOptions.DEFAULT)) {
      DeviceArray field = device.allocate("field", Type.FLOAT, (long) rows * units);
      DeviceArray bias = device.allocate("bias", Type.FLOAT, units);
      device.logistic(field, bias, rows, units, 1, field, null, null);
      float[] halves = new float[units];
      Arrays.fill(halves, 0.5f);
      assertArrayEquals(halves, floats(field.slice(0, units)));
      assertArrayEquals(halves, floats(field.slice((rows - 1L) * units, units)));
      driver.checkMemory();
    }
  }

  @Test
  void hugeAndInfiniteFields() {
    float huge = Float.MAX_VALUE;
    float infinite = Float.POSITIVE_INFINITY;
    try (Device device = driver.open(CudaOptions.DEFAULT)) {
      DeviceArray field = floats(device, huge, -huge, infinite, -infinite, 200, -200, Float.NaN, 0);
      DeviceArray bias = device.allocate("bias", Type.FLOAT, 8);
      DeviceArray mean = device.allocate("mean", Type.FLOAT, 8);
      device.logistic(field, bias, 1, 8, 1, mean, null, null);
      assertArrayEquals(new float[] {1, 0, 1, 0, 1, 0, Float.NaN, 0.5f}, floats(mean));
      DeviceArray sums = device.allocate("sums", Type.DOUBLE, 4);
      device.softplusSums(field, bias, 4, 2, 1, sums);
      assertArrayEquals(new double[] {huge, infinite, 200, Double.NaN}, doubles(sums));
      device.softmax(field.slice(0, 6), bias, 3, 2, 2, 1, mean.slice(0, 6), null, null);
      assertArrayEquals(new float[] {1, 0, 1, 0, 1, 0}, floats(mean.slice(0, 6)));
    }
  }

  @Test
  void drawsHaveTheRightFrequencies() {
    int n = 1 << 20;
    try (Device device = driver.open(CudaOptions.DEFAULT)) {
      DeviceArray field = device.allocate("field", Type.FLOAT, n);
      DeviceArray bias = device.allocate("bias", Type.FLOAT, 1024);
      float[] one = new float[1024];
      Arrays.fill(one, 1);
      DeviceArray ones = floats(device, one);
      Draw draw = new Draw(SEED, 0, 0, ints(device, 0, 0));
      DeviceArray state = device.allocate("state", Type.FLOAT, n);
      device.logistic(field, bias, 1024, 1024, 1, null, state, draw);
      double sum = 0;
      for (float s : floats(state)) {
        sum += s;
      }
      // Six standard deviations of the mean: a false alarm in 5e8 seeds.
      assertEquals(0.5, sum / n, 6 * 0.5 / Math.sqrt(n));
      device.gaussian(field, bias, ones, 1024, 1024, 1, null, state, draw);
      double first = 0;
      double second = 0;
      for (float s : floats(state)) {
        first += s;
        second += (double) s * s;
      }
      assertEquals(0, first / n, 6 / Math.sqrt(n));
      assertEquals(1, second / n, 6 * Math.sqrt(2.0 / n));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "00000000, 00000000, 00000000, 00000000, 00000000, 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff, ffffffff, ffffffff, ffffffff, ffffffff, ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88, 85a308d3, 13198a2e, 03707344, a4093822, 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1"
  })
  void knownAnswersOfRandom123(
      String c0, String c1, String c2, String c3, String k0, String k1, String answer) {
    Memory counter = words(c0, c1, c2, c3);
    Memory key = words(k0, k1);
    Memory out = new Memory(16);
    EmulatedKernels.get().call("emulation_philox", counter, key, out);
    assertArrayEquals(words(answer.split(" ")).getIntArray(0, 4), out.getIntArray(0, 4));
  }

  private static Memory words(String... hex) {
    Memory words = new Memory(4L * hex.length);
    for (int i = 0; i < hex.length; i++) {
      words.setInt(4L * i, Integer.parseUnsignedInt(hex[i], 16));
    }
    return words;
  }

  @Test
  void elementaryFunctionsAreCloseToFloat() {
    Memory in = new Memory(8);
    Memory out = new Memory(16);
    for (int i = -86_000; i < 86_000; i += 7) {
      float x = i * 1e-3f;
      in.setFloat(0, x);
      in.setFloat(4, 1e-3f);
      EmulatedKernels.get().call("emulation_functions", in, out);
      double difference = 1 / (1 + Math.exp(-(x + 0.0005))) * 1e-3f;
      requireRelative(Math.exp(x), out.getFloat(0), 1e-6);
      requireRelative(1 / (1 + Math.exp(-x)), out.getFloat(4), 1e-6);
      requireRelative(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), out.getFloat(8), 1e-6);
      // The derivative in the middle is within 1e-7 of the difference quotient.
      requireRelative(difference, out.getFloat(12), 2e-6);
    }
    for (int i = 0; i < 100_000; i++) {
      int word = i * 0x9E3779B1;
      in.setInt(0, word);
      EmulatedKernels.get().call("emulation_normal", in, out);
      requireRelative(HostUnits.normal(word), out.getFloat(0), 1e-6);
    }
  }

  private static void requireRelative(double expected, double actual, double most) {
    // Subnormal results: half a unit for a product, and one as the logarithm halves and doubles.
    assertEquals(expected, actual, most * Math.abs(expected) + 1.5 * Float.MIN_VALUE);
  }
}
