/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.pretrain.PretrainResult.LayerResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class PretrainOptionsTest {

  private static void assertRefused(Executable call, String... parts) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "\"" + part + "\" in: " + e.getMessage());
    }
    assertTrue(e.getMessage().contains("accepted"), e.getMessage());
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    PretrainOptions good = PretrainOptions.epochs(1);
    assertRefused(() -> PretrainOptions.epochs(0), "epochs is 0", "1 or more");
    assertRefused(() -> PretrainOptions.epochs(-3), "epochs is -3");
    assertRefused(() -> good.withLayerEpochs("top", -1), "\"top\"", "-1", "0 or more");
    assertRefused(() -> good.withSeed(0), "seed is 0");
    assertRefused(() -> good.withCheckpoint(Path.of("c"), 0), "checkpointEvery is 0");
    assertRefused(() -> good.withTransfer(null), "transfer is null", "MEANS or SAMPLES");
    assertRefused(() -> good.withDivergence(null), "divergence is null");
    assertRefused(() -> good.withLayerTransfer("top", null), "\"top\"", "MEANS or SAMPLES");
    assertRefused(
        () ->
            new PretrainOptions(
                1,
                null,
                LayerTransfer.MEANS,
                Map.of(),
                1,
                null,
                1,
                DivergencePolicy.stop(),
                false,
                false,
                Execution.ND4J),
        "layerEpochs is null");
    assertRefused(
        () ->
            new PretrainOptions(
                1,
                Map.of(),
                LayerTransfer.MEANS,
                null,
                1,
                null,
                1,
                DivergencePolicy.stop(),
                false,
                false,
                Execution.ND4J),
        "layerTransfer is null");
    Map<String, Integer> noNumber = new HashMap<>();
    noNumber.put("top", null);
    assertRefused(
        () ->
            new PretrainOptions(
                1,
                noNumber,
                LayerTransfer.MEANS,
                Map.of(),
                1,
                null,
                1,
                DivergencePolicy.stop(),
                false,
                false,
                Execution.ND4J),
        "\"top\"",
        "null");
  }

  @Test
  void changesAddUpAndLeaveTheOriginalAlone() {
    PretrainOptions original = PretrainOptions.epochs(4);
    PretrainOptions changed =
        original
            .withLayerEpochs("a", 7)
            .withLayerEpochs("b", 0)
            .withTransfer(LayerTransfer.SAMPLES)
            .withLayerTransfer("b", LayerTransfer.MEANS)
            .withSeed(5)
            .withCheckpoint(Path.of("c.zip"), 9)
            .withDivergence(DivergencePolicy.rollBack(2, 0.1))
            .withExecution(Execution.DEVICE)
            .withExampleWeights()
            .withVisibleBiasFromData()
            .withLayerEpochs("a", 7);
    assertEquals(
        new PretrainOptions(
            4,
            Map.of("a", 7, "b", 0),
            LayerTransfer.SAMPLES,
            Map.of("b", LayerTransfer.MEANS),
            5,
            Path.of("c.zip"),
            9,
            DivergencePolicy.rollBack(2, 0.1),
            true,
            true,
            Execution.DEVICE),
        changed);
    assertEquals(7, changed.epochsOf("a"));
    assertEquals(0, changed.epochsOf("b"));
    assertEquals(4, changed.epochsOf("c"));
    assertEquals(LayerTransfer.SAMPLES, changed.transferTo("a"));
    assertEquals(LayerTransfer.MEANS, changed.transferTo("b"));
    assertEquals(PretrainOptions.epochs(4), original);
    assertEquals(LayerTransfer.MEANS, original.transfer());
    assertNull(original.checkpoint());
    assertEquals(3, changed.withLayerEpochs("a", 3).epochsOf("a"), "replaced");
  }

  @Test
  void mapsAreCopiesThatCannotBeChanged() {
    Map<String, Integer> epochs = new HashMap<>(Map.of("a", 2));
    PretrainOptions options =
        new PretrainOptions(
            1,
            epochs,
            LayerTransfer.MEANS,
            Map.of(),
            1,
            null,
            1,
            DivergencePolicy.stop(),
            false,
            false,
            Execution.ND4J);
    epochs.put("a", 5);
    assertEquals(2, options.epochsOf("a"));
    assertThrows(UnsupportedOperationException.class, () -> options.layerEpochs().put("a", 5));
    assertThrows(
        UnsupportedOperationException.class,
        () -> options.layerTransfer().put("a", LayerTransfer.SAMPLES));
    PretrainResult result = new PretrainResult(true, List.of(), List.of());
    assertThrows(
        UnsupportedOperationException.class,
        () -> result.layers().add(new LayerResult("a", 1, 1, "score", 0, 0, "ND4J")));
  }
}
