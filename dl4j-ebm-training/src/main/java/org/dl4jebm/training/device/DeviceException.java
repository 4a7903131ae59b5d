/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/**
 * A call of the GPU driver or of cuBLAS failed, or the device has too little memory. The message
 * names the call, the code and what it means.
 */
public final class DeviceException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was called and what came back
   */
  public DeviceException(String message) {
    super(message);
  }

  /**
   * Creates the exception.
   *
   * @param message what was called and what came back
   * @param cause why
   */
  public DeviceException(String message, Throwable cause) {
    super(message, cause);
  }
}
