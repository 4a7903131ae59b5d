/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.NoOp;

/** Masks of features at latent variables: what is masked counts nowhere. */
class LatentMasksTest {

  private static NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder()
        .seed(5)
        .dataType(DataType.DOUBLE)
        .updater(new NoOp());
  }

  private static ConvolutionLayer pixelwise(int channels, CNN2DFormat format) {
    return new ConvolutionLayer.Builder(1, 1)
        .nOut(channels)
        .activation(Activation.IDENTITY)
        .dataFormat(format)
        .build();
  }

  private static MultiLayerNetwork images(CNN2DFormat format) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global()
                .list()
                .layer(pixelwise(4, format))
                .layer(new LatentVariables.Builder(new DiagonalGaussian()).nOut(2).build())
                .layer(pixelwise(1, format))
                .layer(new LikelihoodOutput.Builder(new GaussianLikelihood()).build())
                .setInputType(InputType.convolutional(4, 3, 1, format))
                .build());
    network.init();
    return network;
  }

  /** DL4J's masks of images have sizes of 1 for rows, columns or both. */
  @Test
  void masksOfImages() {
    INDArray x = LatentDistributionTest.normal(1, 2, 1, 4, 3);
    INDArray columns = Nd4j.ones(DataType.DOUBLE, 2, 1, 1, 3);
    columns.putScalar(new int[] {0, 0, 0, 2}, 0).putScalar(new int[] {1, 0, 0, 0}, 0);
    INDArray rows = Nd4j.ones(DataType.DOUBLE, 2, 1, 4, 1);
    rows.putScalar(new int[] {0, 0, 1, 0}, 0);
    INDArray examples = Nd4j.createFromArray(0.0, 1).reshape(2, 1, 1, 1);
    for (CNN2DFormat format : CNN2DFormat.values()) {
      MultiLayerNetwork network = images(format);
      boolean last = format == CNN2DFormat.NHWC;
      INDArray input = last ? x.permute(0, 2, 3, 1).dup('c') : x;
      for (INDArray mask : List.of(columns, rows, examples)) {
        INDArray whole = mask.broadcast(2, 1, 4, 3).dup('c');
        double expected = network.score(new DataSet(input, input, whole, null));
        assertEquals(expected, network.score(new DataSet(input, input, mask, null)), 1e-12);
        INDArray z = network.feedForward(input, mask, null).get(2);
        for (int channel = 0; channel < 2; channel++) {
          INDArray plane =
              z.get(
                  NDArrayIndex.all(),
                  last ? NDArrayIndex.all() : NDArrayIndex.point(channel),
                  NDArrayIndex.all(),
                  last ? NDArrayIndex.point(channel) : NDArrayIndex.all());
          NdAssert.assertClose(
              whole.reshape('c', new long[] {2, 4, 3}), plane.neq(0).castTo(DataType.DOUBLE), 0);
        }
      }
      INDArray turned = Nd4j.ones(DataType.DOUBLE, 2, 1, 3, 4);
      assertThrows(
          DL4JInvalidInputException.class,
          () -> network.score(new DataSet(input, input, turned, null)));
    }
  }

  /** Several samples an example outside training, where masks are allowed. */
  @Test
  void masksOfSeriesWithDraws() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            global()
                .list()
                .layer(new LatentVariables.Builder(new DiagonalGaussian()).nOut(2).build())
                .layer(new LikelihoodOutput.Builder(new GaussianLikelihood()).build())
                .setInputType(InputType.recurrent(4))
                .build());
    network.init();
    INDArray eta = LatentDistributionTest.normal(1, 2, 4, 5);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 2, 5);
    mask.putScalar(0, 4, 0).putScalar(0, 3, 0);
    LatentVariablesLayer layer = (LatentVariablesLayer) network.getLayer(0);
    layer.setDraw(LatentDraw.samples(3, 9));
    layer.setMaskArray(mask);
    INDArray z = layer.activate(eta, false, LayerWorkspaceMgr.noWorkspaces());
    for (int row = 0; row < 6; row++) {
      for (int step = 0; step < 5; step++) {
        assertEquals(row < 3 && step > 2, z.getDouble(row, 0, step) == 0, row + " " + step);
      }
    }
  }

  private static ComputationGraph seriesWithColumn() {
    LatentPrior prior = LatentPrior.gaussian(new double[] {1, -2}, new double[] {1, 0.5});
    DiagonalGaussian family = new DiagonalGaussian();
    ComputationGraph graph =
        new ComputationGraph(
            global()
                .graphBuilder()
                .addInputs("x")
                .setInputTypes(InputType.recurrent(3))
                .addLayer(
                    "eta", new SimpleRnn.Builder().nOut(4).activation(Activation.TANH).build(), "x")
                .addLayer(
                    "z",
                    new LatentVariables.Builder(family)
                        .nOut(2)
                        .divergence(KullbackLeiblerTerm.NONE)
                        .build(),
                    "eta")
                .addVertex(
                    "ratio",
                    new LatentLogProbabilityVertex(family, prior, LatentQuantity.LOG_RATIO),
                    "eta",
                    "z")
                .addLayer("sum", new GlobalPoolingLayer.Builder(PoolingType.SUM).build(), "z")
                .addLayer(
                    "mu",
                    new DenseLayer.Builder().nOut(3).activation(Activation.IDENTITY).build(),
                    "sum")
                .addVertex("all", new MergeVertex(), "mu", "ratio")
                .addLayer(
                    "out",
                    new LikelihoodOutput.Builder(new GaussianLikelihood())
                        .bound(SampleBound.SAMPLED)
                        .build(),
                    "all")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  /** Masked steps at the end of a series give the score and gradient of a shorter one. */
  @Test
  void theVertexLeavesOutMaskedSteps() {
    ComputationGraph graph = seriesWithColumn();
    INDArray x = LatentDistributionTest.normal(1, 1, 3, 5);
    INDArray y = LatentDistributionTest.normal(2, 1, 3);
    INDArray mask = Nd4j.createFromArray(new double[][] {{1, 1, 1, 0, 0}});
    INDArray start =
        x.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(0, 3)).dup();
    double shorter = graph.score(new DataSet(start, y), false);
    double whole = graph.score(new DataSet(x, y), false);
    assertEquals(shorter, graph.score(new DataSet(x, y, mask, null), false), 1e-12);
    assertNotEquals(whole, shorter, 1);
    assertEquals(whole, graph.score(new DataSet(x, y), false), 1e-12);
    assertTrue(
        LayerChecks.checkGradients(
            graph,
            LatentDistributionTest.normal(3, 2, 3, 5),
            LatentDistributionTest.normal(4, 2, 3),
            Nd4j.createFromArray(new double[][] {{1, 1, 1, 0, 0}, {1, 1, 1, 1, 1}}),
            null));
  }
}
