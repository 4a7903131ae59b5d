/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Finds the rule of a layer for what comes before its activation. */
final class PreActivations {

  private PreActivations() {}

  /**
   * The rule of a layer that is in place.
   *
   * @param layer one for which {@link StreamRules#require} has passed
   * @param params its parameters
   * @param type the network's type
   */
  static PreActivation of(Layer layer, StreamLayout layout, INDArray params, DataType type) {
    org.deeplearning4j.nn.conf.layers.Layer conf = layer.conf().getLayer();
    if (StreamRules.isNormalized(conf)) {
      return new LayerNormStreams(layer, layout);
    }
    if (StreamRules.isDense(conf)) {
      return new DenseStreams(layer);
    }
    if (conf.getClass() == BatchNormalization.class) {
      return new BatchNormalizationStreams(layer);
    }
    if (StreamRules.isConvolution(conf)) {
      return convolution(layer, params, type);
    }
    if (StreamRules.isLinear(conf)) {
      return new WrappedStreams(layer, null, 0, 0);
    }
    if (StreamRules.isMaxPooling(conf)) {
      return new MaxPoolingStreams(layer);
    }
    if (StreamRules.isGlobalMax(conf)) {
      return new GlobalMaxStreams((GlobalPoolingLayer) conf);
    }
    return PreActivation.NOTHING;
  }

  private static PreActivation convolution(Layer layer, INDArray params, DataType type) {
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
    if (conf instanceof Convolution1DLayer) {
      return 1;
    }
    if (conf instanceof Convolution3D three) {
      return three.getDataFormat() == Convolution3D.DataFormat.NDHWC ? 4 : 1;
    }
    if (conf instanceof Deconvolution3D three) {
      return three.getDataFormat() == Convolution3D.DataFormat.NDHWC ? 4 : 1;
    }
    return conf.getCnn2dDataFormat() == CNN2DFormat.NHWC ? 3 : 1;
  }
}
