/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.training.NetworkSteps.Snapshot;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Steps with the gradient of DL4J's own loss are those of DL4J's own fit. */
class NetworkStepsTest {

  private static NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder()
        .seed(5)
        .dataType(DataType.DOUBLE)
        .updater(
            new Adam(
                new MapSchedule.Builder(ScheduleType.ITERATION).add(0, 0.05).add(2, 0.01).build()))
        .biasUpdater(new Sgd(0.1))
        .l2(0.1)
        .gradientNormalization(GradientNormalization.ClipL2PerParamType)
        .gradientNormalizationThreshold(0.3)
        .constrainWeights(new MaxNormConstraint(0.8, 1));
  }

  private static DenseLayer hidden() {
    return new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build();
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MSE)
        .nOut(2)
        .activation(Activation.IDENTITY)
        .build();
  }

  private static MultiLayerNetwork chain() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global()
                .list()
                .layer(hidden())
                .layer(new BatchNormalization.Builder().build())
                .layer(output())
                .setInputType(InputType.feedForward(3))
                .build());
    network.init();
    return network;
  }

  private static ComputationGraph graph() {
    ComputationGraph graph =
        new ComputationGraph(
            global()
                .graphBuilder()
                .addInputs("x")
                .addLayer("z", hidden(), "x")
                .addLayer("norm", new BatchNormalization.Builder().build(), "z")
                .addLayer("y", output(), "norm")
                .setOutputs("y")
                .setInputTypes(InputType.feedForward(3))
                .build());
    graph.init();
    return graph;
  }

  private static DataSet data(int step) {
    INDArray x = Nd4j.linspace(DataType.DOUBLE, step, 0.37, 24).reshape('c', 8, 3);
    return new DataSet(Transforms.sin(x, true), Transforms.cos(x, true).getColumns(0, 1));
  }

  @Test
  void asFitOfANetwork() {
    MultiLayerNetwork fitted = chain();
    MultiLayerNetwork source = chain();
    MultiLayerNetwork stepped = chain();
    NetworkSteps steps = NetworkSteps.of(stepped);
    for (int i = 0; i < 5; i++) {
      fitted.fit(data(i));
      source.params().assign(stepped.params());
      source.setInput(data(i).getFeatures());
      source.setLabels(data(i).getLabels());
      source.computeGradientAndScore();
      steps.gradient().assign(source.getGradientsViewArray().reshape(steps.gradient().length()));
      steps.take(source.score() - steps.regularization(), 8);
      NdAssert.assertClose(fitted.params(), stepped.params(), 1e-13);
      assertEquals(fitted.score(), stepped.score(), 1e-13);
    }
    assertEquals(5, stepped.getIterationCount());
    NdAssert.assertClose(
        fitted.getUpdater().getStateViewArray(), stepped.getUpdater().getStateViewArray(), 1e-13);
  }

  @Test
  void asFitOfAGraph() {
    ComputationGraph fitted = graph();
    ComputationGraph source = graph();
    ComputationGraph stepped = graph();
    NetworkSteps steps = NetworkSteps.of(stepped);
    for (int i = 0; i < 5; i++) {
      fitted.fit(data(i));
      source.params().assign(stepped.params());
      source.setInputs(data(i).getFeatures());
      source.setLabels(data(i).getLabels());
      source.computeGradientAndScore();
      steps.gradient().assign(source.getGradientsViewArray().reshape(steps.gradient().length()));
      steps.take(source.score() - steps.regularization(), 8);
      NdAssert.assertClose(fitted.params(), stepped.params(), 1e-13);
      assertEquals(fitted.score(), stepped.score(), 1e-13);
    }
  }

  @Test
  void backToASnapshot() {
    MultiLayerNetwork network = chain();
    NetworkSteps steps = NetworkSteps.of(network);
    network.fit(data(0));
    Snapshot snapshot = steps.remember();
    network.fit(data(1));
    INDArray after = network.params().dup();
    assertTrue(after.distance2(snapshot.parameters()) > 1e-3);
    steps.restore(snapshot);
    assertEquals(1, network.getIterationCount());
    network.fit(data(1));
    NdAssert.assertSame(after, network.params());
    assertEquals(after.mul(after).sumNumber().doubleValue(), steps.squaredParameters(), 1e-12);
  }
}
