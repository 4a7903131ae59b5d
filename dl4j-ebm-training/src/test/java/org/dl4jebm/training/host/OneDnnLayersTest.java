/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.dl4jebm.training.host.ForkedJvm.Output;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With oneDNN a network computes what it computes without. */
class OneDnnLayersTest {

  private static ForkedJvm child() {
    assumeTrue(
        System.getProperty("java.class.path").contains("-onednn"),
        "the natives of this platform have no oneDNN");
    return ForkedJvm.of(OneDnnLayersChild.class).environment("OMP_WAIT_POLICY", "passive");
  }

  @ParameterizedTest
  @ValueSource(strings = {"workspaces", "no-workspaces", "cached"})
  void layersAgreeWithTheirBuiltInCode(String mode) throws Exception {
    Output output = child().run(mode);
    assertEquals("true", output.answer("in-use"));
    assertEquals(List.of(), output.lines("WRONG"));
    assertTrue(output.answer("agreed").matches("([0-9]+) of \\1"), () -> output.answer("agreed"));
    assertTrue(
        output.err().stream().noneMatch(line -> line.contains("falling back")),
        () -> "a helper failed and was replaced: " + output.err());
  }

  @Test
  void gradientsPassTheCheckInDoubleWithHelpersEnabled() throws Exception {
    Output output = child().run("gradient-check");
    assertEquals("true", output.answer("in-use"));
    assertEquals("true", output.answer("gradient-check"));
  }
}
