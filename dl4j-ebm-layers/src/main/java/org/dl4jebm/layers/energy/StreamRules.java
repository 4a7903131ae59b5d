/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.Set;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution2D;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.dl4jebm.layers.dense.CachedDense;
import org.nd4j.linalg.activations.IActivation;

/** Which of DL4J's layers have a rule for streams of derivatives, and which one. */
final class StreamRules {

  private static final Set<Class<? extends Layer>> DENSE =
      Set.of(DenseLayer.class, CachedDense.class, OutputLayer.class);

  private static final Set<Class<? extends Layer>> CONVOLUTIONS =
      Set.of(
          ConvolutionLayer.class,
          Convolution2D.class,
          Convolution1DLayer.class,
          Convolution1D.class,
          Convolution3D.class,
          DepthwiseConvolution2D.class,
          SeparableConvolution2D.class,
          Deconvolution2D.class,
          Deconvolution3D.class);

  /** Layers without parameters that are linear in each row. */
  private static final Set<Class<? extends Layer>> LINEAR =
      Set.of(
          ZeroPaddingLayer.class,
          ZeroPadding1DLayer.class,
          ZeroPadding3DLayer.class,
          Cropping1D.class,
          Cropping2D.class,
          Cropping3D.class,
          Upsampling1D.class,
          Upsampling2D.class,
          Upsampling3D.class,
          SpaceToDepthLayer.class);

  private static final Set<Class<? extends Layer>> SUBSAMPLING =
      Set.of(SubsamplingLayer.class, Subsampling1DLayer.class, Subsampling3DLayer.class);

  /** Layers that have an activation and nothing else. */
  private static final Set<Class<? extends Layer>> LOSSES =
      Set.of(LossLayer.class, CnnLossLayer.class, Cnn3DLossLayer.class, RnnLossLayer.class);

  private static final String ACCEPTED =
      "dense, with or without layer normalization, output, loss, convolution (1-D, 2-D, 3-D,"
          + " depthwise, separable), deconvolution (2-D, 3-D), average and max pooling, global"
          + " average, sum and max pooling, batch normalization, activation, dropout, zero padding,"
          + " cropping, upsampling and space-to-depth layers, frozen or not;"
          + " FiniteDifferenceEnergy has approximate derivatives of any network";

  private StreamRules() {}

  /**
   * Requires a rule for a layer.
   *
   * @throws DL4JInvalidConfigException if there is none, or none for as many derivatives
   */
  static void require(Layer layer, StreamLayout layout) {
    boolean known =
        isDense(layer)
            || isConvolution(layer)
            || isLinear(layer)
            || isMaxPooling(layer)
            || isGlobalMax(layer)
            || LOSSES.contains(layer.getClass())
            || layer.getClass() == BatchNormalization.class
            || layer.getClass() == ActivationLayer.class
            || layer.getClass() == DropoutLayer.class;
    if (!known) {
      throw new DL4JInvalidConfigException(
          describe(layer)
              + pooling(layer)
              + " has no rule for derivatives in x; accepted: "
              + ACCEPTED);
    }
    if (layer instanceof Convolution1DLayer one && one.getRnnDataFormat() == RNNFormat.NWC) {
      throw new DL4JInvalidConfigException(
          describe(layer)
              + " has the format NWC, in which the backward pass of Deeplearning4j 1.0.0-M2.1 fails;"
              + " accepted: NCW");
    }
    if (layer instanceof SubsamplingLayer pooling
        && isMaxPooling(layer)
        && Arrays.stream(pooling.getDilation()).anyMatch(dilation -> dilation != 1)) {
      throw new DL4JInvalidConfigException(
          describe(layer)
              + " has dilation "
              + Arrays.toString(pooling.getDilation())
              + ", with which max pooling in Deeplearning4j 1.0.0-M2.1 gives other values in FLOAT"
              + " than in DOUBLE; accepted: 1");
    }
    activation(layer, layout);
  }

  private static String pooling(Layer layer) {
    PoolingType type = poolingType(layer);
    return type == null ? "" : " of type " + type;
  }

  private static PoolingType poolingType(Layer layer) {
    if (layer instanceof GlobalPoolingLayer global) {
      return global.getPoolingType();
    }
    if (layer instanceof Subsampling3DLayer three) {
      return three.getPoolingType();
    }
    return layer instanceof SubsamplingLayer two ? two.getPoolingType() : null;
  }

  static boolean isDense(Layer layer) {
    return DENSE.contains(layer.getClass());
  }

