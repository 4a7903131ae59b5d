/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.util.function.Supplier;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.memory.enums.ResetPolicy;
import org.nd4j.linalg.api.memory.enums.SpillPolicy;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Creates arrays that live on when DL4J's workspaces are reused. An array that was created inside a
 * workspace and kept is overwritten at the next iteration, without any error.
 */
public final class Workspaces {

  /** Of workspaces for arrays that are used again in each pass through a loop. */
  public static final WorkspaceConfiguration TEMPORARY =
      WorkspaceConfiguration.builder()
          .initialSize(0)
          .overallocationLimit(0.02)
          .policyLearning(LearningPolicy.FIRST_LOOP)
          .policyReset(ResetPolicy.BLOCK_LEFT)
          .policySpill(SpillPolicy.REALLOCATE)
          .policyAllocation(AllocationPolicy.OVERALLOCATE)
          .build();

  private Workspaces() {}

  /**
   * Runs an action whose arrays lie in a workspace of this thread. As ordinary arrays large ones
   * come from the operating system page by page, which can take longer than the work on them.
   *
   * @param <T> type of the result
   * @param name of the workspace, which must not be in use in this thread already
   * @param action what it returns must not be in the workspace any more: copied by {@code detach()}
   *     or made {@link #outside}
   * @return the result of {@code action}
   */
  @SuppressWarnings("try") // the scope is entered and left, never used by name
  public static <T> T within(String name, Supplier<T> action) {
    try (MemoryWorkspace scope =
        Nd4j.getWorkspaceManager().getAndActivateWorkspace(TEMPORARY, name)) {
      return action.get();
    }
  }

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
