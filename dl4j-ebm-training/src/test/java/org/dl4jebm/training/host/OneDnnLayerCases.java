/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.host;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.conf.weightnoise.WeightNoise;
import org.nd4j.linalg.activations.Activation;

/** Small networks with the layers that a oneDNN helper could touch. */
final class OneDnnLayerCases {

  /** Makes the same layer configuration anew. */
  interface Make extends Supplier<Layer> {}

  private static final InputType IMAGES = InputType.convolutional(9, 7, 3);

  private OneDnnLayerCases() {}

  /**
   * Layers below the output layer.
   *
   * @param random whether training draws random numbers that depend on the data type
   * @param helpers for each layer the class behind its helper, null for none
   */
  record Case(InputType input, boolean random, List<Make> layers, List<Class<?>> helpers) {}

  private static Case images(Class<?>[] helpers, Make... layers) {
    return new Case(IMAGES, false, List.of(layers), Arrays.asList(helpers));
  }

  private static Case of(InputType input, Class<?>[] helpers, Make... layers) {
    return new Case(input, false, List.of(layers), Arrays.asList(helpers));
  }

  private static Class<?>[] helpers(Class<?>... helpers) {
    return helpers;
  }

  private static Make conv(int kernel, int stride, ConvolutionMode mode) {
    return () ->
        new ConvolutionLayer.Builder(kernel, kernel)
            .stride(stride, stride)
            .nOut(5)
            .convolutionMode(mode)
            .build();
  }

  private static Make pool(PoolingType type, int kernel, int stride, int padding) {
    return () -> pooling(type, kernel, stride).padding(padding, padding).build();
  }

  private static SubsamplingLayer.Builder pooling(PoolingType type, int kernel, int stride) {
    SubsamplingLayer.Builder builder =
        new SubsamplingLayer.Builder(type).kernelSize(kernel, kernel).stride(stride, stride);
    return type == PoolingType.PNORM ? builder.pnorm(2) : builder;
  }

