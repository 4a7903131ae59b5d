/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.memory.enums.ResetPolicy;
import org.nd4j.linalg.api.memory.enums.SpillPolicy;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Memory for the temporary arrays of a loop: what one pass allocates, the next one overwrites, so
 * that a long loop neither fills the memory nor waits for the garbage collector.
 *
 * <p>An array that was created inside must not be used after the pass; results are numbers, or are
 * written into arrays that were created outside. For use by one thread, the one that closes it.
 */
public final class ScratchSpace implements AutoCloseable {

  private static final AtomicLong NUMBER = new AtomicLong();

  private static final WorkspaceConfiguration CONFIGURATION =
      WorkspaceConfiguration.builder()
          .initialSize(0)
          .overallocationLimit(0.02)
          .policyLearning(LearningPolicy.OVER_TIME)
          .cyclesBeforeInitialization(3)
          .policyReset(ResetPolicy.BLOCK_LEFT)
          .policySpill(SpillPolicy.REALLOCATE)
          .policyAllocation(AllocationPolicy.OVERALLOCATE)
          .build();

  private final String id = "DL4J_EBM_SCRATCH_" + NUMBER.incrementAndGet();

  /** Creates the space; memory is taken when it is first used. */
  public ScratchSpace() {}

  /**
   * Runs one pass.
   *
   * @param <T> type of the result
   * @param pass what to do
   * @return the result of {@code pass}; not an array that was created in it
   */
  @SuppressWarnings("try") // the scope is entered and left, never used by name
  public <T> T call(Supplier<T> pass) {
    try (MemoryWorkspace scope =
        Nd4j.getWorkspaceManager().getAndActivateWorkspace(CONFIGURATION, id)) {
      return pass.get();
    }
  }

  /**
   * Runs one pass.
   *
   * @param pass what to do
   */
  public void run(Runnable pass) {
    call(
        () -> {
          pass.run();
          return null;
        });
  }

  /**
   * Lets DL4J's layers put their activations into this space, in a pass.
   *
   * @return what {@code Layer.activate} takes
   */
  public LayerWorkspaceMgr layerWorkspaces() {
    return LayerWorkspaceMgr.builder()
        .noWorkspaceFor(ArrayType.RNN_FF_LOOP_WORKING_MEM)
        .noWorkspaceFor(ArrayType.RNN_BP_LOOP_WORKING_MEM)
        .noWorkspaceFor(ArrayType.FF_CACHE)
        .defaultWorkspace(id, CONFIGURATION)
        .build();
  }

  /** Frees the memory. */
  @Override
  public void close() {
    if (Nd4j.getWorkspaceManager().checkIfWorkspaceExists(id)) {
      Nd4j.getWorkspaceManager()
          .destroyWorkspace(Nd4j.getWorkspaceManager().getWorkspaceForCurrentThread(id));
    }
  }
}
