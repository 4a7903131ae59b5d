/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.ArrayDeque;
import java.util.Deque;

/** What has to be freed, the last first, and everything even if something fails. */
final class Releases implements AutoCloseable {

  private final Deque<Runnable> releases = new ArrayDeque<>();

  void add(Runnable release) {
    releases.push(release);
  }

  /** Frees everything; throws the first failure with the others suppressed. */
  @Override
  public void close() {
    RuntimeException first = null;
    while (!releases.isEmpty()) {
      first = run(releases.pop(), first);
    }
    if (first != null) {
      throw first;
    }
  }

  /** Frees everything after a failure, to which others are added. */
  void closeAfter(Throwable failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private static RuntimeException run(Runnable release, RuntimeException first) {
    try {
      release.run();
      return first;
    } catch (RuntimeException e) {
      if (first == null) {
        return e;
      }
      first.addSuppressed(e);
      return first;
    }
  }
}
