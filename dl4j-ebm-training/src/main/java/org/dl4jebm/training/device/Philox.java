/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/**
 * The random number generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011): four words of
 * 32 bits as a function of a counter of four words and a key of two. It has no state, so that any
 * word can be had by itself.
 */
final class Philox {

  private static final int ROUNDS = 10;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final long WORD = 0xFFFFFFFFL;

  private Philox() {}

  /**
   * Writes the four words of a counter.
   *
   * @param key its low word is the first of the key, its high word the second
   * @param out the words go to {@code out[at]} to {@code out[at + 3]}
   */
  static void words(int c0, int c1, int c2, int c3, long key, int[] out, int at) {
    int k0 = (int) key;
    int k1 = (int) (key >>> Integer.SIZE);
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = MULTIPLIER_0 * (c0 & WORD);
      long p1 = MULTIPLIER_1 * (c2 & WORD);
      c0 = (int) (p1 >>> Integer.SIZE) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> Integer.SIZE) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    out[at] = c0;
    out[at + 1] = c1;
    out[at + 2] = c2;
    out[at + 3] = c3;
  }
}
