/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

/** Functions of a native library by name. */
@FunctionalInterface
interface NativeFunctions {

  /**
   * Calls a function.
   *
   * @param name of the function
   * @param arguments as JNA takes them
   * @return its code, 0 for success
   * @throws UnsatisfiedLinkError if the library has no such function
   */
  int call(String name, Object... arguments);
}
