/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.function.Supplier;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

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
    return CudaDevice.open(CudaOptions.of(System::getProperty));
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

  /**
   * Prepares Gibbs chains.
   *
   * @param model the machine, kept, for which {@link DeviceChains#reasonNot} is empty
   * @param chains how many
   * @param unknown 1 for units that are drawn and 0 for known ones, {@code nIn} numbers; null if
   *     all are drawn. Not modified.
   * @return the chains, to be started, and closed before this device
   * @throws DeviceException if the device has too little memory, with what it would be needed for;
   *     nothing is allocated then
   */
  public DeviceChains chains(RbmModel model, int chains, float[] unknown) {
    return new DeviceChains(device, model, chains, unknown, chains);
  }

  /**
   * Prepares annealed importance sampling.
   *
   * @param model the machine, kept, for which {@link DeviceAnnealing#reasonNot} is empty
   * @param baseVisible visible biases at inverse temperature 0, {@code [nIn]}, kept
   * @param baseHidden hidden biases at inverse temperature 0, {@code [nOut]}, kept
   * @return what runs the chains
   */
  public DeviceAnnealing annealing(RbmModel model, INDArray baseVisible, INDArray baseHidden) {
    return new DeviceAnnealing(device, model, baseVisible, baseHidden, Integer.MAX_VALUE);
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
