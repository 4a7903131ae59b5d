/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.random;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Erfc;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class RandomStreamTest {

  private static final int N = 400_000;

  private static double[] numbers(RandomStream random) {
    INDArray uniform = Nd4j.create(DataType.FLOAT, 7, 5);
    random.uniform(uniform);
    INDArray normal = Nd4j.create(DataType.DOUBLE, 7, 5);
    random.gaussian(uniform.castTo(DataType.DOUBLE), 2, normal);
    INDArray bits = Nd4j.create(DataType.FLOAT, 7, 5);
    random.bernoulli(uniform, bits);
    return NdAssert.values(
        Nd4j.concat(0, uniform.castTo(DataType.DOUBLE), normal, bits.castTo(DataType.DOUBLE)));
  }

  @Test
  void theSeedAloneDecides() {
    double[] first = numbers(new RandomStream(9));
    Nd4j.getRandom().setSeed(123);
    double[] second = numbers(new RandomStream(9));
    assertArrayEquals(first, second);
    assertTrue(!java.util.Arrays.equals(first, numbers(new RandomStream(10))));
  }

  @Test
  void doesNotTouchTheDefaultGenerator() {
    Nd4j.getRandom().setSeed(5);
    double expected = Nd4j.getRandom().nextDouble();
    Nd4j.getRandom().setSeed(5);
    numbers(new RandomStream(9));
    assertEquals(expected, Nd4j.getRandom().nextDouble());
  }

  @Test
  void aRestoredPositionGivesTheSameNumbers() {
    RandomStream random = new RandomStream(9);
    numbers(random);
    long[] position = random.state();
    double[] expected = numbers(random);
    position = position.clone();
    numbers(random);
    random.restore(position);
    assertArrayEquals(expected, numbers(random), "the same stream");
    RandomStream other = new RandomStream(77);
    numbers(other);
    other.restore(position);
    assertArrayEquals(expected, numbers(other), "another stream");
    random.close();
    assertArrayEquals(numbers(other), numbersAfter(position), "closed streams do no harm");
  }

  private static double[] numbersAfter(long[] position) {
    try (RandomStream random = new RandomStream(3)) {
      random.restore(position);
      numbers(random);
      return numbers(random);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 4})
  void aForeignPositionIsRefused(int length) {
    RandomStream random = new RandomStream(9);
    String message =
        assertThrows(IllegalArgumentException.class, () -> random.restore(new long[length]))
            .getMessage();
    assertTrue(message.contains(length + " numbers"), message);
  }

  @Test
  void zeroIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new RandomStream(0));
  }

  /** Limits: Bernstein and Laurent-Massart, see {@link Limits}; false alarm 1e-9 each. */
  @ParameterizedTest
  @ValueSource(longs = {1, -1, Integer.MAX_VALUE, Long.MAX_VALUE})
  void moments(long seed) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      try (RandomStream random = new RandomStream(seed)) {
        INDArray u = Nd4j.create(type, N);
        random.uniform(u);
        assertEquals(
            0.5,
            NdAssert.values(u.castTo(DataType.DOUBLE).mean())[0],
            Limits.bernstein(1.0 / 12, 0.5, N));
        assertTrue(u.minNumber().doubleValue() >= 0 && u.maxNumber().doubleValue() <= 1);

        INDArray p = Nd4j.valueArrayOf(new long[] {N}, 0.3, type);
        random.bernoulli(p, p);
        assertEquals(
            0.3,
            p.castTo(DataType.DOUBLE).meanNumber().doubleValue(),
            Limits.bernstein(0.21, 0.7, N));

        INDArray x = Nd4j.valueArrayOf(new long[] {N}, 1.5, type);
        random.gaussian(x, 0.5, x);
        INDArray z = x.castTo(DataType.DOUBLE).sub(1.5).div(0.5);
        assertEquals(0, z.meanNumber().doubleValue(), Limits.SIGMAS / Math.sqrt(N));
        assertEquals(1, z.mul(z).meanNumber().doubleValue(), Limits.meanSquare(N));
      }
    }
  }

  /** Every probability is met within the noise, by Bernstein's inequality, see {@link Limits}. */
  @Test
  void frequenciesAreTheProbabilities() {
    double[] probabilities = {1e-6, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1 - 1e-6};
    try (RandomStream random = new RandomStream(11)) {
      for (double probability : probabilities) {
        INDArray p = Nd4j.valueArrayOf(new long[] {N}, probability, DataType.FLOAT);
        random.bernoulli(p, p);
        assertEquals(
            probability,
            p.castTo(DataType.DOUBLE).meanNumber().doubleValue(),
            Limits.bernstein(
                probability * (1 - probability), Math.max(probability, 1 - probability), N));
      }
    }
  }

  /**
   * Pairs at many distances, the two halves of one number of the generator among them, and the ends
   * of a block: the mean of n products of independent centred values of variance 1 is within {@link
   * Limits#bernstein} of 0.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, -1, 42, Long.MIN_VALUE})
  void statesAreIndependent(long seed) {
    INDArray p = Nd4j.valueArrayOf(new long[] {N}, 0.5, DataType.FLOAT);
    try (RandomStream random = new RandomStream(seed)) {
      random.bernoulli(p, p);
    }
    double[] x = NdAssert.values(p);
    for (int lag : new int[] {1, 2, 3, 4, 7, 8, 16, 784, 1024, 2047, 2048, 2049, 4096, 100_000}) {
      double sum = 0;
      for (int i = 0; i + lag < N; i++) {
        sum += 4 * (x[i] - 0.5) * (x[i + lag] - 0.5);
      }
      assertEquals(0, sum / (N - lag), Limits.bernstein(1, 1, N - lag), "lag " + lag);
    }
  }

  /** What is drawn does not depend on where blocks begin, on the type or on gaps in the memory. */
  @Test
  void theSameStatesInEveryLayoutOfMemory() {
    INDArray p = Nd4j.create(DataType.FLOAT, 97, 53);
    new RandomStream(3).uniform(p);
    INDArray expected = p.ulike();
    new RandomStream(8).bernoulli(p, expected);
    INDArray exact = p.castTo(DataType.DOUBLE);
    new RandomStream(8).bernoulli(exact, exact);
    NdAssert.assertSame(expected.castTo(DataType.DOUBLE), exact);
    INDArray wide = Nd4j.create(DataType.FLOAT, 97, 60);
    INDArray gaps = wide.get(NDArrayIndex.all(), NDArrayIndex.interval(4, 57));
    gaps.assign(p);
    new RandomStream(8).bernoulli(gaps, gaps);
    NdAssert.assertSame(expected, gaps.dup());
    assertEquals(0, wide.getColumn(3).sumNumber().doubleValue());
    INDArray twoRows = Nd4j.create(DataType.FLOAT, 99, 53);
    INDArray view = twoRows.get(NDArrayIndex.interval(1, 98), NDArrayIndex.all());
    new RandomStream(8).bernoulli(p, view);
    NdAssert.assertSame(expected, view.dup());
    assertEquals(0, twoRows.getRow(0).sumNumber().doubleValue());
    assertEquals(0, twoRows.getRow(98).sumNumber().doubleValue());
  }

  /**
   * Bad seeds of the native generator correlate numbers up to 0.6 at lags of powers of two. The
   * mean of n products of independent uniforms, centred and scaled to variance 1, is normal at this
   * size.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, -1, Integer.MAX_VALUE, Long.MAX_VALUE})
  void seedsThatAreBadForTheNativeGeneratorAreMixed(long seed) {
    try (RandomStream random = new RandomStream(seed)) {
      INDArray u = Nd4j.create(DataType.DOUBLE, N);
      random.uniform(u);
      double[] x = NdAssert.values(u);
      for (int lag : new int[] {1, 2, 1024, 2048, 65536}) {
        double sum = 0;
        for (int i = 0; i + lag < N; i++) {
          sum += 12 * (x[i] - 0.5) * (x[i + lag] - 0.5);
        }
        double correlation = sum / (N - lag);
        assertEquals(0, correlation, Limits.SIGMAS / Math.sqrt(N - lag), "lag " + lag);
      }
    }
  }

  @Test
  void sureThingsAreSure() {
    try (RandomStream random = new RandomStream(4)) {
      for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
        INDArray one = Nd4j.ones(type, N);
        random.bernoulli(one, one);
        NdAssert.assertSame(Nd4j.ones(type, N), one);
        INDArray zero = Nd4j.zeros(type, N);
        random.bernoulli(zero, zero);
        NdAssert.assertSame(Nd4j.zeros(type, N), zero);
        INDArray beyond = Nd4j.createFromArray(-1e30, -3.2, -0.9, 1.9, 3.2, 1e30).castTo(type);
        random.bernoulli(beyond, beyond);
        NdAssert.assertSame(Nd4j.createFromArray(0., 0, 0, 1, 1, 1).castTo(type), beyond);
        INDArray unknown = Nd4j.valueArrayOf(new long[] {3}, Double.NaN, type);
        random.bernoulli(unknown, unknown);
        assertTrue(Double.isNaN(unknown.getDouble(1)), "divergence must not be hidden");
      }
      INDArray mean = Nd4j.createFromArray(-1e3, -0.5, 0, 2, 7e5);
      INDArray out = mean.ulike();
      random.gaussian(mean, 0, out);
      NdAssert.assertSame(mean, out);
    }
  }

  @Test
  void theOrderOfTheProbabilitiesDoesNotMatter() {
    INDArray p = Nd4j.createFromArray(new double[][] {{0, 1, 0}, {1, 0, 1}});
    INDArray out = Nd4j.create(DataType.DOUBLE, new long[] {2, 3}, 'c');
    new RandomStream(5).bernoulli(NdAssert.fortran(p), out);
    NdAssert.assertSame(p, out);
    INDArray fortran = Nd4j.create(DataType.DOUBLE, new long[] {2, 3}, 'f');
    new RandomStream(5).bernoulli(p, fortran);
    NdAssert.assertSame(p, fortran);
    NdAssert.assertSame(p, p.dup());
  }

  @Test
  void differentTypesOrShapesAreRefused() {
    RandomStream random = new RandomStream(6);
    INDArray single = Nd4j.zeros(DataType.FLOAT, 2, 3);
    INDArray exact = Nd4j.zeros(DataType.DOUBLE, 2, 3);
    INDArray other = Nd4j.zeros(DataType.FLOAT, 3, 2);
    long[] before = random.state();
    String message =
        assertThrows(IllegalArgumentException.class, () -> random.bernoulli(exact, single))
            .getMessage();
    assertTrue(message.contains("DOUBLE[2, 3]") && message.contains("FLOAT[2, 3]"), message);
    message =
        assertThrows(IllegalArgumentException.class, () -> random.bernoulli(single, other))
            .getMessage();
    assertTrue(message.contains("FLOAT[2, 3]") && message.contains("FLOAT[3, 2]"), message);
    assertThrows(IllegalArgumentException.class, () -> random.gaussian(single, 1, exact));
    assertThrows(IllegalArgumentException.class, () -> random.gaussian(other, 1, single));
    assertArrayEquals(before, random.state());
    NdAssert.assertSame(Nd4j.zeros(DataType.FLOAT, 2, 3), single);
  }

  /** Function, then draw: the same states, probabilities and position whether fused or not. */
  @Test
  void fieldsBecomeProbabilitiesAndStatesInOnePass() {
    INDArray field = Nd4j.rand(DataType.FLOAT, 3, 2011);
    HostBlocks.Work half =
        (block, n, from) -> {
          for (int i = 0; i < n; i++) {
            block[i] *= 0.5f;
          }
        };
    RandomStream apart = new RandomStream(11);
    INDArray probability = field.mul(0.5);
    INDArray expected = field.ulike();
    apart.bernoulli(probability, expected);

    RandomStream fused = new RandomStream(11);
    INDArray kept = field.dup();
    INDArray states = field.ulike();
    fused.bernoulli(kept, half, states);
    assertEquals(expected, states);
    assertEquals(probability, kept);
    assertArrayEquals(apart.state(), fused.state());

    INDArray same = field.dup();
    new RandomStream(11).bernoulli(same, half, same);
    assertEquals(expected, same);
  }

  @Test
  void whatTheBlocksCannotReachIsRefusedBeforeAnythingIsDrawn() {
    RandomStream random = new RandomStream(11);
    long[] before = random.state();
    INDArray single = Nd4j.ones(DataType.FLOAT, 2, 2);
    HostBlocks.Work nothing = (block, n, from) -> {};
    assertAll(
        () ->
            assertThrows(
                IllegalArgumentException.class,
                () -> random.bernoulli(single, nothing, Nd4j.ones(DataType.FLOAT, 3, 2))),
        () ->
            assertThrows(
                IllegalArgumentException.class,
                () -> {
                  INDArray exact = Nd4j.ones(DataType.DOUBLE, 2, 2);
                  random.bernoulli(exact, nothing, exact);
                }));
    assertArrayEquals(before, random.state());
  }

  @Test
  void quantilesOfBlocksAreThoseOfTheFunction() {
    int n = 1 << 16;
    float[] u = new float[n];
    for (int i = 0; i < n; i++) {
      u[i] = (i + 0.5f) / n;
    }
    u[0] = 0x1p-24f;
    u[n - 1] = 1 - 0x1p-24f;
    float[] out = new float[n];
    NormalQuantile.apply(u, out, n, 3);
    for (int i = 0; i < n; i++) {
      double expected = 3 * NormalQuantile.at(u[i]);
      assertEquals(expected, out[i], 2e-6 * Math.max(1e-3, Math.abs(expected)));
    }
  }

  /**
   * By the inequality of Dvoretzky, Kiefer and Wolfowitz, with the constant of Massart, the
   * empirical distribution function leaves this band with probability 1e-9; the mean product of
   * neighbours is N(0, 1/n) and leaves six deviations with 2e-9.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 42, -7})
  void normalNumbersAreNormalAndIndependent(long seed) {
    int n = 1_000_001;
    INDArray numbers = Nd4j.valueArrayOf(new long[] {n}, Double.NaN, DataType.FLOAT);
    try (RandomStream random = new RandomStream(seed)) {
      random.gaussian(2.5, numbers);
      INDArray next = Nd4j.zeros(DataType.FLOAT, 10);
      random.gaussian(2.5, next);
      assertNotEquals(numbers.getFloat(0), next.getFloat(0));
    }
    double[] z = numbers.castTo(DataType.DOUBLE).divi(2.5).data().asDouble();
    double product = 0;
    for (int i = 0; i + 1 < n; i++) {
      product += z[i] * z[i + 1];
    }
    assertEquals(0, product / n, 6 / Math.sqrt(n));
    Arrays.sort(z);
    INDArray scaled = Nd4j.createFromArray(z).divi(-Math.sqrt(2));
    double[] twice = Nd4j.getExecutioner().exec(new Erfc(scaled, scaled.ulike())).data().asDouble();
    double farthest = 0;
    for (int i = 0; i < n; i++) {
      farthest = Math.max(farthest, Math.abs(twice[i] / 2 - (i + 0.5) / n));
    }
    assertTrue(farthest < Math.sqrt(Math.log(2 / 1e-9) / (2.0 * n)), "distance " + farthest);
  }
}
