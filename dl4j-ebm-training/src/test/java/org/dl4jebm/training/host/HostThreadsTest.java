/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

class HostThreadsTest {

  @Test
  void setsBothKindsUnlessTheUserHas() {
    NativeOps ops = NativeOpsHolder.getInstance().getDeviceNativeOps();
    int before = ops.ompGetMaxThreads();
    int products = Nd4j.factory().blas().getMaxThreads();
    try {
      assertFalse(HostThreads.limit(before + 1, "2"));
      assertEquals(before, ops.ompGetMaxThreads());
      assertTrue(HostThreads.limit(1, null));
      assertEquals(1, ops.ompGetMaxThreads());
      assertEquals(1, Nd4j.factory().blas().getMaxThreads());
    } finally {
      ops.setOmpNumThreads(before);
      Nd4j.factory().blas().setMaxThreads(products);
    }
  }

  @Test
  void lessThanOneIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> HostThreads.limit(0));
  }
}
