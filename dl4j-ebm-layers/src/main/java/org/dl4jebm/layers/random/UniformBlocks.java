/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.random;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import org.dl4jebm.layers.HostBlocks;

/**
 * Independent uniform numbers by the block: {@code (k + 1/2) 2^-23} with {@code k} from 0 to {@code
 * 2^23 - 1}, so never 0 or 1.
 *
 * <p>SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): its numbers are a mixing function of a
 * counter, so that a loop over them has no dependence and is vectorised by the JVM. Each gives two
 * floats.
 */
final class UniformBlocks {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
  private static final int PAIRS = HostBlocks.LENGTH / 2;

  /** The exponent bits of floats in [1, 2), for both halves of a long. */
  private static final long ONES = 0x3F8000003F800000L;

  /** A float's fraction bits, in both halves. */
  private static final long FRACTIONS = 0x007FFFFF007FFFFFL;

  /** Takes {@code 1 + k 2^-23} to {@code (k + 1/2) 2^-23}, exactly. */
  private static final float TO_UNIT = 1 - 0x1p-24f;

  /** Distances of the counter within a block. */
  private static final long[] STEPS = new long[PAIRS];

  static {
    for (int i = 0; i < PAIRS; i++) {
      STEPS[i] = i * GOLDEN_GAMMA;
    }
  }

  private final long[] bits = new long[PAIRS];
  private final LongBuffer asLongs;
  private final FloatBuffer asFloats;
  private long counter;

  UniformBlocks(long start) {
    ByteBuffer memory =
        ByteBuffer.allocateDirect(PAIRS * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    asLongs = memory.asLongBuffer();
    asFloats = memory.asFloatBuffer();
    counter = start;
  }

  /** The position, for {@link #moveTo}. */
  long position() {
    return counter;
  }

  void moveTo(long position) {
    counter = position;
  }

  /** Writes {@code n} numbers to the start of a block. */
  void next(float[] block, int n) {
    int pairs = (n + 1) / 2;
    mix(counter, bits, pairs);
    counter += pairs * GOLDEN_GAMMA;
    asLongs.put(0, bits, 0, pairs);
    asFloats.get(0, block, 0, n);
    toUnit(block, n);
  }

  private static void mix(long start, long[] bits, int n) {
    for (int i = 0; i < n; i++) {
      long z = start + STEPS[i];
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z ^= z >>> 31;
      bits[i] = (z & FRACTIONS) | ONES;
    }
  }

  private static void toUnit(float[] block, int n) {
    for (int i = 0; i < n; i++) {
      block[i] -= TO_UNIT;
    }
  }
}
