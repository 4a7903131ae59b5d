/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * How a GPU is used.
 *
 * @param ordinal its number among those that the driver shows, from 0
 * @param tf32 whether products of matrices may round their factors to the 10 bits of TF32, which is
 *     several times as fast; false for FLOAT throughout
 * @param libraries folder of cuBLAS, searched before all others; empty for none
 */
record CudaOptions(int ordinal, boolean tf32, Optional<Path> libraries) {

  /** The first GPU, FLOAT throughout, cuBLAS where it usually is. */
  static final CudaOptions DEFAULT = new CudaOptions(0, false, Optional.empty());

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if the ordinal is negative
   * @throws NullPointerException if libraries is null
   */
  CudaOptions {
    if (ordinal < 0) {
      throw new IllegalArgumentException("ordinal is " + ordinal + "; accepted: 0 or more");
    }
    Objects.requireNonNull(libraries, "libraries");
  }
}
