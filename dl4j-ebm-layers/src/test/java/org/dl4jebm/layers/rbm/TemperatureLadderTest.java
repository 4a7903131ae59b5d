/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.dl4jebm.layers.rbm.Tempering.Path;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Options of tempering, exchanges and the adaptation of the ladder. */
class TemperatureLadderTest {

  private static final Tempering FIXED = new Tempering(4, 4, 0.5, 0, Path.COUPLING);

  private static void assertRefused(String part, Executable construction) {
    String message = assertThrows(IllegalArgumentException.class, construction).getMessage();
    assertTrue(message.contains(part) && message.contains("accepted: "), message);
  }

  @Test
  void badOptionsAreRefused() {
    assertRefused("temperatures of the tempering is 1", () -> Tempering.ofTemperatures(1));
    assertRefused(
        "maxTemperatures of the tempering is 4", () -> new Tempering(5, 4, 0.5, 10, Path.ENERGY));
    for (double rate : new double[] {0, 1, -0.2, Double.NaN}) {
      assertRefused(
          "swapRate of the tempering is " + rate, () -> new Tempering(5, 9, rate, 10, Path.ENERGY));
    }
    for (int every : new int[] {-1, 1}) {
      assertRefused(
          "adaptEvery of the tempering is " + every,
          () -> new Tempering(5, 5, 0.5, every, Path.ENERGY));
    }
    assertRefused(
        "maxTemperatures of the tempering is 9; accepted: 5 where the ladder does not adapt",
        () -> new Tempering(5, 9, 0.5, 0, Path.ENERGY));
    assertRefused("path of the tempering is null", () -> new Tempering(5, 9, 0.5, 9, null));
    ContrastiveDivergenceOptions cd = ContrastiveDivergenceOptions.DEFAULT;
    assertRefused("persistentChains is 0", () -> cd.withTempering(Tempering.DEFAULT));
    ContrastiveDivergenceOptions fast =
        cd.withPersistentChains(3).withFastWeights(FastWeights.ofRate(0.1));
    assertRefused("one of the two", () -> fast.withTempering(Tempering.DEFAULT));
  }

  /** {@code beta b + (1 - beta) base}, as {@link TemperedChains} has it. */
  static RbmModel at(RbmModel model, double beta, INDArray hiddenBase, INDArray visibleBase) {
    return model.tempered(
        beta,
        model.hiddenBias().mul(beta).add(hiddenBase.mul(1 - beta)),
        model.visibleBias().mul(beta).add(visibleBase.mul(1 - beta)));
  }

  /**
   * Detailed balance of an exchange, over all pairs of joint states of a tiny machine: {@code
   * p_i(x) p_j(y) a(x, y) = p_i(y) p_j(x) a(y, x)}, where {@code U} is the derivative of the
   * energy.
   */
  @ParameterizedTest
  @EnumSource(Path.class)
  void exchangesAreInDetailedBalance(Path path) {
    RbmModel model = TinyRbm.oracle(3, 2).scaleWeights(2).model(DataType.DOUBLE);
    INDArray hiddenBase = model.hiddenBias();
    INDArray visibleBase = model.visibleBias();
    if (path == Path.ENERGY) {
      hiddenBase = hiddenBase.mul(0);
      visibleBase = visibleBase.mul(0);
    } else if (path == Path.CENTERED) {
      hiddenBase = hiddenBase.add(0.7);
      visibleBase = visibleBase.sub(0.4);
    }
    double[][] vs = TinyRbm.states(3);
    double[][] hs = TinyRbm.states(2);
    double[][] v = new double[32][];
    double[][] h = new double[32][];
    for (int s = 0; s < 32; s++) {
      v[s] = vs[s % 8];
      h[s] = hs[s / 8];
    }
    INDArray visible = Nd4j.createFromArray(v);
    INDArray hidden = Nd4j.createFromArray(h);
    double beta = 0.8;
    double other = 0.3;
    double[] p = probabilities(at(model, beta, hiddenBase, visibleBase), visible, hidden);
    double[] q = probabilities(at(model, other, hiddenBase, visibleBase), visible, hidden);
    double[] u =
        NdAssert.values(
            model
                .energy(visible, hidden)
                .sub(at(model, 0, hiddenBase, visibleBase).energy(visible, hidden)));
    for (int x = 0; x < 32; x++) {
      for (int y = 0; y < 32; y++) {
        double there = p[x] * q[y] * TemperatureLadder.probability(beta, other, u[x], u[y]);
        double back = p[y] * q[x] * TemperatureLadder.probability(beta, other, u[y], u[x]);
        assertEquals(there, back, 1e-15 + 1e-12 * there, x + ", " + y);
        assertTrue(there == 0 || back > 0);
      }
    }
  }

