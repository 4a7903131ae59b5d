/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.examples.energy;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jebm.examples.cli.Checks;
import org.dl4jebm.layers.updater.HostAdam;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * A network from an image and the level of its noise, as a second channel, to the image's score
 * times the deviation of the noise. Two convolutions halve height and width, two dense layers see
 * the whole image, and two transposed convolutions double height and width, each with what the
 * convolution of the same size found beside it.
 */
final class ScoreNetwork {

  private static final int FILTERS = 16;
  private static final int BOTTLENECK = 128;
  private static final int REDUCTION = 4;

  private ScoreNetwork() {}

  /**
   * Makes a network.
   *
   * @param height of an image, a multiple of 4
   * @param width of an image, a multiple of 4
   * @param rate learning rate of Adam
   * @param seed of the weights
   * @return an untrained network; it takes {@code [n, 2, height, width]} and gives {@code [n,
   *     height * width]}
   * @throws IllegalArgumentException if height or width is no multiple of 4
   */
  static ComputationGraph of(int height, int width, double rate, long seed) {
    Checks.require(
        height % REDUCTION == 0 && width % REDUCTION == 0,
        "size of the images",
        height + "x" + width,
        "multiples of " + REDUCTION);
    int h = height / REDUCTION;
    int w = width / REDUCTION;
    ComputationGraph network =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .seed(seed)
                .weightInit(WeightInit.XAVIER)
                .activation(Activation.SWISH)
                .updater(new HostAdam(rate))
                .convolutionMode(ConvolutionMode.Same)
                .graphBuilder()
                .addInputs("x")
                .setInputTypes(InputType.convolutional(height, width, 2))
                .addLayer("full", convolution(3, 1, FILTERS), "x")
                .addLayer("half", convolution(4, 2, 2 * FILTERS), "full")
                .addLayer("half2", convolution(3, 1, 2 * FILTERS), "half")
                .addLayer("quarter", convolution(4, 2, 4 * FILTERS), "half2")
                .addLayer("code", new DenseLayer.Builder().nOut(BOTTLENECK).build(), "quarter")
                .addLayer(
                    "decode", new DenseLayer.Builder().nOut(4L * FILTERS * h * w).build(), "code")
                .addVertex(
                    "global",
                    new PreprocessorVertex(new FeedForwardToCnnPreProcessor(h, w, 4L * FILTERS)),
                    "decode")
                .addVertex("merge4", new MergeVertex(), "global", "quarter")
                .addLayer("up2", deconvolution(2 * FILTERS), "merge4")
                .addVertex("merge2", new MergeVertex(), "up2", "half2")
                .addLayer("mix2", convolution(3, 1, 2 * FILTERS), "merge2")
                .addLayer("up1", deconvolution(FILTERS), "mix2")
                .addVertex("merge1", new MergeVertex(), "up1", "full")
                .addLayer("mix1", convolution(3, 1, FILTERS), "merge1")
                .addLayer(
                    "pixels",
                    new ConvolutionLayer.Builder(3, 3)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build(),
                    "mix1")
                .addLayer("out", output((long) height * width), "pixels")
                .setOutputs("out")
                .build());
    network.init();
    return network;
  }

  private static LossLayer output(long pixels) {
    LossLayer layer =
        new LossLayer.Builder(LossFunction.MSE) // the loss is not used
            .activation(Activation.IDENTITY)
            .build();
    layer.setNIn(pixels);
    layer.setNOut(pixels);
    return layer;
  }

  private static ConvolutionLayer convolution(int kernel, int stride, int filters) {
    return new ConvolutionLayer.Builder(kernel, kernel)
        .stride(stride, stride)
        .nOut(filters)
        .build();
  }

  private static Deconvolution2D deconvolution(int filters) {
    return new Deconvolution2D.Builder(4, 4).stride(2, 2).nOut(filters).build();
  }
}
