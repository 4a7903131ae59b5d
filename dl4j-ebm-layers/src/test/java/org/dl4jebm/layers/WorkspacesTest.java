/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.factory.Nd4j;

class WorkspacesTest {

  @Test
  void arraysAreCreatedOutsideAndTheWorkspaceIsBackAfterwards() {
    try (MemoryWorkspace workspace =
        Nd4j.getWorkspaceManager().getAndActivateWorkspace("workspaces-test")) {
      assertTrue(workspace.isScopeActive());
      assertFalse(Workspaces.outside(() -> Nd4j.create(DataType.FLOAT, 3)).isAttached());
      assertTrue(Nd4j.create(DataType.FLOAT, 3).isAttached());
    }
    assertFalse(Workspaces.outside(() -> Nd4j.create(DataType.FLOAT, 3)).isAttached());
  }
}
