/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SplitMix64Test {

  /** Outputs for seed 1234567 that other implementations of the algorithm publish. */
  @Test
  void givesTheKnownNumbers() {
    SplitMix64 random = new SplitMix64(1234567);
    long[] expected = {
      6457827717110365317L, 3203168211198807973L, -8629252141511181193L, 4593380528125082431L
    };
    for (long value : expected) {
      assertEquals(value, random.nextLong());
    }
  }

  @Test
  void permutationsHoldEveryNumberOnce() {
    for (int n : new int[] {1, 2, 3, 1000}) {
      int[] order = new SplitMix64(n).permutation(n);
      Arrays.sort(order);
      assertArrayEquals(IntStream.range(0, n).toArray(), order);
    }
  }

  /**
   * 24,000 permutations of 4: each of the 24 is expected 1,000 times. The chi-square statistic with
   * 23 degrees of freedom exceeds 70 with probability 1.4e-6 if all are equally likely.
   */
  @Test
  void allPermutationsAreEquallyLikely() {
    int[] counts = new int[256];
    SplitMix64 random = new SplitMix64(42);
    for (int i = 0; i < 24_000; i++) {
      int[] p = random.permutation(4);
      counts[p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3]]++;
    }
    int[] seen = Arrays.stream(counts).filter(count -> count > 0).toArray();
    assertEquals(24, seen.length);
    double chiSquare =
        Arrays.stream(seen).mapToDouble(c -> (c - 1000.0) * (c - 1000.0) / 1000).sum();
    assertEquals(0, chiSquare, 70);
  }
}
