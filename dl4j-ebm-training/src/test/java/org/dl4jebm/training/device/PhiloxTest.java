/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;

class PhiloxTest {

  private static int[] words(int c0, int c1, int c2, int c3, long key) {
    int[] out = new int[4];
    Philox.words(c0, c1, c2, c3, key, out, 0);
    return out;
  }

  /** The known answers that Random123 comes with (kat_vectors, philox4x32 10). */
  @Test
  void givesTheKnownAnswersOfRandom123() {
    assertArrayEquals(
        new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, words(0, 0, 0, 0, 0));
    assertArrayEquals(
        new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, words(-1, -1, -1, -1, -1));
    assertArrayEquals(
        new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
        words(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0x299f31d0a4093822L));
  }

  @Test
  void writesWhereItIsTold() {
    int[] out = new int[6];
    Philox.words(0, 0, 0, 0, 0, out, 1);
    assertArrayEquals(new int[] {0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8, 0}, out);
  }

  /** Commons Math computes the distribution function to about 1e-15. */
  @Test
  void normalQuantileInvertsTheDistributionFunction() {
    NormalDistribution normal = new NormalDistribution();
    for (double p = 0x1p-33; p < 1; p = p < 0.01 ? p * 1.7 : p + 0.01) {
      assertEquals(p, normal.cumulativeProbability(NormalQuantile.of(p)), 1e-9 * p, "p = " + p);
    }
    assertEquals(-NormalQuantile.of(0.3), NormalQuantile.of(0.7), 1e-15);
    assertEquals(1.959963984540054, NormalQuantile.of(0.975), 1e-14);
  }
}
