/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.score.DenoisingScoreLoss;
import org.dl4jebm.layers.score.ScoreMatchingLoss;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** The passes of chains of dense layers against those of the twins, which take any network. */
class DenseChainTest {

  private static final int WIDTH = 5;
  private static final double ROUNDING = 1e-12;

  private static Layer dense(int out, Activation activation, boolean bias) {
    return new DenseLayer.Builder().nOut(out).activation(activation).hasBias(bias).build();
  }

  private static Layer output(Activation activation) {
    return new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
        .nOut(1)
        .activation(activation)
        .build();
  }

  /** Several activations, with and without the fused form, linear layers at either end. */
  private static List<List<Layer>> networks() {
    return List.of(
        List.of(
            dense(7, Activation.SOFTPLUS, true),
            dense(6, Activation.SWISH, true),
            output(Activation.IDENTITY)),
        List.of(
            dense(4, Activation.IDENTITY, true),
            dense(6, Activation.TANH, false),
            dense(3, Activation.IDENTITY, true),
            output(Activation.SIGMOID)),
        List.of(dense(1, Activation.SOFTPLUS, true), output(Activation.SOFTPLUS)),
        List.of(output(Activation.IDENTITY)),
        List.of(output(Activation.TANH)));
  }

  private static NeuralNetConfiguration.Builder base(DataType type) {
    return new NeuralNetConfiguration.Builder().seed(7).dataType(type).updater(new Sgd(0.1));
  }

  private static MultiLayerNetwork network(DataType type, List<Layer> layers, int width) {
    NeuralNetConfiguration.ListBuilder builder = base(type).list();
    layers.forEach(layer -> builder.layer(layer.clone()));
    MultiLayerNetwork network =
        new MultiLayerNetwork(builder.setInputType(InputType.feedForward(width)).build());
    network.init();
    network.params().addi(normal(11, type, network.params().shape()).muli(0.1));
    network.initGradientsView();
    return network;
  }

  private static ComputationGraph graph(DataType type, List<Layer> layers) {
    var builder = base(type).graphBuilder().addInputs("in");
    String last = "in";
    for (int i = 0; i < layers.size(); i++) {
      builder.addLayer("layer" + i, layers.get(i).clone(), last);
      last = "layer" + i;
    }
    ComputationGraph graph =
        new ComputationGraph(
            builder.setOutputs(last).setInputTypes(InputType.feedForward(WIDTH)).build());
    graph.init();
    graph.initGradientsView();
    return graph;
  }

  private static INDArray normal(long seed, DataType type, long... shape) {
    INDArray result = Nd4j.zeros(type, shape);
    try (RandomStream random = new RandomStream(seed)) {
      random.gaussian(1, result);
    }
    return result;
  }

  private static INDArray flat(INDArray array) {
    return array.reshape(array.length());
  }

  private static INDArray twinGradient(
      MultiLayerNetwork network,
      StreamLayout layout,
      ILossFunction loss,
      INDArray stack,
      INDArray labels) {
    MultiLayerNetwork twin = StreamNetworks.twin(network, layout, loss);
    twin.setInput(stack);
    twin.setLabels(labels);
    twin.computeGradientAndScore();
    return flat(twin.gradient().gradient()).dup();
  }

  private static void compareLoss(
      MultiLayerNetwork network,
      DenseChain chain,
      INDArray target,
      int n,
      int directions,
      double tolerance) {
    DataType type = network.params().dataType();
    ScoreMatchingLoss loss = ScoreMatchingLoss.sliced(directions);
    StreamLayout layout = loss.layout();
    INDArray stack = normal(n, type, layout.inputStreams() * n, network.layerInputSize(0));
    INDArray labels = Nd4j.zeros(type, layout.streams() * n, 1);
    INDArray expected = twinGradient(network, layout, loss, stack, labels);
    chain.stack(n).assign(stack);
    Pair<Double, INDArray> result =
        loss.computeGradientAndScore(labels, chain.forward(), new ActivationIdentity(), null, true);
    chain.backward(result.getSecond(), false);
    NdAssert.assertClose(expected, flat(target), tolerance);
    chain.backward(result.getSecond().mul(2), true);
    NdAssert.assertClose(expected.mul(3), flat(target), 3 * tolerance);
  }

  @Test
  void lossOfSecondDerivativesAgreesWithTheTwin() {
    for (List<Layer> layers : networks()) {
      MultiLayerNetwork network = network(DataType.DOUBLE, layers, WIDTH);
      for (int directions : new int[] {1, 3}) {
        DenseChain chain = DenseChain.of(network, new StreamLayout(directions, 1)).orElseThrow();
        // Sizes in turn, among them one row and more than are remembered.
        for (int n : new int[] {4, 1, 9, 4, 1}) {
          compareLoss(network, chain, network.getGradientsViewArray(), n, directions, ROUNDING);
        }
      }
    }
  }

  @Test
  void graphsAgreeWithTheTwinOfTheSameNetwork() {
    for (List<Layer> layers : networks()) {
      MultiLayerNetwork network = network(DataType.DOUBLE, layers, WIDTH);
      ComputationGraph graph = graph(DataType.DOUBLE, layers);
      graph.params().assign(network.params());
      DenseChain chain = DenseChain.of(graph, StreamLayout.SECOND).orElseThrow();
      compareLoss(network, chain, graph.getGradientsViewArray(), 4, 1, ROUNDING);
    }
  }

  @Test
  void floatIsCloseToTheTwin() {
    for (List<Layer> layers : networks()) {
      MultiLayerNetwork network = network(DataType.FLOAT, layers, WIDTH);
      DenseChain chain = DenseChain.of(network, StreamLayout.SECOND).orElseThrow();
      // Both round some hundred operations on numbers of the order of 10.
      compareLoss(network, chain, network.getGradientsViewArray(), 33, 1, 2e-3);
    }
  }

