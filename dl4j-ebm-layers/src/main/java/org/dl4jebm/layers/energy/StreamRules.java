/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Set;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution2D;
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
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Which of DL4J's layers have a rule for streams of derivatives, and which one. */
final class StreamRules {

  private static final Set<Class<? extends Layer>> DENSE =
      Set.of(DenseLayer.class, OutputLayer.class);

  private static final Set<Class<? extends Layer>> CONVOLUTIONS =
      Set.of(
          ConvolutionLayer.class,
          Convolution2D.class,
          Convolution1DLayer.class,
          Convolution1D.class,
          Convolution3D.class,
          Deconvolution2D.class);

  /** Layers without parameters that are linear in each row. */
  private static final Set<Class<? extends Layer>> LINEAR =
      Set.of(
          ZeroPaddingLayer.class,
          ZeroPadding1DLayer.class,
          Cropping1D.class,
          Cropping2D.class,
          Upsampling1D.class,
          Upsampling2D.class,
          SpaceToDepthLayer.class);

  private static final Set<Class<? extends InputPreProcessor>> PREPROCESSORS =
      Set.of(
          CnnToFeedForwardPreProcessor.class,
          FeedForwardToCnnPreProcessor.class,
          Cnn3DToFeedForwardPreProcessor.class,
          FeedForwardToCnn3DPreProcessor.class);

  private static final String ACCEPTED =
      "dense without layer normalization, output, loss, convolution (1-D, 2-D, 3-D), 2-D"
          + " deconvolution, average pooling, global average or sum pooling, batch"
          + " normalization, activation, dropout, zero padding, cropping, upsampling and"
          + " space-to-depth layers";

  private StreamRules() {}

  /**
   * Requires a rule for a layer.
   *
   * @throws DL4JInvalidConfigException if there is none, or none for as many derivatives
   */
  static void require(Layer layer, StreamLayout layout) {
    boolean known =
        DENSE.contains(layer.getClass())
            || CONVOLUTIONS.contains(layer.getClass())
            || LINEAR.contains(layer.getClass())
            || isPooling(layer)
            || layer.getClass() == BatchNormalization.class
            || layer.getClass() == ActivationLayer.class
            || layer.getClass() == LossLayer.class
            || layer.getClass() == DropoutLayer.class;
    if (!known) {
      throw new DL4JInvalidConfigException(
          describe(layer) + " has no rule for derivatives in x; accepted: " + ACCEPTED);
    }
    if (layer instanceof DenseLayer dense && dense.hasLayerNorm()) {
      throw new DL4JInvalidConfigException(
          describe(layer)
              + " has layer normalization, without a rule for derivatives in x; accepted: none, or"
              + " batch normalization");
    }
    activation(layer, layout);
  }

  private static boolean isPooling(Layer layer) {
    if (layer.getClass() == GlobalPoolingLayer.class) {
      PoolingType type = ((GlobalPoolingLayer) layer).getPoolingType();
      return type == PoolingType.AVG || type == PoolingType.SUM;
    }
    return (layer.getClass() == SubsamplingLayer.class
            || layer.getClass() == Subsampling1DLayer.class)
        && ((SubsamplingLayer) layer).getPoolingType() == PoolingType.AVG;
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
    boolean applies =
        DENSE.contains(layer.getClass())
            || CONVOLUTIONS.contains(layer.getClass())
            || layer.getClass() == LossLayer.class;
    return applies ? ((BaseLayer) layer).getActivationFn() : null;
  }

  /**
   * Requires that a preprocessor treats each row alone and linearly.
   *
   * @throws DL4JInvalidConfigException if it does not
   */
  static void require(InputPreProcessor preProcessor, Layer layer) {
    if (preProcessor != null && !PREPROCESSORS.contains(preProcessor.getClass())) {
      throw new DL4JInvalidConfigException(
          describe(layer)
              + " has preprocessor "
              + preProcessor.getClass().getSimpleName()
              + ", without a rule for derivatives in x; accepted: between convolutional and"
              + " feed-forward layers");
    }
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

  /**
   * Whether a preprocessor does nothing: DL4J puts one for time series behind global pooling over
   * time, whose output has no time any more.
   */
  static boolean isIdle(InputPreProcessor preProcessor, Layer before) {
    return preProcessor instanceof RnnToFeedForwardPreProcessor
        && before instanceof GlobalPoolingLayer pooling
        && pooling.isCollapseDimensions();
  }

  /** The linear part of a layer that is in place, for which {@link #require} has passed. */
  static AffineStreams affine(
      org.deeplearning4j.nn.api.Layer layer, INDArray params, DataType type) {
    Layer conf = layer.conf().getLayer();
    if (DENSE.contains(conf.getClass())) {
      return new DenseStreams(layer);
    }
    if (conf.getClass() == BatchNormalization.class) {
      return new BatchNormalizationStreams(layer);
    }
    if (CONVOLUTIONS.contains(conf.getClass())) {
      return convolution(layer, params, type);
    }
    if (LINEAR.contains(conf.getClass()) || isPooling(conf)) {
      return new WrappedStreams(layer, null, 0, 0);
    }
    return AffineStreams.NOTHING;
  }

  private static AffineStreams convolution(
      org.deeplearning4j.nn.api.Layer layer, INDArray params, DataType type) {
    NeuralNetConfiguration inner = layer.conf().clone();
    ConvolutionLayer conf = (ConvolutionLayer) inner.getLayer();
    conf.setActivationFn(new ActivationIdentity());
    boolean hasBias = conf.hasBias();
    conf.setHasBias(false);
    inner.clearVariables();
    INDArray bias = hasBias ? layer.getParam("b") : null;
    long weights = conf.initializer().numParams(inner);
    long from = hasBias && bias.offset() == params.offset() ? bias.length() : 0;
    INDArray view = params.get(NDArrayIndex.interval(from, from + weights));
    return new WrappedStreams(
        conf.instantiate(inner, null, layer.getIndex(), view, false, type),
        bias,
        channelAxis(conf),
        from);
  }

  private static int channelAxis(ConvolutionLayer conf) {
    if (conf instanceof Convolution1DLayer one) {
      return one.getRnnDataFormat() == RNNFormat.NWC ? 2 : 1;
    }
    if (conf instanceof Convolution3D three) {
      return three.getDataFormat() == Convolution3D.DataFormat.NDHWC ? 4 : 1;
    }
    return conf.getCnn2dDataFormat() == CNN2DFormat.NHWC ? 3 : 1;
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
