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
 * A stream of independent uniform numbers {@code (k + 1/2) 2^-23} with {@code k} from 0 to {@code
 * 2^23 - 1}, so never 0 or 1, written by the block.
 *
 * <p>SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): its numbers are a mixing function of a
 * counter, so that a loop over them has no dependence and is vectorised by the JVM, and any block
 * can be written by any thread. Each number gives two floats.
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

  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  private long counter;

  UniformBlocks(long start) {
    counter = start;
  }

  /** The position, for {@link #moveTo}. */
  long position() {
    return counter;
  }

  void moveTo(long position) {
    counter = position;
  }

  /** Moves on by {@code n} numbers, or one more if that is odd. */
  void skip(long n) {
    counter += (n + 1) / 2 * GOLDEN_GAMMA;
  }

  /**
   * Returns {@code n} numbers in an array of this thread, which the next call overwrites. The
   * position stays.
   *
   * @param from how many numbers after the position, even
   * @param n at most {@link HostBlocks#LENGTH}
   */
  float[] peek(long from, int n) {
    Scratch scratch = SCRATCH.get();
    int pairs = (n + 1) / 2;
    mix(counter + from / 2 * GOLDEN_GAMMA, scratch.bits, pairs);
    scratch.asLongs.put(0, scratch.bits, 0, pairs);
    scratch.asFloats.get(0, scratch.numbers, 0, n);
    toUnit(scratch.numbers, n);
    return scratch.numbers;
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

  private static void toUnit(float[] numbers, int n) {
    for (int i = 0; i < n; i++) {
      numbers[i] -= TO_UNIT;
    }
  }

  /** Bits become floats by way of memory that is both. */
  private static final class Scratch {

    final long[] bits = new long[PAIRS];
    final float[] numbers = new float[HostBlocks.LENGTH];
    final LongBuffer asLongs;
    final FloatBuffer asFloats;

    Scratch() {
      ByteBuffer memory =
          ByteBuffer.allocateDirect(PAIRS * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      asLongs = memory.asLongBuffer();
      asFloats = memory.asFloatBuffer();
    }
  }
}
