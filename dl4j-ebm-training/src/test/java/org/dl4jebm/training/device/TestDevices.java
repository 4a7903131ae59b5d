/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The devices that tests of this room run on, and ways to fill and read arrays. */
final class TestDevices {

  private TestDevices() {}

  /** A device with a name for reports. */
  record Kind(String name, Supplier<Device> maker) {

    Device open() {
      return maker.get();
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static List<Kind> all() {
    List<Kind> kinds = new ArrayList<>();
    kinds.add(new Kind("host", HostDevice::new));
    if (EmulatedKernels.available()) {
      kinds.add(
          new Kind(
              "kernels on the CPU",
              () -> new EmulatedDriver(EmulatedKernels.get()).open(CudaOptions.DEFAULT)));
    }
    return kinds;
  }

  static DeviceArray floats(Device device, float... numbers) {
    DeviceArray array = device.allocate("floats", DeviceArray.Type.FLOAT, numbers.length);
    array.upload(numbers);
    return array;
  }

  static DeviceArray doubles(Device device, double... numbers) {
    DeviceArray array = device.allocate("doubles", DeviceArray.Type.DOUBLE, numbers.length);
    array.upload(numbers);
    return array;
  }

  static DeviceArray ints(Device device, int... numbers) {
    DeviceArray array = device.allocate("ints", DeviceArray.Type.INT, numbers.length);
    array.upload(numbers);
    return array;
  }

  static float[] floats(DeviceArray array) {
    float[] numbers = new float[(int) array.length()];
    array.download(numbers);
    return numbers;
  }

  static double[] doubles(DeviceArray array) {
    double[] numbers = new double[(int) array.length()];
    array.download(numbers);
    return numbers;
  }

  static int[] ints(DeviceArray array) {
    int[] numbers = new int[(int) array.length()];
    array.download(numbers);
    return numbers;
  }

  /** Numbers between -1 and 1, the same each time. */
  static float[] numbers(int n, int stream) {
    float[] numbers = new float[n];
    int[] words = new int[4];
    for (int i = 0; i < n; i++) {
      Philox.words(i, stream, 7, 7, 99, words, 0);
      numbers[i] = words[0] * 0x1p-31f;
    }
    return numbers;
  }
}