  /** Whether a layer is dense with layer normalization, which bends what passes through it. */
  static boolean isNormalized(Layer layer) {
    return isDense(layer) && layer instanceof DenseLayer dense && dense.hasLayerNorm();
  }

  static boolean isConvolution(Layer layer) {
    return CONVOLUTIONS.contains(layer.getClass());
  }

  /** Whether a layer without parameters is linear in each row. */
  static boolean isLinear(Layer layer) {
    PoolingType type = poolingType(layer);
    return LINEAR.contains(layer.getClass())
        || (SUBSAMPLING.contains(layer.getClass()) && type == PoolingType.AVG)
        || (layer.getClass() == GlobalPoolingLayer.class
            && (type == PoolingType.AVG || type == PoolingType.SUM));
  }

  static boolean isMaxPooling(Layer layer) {
    return SUBSAMPLING.contains(layer.getClass()) && poolingType(layer) == PoolingType.MAX;
  }

  static boolean isGlobalMax(Layer layer) {
    return layer.getClass() == GlobalPoolingLayer.class && poolingType(layer) == PoolingType.MAX;
  }

  /**
   * Whether second derivatives can be other than 0 behind a layer, if they are 0 before it.
   *
   * @throws DL4JInvalidConfigException if the activation is not smooth enough
   */
  static boolean isCurved(Layer layer, StreamLayout layout) {
    return isNormalized(layer) || activation(layer, layout) != ActivationTable.IDENTITY;
  }

  /** The layer itself, if it is wrapped to hold its parameters fixed. */
  static Layer unwrap(Layer layer) {
    if (layer instanceof FrozenLayer frozen) {
      return unwrap(frozen.getLayer());
    }
    return layer instanceof FrozenLayerWithBackprop frozen ? unwrap(frozen.getUnderlying()) : layer;
  }

  /**
   * Finds the activation of a layer.
   *
   * @throws DL4JInvalidConfigException if the table does not have it, or it is not smooth enough
   */
  static ActivationDerivatives activation(Layer layer, StreamLayout layout) {
    IActivation function = activation(layer);
    if (function == null) {
      return ActivationTable.IDENTITY;
    }
    ActivationDerivatives derivatives =
        ActivationTable.find(function)
            .orElseThrow(
                () ->
                    new DL4JInvalidConfigException(
                        describe(layer)
                            + " has activation "
                            + function
                            + ", whose derivatives are not known; accepted: "
                            + ActivationTable.SMOOTH
                            + ", and for first derivatives also ReLU, leaky ReLU, ReLU6, SELU, hard"
                            + " tanh and hard sigmoid"));
    if (derivatives.continuous() < 0) {
      throw new DL4JInvalidConfigException(
          describe(layer)
              + " has activation "
              + function
              + ", which is not continuous; accepted: "
              + ActivationTable.SMOOTH);
    }
    if (layout.sums() > 0 && derivatives.continuous() < 1) {
      throw new DL4JInvalidConfigException(
          describe(layer)
              + " has activation "
              + function
              + ", whose second derivative is 0 or missing at a kink; accepted for second"
              + " derivatives: "
              + ActivationTable.SMOOTH);
    }
    return derivatives;
  }

  private static IActivation activation(Layer layer) {
    if (layer instanceof ActivationLayer activation) {
      return activation.getActivationFn();
    }
    // Other layers inherit an activation that they never apply.
    boolean applies = isDense(layer) || isConvolution(layer) || LOSSES.contains(layer.getClass());
    return applies ? ((BaseLayer) layer).getActivationFn() : null;
  }

  /**
   * Switches off what draws random numbers.
   *
   * @param layer a copy of the user's. Modified.
   */
  static void makeDeterministic(Layer layer) {
    layer.setIDropout(null);
    if (layer instanceof BaseLayer base) {
      base.setWeightNoise(null);
    }
  }

  /** Names a layer in messages. */
  static String describe(org.deeplearning4j.nn.api.Layer layer) {
    Layer conf = layer.conf().getLayer();
    return conf.getLayerName() == null
        ? "layer " + layer.getIndex() + " (" + conf.getClass().getSimpleName() + ")"
        : describe(conf);
  }

  /** Names a layer in messages. */
  static String describe(Layer layer) {
    String type = layer.getClass().getSimpleName();
    return layer.getLayerName() == null
        ? type
        : "layer '" + layer.getLayerName() + "' (" + type + ")";
  }
}
