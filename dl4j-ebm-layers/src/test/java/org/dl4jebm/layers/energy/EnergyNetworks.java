/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small networks of every supported layer, with parameters that are not special. */
final class EnergyNetworks {

  /** A network and the shape of one example. */
  record Case(MultiLayerNetwork network, long[] exampleShape) {

    /** Normal points or directions. */
    INDArray points(long n, long seed) {
      long[] shape = new long[exampleShape.length + 1];
      shape[0] = n;
      System.arraycopy(exampleShape, 0, shape, 1, exampleShape.length);
      return normal(seed, shape).castTo(network.getLayerWiseConfigurations().getDataType());
    }
  }

  private EnergyNetworks() {}

  static INDArray normal(long seed, long... shape) {
    try (RandomStream random = new RandomStream(seed)) {
      INDArray out = Nd4j.zeros(DataType.DOUBLE, shape);
      random.gaussian(out.dup(), 1, out);
      return out;
    }
  }

  static MultiLayerNetwork network(DataType type, InputType input, List<Layer> layers) {
    return network(type, new NoOp(), input, layers);
  }

  static MultiLayerNetwork network(
      DataType type, IUpdater updater, InputType input, List<Layer> layers) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder().seed(7).dataType(type).updater(updater).list();
    layers.forEach(list::layer);
    MultiLayerNetwork network = new MultiLayerNetwork(list.setInputType(input).build());
    network.init();
    INDArray noise = normal(99, network.params().shape()).muli(0.3);
    network.params().addi(noise.castTo(type));
    return network;
  }

  static Layer dense(int width, IActivation activation) {
    return new DenseLayer.Builder().nOut(width).activation(activation).build();
  }

  static Layer output() {
    return new OutputLayer.Builder(LossFunction.MSE)
        .nOut(1)
        .activation(Activation.IDENTITY)
        .build();
  }

  /** Two hidden layers. */
  static Case mlp(DataType type, IActivation activation, int width) {
    return new Case(
        network(
            type,
            InputType.feedForward(width),
            List.of(dense(5, activation), dense(4, activation), output())),
        new long[] {width});
  }

  private static ConvolutionLayer convolution(int channels) {
    return new ConvolutionLayer.Builder(3, 3).nOut(channels).activation(Activation.SWISH).build();
  }

  private static Case images(List<Layer> layers) {
    return new Case(
        network(DataType.DOUBLE, InputType.convolutional(5, 4, 2), layers), new long[] {2, 5, 4});
  }

  /** By name; made when asked for. */
  static Map<String, Supplier<Case>> all() {
    Map<String, Supplier<Case>> cases = new LinkedHashMap<>();
    cases.put("linear", () -> mlp(DataType.DOUBLE, new ActivationIdentity(), 3));
    cases.put(
        "without bias, activation and dropout layers",
        () ->
            new Case(
                network(
                    DataType.DOUBLE,
                    InputType.feedForward(4),
                    List.of(
                        new ActivationLayer.Builder().activation(Activation.TANH).build(),
                        new DenseLayer.Builder()
                            .nOut(5)
                            .hasBias(false)
                            .dropOut(0.5)
                            .activation(Activation.IDENTITY)
                            .build(),
                        new DropoutLayer.Builder(0.5).build(),
                        new ActivationLayer.Builder().activation(Activation.SOFTPLUS).build(),
                        dense(1, new ActivationIdentity()),
                        new LossLayer.Builder(LossFunction.MSE)
                            .activation(Activation.SIGMOID)
                            .build())),
                new long[] {4}));
    cases.put(
        "batch normalization",
        () ->
            withStatistics(
                new Case(
                    network(
                        DataType.DOUBLE,
                        InputType.feedForward(4),
                        List.of(
                            new BatchNormalization.Builder().build(),
                            dense(5, Activation.SWISH.getActivationFunction()),
                            new BatchNormalization.Builder().useLogStd(false).build(),
                            dense(3, Activation.TANH.getActivationFunction()),
                            new BatchNormalization.Builder().lockGammaBeta(true).build(),
                            output())),
                    new long[] {4})));
    cases.put(
        "convolution, batch normalization, average pooling",
        () ->
            withStatistics(
                images(
                    List.of(
                        convolution(3),
                        new BatchNormalization.Builder().build(),
                        new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.AVG)
                            .kernelSize(2, 2)
                            .stride(1, 1)
                            .build(),
                        dense(4, Activation.SOFTPLUS.getActivationFunction()),
                        output()))));
    cases.put(
        "padding, strided convolution without bias, global pooling",
        () ->
            images(
                List.of(
                    new ZeroPaddingLayer.Builder(1, 2).build(),
                    new ConvolutionLayer.Builder(3, 2)
                        .nOut(4)
                        .stride(2, 1)
                        .hasBias(false)
                        .activation(Activation.GELU)
                        .build(),
                    new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                    output())));
    cases.put(
        "deconvolution and upsampling",
        () ->
            images(
                List.of(
                    new Deconvolution2D.Builder(2, 2).nOut(3).activation(Activation.TANH).build(),
                    new Upsampling2D.Builder(2).build(),
                    convolution(2),
                    new GlobalPoolingLayer.Builder(PoolingType.SUM).build(),
                    output())));
    cases.put(
        "channels last",
        () ->
            new Case(
                network(
                    DataType.DOUBLE,
                    InputType.convolutional(4, 3, 2, CNN2DFormat.NHWC),
                    List.of(
                        new ConvolutionLayer.Builder(2, 2)
                            .nOut(3)
                            .dataFormat(CNN2DFormat.NHWC)
                            .convolutionMode(ConvolutionMode.Same)
                            .activation(Activation.SWISH)
                            .build(),
                        output())),
                new long[] {4, 3, 2}));
    cases.put(
        "flat images",
        () ->
            new Case(
                network(
                    DataType.DOUBLE,
                    InputType.convolutionalFlat(4, 4, 1),
                    List.of(convolution(2), output())),
                new long[] {16}));
    cases.put(
        "convolution in one dimension",
        () ->
            new Case(
                network(
                    DataType.DOUBLE,
                    InputType.recurrent(2, 6, RNNFormat.NCW),
                    List.of(
                        new Convolution1D.Builder(3)
                            .nOut(3)
                            .activation(Activation.SOFTPLUS)
                            .build(),
                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                        output())),
                new long[] {2, 6}));
    cases.put(
        "convolution in three dimensions",
        () ->
            new Case(
                network(
                    DataType.DOUBLE,
                    InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 3, 3, 3, 1),
                    List.of(
                        new Convolution3D.Builder(2, 2, 2)
                            .nOut(2)
                            .activation(Activation.SOFTPLUS)
                            .build(),
                        output())),
                new long[] {1, 3, 3, 3}));
    cases.putAll(MoreEnergyNetworks.all());
    return cases;
  }

  /** Means and variances that are not the initial ones. */
  private static Case withStatistics(Case made) {
    made.network()
        .paramTable()
        .forEach(
            (name, value) -> {
              if (name.endsWith("var")) {
                value.assign(normal(5, value.shape()).muli(0.2).addi(1.5));
              }
            });
    return made;
  }
}
