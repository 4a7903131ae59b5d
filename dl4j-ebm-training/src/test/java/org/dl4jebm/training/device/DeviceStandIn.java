/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.ArrayList;
import java.util.List;

/** Within a try block this thread has a device without a GPU, as tests of other rooms need. */
public final class DeviceStandIn implements AutoCloseable {

  private final List<Device> opened = new ArrayList<>();

  private DeviceStandIn(TestDevices.Kind kind) {
    OpenDevice.standIn(
        () -> {
          Device device = kind.open();
          opened.add(device);
          return device;
        });
  }

  /**
   * The kernels themselves, run on the CPU, where there is a compiler for them; else plain Java.
   */
  public static DeviceStandIn host() {
    return new DeviceStandIn(TestDevices.all().get(TestDevices.all().size() - 1));
  }

  /** Plain Java with so many bytes. */
  public static DeviceStandIn host(long bytes) {
    return new DeviceStandIn(new TestDevices.Kind("host", () -> new HostDevice(bytes)));
  }

  /** There is none, also where the machine has a GPU. */
  public static DeviceStandIn none() {
    return new DeviceStandIn(
        new TestDevices.Kind(
            "none",
            () -> {
              throw new DeviceException("there is no device in this test");
            }));
  }

  static DeviceStandIn of(TestDevices.Kind kind) {
    return new DeviceStandIn(kind);
  }

  /** How many were opened. */
  public int opened() {
    return opened.size();
  }

  @Override
  public void close() {
    OpenDevice.standIn(null);
  }
}
