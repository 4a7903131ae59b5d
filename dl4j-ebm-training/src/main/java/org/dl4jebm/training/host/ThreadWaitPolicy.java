/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.dl4jebm.training.host.HostTuningReport.Outcome;
import org.dl4jebm.training.host.HostTuningReport.Part;

/** Sets {@code OMP_WAIT_POLICY=passive} for this process before its OpenMP library is loaded. */
final class ThreadWaitPolicy {

  static final String VARIABLE = "OMP_WAIT_POLICY";
  static final String VALUE = "passive";

  private static final String SPIN_COUNT = "GOMP_SPINCOUNT";
  private static final String INTEL_PREFIX = "KMP_";

  private ThreadWaitPolicy() {}

  static Part apply() {
    return apply(
        System.getenv(),
        System.getProperty("os.name", ""),
        NativeLibraries::hasOpenMp,
        CLibrary::open);
  }

  /**
   * The decision, with everything it looks at as an argument. {@code cLibrary} may throw a linkage
   * error when JNA is missing.
   */
  static Part apply(
      Map<String, String> environment,
      String osName,
      BooleanSupplier openMpLoaded,
      Supplier<CLibrary> cLibrary) {
    Optional<String> own =
        environment.keySet().stream().filter(ThreadWaitPolicy::decidesWaiting).sorted().findFirst();
    if (own.isPresent()) {
      return new Part(Outcome.LEFT_TO_USER, own.get() + "=" + environment.get(own.get()));
    }
    if (osName.startsWith("Windows")) {
      // A Windows process has one environment for each C run-time library in it.
      return new Part(
          Outcome.UNAVAILABLE,
          "on Windows set " + VARIABLE + "=" + VALUE + " before starting Java");
    }
    try {
      if (openMpLoaded.getAsBoolean()) {
        return new Part(
            Outcome.TOO_LATE,
            "ND4J's OpenMP library is loaded; call HostTuning.apply() first in main");
      }
      CLibrary c = cLibrary.get();
      // Native code may have changed the environment after Java took its copy.
      for (String name : new String[] {VARIABLE, SPIN_COUNT}) {
        String value = c.get(name);
        if (value != null) {
          return new Part(Outcome.LEFT_TO_USER, name + "=" + value);
        }
      }
      c.set(VARIABLE, VALUE);
      if (!VALUE.equals(c.get(VARIABLE))) {
        return new Part(Outcome.UNAVAILABLE, "setenv of the C library had no effect");
      }
      return new Part(Outcome.APPLIED, VARIABLE + "=" + VALUE);
    } catch (LinkageError | RuntimeException e) {
      return new Part(Outcome.UNAVAILABLE, "no access to setenv through JNA: " + e);
    }
  }

  private static boolean decidesWaiting(String name) {
    return name.equals(VARIABLE) || name.equals(SPIN_COUNT) || name.startsWith(INTEL_PREFIX);
  }
}
