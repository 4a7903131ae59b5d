/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/** Reads a clock and what tables hold for it, on a {@link HostDevice}. */
final class HostClock {

  private HostClock() {}

  static int step(DeviceArray clock) {
    HostArray array = (HostArray) clock;
    return array.ints()[array.offset()];
  }

  static int time(DeviceArray clock) {
    HostArray array = (HostArray) clock;
    return array.ints()[array.offset() + 1];
  }

  /** The inverse temperature of a step, {@code ahead} later. */
  static double beta(HostArray betas, DeviceArray clock, int ahead) {
    return betas.doubles()[betas.offset() + step(clock) + ahead];
  }
}
