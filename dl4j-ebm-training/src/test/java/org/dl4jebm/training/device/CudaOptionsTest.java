/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CudaOptionsTest {

  private static CudaOptions of(String tf32) {
    return CudaOptions.of(name -> name.equals("org.dl4jebm.device.tf32") ? tf32 : null);
  }

  @Test
  void roundedFactorsAreTheUsersChoice() {
    assertEquals(CudaOptions.DEFAULT, CudaOptions.of(Map.<String, String>of()::get));
    assertEquals(CudaOptions.DEFAULT, of("false"));
    assertEquals(new CudaOptions(0, true, Optional.empty()), of("true"));
    DeviceException e = assertThrows(DeviceException.class, () -> of("yes"));
    assertTrue(e.getMessage().contains("yes; accepted: true or false"), e.getMessage());
  }
}
