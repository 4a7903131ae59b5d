/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.util.function.Supplier;

/** Work on arrays by ND4J's operations alone, as on a CUDA backend. */
public final class WithoutHostMemory {

  private WithoutHostMemory() {}

  /** Does the work and returns what it returns. */
  public static <T> T get(Supplier<T> work) {
    boolean before = HostMemory.allow(false);
    try {
      return work.get();
    } finally {
      HostMemory.allow(before);
    }
  }
}
