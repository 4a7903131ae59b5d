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
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dl4jebm.training.device.Device.Penalties;
import org.dl4jebm.training.device.Device.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation against the formula of {@link Device}, with sizes that divide nothing. */
class DeviceOperationsTest {

  private static final int ROWS = 5;
  private static final int UNITS = 11;
  private static final int N = ROWS * UNITS;
  private static final long SEED = 0x123456789abcdefL;
  private static final float CLOSE = 1e-5f;

  static List<TestDevices.Kind> kinds() {
    return TestDevices.all();
  }

  private static int word(int row, int unit, int time, int channel) {
    int[] words = new int[4];
    Philox.words(unit / 4, row, time, channel, SEED, words, 0);
    return words[unit % 4];
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static void close(double expected, double actual) {
    assertEquals(expected, actual, CLOSE * Math.max(1, Math.abs(expected)));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void productsOfAllFourKindsWithLeadingDimensionsAndBeta(TestDevices.Kind kind) {
    int m = 7;
    int n = 5;
    int k = 9;
    try (Device device = kind.open()) {
      for (int which = 0; which < 4; which++) {
        boolean ta = (which & 1) != 0;
        boolean tb = (which & 2) != 0;
        int lda = (ta ? k : m) + 2;
        int ldb = (tb ? n : k) + 1;
        int ldc = m + 3;
        float[] a = numbers(lda * (ta ? m : k), 1);
        float[] b = numbers(ldb * (tb ? k : n), 2);
        float[] c = numbers(ldc * n, 3);
        DeviceArray out = floats(device, c);
        device.gemm(
            ta, tb, m, n, k, 1.5f, floats(device, a), lda, floats(device, b), ldb, 0.5f, out, ldc);
        float[] result = floats(out);
        for (int j = 0; j < n; j++) {
          for (int i = 0; i < ldc; i++) {
            double expected = c[j * ldc + i];
            if (i < m) {
              expected *= 0.5;
              for (int l = 0; l < k; l++) {
                expected +=
                    1.5 * a[ta ? i * lda + l : l * lda + i] * b[tb ? l * ldb + j : j * ldb + l];
              }
            }
            close(expected, result[j * ldc + i]);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void productsOverwriteWhatIsNotANumberWhereBetaIsZero(TestDevices.Kind kind) {
    try (Device device = kind.open()) {
      DeviceArray out = floats(device, Float.NaN);
      DeviceArray two = floats(device, 2);
      device.gemm(false, false, 1, 1, 1, 1, two, 1, two, 1, 0, out, 1);
      assertEquals(4, floats(out)[0]);
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void wordsAreThoseOfTheGeneratorWhereverTheRowsBegin(TestDevices.Kind kind) {
    try (Device device = kind.open()) {
      DeviceArray clock = ints(device, 3, 17);
      DeviceArray out = device.allocate("words", DeviceArray.Type.INT, N);
      int channel = Draw.channel(2, 1, Draw.VISIBLE);
      device.words(ROWS, UNITS, new Draw(SEED, channel, 100, clock), out);
      int[] words = ints(out);
      for (int i = 0; i < N; i++) {
        assertEquals(word(100 + i / UNITS, i % UNITS, 17, channel), words[i]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void logisticUnits(TestDevices.Kind kind) {
    try (Device device = kind.open()) {
      float[] field = numbers(N, 1);
      field[3] = 200;
      field[4] = -200;
      float[] bias = numbers(UNITS, 2);
      DeviceArray clock = ints(device, 0, 5);
      DeviceArray mean = device.allocate("mean", DeviceArray.Type.FLOAT, N);
      DeviceArray state = floats(device, field);
      device.logistic(
          state, floats(device, bias), ROWS, UNITS, -2, mean, state, new Draw(SEED, 9, 1, clock));
      float[] means = floats(mean);
      float[] states = floats(state);
      for (int i = 0; i < N; i++) {
        double p = sigmoid(field[i] + bias[i % UNITS]);
        close(-2 * p, means[i]);
        double u = (word(1 + i / UNITS, i % UNITS, 5, 9) >>> 8) * 0x1p-24;
        if (Math.abs(u - p) > CLOSE) {
          assertEquals(u < p ? 1 : 0, states[i]);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void gaussianUnits(TestDevices.Kind kind) {
    try (Device device = kind.open()) {
      float[] field = numbers(N, 1);
      float[] bias = numbers(UNITS, 2);
      float[] deviation = new float[UNITS];
      for (int u = 0; u < UNITS; u++) {
        deviation[u] = 0.5f + u;
      }
      DeviceArray clock = ints(device, 0, 5);
      DeviceArray mean = device.allocate("mean", DeviceArray.Type.FLOAT, N);
      DeviceArray state = device.allocate("state", DeviceArray.Type.FLOAT, N);
      device.gaussian(
          floats(device, field),
          floats(device, bias),
          floats(device, deviation),
          ROWS,
          UNITS,
          2,
          mean,
          state,
          new Draw(SEED, 9, 1, clock));
      float[] means = floats(mean);
      float[] states = floats(state);
      for (int i = 0; i < N; i++) {
        double m = field[i] + bias[i % UNITS];
        close(2 * m, means[i]);
        int word = word(1 + i / UNITS, i % UNITS, 5, 9);
        double z = NormalQuantile.of(((word & 0x7fffffff) + 0.5) * 0x1p-32);
        close(m + deviation[i % UNITS] * (word < 0 ? -z : z), states[i]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void softmaxUnits(TestDevices.Kind kind) {
    int groupSize = 3;
    int units = 12;
    try (Device device = kind.open()) {
      float[] field = numbers(ROWS * units, 1);
      field[1] = 300;
      float[] bias = numbers(units, 2);
      DeviceArray clock = ints(device, 0, 5);
      DeviceArray mean = device.allocate("mean", DeviceArray.Type.FLOAT, ROWS * units);
      DeviceArray state = device.allocate("state", DeviceArray.Type.FLOAT, ROWS * units);
      Draw draw = new Draw(SEED, 9, 1, clock);
      device.softmax(
          floats(device, field),
          floats(device, bias),
          ROWS,
          units,
          groupSize,
          1,
          mean,
          state,
          draw);
      float[] means = floats(mean);
      float[] states = floats(state);
      for (int first = 0; first < ROWS * units; first += groupSize) {
        double sum = 0;
        for (int k = 0; k < groupSize; k++) {
          sum += Math.exp(field[first + k] + bias[(first + k) % units] - field[first + 1]);
        }
        double point = (word(1 + first / units, first % units, 5, 9) >>> 8) * 0x1p-24;
        double cumulative = 0;
        int chosen = -1;
        boolean clear = true;
        for (int k = 0; k < groupSize; k++) {
          double p =
              Math.exp(field[first + k] + bias[(first + k) % units] - field[first + 1]) / sum;
          close(p, means[first + k]);
          cumulative += p;
          clear &= Math.abs(cumulative - point) > CLOSE;
          if (chosen < 0 && cumulative > point) {
            chosen = k;
          }
        }
        if (clear) {
          for (int k = 0; k < groupSize; k++) {
            assertEquals(k == chosen ? 1 : 0, states[first + k]);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void sumsAndScalings(TestDevices.Kind kind) {
    try (Device device = kind.open()) {
      float[] in = numbers(N, 1);
      float[] other = numbers(N, 3);
      float[] vector = numbers(UNITS, 2);
      DeviceArray x = floats(device, in);
      DeviceArray v = floats(device, vector);
      DeviceArray scaled = device.allocate("scaled", DeviceArray.Type.FLOAT, N);
      device.scaleColumns(x, v, ROWS, UNITS, scaled);
      DeviceArray columns = floats(device, vector);
      device.columnSums(x, ROWS, UNITS, 2, 0.5f, columns);
      DeviceArray softplus = doubles(device, 1, 2, 3, 4, 5);
      device.softplusSums(x, v, ROWS, UNITS, -1, softplus);
      DeviceArray dots = doubles(device, 1, 2, 3, 4, 5);
      device.rowDots(x, v, ROWS, UNITS, 3, dots);
      DeviceArray squares = doubles(device, 1, 2, 3, 4, 5);
      device.squaredDistances(x, floats(device, other), ROWS, UNITS, squares);
      for (int i = 0; i < N; i++) {
        close(in[i] * vector[i % UNITS], floats(scaled)[i]);
      }
      for (int u = 0; u < UNITS; u++) {
        double sum = 0.5 * vector[u];
        for (int r = 0; r < ROWS; r++) {
          sum += 2 * in[r * UNITS + u];
        }
        close(sum, floats(columns)[u]);
      }
      for (int r = 0; r < ROWS; r++) {
        double energy = r + 1;
        double dot = r + 1;
        double square = 0;
        for (int u = 0; u < UNITS; u++) {
          double number = in[r * UNITS + u];
          energy -= Math.log1p(Math.exp(number + vector[u]));
          dot += 3 * number * vector[u];
          square += Math.pow(number - other[r * UNITS + u], 2);
        }
        close(energy, doubles(softplus)[r]);
        close(dot, doubles(dots)[r]);
        close(square, doubles(squares)[r]);
      }
      device.scale(x, -3);
      close(-3 * in[7], floats(x)[7]);
      device.copy(scaled, x);
      assertArrayEquals(floats(scaled), floats(x));
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void stepsOfGradientDescent(TestDevices.Kind kind) {
    try (Device device = kind.open()) {
      float[] start = numbers(N, 1);
      start[2] = 0;
      float[] slope = numbers(N, 2);
      float[] speed = numbers(N, 3);
      DeviceArray clock = ints(device, 1, 0);
      DeviceArray rates = floats(device, 9, 9, 0.1f, 0.9f);
      DeviceArray gradient = floats(device, slope);
      DeviceArray sgd = floats(device, start);
      DeviceArray nesterovs = floats(device, start);
      DeviceArray velocity = floats(device, speed);
      Penalties penalties = new Penalties(0.01f, 0.02f, 0.03f);
      device.sgd(sgd, gradient, penalties, 0.5f, rates, clock);
      device.nesterovs(nesterovs, gradient, velocity, penalties, 0.5f, rates, clock);
      for (int i = 0; i < N; i++) {
        double p = start[i];
        double g = 0.5 * slope[i] + 0.02 * p + 0.01 * Math.signum(p);
        close(p - 0.1 * g - 0.03 * 0.1 * p, floats(sgd)[i]);
        double v = 0.9 * speed[i] - 0.1 * g;
        close(v, floats(velocity)[i]);
        close(p - (0.9 * speed[i] - 1.9 * v + 0.03 * 0.1 * p), floats(nesterovs)[i]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void annealing(TestDevices.Kind kind) {
    try (Device device = kind.open()) {
      float[] field = numbers(N, 1);
      float[] bias = numbers(UNITS, 2);
      float[] base = numbers(UNITS, 3);
      DeviceArray clock = ints(device, 1, 5);
      DeviceArray betas = doubles(device, 0, 0.25, 0.75, 1);
      DeviceArray weights = doubles(device, 1, 2, 3, 4, 5);
      DeviceArray visibleWeights = doubles(device, 1, 2, 3, 4, 5);
      DeviceArray hidden = floats(device, field);
      DeviceArray visible = floats(device, field);
      DeviceArray b = floats(device, bias);
      DeviceArray a = floats(device, base);
      Draw draw = new Draw(SEED, 9, 1, clock);
      device.annealVisibleWeights(visible, b, betas, clock, ROWS, UNITS, visibleWeights);
      device.annealHidden(hidden, b, a, betas, clock, ROWS, UNITS, weights, hidden, draw);
      device.annealVisible(visible, b, a, betas, clock, ROWS, UNITS, visible, draw);
      assertArrayEquals(floats(hidden), floats(visible));
      for (int r = 0; r < ROWS; r++) {
        double sum = r + 1;
        double dot = r + 1;
        for (int u = 0; u < UNITS; u++) {
          double y = field[r * UNITS + u] + bias[u];
          double from = 0.75 * base[u] + 0.25 * y;
          double to = 0.25 * base[u] + 0.75 * y;
          sum += Math.log1p(Math.exp(to)) - Math.log1p(Math.exp(from));
          dot += 0.5 * bias[u] * field[r * UNITS + u];
          double point = (word(1 + r, u, 5, 9) >>> 8) * 0x1p-24;
          if (Math.abs(point - sigmoid(to)) > CLOSE) {
            assertEquals(point < sigmoid(to) ? 1 : 0, floats(hidden)[r * UNITS + u]);
          }
        }
        close(sum, doubles(weights)[r]);
        close(dot, doubles(visibleWeights)[r]);
      }
      DeviceArray last = floats(device, field);
      device.annealHidden(last, b, a, betas, clock, ROWS, UNITS, weights, null, null);
      assertArrayEquals(field, floats(last));
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aRecordingIsDoneWhenItIsReplayedAndFollowsTheClock(TestDevices.Kind kind) {
    try (Device device = kind.open()) {
      DeviceArray clock = ints(device, 0, -1);
      DeviceArray data = floats(device, 0, 1, 10, 11, 20, 21, 30, 31);
      DeviceArray order = ints(device, 3, 1, 0, 2);
      DeviceArray out = device.allocate("out", DeviceArray.Type.FLOAT, 4);
      try (Recording recording =
          device.record(
              () -> {
                device.gather(data, order, clock, 2, 2, out);
                device.tick(clock, 1, 2);
              })) {
        assertArrayEquals(new float[4], floats(out));
        recording.replay();
        assertArrayEquals(new float[] {30, 31, 10, 11}, floats(out));
        recording.replay();
        assertArrayEquals(new float[] {0, 1, 20, 21}, floats(out));
        assertArrayEquals(new int[] {2, 3}, ints(clock));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void slicesShareMemoryAndFiniteNumbersAreToldApart(TestDevices.Kind kind) {
    try (Device device = kind.open()) {
      DeviceArray all = floats(device, 1, 2, 3, 4);
      DeviceArray part = all.slice(1, 2);
      part.upload(new float[] {7, Float.NaN});
      part.close();
      assertFalse(device.allFinite(all));
      assertTrue(device.allFinite(all.slice(0, 2)));
      assertFalse(device.allFinite(doubles(device, 0, Double.NEGATIVE_INFINITY)));
      assertThrows(IndexOutOfBoundsException.class, () -> all.slice(2, 3));
      assertArrayEquals(new float[] {7}, floats(all.slice(1, 1)));
    }
  }

  @Test
  void theHostRefusesWhatDoesNotFit() {
    try (Device device = new HostDevice(40)) {
      DeviceArray array = device.allocate("small", DeviceArray.Type.FLOAT, 6);
      String message =
          assertThrows(
                  DeviceException.class, () -> device.allocate("large", DeviceArray.Type.DOUBLE, 3))
              .getMessage();
      assertEquals("\"large\" needs 24 bytes and 16 are free", message);
      assertThrows(
          IllegalArgumentException.class, () -> device.columnSums(array, 2, 4, 1, 0, array));
      assertThrows(IllegalArgumentException.class, () -> array.upload(new float[5]));
      assertThrows(
          IllegalStateException.class, () -> device.record(() -> array.upload(new float[6])));
      array.close();
      array.close();
      assertEquals(40, device.freeBytes());
      assertThrows(IllegalArgumentException.class, () -> device.scale(array, 2));
    }
  }

  @Test
  void channelsTellUsesApart() {
    assertEquals((3 << 16) | 5, Draw.channel(3, 2, Draw.VISIBLE));
    assertThrows(IllegalArgumentException.class, () -> Draw.channel(1 << 15, 0, 0));
  }
}
