/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.function.Supplier;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;

/**
 * A device that is ready for use. Trainers, samplers and estimators open one by themselves where
 * their {@link Execution} is {@link Execution#DEVICE}.
 *
 * <p>Not safe for use by several threads at once.
 */
public final class OpenDevice implements AutoCloseable {

  /** What tests open instead; of this thread, or null. */
  private static final ThreadLocal<Supplier<Device>> STAND_IN = new ThreadLocal<>();

  private final Device device;

  private OpenDevice(Device device) {
    this.device = device;
  }

  /**
   * Opens the first GPU.
   *
   * @return the device, to be closed
   * @throws DeviceException saying why there is none
   */
  public static OpenDevice open() {
    Supplier<Device> standIn = STAND_IN.get();
    return new OpenDevice(standIn == null ? gpu() : standIn.get());
  }

  private static Device gpu() {
    throw new DeviceException("there is no device that this version has kernels for");
  }

  /** For tests: opens something else in this thread, or, if null, the GPU again. */
  static void standIn(Supplier<Device> maker) {
    if (maker == null) {
      STAND_IN.remove();
    } else {
      STAND_IN.set(maker);
    }
  }

  /**
   * Says what the device is.
   *
   * @return its name and compute capability
   */
  public String describe() {
    return device.gpu().toString();
  }

  /**
   * Prepares the training of a layer.
   *
   * @param layer the layer, kept, for which {@link DeviceTraining#reasonNot} is empty
   * @param batchRows rows of a batch
   * @param residentRows rows of all data, which are to stay on the device if they fit; 0 for data
   *     that come batch by batch
   * @return the training, to be closed before this device
   * @throws DeviceException if the device has too little memory, with what it would be needed for;
   *     nothing is allocated then
   */
  public DeviceTraining training(
      RestrictedBoltzmannMachineLayer layer, int batchRows, long residentRows) {
    return new DeviceTraining(device, layer, batchRows, residentRows);
  }

  /** The operations, for what this package offers. */
  Device device() {
    return device;
  }

  /** Frees everything. Calling it twice does nothing. */
  @Override
  public void close() {
    device.close();
  }
}
