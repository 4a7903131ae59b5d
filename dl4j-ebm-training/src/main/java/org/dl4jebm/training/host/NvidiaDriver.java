/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.ptr.IntByReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The NVIDIA driver's own library, {@code libcuda.so.1} or {@code nvcuda.dll}, which comes with the
 * driver and needs no CUDA toolkit.
 */
final class NvidiaDriver implements GpuDriver {

  private static final int NO_DEVICE = 100;
  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;
  private static final int NAME_LENGTH = 256;

  private final Functions functions;

  NvidiaDriver(Functions functions) {
    this.functions = functions;
  }

  /** Functions of the driver by name. */
  @FunctionalInterface
  interface Functions {

    /**
     * Calls a function.
     *
     * @param name of the function
     * @param arguments as JNA takes them
     * @return the driver's code, 0 for success
     */
    int call(String name, Object... arguments);
  }

  /**
   * Opens the library.
   *
   * @throws Failure if it is not there
   */
  static NvidiaDriver open() throws Failure {
    String library = Platform.isWindows() ? "nvcuda" : "libcuda.so.1";
    try {
      NativeLibrary driver = NativeLibrary.getInstance(library);
      return new NvidiaDriver((name, arguments) -> driver.getFunction(name).invokeInt(arguments));
    } catch (LinkageError e) {
      throw new Failure("no NVIDIA driver (" + library + " not found)", e);
    }
  }

  @Override
  public List<Gpu> gpus() throws Failure {
    try {
      int code = functions.call("cuInit", 0);
      if (code == NO_DEVICE) {
        return List.of();
      }
      check("cuInit", code);
      IntByReference count = new IntByReference();
      check("cuDeviceGetCount", functions.call("cuDeviceGetCount", count));
      List<Gpu> gpus = new ArrayList<>();
      for (int i = 0; i < count.getValue(); i++) {
        gpus.add(gpu(i));
      }
      return gpus;
    } catch (LinkageError e) {
      throw new Failure("the NVIDIA driver lacks a function (" + e.getMessage() + ")", e);
    }
  }

  private Gpu gpu(int ordinal) throws Failure {
    IntByReference device = new IntByReference();
    check("cuDeviceGet", functions.call("cuDeviceGet", device, ordinal));
    byte[] name = new byte[NAME_LENGTH];
    check(
        "cuDeviceGetName", functions.call("cuDeviceGetName", name, NAME_LENGTH, device.getValue()));
    int length = 0;
    while (length < NAME_LENGTH && name[length] != 0) {
      length++;
    }
    return new Gpu(
        ordinal,
        new String(name, 0, length, StandardCharsets.UTF_8),
        attribute(CAPABILITY_MAJOR, device.getValue()),
        attribute(CAPABILITY_MINOR, device.getValue()));
  }

  private int attribute(int attribute, int device) throws Failure {
    IntByReference value = new IntByReference();
    check("cuDeviceGetAttribute", functions.call("cuDeviceGetAttribute", value, attribute, device));
    return value.getValue();
  }

  private static void check(String function, int code) throws Failure {
    if (code != 0) {
      throw new Failure("the NVIDIA driver's " + function + " failed with code " + code);
    }
  }
}
