/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class CorruptionTest {

  private static final int N = 40_000;

  private static INDArray corrupted(Corruption corruption, INDArray clean, long seed) {
    INDArray out = Nd4j.valueArrayOf(clean.shape(), Double.NaN, clean.dataType());
    try (RandomStream random = new RandomStream(seed)) {
      corruption.corrupt(clean, out, random);
    }
    return out;
  }

  private static INDArray constant(double value, DataType type) {
    return Nd4j.valueArrayOf(new long[] {N / 200, 200}, value, type);
  }

  private static double fraction(INDArray values, double value) {
    double count = 0;
    for (double x : NdAssert.values(values)) {
      count += x == value ? 1 : 0;
    }
    return count / values.length();
  }

  private static void assertFrequency(double p, INDArray values, double value) {
    assertEquals(p, fraction(values, value), Limits.bernstein(p * (1 - p), 1, N), "of " + value);
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void maskingSetsSomeToZeroAndLeavesTheOthers(DataType type) {
    INDArray out = corrupted(new MaskingCorruption(0.3), constant(0.75, type), 3);
    assertFrequency(0.3, out, 0);
    assertFrequency(0.7, out, 0.75);
    assertEquals(1, fraction(out, 0) + fraction(out, 0.75), 1e-12);
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void saltAndPepperInEqualParts(DataType type) {
    INDArray out = corrupted(new SaltAndPepperCorruption(0.4, -1, 2), constant(0.5, type), 4);
    assertFrequency(0.2, out, -1);
    assertFrequency(0.2, out, 2);
    assertFrequency(0.6, out, 0.5);
    assertEquals(1, fraction(out, -1) + fraction(out, 2) + fraction(out, 0.5), 1e-12);
    INDArray ink = corrupted(SaltAndPepperCorruption.of(1), constant(0.5, type), 5);
    assertFrequency(0.5, ink, 0);
    assertEquals(1, fraction(ink, 0) + fraction(ink, 1), 1e-12);
  }

  @Test
  void gaussianNoiseOfTheGivenDeviation() {
    INDArray noise =
        corrupted(new GaussianCorruption(0.5), constant(2, DataType.DOUBLE), 6).subi(2);
    double sum = 0;
    double squares = 0;
    for (double x : NdAssert.values(noise)) {
      sum += x / N;
      squares += x * x / N;
    }
    assertEquals(0, sum, Limits.SIGMAS * 0.5 / Math.sqrt(N));
    assertEquals(1, squares / 0.25, Limits.meanSquare(N));
  }

  static Stream<Corruption> all() {
    return Stream.of(
        new NoCorruption(),
        new GaussianCorruption(0.7),
        new MaskingCorruption(0.4),
        SaltAndPepperCorruption.of(0.4));
  }

  @ParameterizedTest
  @MethodSource("all")
  void neitherModifiesItsInputNorDependsOnWhatStoodInTheOutput(Corruption corruption) {
    INDArray clean = Encoders.real(9);
    INDArray before = clean.dup();
    INDArray first = corrupted(corruption, clean, 7);
    NdAssert.assertSame(before, clean);
    NdAssert.assertSame(first, corrupted(corruption, clean, 7));
    // Rows of a larger array, as training has them.
    INDArray larger = Nd4j.zeros(DataType.DOUBLE, 20, Encoders.N_IN);
    INDArray part = larger.get(org.nd4j.linalg.indexing.NDArrayIndex.interval(9, 18));
    try (RandomStream random = new RandomStream(7)) {
      corruption.corrupt(clean, part, random);
    }
    NdAssert.assertSame(first, part);
    assertEquals(0, larger.getRows(0, 1, 2, 3, 4, 5, 6, 7, 8, 18, 19).maxNumber().doubleValue());
    NdAssert.assertClose(
        first,
        corrupted(corruption, clean.castTo(DataType.FLOAT), 7).castTo(DataType.DOUBLE),
        1e-5);
  }

  @Test
  void nothingAndEverything() {
    INDArray clean = Encoders.real(50);
    for (Corruption none :
        List.of(
            new NoCorruption(),
            new GaussianCorruption(0),
            new MaskingCorruption(0),
            SaltAndPepperCorruption.of(0))) {
      NdAssert.assertSame(clean, corrupted(none, clean, 8), none::toString);
    }
    NdAssert.assertClose(clean.mul(0), corrupted(new MaskingCorruption(1), clean, 8), 0);
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    for (double p : new double[] {-0.1, 1.1, Double.NaN}) {
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> new MaskingCorruption(p))
              .getMessage()
              .contains(p + "; accepted: 0 to 1"));
      assertThrows(IllegalArgumentException.class, () -> SaltAndPepperCorruption.of(p));
    }
    for (double s : new double[] {-0.1, Double.POSITIVE_INFINITY, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> new GaussianCorruption(s));
      assertThrows(IllegalArgumentException.class, () -> new SaltAndPepperCorruption(0.1, 0, s));
    }
    assertThrows(IllegalArgumentException.class, () -> new SaltAndPepperCorruption(0.1, 1, 1));
  }
}
