/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;

/** Calls of the driver, each of which succeeds or ends in a {@link DeviceException}. */
final class CudaDriver {

  private final NativeFunctions functions;

  CudaDriver(NativeFunctions functions) {
    this.functions = functions;
  }

  /** Calls a function that must succeed. */
  void call(String name, Object... arguments) {
    int code = code(name, arguments);
    if (code != 0) {
      throw failure(name, code, "");
    }
  }

  /** Calls a function and returns its code. */
  int code(String name, Object... arguments) {
    try {
      return functions.call(name, arguments);
    } catch (LinkageError e) {
      throw new DeviceException(
          "the NVIDIA driver has no function " + name + "; accepted: drivers of CUDA 11.4 or newer",
          e);
    }
  }

  /**
   * What to throw for a code.
   *
   * @param detail put after the code, or empty
   */
  DeviceException failure(String name, int code, String detail) {
    return new DeviceException(
        "the NVIDIA driver's "
            + name
            + " failed with code "
            + code
            + " ("
            + text("cuGetErrorName", code)
            + ": "
            + text("cuGetErrorString", code)
            + ")"
            + detail);
  }

  private String text(String function, int code) {
    PointerByReference text = new PointerByReference();
    try {
      Pointer found = functions.call(function, code, text) == 0 ? text.getValue() : null;
      return found == null ? "unknown" : found.getString(0);
    } catch (LinkageError e) {
      return "unknown";
    }
  }
}
