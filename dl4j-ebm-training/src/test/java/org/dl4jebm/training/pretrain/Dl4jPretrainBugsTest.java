/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The faults of DL4J 1.0.0-M2.1 that {@link GreedyPretrainer} was written to avoid. A failure here
 * is good news: DL4J has changed. Then see what it does now, and revise the trainer's
 * documentation.
 */
class Dl4jPretrainBugsTest {

  private static final String CHANGED =
      "DL4J has changed: revise the javadoc of GreedyPretrainer, package-info and README. ";

  /** The input of the second layer is taken from the field layerIndex instead of the argument. */
  @Test
  void multiLayerNetworkGivesUpperLayersTheRawData() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, Stacks.INPUTS).build())
                .layer(Stacks.rbm(Stacks.INPUTS, 4).build())
                .layer(Stacks.output(4))
                .build());
    network.init();
    INDArray[] seen = new INDArray[1];
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            seen[0] = model.input().dup();
          }
        });
    network.pretrainLayer(1, Stacks.features());
    assertEquals(
        Stacks.features(), seen[0], CHANGED + "MultiLayerNetwork.pretrainLayer(1) used raw data");

    MultiLayerNetwork stack = Stacks.mln();
    assertThrows(
        DL4JInvalidInputException.class,
        () -> stack.pretrain(Stacks.iterator()),
        CHANGED + "MultiLayerNetwork.pretrain failed on stacks of layers of different sizes");
  }

  @Test
  void computationGraphIgnoresTheNumberOfEpochs() {
    ComputationGraph graph = Stacks.graph();
    graph.pretrain(Stacks.iterator(), 5);
    assertEquals(
        Stacks.BATCHES,
        graph.getLayer("rbm1").conf().getIterationCount(),
        CHANGED + "ComputationGraph.pretrain made one pass whatever the number of epochs");
  }

  @Test
  void neitherCountsEpochsForSchedules() {
    MultiLayerNetwork network = Stacks.mln();
    network.pretrainLayer(0, Stacks.iterator(), 5);
    assertEquals(
        1,
        network.getLayer(0).conf().getEpochCount(),
        CHANGED + "MultiLayerNetwork.pretrainLayer counted any number of epochs as one");
    ComputationGraph graph = Stacks.graph();
    graph.pretrain(Stacks.iterator());
    assertEquals(
        0,
        graph.getLayer("rbm0").conf().getEpochCount(),
        CHANGED + "ComputationGraph.pretrain counted no epochs");
  }
}
