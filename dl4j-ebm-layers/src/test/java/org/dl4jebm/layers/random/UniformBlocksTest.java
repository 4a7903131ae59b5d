/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jebm.layers.HostBlocks;
import org.dl4jebm.layers.testing.Limits;
import org.junit.jupiter.api.Test;

class UniformBlocksTest {

  private static final int BLOCKS = 400;

  /** Independent of the class: the generator as it is published, and 23 bits of each half. */
  @Test
  void numbersAreThoseOfSplitMix64() {
    java.util.SplittableRandom reference = new java.util.SplittableRandom(99);
    // Java's class has a gamma of its own for split generators only; the first one uses the golden.
    UniformBlocks blocks = new UniformBlocks(99 + 0x9E3779B97F4A7C15L);
    for (int n : new int[] {HostBlocks.LENGTH, 5, 1, 2, HostBlocks.LENGTH - 1}) {
      float[] block = blocks.peek(0, n);
      blocks.skip(n);
      for (int i = 0; i < n; i += 2) {
        long bits = reference.nextLong();
        assertEquals(unit((int) bits), block[i]);
        if (i + 1 < n) {
          assertEquals(unit((int) (bits >>> 32)), block[i + 1]);
        }
      }
    }
  }

  private static float unit(int bits) {
    return (float) (((bits & 0x7FFFFF) + 0.5) / 0x800000);
  }

  /** Chi-square of 256 equal cells, by Laurent and Massart; false alarm 1e-9. */
  @Test
  void uniformInsideTheUnitInterval() {
    UniformBlocks blocks = new UniformBlocks(5);
    long[] cells = new long[256];
    for (int b = 0; b < BLOCKS; b++) {
      for (float u : blocks.peek((long) b * HostBlocks.LENGTH, HostBlocks.LENGTH)) {
        assertTrue(u > 0 && u < 1);
        cells[(int) (u * 256)]++;
      }
    }
    double expected = BLOCKS * HostBlocks.LENGTH / 256.0;
    double chiSquare = 0;
    for (long count : cells) {
      chiSquare += (count - expected) * (count - expected) / expected;
    }
    double log = Math.log(2 / Limits.FALSE_ALARM);
    assertEquals(255, chiSquare, 2 * Math.sqrt(255 * log) + 2 * log);
  }

  @Test
  void positionsAreResumed() {
    UniformBlocks blocks = new UniformBlocks(6);
    blocks.skip(3);
    long position = blocks.position();
    float[] expected = blocks.peek(0, 100).clone();
    assertArrayEquals(expected, blocks.peek(0, 100), "looking at it changes nothing");
    blocks.skip(40);
    UniformBlocks other = new UniformBlocks(7);
    other.moveTo(position);
    assertArrayEquals(expected, other.peek(0, 100).clone());
    float[] later = blocks.peek(0, 60);
    for (int i = 0; i < 60; i++) {
      assertEquals(expected[40 + i], later[i]);
    }
  }
}
