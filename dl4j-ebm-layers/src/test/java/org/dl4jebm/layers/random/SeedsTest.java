/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SeedsTest {

  private static final long[] AWKWARD = {
    1, 2, -1, 42, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE
  };

  @Test
  void derivedSeedsAreSafeForTheNativeGenerator() {
    for (long seed : AWKWARD) {
      for (long stream = 0; stream < 20_000; stream++) {
        long derived = Seeds.derive(seed, stream);
        int lowBits = Integer.bitCount((int) derived);
        assertTrue(derived != 0 && lowBits >= 6 && lowBits <= 26, () -> "seed " + derived);
      }
    }
  }

  /**
   * Among them are streams whose first candidate is refused; they must not meet their neighbour.
   */
  @Test
  void streamsAndSeedsAreDistinct() {
    Set<Long> derived = new HashSet<>();
    int count = 0;
    for (long seed : AWKWARD) {
      for (long stream = 0; stream < 50_000; stream++, count++) {
        derived.add(Seeds.derive(seed, stream));
      }
    }
    assertEquals(count, derived.size());
  }

  @Test
  void isAPureFunction() {
    assertEquals(Seeds.derive(123, 4), Seeds.derive(123, 4));
    assertTrue(Seeds.derive(123, 4) != Seeds.derive(123, 5));
    assertTrue(Seeds.derive(123, 4) != Seeds.derive(124, 4));
  }

  @Test
  void zeroIsRefusedByName() {
    assertThrows(IllegalArgumentException.class, () -> Seeds.derive(0, 1));
    String message =
        assertThrows(IllegalArgumentException.class, () -> Seeds.requireNonZero(0, "--seed"))
            .getMessage();
    assertTrue(message.startsWith("--seed is 0; accepted: "), message);
    assertEquals(-3, Seeds.requireNonZero(-3, "--seed"));
  }
}
