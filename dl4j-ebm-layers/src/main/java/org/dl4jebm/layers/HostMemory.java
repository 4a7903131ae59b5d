/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import org.nd4j.linalg.factory.Nd4j;

/**
 * Whether the values of arrays lie in the memory of the host. Whatever reads or writes that memory
 * by itself, without an operation of ND4J, asks here first: on a CUDA backend an array has memory
 * on the host as well, but what stands there may be out of date, and what is written there would
 * never reach the GPU.
 */
public final class HostMemory {

  /**
   * System property; {@code false} makes everything here use ND4J's operations alone, as on a CUDA
   * backend. Read when this class is loaded.
   */
  public static final String PROPERTY = "org.dl4jebm.hostMemory";

  private static volatile boolean allowed =
      Boolean.parseBoolean(System.getProperty(PROPERTY, "true"));

  private HostMemory() {}

  /**
   * Tells whether arrays may be read and written in the memory of the host.
   *
   * @return true on the CPU backend, unless {@link #PROPERTY} says otherwise
   */
  public static boolean holdsArrays() {
    return allowed && Nd4j.getEnvironment().isCPU();
  }

  /** For tests: allows or forbids it, and returns what was the case before. */
  static boolean allow(boolean allow) {
    boolean before = allowed;
    allowed = allow;
    return before;
  }
}
