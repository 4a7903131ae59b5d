/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@link LayerInputs} against the networks' own forward passes. */
class LayerInputsTest {

  private static void assertRefused(LayerInputs inputs, Layer layer, String names) {
    assertEquals(
        "the layer is none of those that are pretrained; accepted: one of "
            + names
            + ", of this network object",
        assertThrows(IllegalArgumentException.class, () -> inputs.nameOf(layer)).getMessage());
  }

  @Test
  void ofAStack() {
    MultiLayerNetwork network = Stacks.mln();
    LayerInputs inputs = LayerInputs.of(network);
    assertEquals(List.of("0", "1", "2"), inputs.layers().stream().map(inputs::nameOf).toList());
    INDArray x = Stacks.features();
    List<INDArray> expected = network.feedForward(x.dup());
    for (int i = 0; i < 3; i++) {
      Layer layer = network.getLayer(i);
      assertEquals(i > 0, inputs.hasLayersBelow(layer));
      assertEquals(expected.get(i), inputs.inputOf(layer, x));
    }
    INDArray input = inputs.inputOf(network.getLayer(0), x);
    input.assign(7);
    assertEquals(Stacks.features(), x, "a copy");
    assertRefused(inputs, network.getLayer(3), "[0, 1, 2]");
    assertRefused(inputs, Stacks.mln().getLayer(0), "[0, 1, 2]");
  }

  @Test
  void ofAGraph() {
    ComputationGraph graph = Stacks.graph();
    LayerInputs inputs = LayerInputs.of(graph);
    INDArray x = Stacks.features();
    Map<String, INDArray> expected = graph.feedForward(x.dup(), false);
    assertFalse(inputs.hasLayersBelow(graph.getLayer("rbm0")));
    assertTrue(inputs.hasLayersBelow(graph.getLayer("rbm2")));
    assertEquals(x, inputs.inputOf(graph.getLayer("rbm0"), x));
    assertEquals(expected.get("rbm1"), inputs.inputOf(graph.getLayer("rbm2"), x));
    assertRefused(inputs, graph.getLayer("out"), "[rbm0, rbm1, rbm2]");
  }
}
