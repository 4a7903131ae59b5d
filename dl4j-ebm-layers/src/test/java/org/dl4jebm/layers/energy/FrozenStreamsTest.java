/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class FrozenStreamsTest {

  /** With what changes parameters besides the gradient: regularisation and constraints. */
  private static Layer dense() {
    return new DenseLayer.Builder()
        .nIn(3)
        .nOut(3)
        .l2(0.1)
        .constrainWeights(new MaxNormConstraint(0.1, 1))
        .activation(new ActivationSwish())
        .build();
  }

  private static NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder()
        .seed(3)
        .dataType(DataType.DOUBLE)
        .updater(new Adam(0.1));
  }

  @Test
  void frozenParametersStayInChains() {
    for (Layer frozen : List.of(new FrozenLayer(dense()), new FrozenLayerWithBackprop(dense()))) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(global().list().layer(frozen).layer(dense()).layer(last()).build());
      network.init();
      MultiLayerNetwork free =
          new MultiLayerNetwork(
              global().list().layer(dense()).layer(dense()).layer(last()).build());
      free.init(network.params().dup(), false);
      INDArray x = EnergyNetworks.normal(1, 4, 3);
      INDArray v = EnergyNetworks.normal(2, 4, 3);
      NdAssert.assertSame(
          new NetworkEnergy(free).hessianVectorProduct(x, v),
          new NetworkEnergy(network).hessianVectorProduct(x, v));
      NdAssert.assertSame(
          new NetworkEnergy(free).hessianTrace(x), new NetworkEnergy(network).hessianTrace(x));
      MultiLayerNetwork twin =
          StreamNetworks.twin(
              network, StreamLayout.SECOND, new StreamTestLoss(StreamLayout.SECOND));
      MultiLayerNetwork freeTwin =
          StreamNetworks.twin(free, StreamLayout.SECOND, new StreamTestLoss(StreamLayout.SECOND));
      INDArray weights = network.getParam("0_W").dup();
      INDArray bias = network.getParam("0_b").dup();
      INDArray others = network.getParam("1_W").dup();
      DataSet data = new DataSet(Nd4j.concat(0, x, v), Nd4j.zeros(DataType.DOUBLE, 12, 1));
      twin.fit(data);
      freeTwin.fit(data);
      NdAssert.assertSame(weights, network.getParam("0_W"));
      NdAssert.assertSame(bias, network.getParam("0_b"));
      assertNotEquals(others, network.getParam("1_W"));
      assertNotEquals(weights, free.getParam("0_W"));
      NdAssert.assertClose(free.getParam("1_W"), network.getParam("1_W"), 1e-12);
      // The penalty of the frozen layer, 0.1 / 2 of the squares, is no part of the score.
      twin.setInput(data.getFeatures());
      assertEquals(
          freeTwin.calcRegularizationScore(true) - twin.calcRegularizationScore(true),
          0.05
              * free.getParam("0_W").norm2Number().doubleValue()
              * free.getParam("0_W").norm2Number().doubleValue(),
          1e-12);
    }
  }

  private static Layer last() {
    return new OutputLayer.Builder(LossFunction.MSE)
        .nIn(3)
        .nOut(1)
        .activation(Activation.IDENTITY)
        .build();
  }

  @Test
  void frozenParametersStayInGraphs() {
    ComputationGraph graph =
        new ComputationGraph(
            global()
                .graphBuilder()
                .addInputs("x")
                .addLayer("a", new FrozenLayer(dense()), "x")
                .addLayer("b", dense(), "a")
                .addLayer("energy", last(), "b")
                .setOutputs("energy")
                .build());
    graph.init();
    StreamLayout layout = StreamLayout.SECOND;
    ComputationGraph twin = StreamNetworks.twin(graph, layout, new StreamTestLoss(layout));
    INDArray before = graph.params().dup();
    INDArray frozen = graph.getParam("a_W").dup();
    twin.fit(new DataSet(EnergyNetworks.normal(1, 12, 3), Nd4j.zeros(DataType.DOUBLE, 12, 1)));
    NdAssert.assertSame(
        before
            .reshape('c', new long[] {before.length()})
            .get(org.nd4j.linalg.indexing.NDArrayIndex.interval(0, 9))
            .dup(),
        frozen.dup('f').reshape('f', new long[] {9}));
    assertNotEquals(before, graph.params());
  }
}