  private static double[] probabilities(RbmModel model, INDArray v, INDArray h) {
    double[] p = NdAssert.values(model.energy(v, h));
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(-p[i]);
      sum += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= sum;
    }
    return p;
  }

  @Test
  void probabilitiesThatAreNotNumbersAreZero() {
    assertEquals(0, TemperatureLadder.probability(1, 0.5, Double.NaN, 0));
    assertEquals(0, TemperatureLadder.probability(1, 0.5, -1e300, 1e300));
    assertEquals(1, TemperatureLadder.probability(1, 0.5, 1e300, -1e300));
    assertEquals(1, TemperatureLadder.probability(1, 0.5, 3, 3));
    assertEquals(Math.exp(-1), TemperatureLadder.probability(1, 0.5, 1, 3), 1e-15);
  }

  @Test
  void evenAndOddPairsTakeTurns() {
    TemperatureLadder ladder = new TemperatureLadder(FIXED, 2);
    assertArrayEquals(
        new double[] {1, 1, 2 / 3.0, 2 / 3.0, 1 / 3.0, 1 / 3.0, 0, 0},
        ladder.inverseTemperatureOfRows(),
        1e-15);
    double[] equal = new double[8];
    double[] always = new double[ladder.randomNumbers()];
    ladder.exchange(equal, always);
    assertArrayEquals(new int[] {2, 3}, ladder.rowsAt(0));
    assertArrayEquals(new int[] {0, 1}, ladder.rowsAt(1));
    assertArrayEquals(new int[] {6, 7}, ladder.rowsAt(2));
    ladder.exchange(equal, always);
    assertArrayEquals(new int[] {2, 3}, ladder.rowsAt(0));
    assertArrayEquals(new int[] {6, 7}, ladder.rowsAt(1));
    assertArrayEquals(new int[] {0, 1}, ladder.rowsAt(2));
    assertArrayEquals(new double[] {1, 1, 1}, ladder.swapRates());

    // Each chain decides for itself: the cold replica of chain 1 has the lower energy.
    TemperatureLadder other = new TemperatureLadder(FIXED, 2);
    double[] energies = {0, -30, 0, 30, 0, 0, 0, 0};
    other.exchange(energies, new double[] {0.99, 0.01, 0.99, 0.99});
    assertArrayEquals(new int[] {2, 1}, other.rowsAt(0));
    assertArrayEquals(new int[] {0, 3}, other.rowsAt(1));
    assertEquals((1 + Math.exp(-20)) / 2, other.swapRates()[0], 1e-12);
    assertTrue(Double.isNaN(other.swapRates()[1]), "not tried yet");
  }

  @Test
  void intervalsOfEqualLength() {
    double[] beta = {1, 0.5, 0};
    assertArrayEquals(
        beta, TemperatureLadder.place(beta, new double[] {0.3, 0.3}, 2), 1e-15, "nothing to do");
    // Length 0.9 on the cold half, 0.1 on the hot one: half of the whole is 5/9 of the cold half.
    assertArrayEquals(
        new double[] {1, 1 - 0.5 * 5 / 9, 0},
        TemperatureLadder.place(beta, new double[] {0.9, 0.1}, 2),
        1e-15);
    assertArrayEquals(
        new double[] {1, 0.75, 0.5, 0.25, 0},
        TemperatureLadder.place(beta, new double[] {0.2, 0.2}, 4),
        1e-15);
    assertArrayEquals(
        new double[] {1, 0}, TemperatureLadder.place(beta, new double[] {0.9, 0.1}, 1), 1e-15);
    SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < 200; i++) {
      double[] lengths = random.doubles(6, 1e-3, 1).toArray();
      double[] placed =
          TemperatureLadder.place(
              new double[] {1, 0.99, 0.6, 0.5, 0.2, 0.1, 0}, lengths, 1 + random.nextInt(20));
      assertEquals(1, placed[0]);
      assertEquals(0, placed[placed.length - 1]);
      for (int j = 1; j < placed.length; j++) {
        assertTrue(placed[j] < placed[j - 1], () -> Arrays.toString(placed));
      }
    }
  }

  /** Feeds a ladder energies that give every pair the same rate; returns its next number. */
  private static int numberAfter(int temperatures, double rate, double target) {
    Tempering options = new Tempering(temperatures, 12, target, 2, Path.ENERGY);
    TemperatureLadder ladder = new TemperatureLadder(options, 3);
    double gap = 1.0 / (temperatures - 1);
    double[] never = new double[ladder.randomNumbers()];
    Arrays.fill(never, 1);
    double[] energies = new double[ladder.rows()];
    for (int row = 0; row < energies.length; row++) {
      energies[row] = -Math.log(rate) / gap * (row / 3);
    }
    ladder.exchange(energies, never);
    assertNull(ladder.adapt(), "the odd pairs were not tried yet");
    ladder.exchange(energies, never);
    int[] sources = ladder.adapt();
    assertEquals(sources == null, ladder.temperatures() == temperatures);
    if (sources != null) {
      assertEquals(3 * ladder.temperatures(), sources.length);
    }
    return ladder.temperatures();
  }

  @Test
  void theNumberOfTemperaturesFollowsTheWantedRate() {
    // Four intervals of length 0.6 and a wanted rejection of 0.5 ask for five of them.
    assertEquals(6, numberAfter(5, 0.4, 0.5));
    assertEquals(5, numberAfter(5, 0.5, 0.5));
    assertEquals(12, numberAfter(7, 1e-9, 0.9), "no more than allowed");
    assertEquals(5, numberAfter(5, 0.6, 0.5), "4 * 0.4 / 0.5 = 3.2 asks for 4 pairs");
    assertEquals(5, numberAfter(5, 0.63, 0.5), "4 * 0.37 / 0.5 < 3 pairs: one fewer is kept");
    assertEquals(4, numberAfter(5, 0.76, 0.5), "4 * 0.24 / 0.5 < 2 pairs: two fewer would do");
    assertEquals(3, numberAfter(9, 0.999, 0.5));
    assertEquals(3, numberAfter(3, 1, 0.5));
  }

  /** New replicas start from those at the nearest old temperature. */
  @Test
  void sourcesOfNewReplicas() {
    TemperatureLadder ladder = new TemperatureLadder(new Tempering(2, 3, 0.5, 2, Path.ENERGY), 2);
    double[] energies = {0, 9, 8, -9};
    ladder.exchange(energies, new double[] {0.5, 0.5});
    assertArrayEquals(new int[] {0, 3}, ladder.rowsAt(0), "chain 1 exchanges");
    ladder.exchange(energies, new double[] {0.5, 0.5});
    // One rejection in two is a length of 0.5, for which one pair is enough; so the rate is high.
    assertNull(ladder.adapt());
    double[] apart = {0, 900, 900, 0};
    for (int i = 0; i < 2; i++) {
      ladder.exchange(apart, new double[] {0.5, 0.5});
    }
    int[] sources = ladder.adapt();
    assertNotNull(sources);
    assertEquals(3, ladder.temperatures());
    assertEquals(0.5, ladder.inverseTemperatures()[1], 1e-15);
    assertArrayEquals(new int[] {0, 3}, Arrays.copyOf(sources, 2));
    assertArrayEquals(new int[] {2, 1}, Arrays.copyOfRange(sources, 4, 6));
    assertArrayEquals(new int[] {0, 1}, ladder.rowsAt(0), "replicas are in order again");
  }

  /** Whatever happens, every chain has one replica at each temperature. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 6})
  void replicasStayAPermutation(int temperatures) {
    int chains = 5;
    TemperatureLadder ladder =
        new TemperatureLadder(new Tempering(temperatures, 9, 0.6, 7, Path.ENERGY), chains);
    SplittableRandom random = new SplittableRandom(temperatures);
    for (int i = 0; i < 200; i++) {
      double[] energies = random.doubles(ladder.rows(), -3, 3).toArray();
      ladder.exchange(energies, random.doubles(ladder.randomNumbers()).toArray());
      boolean[] seen = new boolean[ladder.rows()];
      for (int level = 0; level < ladder.temperatures(); level++) {
        int[] rows = ladder.rowsAt(level);
        for (int chain = 0; chain < chains; chain++) {
          assertEquals(chain, rows[chain] % chains, "states stay in their chain");
          assertTrue(!seen[rows[chain]]);
          seen[rows[chain]] = true;
          assertEquals(
              ladder.inverseTemperatures()[level], ladder.inverseTemperatureOfRows()[rows[chain]]);
        }
      }
      ladder.adapt();
    }
  }

  @Test
  void aRestoredLadderGoesOnAlike() {
    Tempering options = new Tempering(4, 9, 0.7, 6, Path.ENERGY);
    TemperatureLadder ladder = new TemperatureLadder(options, 3);
    for (int i = 0; i < 50; i++) {
      Map<String, INDArray> state = new TreeMap<>();
      ladder.addState(state);
      TemperatureLadder copy = new TemperatureLadder(options, 3).restored(state);
      for (TemperatureLadder each : List.of(ladder, copy)) {
        SplittableRandom same = new SplittableRandom(i);
        for (int sweep = 0; sweep < 1 + i % 4; sweep++) {
          each.exchange(
              same.doubles(each.rows(), -5, 5).toArray(),
              same.doubles(each.randomNumbers()).toArray());
          each.adapt();
        }
      }
      assertArrayEquals(ladder.inverseTemperatures(), copy.inverseTemperatures());
      assertArrayEquals(ladder.inverseTemperatureOfRows(), copy.inverseTemperatureOfRows());
      assertArrayEquals(ladder.swapRates(), copy.swapRates());
    }
  }

  @Test
  void foreignStatesAreRefused() {
    Map<String, INDArray> good = new TreeMap<>();
    new TemperatureLadder(FIXED, 2).addState(good);
    TemperatureLadder fixed = new TemperatureLadder(FIXED, 2);
    fixed.restored(good);
    Map<String, List<INDArray>> bad =
        Map.of(
            TemperatureLadder.INVERSE_TEMPERATURES,
            List.of(
                Nd4j.createFromArray(1.0, 0.5, 0),
                Nd4j.createFromArray(1.0, 0.5, 0.5, 0),
                Nd4j.createFromArray(1.0, 0.3, Double.NaN, 0),
                Nd4j.createFromArray(0.9, 0.6, 0.5, 0),
                Nd4j.createFromArray(1.0, 0.6, 0.5, 0.1),
                Nd4j.ones(DataType.DOUBLE, 2, 2)),
            TemperatureLadder.REPLICA_AT,
            List.of(
                Nd4j.zeros(DataType.DOUBLE, 4, 2),
                Nd4j.zeros(DataType.DOUBLE, 4, 3),
                Nd4j.valueArrayOf(new long[] {4, 2}, Double.NaN, DataType.DOUBLE),
                Nd4j.valueArrayOf(new long[] {4, 2}, -1.0, DataType.DOUBLE),
                Nd4j.valueArrayOf(new long[] {4, 2}, 4.0, DataType.DOUBLE)),
            TemperatureLadder.SWAPS,
            List.of(Nd4j.zeros(DataType.DOUBLE, 4, 2), Nd4j.zeros(DataType.DOUBLE, 3, 3)));
    bad.forEach(
        (name, arrays) -> {
          for (INDArray array : arrays) {
            Map<String, INDArray> state = new TreeMap<>(good);
            state.put(name, array);
            assertRefused("saved " + name, () -> fixed.restored(state));
          }
        });
  }
}
