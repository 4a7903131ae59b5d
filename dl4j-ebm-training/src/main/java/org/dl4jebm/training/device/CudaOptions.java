/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * How a GPU is used.
 *
 * @param ordinal its number among those that the driver shows, from 0
 * @param tf32 whether products of matrices may round their factors to the 10 bits of TF32, which is
 *     several times as fast; false for FLOAT throughout
 * @param libraries folder of cuBLAS, searched before all others; empty for none
 */
record CudaOptions(int ordinal, boolean tf32, Optional<Path> libraries) {

  /** The system property by which users choose TF32. */
  static final String TF32 = "org.dl4jebm.device.tf32";

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

  /**
   * The first GPU, with TF32 only where the user has chosen it.
   *
   * @param property gives the value of a system property, or null
   * @throws DeviceException if {@value #TF32} is neither {@code true} nor {@code false}
   */
  static CudaOptions of(UnaryOperator<String> property) {
    String tf32 = property.apply(TF32);
    if (tf32 != null && !tf32.equals("true") && !tf32.equals("false")) {
      throw new DeviceException(TF32 + " is " + tf32 + "; accepted: true or false");
    }
    return new CudaOptions(0, Boolean.parseBoolean(tf32), Optional.empty());
  }
}
