/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * How many threads of its own ND4J works with on a CPU, in matrix products and in its other
 * operations. More than one pay in large networks only: where a step takes a millisecond or less,
 * waiting for each other takes longer than they save, and it is better to run several trainings
 * beside each other with one thread each.
 */
public final class HostThreads {

  private static final String VARIABLE = "OMP_NUM_THREADS";

  private HostThreads() {}

  /**
   * Sets the number for the whole process, also after ND4J has been loaded, unless the user has set
   * it by {@code OMP_NUM_THREADS}. Results of long sums depend on it by rounding. Loads ND4J. Of no
   * consequence for a CUDA backend.
   *
   * @param threads at least 1
   * @return whether it was set; if not, the user's number holds
   * @throws IllegalArgumentException if {@code threads} is below 1
   */
  public static boolean limit(int threads) {
    return limit(threads, System.getenv(VARIABLE));
  }

  static boolean limit(int threads, String users) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + "; accepted: 1 or more");
    }
    if (users != null) {
      return false;
    }
    // Nd4j first: it finds the backend whose natives the other is about.
    Nd4j.factory().blas().setMaxThreads(threads);
    NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(threads);
    return true;
  }
}
