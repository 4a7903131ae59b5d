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
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.dl4jebm.layers.dense.CachedDense;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;

/** Further small networks: layers whose rule is more than a linear map, and rarer ones. */
final class MoreEnergyNetworks {

  private MoreEnergyNetworks() {}

  private static EnergyNetworks.Case images(CNN2DFormat format, int height, Layer... layers) {
    boolean first = format == CNN2DFormat.NCHW;
    return new EnergyNetworks.Case(
        EnergyNetworks.network(
            DataType.DOUBLE, InputType.convolutional(height, 4, 2, format), List.of(layers)),
        first ? new long[] {2, height, 4} : new long[] {height, 4, 2});
  }

  private static EnergyNetworks.Case series(RNNFormat format, Layer... layers) {
    return new EnergyNetworks.Case(
        EnergyNetworks.network(DataType.DOUBLE, InputType.recurrent(2, 7, format), List.of(layers)),
        format == RNNFormat.NCW ? new long[] {2, 7} : new long[] {7, 2});
  }

  /** With dense layers, whose width DL4J takes from the length of the series if it knows that. */
  private static EnergyNetworks.Case anyLength(RNNFormat format, Layer... layers) {
    return new EnergyNetworks.Case(
        EnergyNetworks.network(DataType.DOUBLE, InputType.recurrent(2, format), List.of(layers)),
        format == RNNFormat.NCW ? new long[] {2, 7} : new long[] {7, 2});
  }

  private static EnergyNetworks.Case volumes(Convolution3D.DataFormat format, Layer... layers) {
    return new EnergyNetworks.Case(
        EnergyNetworks.network(
            DataType.DOUBLE, InputType.convolutional3D(format, 4, 3, 3, 1), List.of(layers)),
        format == Convolution3D.DataFormat.NCDHW
            ? new long[] {1, 4, 3, 3}
            : new long[] {4, 3, 3, 1});
  }

  private static Layer convolution(CNN2DFormat format) {
    return new ConvolutionLayer.Builder(2, 2)
        .nOut(3)
        .dataFormat(format)
        .activation(Activation.SWISH)
        .build();
  }

  private static Layer maxPooling(
      CNN2DFormat format, ConvolutionMode mode, int kernel, int stride) {
    return new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
        .kernelSize(kernel, 2)
        .stride(stride, 1)
        .padding(mode == ConvolutionMode.Same ? new int[] {0, 0} : new int[] {1, 0})
        .convolutionMode(mode)
        .dataFormat(format)
        .build();
  }

  private static Layer normalized(int width, IActivation activation, boolean bias) {
    return new DenseLayer.Builder()
        .nOut(width)
        .hasLayerNorm(true)
        .hasBias(bias)
        .activation(activation)
        .build();
  }

  private static Layer convolution3d(Convolution3D.DataFormat format) {
    return new Convolution3D.Builder(2, 2, 2)
        .nOut(2)
        .dataFormat(format)
        .activation(Activation.SOFTPLUS)
        .build();
  }

  private static Layer globalPooling(PoolingType type) {
    return new GlobalPoolingLayer.Builder(type).build();
  }

  private static Layer dense(IActivation activation) {
    return EnergyNetworks.dense(4, activation);
  }

