/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.util.function.Supplier;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Creates arrays that live on when DL4J's workspaces are reused. An array that was created inside a
 * workspace and kept is overwritten at the next iteration, without any error.
 */
public final class Workspaces {

  private Workspaces() {}

  /**
   * Runs an action with all workspaces left, so that the arrays it creates are ordinary ones.
   *
   * @param <T> type of the result
   * @param action creates the arrays
   * @return the result of {@code action}
   */
  @SuppressWarnings("try") // the scope is entered and left, never used by name
  public static <T> T outside(Supplier<T> action) {
    try (MemoryWorkspace scope = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      return action.get();
    }
  }
}
