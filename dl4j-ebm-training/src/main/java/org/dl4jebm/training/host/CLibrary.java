/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import com.sun.jna.Function;

/** The environment of the process as the C library sees it; Java's own view is a copy. */
interface CLibrary {

  /** The value of a variable, or {@code null} if it is not set. */
  String get(String name);

  /** Sets a variable that is not set yet; an existing value stays. */
  void set(String name, String value);

  /**
   * The C library of a POSIX system, through JNA.
   *
   * @throws LinkageError if JNA or its native part is missing, or the library has no such function
   */
  static CLibrary open() {
    Function getenv = Function.getFunction("c", "getenv");
    Function setenv = Function.getFunction("c", "setenv");
    return new CLibrary() {
      @Override
      public String get(String name) {
        return getenv.invokeString(new Object[] {name}, false);
      }

      @Override
      public void set(String name, String value) {
        setenv.invokeInt(new Object[] {name, value, 0});
      }
    };
  }
}
