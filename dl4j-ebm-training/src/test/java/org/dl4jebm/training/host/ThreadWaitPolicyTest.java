/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.dl4jebm.training.host.HostTuningReport.Outcome;
import org.dl4jebm.training.host.HostTuningReport.Part;
import org.junit.jupiter.api.Test;

class ThreadWaitPolicyTest {

  private final Map<String, String> process = new HashMap<>();

  private final CLibrary library =
      new CLibrary() {
        @Override
        public String get(String name) {
          return process.get(name);
        }

        @Override
        public void set(String name, String value) {
          process.putIfAbsent(name, value);
        }
      };

  private static <T> Supplier<T> unexpected() {
    return () -> {
      throw new AssertionError("must not be asked");
    };
  }

  private Part apply(Map<String, String> environment, String osName) {
    return ThreadWaitPolicy.apply(environment, osName, () -> false, () -> library);
  }

  @Test
  void setsTheVariableWhereNothingSpeaksAgainstIt() {
    for (String osName : new String[] {"Linux", "Mac OS X", "FreeBSD"}) {
      process.clear();
      assertEquals(Outcome.APPLIED, apply(Map.of("PATH", "/bin"), osName).outcome());
      assertEquals(Map.of("OMP_WAIT_POLICY", "passive"), process);
    }
  }

  @Test
  void leavesWhatTheUserHasSet() {
    for (String name :
        new String[] {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY"}) {
      Part part = ThreadWaitPolicy.apply(Map.of(name, "x y"), "Linux", () -> false, unexpected());
      assertEquals(Outcome.LEFT_TO_USER, part.outcome());
      assertTrue(part.detail().contains(name + "=x y"), part.detail());
    }
  }

  @Test
  void leavesWhatNativeCodeHasSetAfterJavaStarted() {
    process.put("GOMP_SPINCOUNT", "3");
    assertEquals(Outcome.LEFT_TO_USER, apply(Map.of(), "Linux").outcome());
    assertEquals(Map.of("GOMP_SPINCOUNT", "3"), process);
  }

  @Test
  void saysThatItIsTooLate() {
    Part part = ThreadWaitPolicy.apply(Map.of(), "Linux", () -> true, unexpected());
    assertEquals(Outcome.TOO_LATE, part.outcome());
  }

  @Test
  void leavesWindowsAloneAndNamesTheWay() {
    Part part = ThreadWaitPolicy.apply(Map.of(), "Windows 11", () -> false, unexpected());
    assertEquals(Outcome.UNAVAILABLE, part.outcome());
    assertTrue(part.detail().contains("OMP_WAIT_POLICY=passive"), part.detail());
  }

  @Test
  void survivesAMissingOrBrokenJna() {
    for (Throwable failure :
        new Throwable[] {
          new NoClassDefFoundError("com/sun/jna/Function"),
          new UnsatisfiedLinkError("no library"),
          new ExceptionInInitializerError("static"),
          new SecurityException("denied")
        }) {
      Part part =
          ThreadWaitPolicy.apply(
              Map.of(), "Linux", () -> false, () -> ThreadWaitPolicyTest.<CLibrary>sneak(failure));
      assertEquals(Outcome.UNAVAILABLE, part.outcome());
      assertTrue(part.detail().contains(failure.getMessage() == null ? "" : failure.getMessage()));
    }
  }

  private static <T> T sneak(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) failure;
  }

  @Test
  void saysSoWhenTheLibraryDoesNotKeepTheValue() {
    CLibrary deaf =
        new CLibrary() {
          @Override
          public String get(String name) {
            return null;
          }

          @Override
          public void set(String name, String value) {}
        };
    Part part = ThreadWaitPolicy.apply(Map.of(), "Linux", () -> false, () -> deaf);
    assertEquals(Outcome.UNAVAILABLE, part.outcome());
  }
}
