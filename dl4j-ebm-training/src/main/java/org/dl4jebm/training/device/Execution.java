/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/** What the hot loops of restricted Boltzmann machines run on. */
public enum Execution {
  /** The backend that ND4J has chosen. */
  ND4J,

  /**
   * An NVIDIA GPU through the kernels of this library, with nothing but the driver and cuBLAS. What
   * is not supported there, and everything where there is no such GPU, runs on ND4J, with a line in
   * the log that says why. Products are in FLOAT; the system property {@code
   * org.dl4jebm.device.tf32=true} lets them round their factors to TF32, which is faster.
   */
  DEVICE
}
