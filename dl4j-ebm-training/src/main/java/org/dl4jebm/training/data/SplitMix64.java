/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import org.dl4jebm.layers.random.Seeds;

/**
 * The SplitMix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014).
 *
 * <p>Written out because row orders must stay the same in every Java version, which the classes of
 * the Java library do not promise.
 */
final class SplitMix64 {

  private long state;

  SplitMix64(long state) {
    this.state = state;
  }

  /**
   * Returns the generator of one purpose of a user's seed. Different streams of a seed start at
   * different states, far apart.
   */
  static SplitMix64 derive(long seed, long stream) {
    SplitMix64 random = new SplitMix64(Seeds.requireNonZero(seed, "seed"));
    random.state = random.nextLong() ^ stream;
    random.state = random.nextLong();
    return random;
  }

  long nextLong() {
    state += 0x9E3779B97F4A7C15L;
    long z = state;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Returns a number from 0 to bound - 1, each equally likely. */
  int nextInt(int bound) {
    long bits;
    long value;
    do {
      bits = nextLong() >>> 1;
      value = bits % bound;
      // Negative by overflow exactly if bits lies in the incomplete last run of bound numbers.
    } while (bits - value + (bound - 1) < 0);
    return (int) value;
  }

  /** Returns the numbers 0 to n - 1 in random order. */
  int[] permutation(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