  @Test
  void derivativeAlongTheGradientAgreesWithTheTwin() {
    for (List<Layer> layers : networks()) {
      MultiLayerNetwork network = network(DataType.DOUBLE, layers, WIDTH);
      DenseChain chain = DenseChain.of(network, StreamLayout.FIRST).orElseThrow();
      for (int n : new int[] {6, 1}) {
        INDArray x = normal(3, DataType.DOUBLE, n, WIDTH);
        INDArray stack = chain.stack(n);
        stack.get(NDArrayIndex.interval(0, n), NDArrayIndex.all()).assign(x);
        chain.forwardPoints();
        INDArray slope = chain.slope().dup();
        NdAssert.assertClose(generalGradient(network, x), slope, ROUNDING);
        INDArray u = slope.mul(-2).addi(1);
        stack.get(NDArrayIndex.interval(n, 2 * n), NDArrayIndex.all()).assign(u);
        chain.backwardAlong();
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, 2 * n, 2);
        labels.getColumn(1).assign(1);
        INDArray expected =
            twinGradient(
                network,
                StreamLayout.FIRST,
                new DenoisingScoreLoss(),
                Nd4j.concat(0, x, u),
                labels);
        // The twin's is multiplied by the rows of an example.
        NdAssert.assertClose(expected.divi(2), flat(network.getGradientsViewArray()), ROUNDING);
      }
    }
  }

  private static INDArray generalGradient(MultiLayerNetwork network, INDArray x) {
    ChainPass pass =
        new ChainPass(
            StreamNetworks.twin(network, StreamLayout.VALUE, new DenoisingScoreLoss()),
            StreamLayout.VALUE);
    INDArray output = pass.forward(x);
    return pass.backward(Nd4j.onesLike(output)).dup('c');
  }

  @Test
  void energiesAndGradientsOfNetworks() {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      double tolerance = type == DataType.DOUBLE ? ROUNDING : 1e-5;
      for (List<Layer> layers : networks()) {
        MultiLayerNetwork network = network(type, layers, WIDTH);
        NetworkEnergy energy = new NetworkEnergy(network);
        INDArray x = normal(5, type, 3, WIDTH);
        INDArray copy = x.dup();
        INDArray first = energy.energyAndGradient(x).gradient();
        NdAssert.assertClose(generalGradient(network, x), first, tolerance);
        NdAssert.assertClose(flat(network.output(x)), energy.energy(x), tolerance);
        INDArray memory = x.like();
        assertSame(memory, energy.gradient(x, memory));
        assertEquals(first, memory);
        INDArray fOrder = energy.gradient(x.dup('f'));
        assertEquals(first, fOrder);
        // Results live on, parameters are seen as they are.
        network.setParams(network.params().mul(1.5));
        NdAssert.assertClose(generalGradient(network, x), energy.gradient(x), tolerance);
        assertEquals(first, memory);
        assertEquals(copy, x);
      }
    }
  }

  @Test
  void oneColumn() {
    MultiLayerNetwork network =
        network(
            DataType.DOUBLE,
            List.of(dense(3, Activation.SOFTPLUS, true), output(Activation.IDENTITY)),
            1);
    DenseChain chain = DenseChain.of(network, StreamLayout.SECOND).orElseThrow();
    compareLoss(network, chain, network.getGradientsViewArray(), 1, 1, ROUNDING);
    compareLoss(network, chain, network.getGradientsViewArray(), 5, 1, ROUNDING);
  }

  @Test
  void otherNetworksAreLeftToTheTwin() {
    Layer hidden = dense(3, Activation.SOFTPLUS, true);
    Layer normalized =
        new DenseLayer.Builder().nOut(3).activation(Activation.TANH).hasLayerNorm(true).build();
    for (Layer first : List.of(normalized, new FrozenLayer(hidden))) {
      MultiLayerNetwork network =
          network(DataType.DOUBLE, List.of(first, output(Activation.IDENTITY)), WIDTH);
      assertFalse(DenseChain.of(network, StreamLayout.FIRST).isPresent());
    }
    MultiLayerNetwork two =
        network(DataType.DOUBLE, List.of(dense(2, Activation.TANH, true)), WIDTH);
    assertFalse(DenseChain.of(two, StreamLayout.FIRST).isPresent());
    ComputationGraph merged =
        new ComputationGraph(
            base(DataType.DOUBLE)
                .graphBuilder()
                .addInputs("in")
                .addLayer("a", hidden.clone(), "in")
                .addLayer("b", hidden.clone(), "in")
                .addVertex("ab", new MergeVertex(), "a", "b")
                .addLayer("out", output(Activation.IDENTITY), "ab")
                .setOutputs("out")
                .setInputTypes(InputType.feedForward(WIDTH))
                .build());
    merged.init();
    assertFalse(DenseChain.of(merged, StreamLayout.FIRST).isPresent());
  }

  @Test
  void pointsThatAreNotAcceptedAndCallsOutOfOrder() {
    MultiLayerNetwork network = network(DataType.DOUBLE, networks().get(0), WIDTH);
    DenseChain chain = DenseChain.of(network, StreamLayout.SECOND).orElseThrow();
    assertTrue(chain.accepts(Nd4j.zeros(DataType.DOUBLE, 2, WIDTH)));
    assertFalse(chain.accepts(Nd4j.zeros(DataType.DOUBLE, 2, WIDTH + 1)));
    assertFalse(chain.accepts(Nd4j.zeros(DataType.DOUBLE, 2, WIDTH, 1)));
    assertThrows(IllegalStateException.class, chain::forward);
    chain.stack(2);
    assertThrows(IllegalStateException.class, chain::backwardAlong);
  }
}
