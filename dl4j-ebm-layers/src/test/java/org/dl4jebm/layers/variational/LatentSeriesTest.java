/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.testing.LayerChecks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/** Latent variables of time series between dense layers, which DL4J puts on {@code [n t, C]}. */
class LatentSeriesTest {

  private static NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder()
        .seed(5)
        .dataType(DataType.DOUBLE)
        .updater(new NoOp());
  }

  private static DenseLayer dense(int units) {
    return new DenseLayer.Builder().nOut(units).activation(Activation.TANH).build();
  }

  private static SimpleRnn recurrent(int units, RNNFormat format) {
    return new SimpleRnn.Builder()
        .nOut(units)
        .activation(Activation.TANH)
        .dataFormat(format)
        .build();
  }

  /** The divergence is summed over the steps, in score and gradient. */
  @ParameterizedTest
  @EnumSource(RNNFormat.class)
  void denseLayersAboveRecurrentOnes(RNNFormat format) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global()
                .list()
                .layer(recurrent(3, format))
                .layer(dense(4))
                .layer(new LatentVariables.Builder(new DiagonalGaussian()).nOut(2).build())
                .layer(dense(3))
                .layer(recurrent(3, format))
                .layer(dense(3))
                .layer(new LikelihoodOutput.Builder(new GaussianLikelihood()).build())
                .setInputType(InputType.recurrent(3, format))
                .build());
    network.init();
    INDArray x = series(format);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 2, 5);
    mask.putScalar(1, 4, 0).putScalar(1, 3, 0);
    assertTrue(LayerChecks.checkGradients(network, x, x, null, null));
    assertTrue(LayerChecks.checkGradients(network, x, x, mask, mask));
    network.score(new DataSet(x, x, mask, mask));
    INDArray eta = network.feedForward(x, mask, mask).get(2);
    double expected =
        new DiagonalGaussian()
                .divergence(eta, null)
                .mulColumnVector(mask.reshape('f', new long[] {10, 1}))
                .sumNumber()
                .doubleValue()
            / 2;
    LatentVariablesLayer layer = (LatentVariablesLayer) network.getLayer(2);
    assertEquals(expected, layer.divergence(), 1e-12);
    assertArrayEquals(x.shape(), network.output(x).shape());
  }

  /** DL4J forgets the steps where it merges such layers. */
  @ParameterizedTest
  @EnumSource(RNNFormat.class)
  void twoDenseLayersInAGraph(RNNFormat format) {
    ComputationGraph graph =
        new ComputationGraph(
            global()
                .graphBuilder()
                .addInputs("x")
                .setInputTypes(InputType.recurrent(3, 5, format))
                .addLayer("h", recurrent(3, format), "x")
                .addLayer("mu", dense(2), "h")
                .addLayer("logVariance", dense(2), "h")
                .addLayer(
                    "z",
                    new LatentVariables.Builder(new DiagonalGaussian()).nOut(2).build(),
                    new FeedForwardToRnnPreProcessor(format),
                    "mu",
                    "logVariance")
                .addLayer("mean", dense(3), "z")
                .addLayer(
                    "out", new LikelihoodOutput.Builder(new GaussianLikelihood()).build(), "mean")
                .setOutputs("out")
                .build());
    graph.init();
    INDArray x = series(format);
    assertTrue(LayerChecks.checkGradients(graph, x, x, null, null));
  }

  /** The vertex takes dimension 1 for the channels. */
  @Test
  void theVertexRefusesChannelsLast() {
    LatentLogProbabilityVertex vertex =
        new LatentLogProbabilityVertex(new DiagonalGaussian(), null, LatentQuantity.LOG_POSTERIOR);
    for (InputType type :
        List.of(
            InputType.recurrent(4, RNNFormat.NWC),
            InputType.convolutional(2, 2, 4, CNN2DFormat.NHWC),
            InputType.convolutional3D(Convolution3D.DataFormat.NDHWC, 2, 2, 2, 4))) {
      assertThrows(DL4JInvalidConfigException.class, () -> vertex.getOutputType(0, type, type));
    }
    assertEquals(
        InputType.feedForward(1),
        vertex.getOutputType(0, InputType.recurrent(4), InputType.recurrent(2)));
  }

  private static INDArray series(RNNFormat format) {
    INDArray x = LatentDistributionTest.normal(1, 2, 3, 5);
    return format == RNNFormat.NCW ? x : x.permute(0, 2, 1).dup('c');
  }
}
