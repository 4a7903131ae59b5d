/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.List;

/** What a GPU driver can be asked before any toolkit is loaded. */
@FunctionalInterface
interface GpuDriver {

  /**
   * Lists the visible GPUs.
   *
   * @return the GPUs; none if the driver sees none
   * @throws Failure if there is no driver, or it answers with an error
   */
  List<Gpu> gpus() throws Failure;

  /** No answer. */
  final class Failure extends Exception {

    private static final long serialVersionUID = 1L;

    Failure(String message) {
      super(message);
    }

    Failure(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
