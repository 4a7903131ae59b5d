/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class GuardedConvolutionHelperTest {

  private static final int[] DENSE = {1, 1};

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).build())
                .layer(new OutputLayer.Builder().nOut(3).build())
                .setInputType(InputType.convolutional(7, 6, 2))
                .build());
    network.init();
    return network;
  }

  private static boolean isSafe(INDArray weights, INDArray bias) {
    return GuardedConvolutionHelper.isSafe(weights, bias, DENSE);
  }

  @Test
  void parametersOfANetworkAreSafeInWhateverWayItWasMade() throws Exception {
    MultiLayerNetwork network = network();
    ComputationGraph graph = network.toComputationGraph();
    INDArray weights = network.getParam("0_W");
    assertTrue(isSafe(weights, network.getParam("0_b")));
    assertTrue(isSafe(weights, null));
    assertTrue(isSafe(weights, Nd4j.create(1, 4)), "the zeros of a layer without bias");
    assertTrue(isSafe(graph.getParam("0_W"), graph.getParam("0_b")));
    MultiLayerNetwork clone = network.clone();
    assertTrue(isSafe(clone.getParam("0_W"), clone.getParam("0_b")));
    MultiLayerNetwork shared = new MultiLayerNetwork(network.getLayerWiseConfigurations());
    shared.init(network.params(), false);
    assertTrue(isSafe(shared.getParam("0_W"), shared.getParam("0_b")));
    network.setParams(Nd4j.ones(DataType.FLOAT, 1, network.numParams()));
    assertTrue(isSafe(network.getParam("0_W"), network.getParam("0_b")));
  }

  @Test
  void dilationIsNotSafe() {
    INDArray weights = network().getParam("0_W");
    assertFalse(GuardedConvolutionHelper.isSafe(weights, null, new int[] {2, 1}));
    assertFalse(GuardedConvolutionHelper.isSafe(weights, null, new int[] {1, 2}));
  }

  @Test
  void noisyParametersAreNotSafe() {
    MultiLayerNetwork network = network();
    INDArray weights = network.getParam("0_W");
    assertFalse(isSafe(weights.dup(), null), "noisy weights without workspaces");
    try (MemoryWorkspace workspace =
        Nd4j.getWorkspaceManager().getAndActivateWorkspace("GuardedConvolutionHelperTest")) {
      assertTrue(workspace.isScopeActive());
      assertFalse(isSafe(weights.dup(), null), "noisy weights in a workspace");
      assertFalse(isSafe(weights, network.getParam("0_b").dup()), "noisy bias in a workspace");
    }
    Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
  }
}