  /** By name. {@code workspaces} is false for networks that use none. */
  static Map<String, Case> all(boolean workspaces) {
    Class<?> c = GuardedConvolutionHelper.class;
    Class<?> b = GuardedBatchNormalizationHelper.class;
    Map<String, Case> cases = new LinkedHashMap<>();
    for (ConvolutionMode mode : List.of(ConvolutionMode.Truncate, ConvolutionMode.Same)) {
      for (int kernel : new int[] {1, 2, 3, 5}) {
        for (int stride = 1; stride <= Math.min(2, kernel); stride++) {
          cases.put(
              "convolution " + kernel + " stride " + stride + " " + mode,
              images(
                  helpers(c, c),
                  conv(kernel, stride, mode),
                  () ->
                      new ConvolutionLayer.Builder(3, 2)
                          .stride(1, 2)
                          .nOut(4)
                          .convolutionMode(ConvolutionMode.Same)
                          .build()));
        }
      }
    }
    cases.put(
        "padding, softmax over channels",
        images(
            helpers(c, c),
            () -> new ConvolutionLayer.Builder(3, 3).padding(1, 2).nOut(5).build(),
            () ->
                new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.SOFTMAX).build()));
    cases.put(
        "no bias",
        images(
            helpers(c, c),
            () ->
                new ConvolutionLayer.Builder(3, 3)
                    .hasBias(false)
                    .activation(Activation.RELU)
                    .nOut(5)
                    .build(),
            conv(3, 1, ConvolutionMode.Truncate)));
    cases.put(
        "dropout",
        new Case(
            IMAGES,
            true,
            List.of(
                conv(3, 1, ConvolutionMode.Truncate),
                () -> new ConvolutionLayer.Builder(3, 3).nOut(4).dropOut(0.5).build()),
            Arrays.asList(c, c)));
    cases.put(
        "dilation, batch normalization of its 'f' order",
        images(
            helpers(c, b),
            () ->
                new ConvolutionLayer.Builder(3, 3)
                    .dilation(2, 2)
                    .helperAllowFallback(false)
                    .nOut(5)
                    .build(),
            () -> new BatchNormalization()));
    cases.put(
        "batch normalization first",
        images(helpers(b, c), () -> new BatchNormalization(), conv(3, 1, ConvolutionMode.Same)));
    cases.put(
        "batch normalization by variance",
        images(
            helpers(c, b),
            conv(3, 2, ConvolutionMode.Same),
            () -> new BatchNormalization.Builder().useLogStd(false).eps(0.1).decay(0.5).build()));
    cases.put(
        "batch normalization with fixed gamma",
        images(
            helpers(c, null),
            conv(3, 1, ConvolutionMode.Truncate),
            () -> new BatchNormalization.Builder(true).build()));
    InputType last = InputType.convolutional(9, 7, 3, CNN2DFormat.NHWC);
    cases.put(
        "channels last",
        of(
            last,
            helpers(c, b, null),
            () -> new ConvolutionLayer.Builder(3, 3).nOut(5).dataFormat(CNN2DFormat.NHWC).build(),
            () -> new BatchNormalization.Builder().dataFormat(CNN2DFormat.NHWC).build(),
            () -> pooling(PoolingType.AVG, 2, 2).dataFormat(CNN2DFormat.NHWC).build()));
    InputType rows = InputType.feedForward(8);
    cases.put(
        "batch normalization of rows",
        of(
            rows,
            helpers(b, null, b),
            () -> new BatchNormalization(),
            () -> new DenseLayer.Builder().nOut(6).build(),
            () -> new BatchNormalization()));
    cases.put(
        "batch normalization of rows, channels last",
        of(
            rows,
            helpers(null, b),
            () -> new DenseLayer.Builder().nOut(6).build(),
            () -> new BatchNormalization.Builder().dataFormat(CNN2DFormat.NHWC).build()));
    for (PoolingType type : List.of(PoolingType.MAX, PoolingType.AVG, PoolingType.PNORM)) {
      cases.put(
          "pooling " + type,
          images(
              helpers(c, null, null),
              conv(3, 1, ConvolutionMode.Same),
              pool(type, 2, 1, 0),
              pool(type, 3, 2, 1)));
      cases.put(
          "pooling " + type + " Same",
          images(
              helpers(c, null),
              conv(3, 1, ConvolutionMode.Truncate),
              () -> pooling(type, 3, 2).convolutionMode(ConvolutionMode.Same).build()));
    }
    cases.put(
        "average pooling that counts padding",
        images(
            helpers((Class<?>) null),
            () ->
                pooling(PoolingType.AVG, 3, 2)
                    .padding(1, 1)
                    .avgPoolIncludePadInDivisor(true)
                    .build()));
    cases.put(
        "local response normalization",
        images(
            helpers(c, null),
            conv(3, 1, ConvolutionMode.Truncate),
            () -> new LocalResponseNormalization.Builder().build()));
    if (!workspaces) {
      // With workspaces this throws in Deeplearning4j's built-in code.
      cases.put(
          "frozen batch normalization",
          images(
              helpers(c, b),
              conv(3, 1, ConvolutionMode.Truncate),
              () ->
                  new FrozenLayerWithBackprop(
                      new BatchNormalization.Builder().nIn(5).nOut(5).build())));
    }
    cases.put(
        "weight noise",
        new Case(
            IMAGES,
            true,
            List.of(
                () ->
                    new ConvolutionLayer.Builder(3, 3)
                        .nOut(5)
                        .weightNoise(new DropConnect(0.5))
                        .build(),
                () ->
                    new ConvolutionLayer.Builder(3, 3)
                        .nOut(4)
                        .weightNoise(new WeightNoise(new NormalDistribution(0, 0.1), true))
                        .build()),
            Arrays.asList(c, c)));
    cases.put(
        "1-d convolution, dilated",
        of(
            InputType.recurrent(4, 9),
            helpers(c, c, null),
            () -> new Convolution1DLayer.Builder(3).nOut(5).build(),
            () -> new Convolution1DLayer.Builder(2).dilation(2).nOut(5).build(),
            () -> new GlobalPoolingLayer.Builder(PoolingType.AVG).build()));
    cases.put(
        "deconvolution, dilated; separable convolution",
        images(
            helpers(null, null),
            () -> new Deconvolution2D.Builder(3, 3).dilation(2, 2).nOut(4).build(),
            () -> new SeparableConvolution2D.Builder(3, 3).nOut(4).build()));
    cases.put(
        "LSTM",
        of(
            InputType.recurrent(4, 6),
            helpers(null, null),
            () -> new LSTM.Builder().nOut(5).build(),
            () -> new GlobalPoolingLayer.Builder(PoolingType.MAX).build()));
    return cases;
  }

  /** A network whose gradient can be checked numerically. */
  static Case smooth() {
    return images(
        new Class<?>[4],
        conv(3, 2, ConvolutionMode.Same),
        () -> new BatchNormalization(),
        pool(PoolingType.AVG, 2, 1, 0),
        conv(2, 1, ConvolutionMode.Truncate));
  }
}