  /** By name; made when asked for. */
  static Map<String, Supplier<EnergyNetworks.Case>> all() {
    Map<String, Supplier<EnergyNetworks.Case>> cases = new LinkedHashMap<>();
    cases.put(
        "layer normalization",
        () ->
            new EnergyNetworks.Case(
                EnergyNetworks.network(
                    DataType.DOUBLE,
                    InputType.feedForward(3),
                    List.of(
                        normalized(5, new ActivationSwish(), true),
                        normalized(4, new ActivationTanH(), false),
                        EnergyNetworks.output())),
                new long[] {3}));
    cases.put(
        "layer normalization without another activation",
        () ->
            new EnergyNetworks.Case(
                EnergyNetworks.network(
                    DataType.DOUBLE,
                    InputType.feedForward(3),
                    List.of(
                        dense(Activation.IDENTITY.getActivationFunction()),
                        normalized(5, Activation.IDENTITY.getActivationFunction(), true),
                        EnergyNetworks.output())),
                new long[] {3}));
    for (CNN2DFormat format : CNN2DFormat.values()) {
      cases.put(
          "max pooling " + format,
          () ->
              images(
                  format,
                  6,
                  convolution(format),
                  maxPooling(format, ConvolutionMode.Truncate, 3, 2),
                  dense(new ActivationSoftPlus()),
                  EnergyNetworks.output()));
      cases.put(
          "max pooling of the input, same size " + format,
          () ->
              images(
                  format,
                  5,
                  maxPooling(format, ConvolutionMode.Same, 3, 1),
                  convolution(format),
                  globalPooling(PoolingType.MAX),
                  dense(new ActivationSwish()),
                  EnergyNetworks.output()));
      cases.put(
          "depthwise and separable convolution " + format,
          () ->
              images(
                  format,
                  5,
                  new DepthwiseConvolution2D.Builder(2, 2)
                      .depthMultiplier(2)
                      .nOut(4)
                      .dataFormat(format)
                      .activation(Activation.SWISH)
                      .build(),
                  new SeparableConvolution2D.Builder(2, 2)
                      .nOut(3)
                      .dataFormat(format)
                      .activation(Activation.SOFTPLUS)
                      .build(),
                  EnergyNetworks.output()));
    }
    cases.put(
        "cropping and space to depth",
        () ->
            images(
                CNN2DFormat.NCHW,
                6,
                new Cropping2D.Builder(1, 0).build(),
                new SpaceToDepthLayer.Builder<>(2, CNN2DFormat.NCHW).build(),
                convolution(CNN2DFormat.NCHW),
                EnergyNetworks.output()));
    cases.put(
        "max pooling, padding, cropping and upsampling in one dimension",
        () ->
            series(
                RNNFormat.NCW,
                new ZeroPadding1DLayer.Builder(1, 2).build(),
                new Convolution1D.Builder(2).nOut(3).activation(Activation.SWISH).build(),
                new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                    .kernelSize(3)
                    .stride(2)
                    .build(),
                new Upsampling1D.Builder(2).build(),
                new Cropping1D.Builder(1, 2).build(),
                globalPooling(PoolingType.MAX),
                new ActivationLayer.Builder().activation(Activation.TANH).build(),
                EnergyNetworks.output()));
    cases.put(
        "dense layers on time series",
        () ->
            anyLength(
                RNNFormat.NCW,
                dense(new ActivationSwish()),
                normalized(6, new ActivationTanH(), true),
                new Convolution1D.Builder(2).nOut(3).activation(Activation.IDENTITY).build(),
                new ActivationLayer.Builder().activation(Activation.SOFTPLUS).build(),
                dense(new ActivationSoftPlus()),
                globalPooling(PoolingType.AVG),
                EnergyNetworks.output()));
    cases.put(
        "linear, then dense layers on time series",
        () ->
            anyLength(
                RNNFormat.NCW,
                new Convolution1D.Builder(2).nOut(3).activation(Activation.IDENTITY).build(),
                new ActivationLayer.Builder().activation(Activation.IDENTITY).build(),
                dense(new ActivationSoftPlus()),
                globalPooling(PoolingType.MAX),
                EnergyNetworks.output()));
    cases.put(
        "dense layers on time series, channels last",
        () ->
            anyLength(
                RNNFormat.NWC,
                dense(new ActivationSwish()),
                new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                    .kernelSize(2)
                    .stride(1)
                    .dataFormat(CNN2DFormat.NHWC)
                    .build(),
                dense(new ActivationTanH()),
                new GlobalPoolingLayer.Builder(PoolingType.SUM).poolingDimensions(1).build(),
                EnergyNetworks.output()));
    for (Convolution3D.DataFormat format : Convolution3D.DataFormat.values()) {
      cases.put(
          "max pooling in three dimensions " + format,
          () ->
              volumes(
                  format,
                  convolution3d(format),
                  new Subsampling3DLayer.Builder(Subsampling3DLayer.PoolingType.MAX)
                      .kernelSize(2, 2, 1)
                      .stride(1, 1, 1)
                      .dataFormat(format)
                      .build(),
                  dense(new ActivationSwish()),
                  EnergyNetworks.output()));
      cases.put(
          "deconvolution and average pooling in three dimensions " + format,
          () ->
              volumes(
                  format,
                  new Deconvolution3D.Builder()
                      .kernelSize(2, 2, 2)
                      .nOut(2)
                      .dataFormat(format)
                      .activation(Activation.SOFTPLUS)
                      .build(),
                  new Subsampling3DLayer.Builder(Subsampling3DLayer.PoolingType.AVG)
                      .kernelSize(2, 2, 2)
                      .stride(1, 2, 1)
                      .dataFormat(format)
                      .build(),
                  new GlobalPoolingLayer.Builder(PoolingType.MAX)
                      .poolingDimensions(
                          format == Convolution3D.DataFormat.NCDHW
                              ? new int[] {2, 3, 4}
                              : new int[] {1, 2, 3})
                      .build(),
                  EnergyNetworks.output()));
    }
    cases.put(
        "padding, cropping and upsampling in three dimensions",
        () ->
            volumes(
                Convolution3D.DataFormat.NCDHW,
                new ZeroPadding3DLayer.Builder(1).build(),
                new Cropping3D.Builder(1, 0, 1, 0, 1, 0).build(),
                convolution3d(Convolution3D.DataFormat.NCDHW),
                new Upsampling3D.Builder(2).build(),
                globalPooling(PoolingType.MAX),
                EnergyNetworks.output()));
    cases.put(
        "dense layers that keep their products",
        () ->
            new EnergyNetworks.Case(
                EnergyNetworks.network(
                    DataType.DOUBLE,
                    InputType.feedForward(3),
                    List.of(
                        new CachedDense.Builder()
                            .nOut(4)
                            .inputGradient(false)
                            .activation(new ActivationSwish())
                            .build(),
                        EnergyNetworks.output())),
                new long[] {3}));
    cases.put(
        "frozen layers",
        () ->
            new EnergyNetworks.Case(
                EnergyNetworks.network(
                    DataType.DOUBLE,
                    InputType.feedForward(3),
                    List.of(
                        dense(new ActivationSwish()),
                        new FrozenLayerWithBackprop(dense(new ActivationTanH())),
                        EnergyNetworks.output())),
                new long[] {3}));
    return cases;
  }
}
