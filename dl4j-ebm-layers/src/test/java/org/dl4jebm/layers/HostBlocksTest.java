/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class HostBlocksTest {

  private static INDArray count(long length) {
    return Nd4j.arange(length).castTo(DataType.FLOAT);
  }

  /** The largest lengths are divided among threads, where there are several. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2047, 2048, 2049, 24 * 2048, 48 * 2048, 100 * 2048 + 1, 500_000})
  void everyValueOnceAtItsPosition(long length) {
    INDArray in = count(length);
    INDArray out = in.ulike();
    AtomicLong seen = new AtomicLong();
    HostBlocks.Work addPosition =
        (block, n, from) -> {
          assertEquals(0, from % HostBlocks.LENGTH);
          assertEquals(Math.min(HostBlocks.LENGTH, length - from), n);
          for (int i = 0; i < n; i++) {
            block[i] += from + i;
          }
          seen.addAndGet(n);
        };
    HostBlocks.map(in, out, addPosition);
    assertEquals(length, seen.get());
    NdAssert.assertSame(in.mul(2), out);
    NdAssert.assertSame(count(length), in);
    HostBlocks.read(out, addPosition);
    NdAssert.assertSame(in.mul(2), out);
    HostBlocks.map(in, in, addPosition);
    NdAssert.assertSame(out, in);
    assertEquals(3 * length, seen.get());
  }

  @ParameterizedTest
  @ValueSource(longs = {2, 2049, 100 * 2048 + 1})
  void pairsOfValuesAtTheSamePlace(long length) {
    INDArray in = count(length).reshape(1, length);
    INDArray other =
        count(2 * length).reshape(2, length).get(NDArrayIndex.interval(1, 2), NDArrayIndex.all());
    INDArray out = in.ulike();
    HostBlocks.PairWork difference =
        (block, second, n, from) -> {
          for (int i = 0; i < n; i++) {
            block[i] = second[i] - block[i];
          }
        };
    HostBlocks.map(in, other, out, difference);
    NdAssert.assertSame(in.mul(0).add(length), out);
    NdAssert.assertSame(count(length).reshape(1, length), in);
    HostBlocks.map(in, other, in, difference);
    NdAssert.assertSame(out, in);
    assertThrows(
        IllegalArgumentException.class, () -> HostBlocks.map(in, count(length), in, difference));
  }

  @Test
  void viewsWithoutGaps() {
    INDArray matrix = count(600).reshape(60, 10);
    INDArray rows = matrix.get(NDArrayIndex.interval(7, 9), NDArrayIndex.all());
    assertTrue(HostBlocks.reach(rows));
    HostBlocks.map(
        rows,
        rows,
        (block, n, from) -> {
          assertEquals(70, block[0]);
          assertEquals(20, n);
          java.util.Arrays.fill(block, -1);
        });
    INDArray expected = count(600).reshape(60, 10);
    expected.get(NDArrayIndex.interval(7, 9), NDArrayIndex.all()).assign(-1);
    NdAssert.assertSame(expected, matrix);
  }

  @Test
  void othersAreRefused() {
    INDArray good = count(60).reshape(6, 10);
    INDArray gaps = good.get(NDArrayIndex.all(), NDArrayIndex.interval(2, 4));
    INDArray exact = good.castTo(DataType.DOUBLE);
    HostBlocks.Work nothing = (block, n, from) -> {};
    for (INDArray bad : new INDArray[] {gaps, exact, Nd4j.empty(DataType.FLOAT)}) {
      assertFalse(HostBlocks.reach(bad));
      assertThrows(IllegalArgumentException.class, () -> HostBlocks.read(bad, nothing));
      assertThrows(IllegalArgumentException.class, () -> HostBlocks.map(good, bad, nothing));
      assertThrows(IllegalArgumentException.class, () -> HostBlocks.map(bad, good, nothing));
    }
    INDArray other = Nd4j.create(DataType.FLOAT, 10, 6);
    String message =
        assertThrows(IllegalArgumentException.class, () -> HostBlocks.map(good, other, nothing))
            .getMessage();
    assertTrue(message.contains("[6, 10]") && message.contains("[10, 6]"), message);
    assertThrows(
        IllegalArgumentException.class, () -> HostBlocks.map(good, good.dup('f'), nothing));
  }

  @Test
  void aFailureOfTheWorkIsThrown() {
    INDArray large = count(300_000);
    assertThrows(
        ArithmeticException.class,
        () ->
            HostBlocks.read(
                large,
                (block, n, from) -> {
                  throw new ArithmeticException();
                }));
  }
}
