/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.Objects;

/**
 * A GPU as the NVIDIA driver describes it.
 *
 * @param ordinal its number among the visible ones, from 0
 * @param name its product name
 * @param major first part of its compute capability, 8 of 8.6
 * @param minor second part of its compute capability, 6 of 8.6
 */
public record Gpu(int ordinal, String name, int major, int minor) {

  /**
   * Checks the values.
   *
   * @throws NullPointerException if the name is null
   * @throws IllegalArgumentException if a number is negative
   */
  public Gpu {
    Objects.requireNonNull(name, "name");
    if (ordinal < 0 || major < 0 || minor < 0) {
      throw new IllegalArgumentException(
          "GPU "
              + ordinal
              + " has compute capability "
              + major
              + "."
              + minor
              + "; accepted: no negative number");
    }
  }

  @Override
  public String toString() {
    return name + " (compute capability " + major + "." + minor + ")";
  }
}
