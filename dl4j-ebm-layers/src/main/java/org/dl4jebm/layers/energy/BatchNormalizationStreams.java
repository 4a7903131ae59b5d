/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastAddOp;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastMulOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Batch normalization as at inference, {@code gamma (x - mean) / sqrt(var + eps) + beta} with the
 * means and variances that the layer has collected. These are constants: their gradient is 0.
 */
final class BatchNormalizationStreams implements PreActivation {

  private static final String GAMMA = BatchNormalizationParamInitializer.GAMMA;
  private static final String BETA = BatchNormalizationParamInitializer.BETA;
  private static final String MEAN = BatchNormalizationParamInitializer.GLOBAL_MEAN;

  private final Layer layer;
  private final BatchNormalization conf;
  private Map<String, INDArray> views = Map.of();

  BatchNormalizationStreams(Layer layer) {
    this.layer = layer;
    this.conf = (BatchNormalization) layer.conf().getLayer();
  }

  @Override
  public INDArray forward(INDArray x, long n, LayerWorkspaceMgr workspaces) {
    INDArray inverse = inverseDeviation();
    INDArray scale = inverse.mul(gamma());
    INDArray z =
        workspaces.createUninitialized(ArrayType.ACTIVATIONS, x.dataType(), x.shape(), 'c');
    z.assign(x);
    perChannelMul(z, scale);
    INDArray shift = layer.getParam(MEAN).mul(scale).negi().addi(beta());
    INDArray points = points(z, n);
    Nd4j.getExecutioner().exec(new BroadcastAddOp(points, flat(shift), points, axis(x)));
    return z;
  }

  @Override
  public INDArray backward(
      INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces) {
    INDArray inverse = inverseDeviation();
    INDArray below =
        workspaces.createUninitialized(
            ArrayType.ACTIVATION_GRAD, delta.dataType(), delta.shape(), 'c');
    below.assign(delta);
    perChannelMul(below, inverse.mul(gamma()));
    if (gradient != null) {
      int[] others = IntStream.range(0, x.rank()).filter(axis -> axis != axis(x)).toArray();
      views.values().forEach(view -> view.assign(0));
      if (!conf.isLockGammaBeta()) {
        INDArray pointSum = flat(points(delta, n).sum(others));
        INDArray products = flat(x.mul(delta).sum(others));
        flat(views.get(GAMMA))
            .assign(products.subi(pointSum.mul(flat(layer.getParam(MEAN)))).muli(flat(inverse)));
        flat(views.get(BETA)).assign(pointSum);
      }
      views.forEach(gradient::setGradientFor);
    }
    return below;
  }

  private INDArray inverseDeviation() {
    INDArray variance;
    if (conf.isUseLogStd()) {
      INDArray log = layer.getParam(BatchNormalizationParamInitializer.GLOBAL_LOG_STD);
      variance = Transforms.exp(log.mul(2 * Math.log(10)), false);
    } else {
      variance = layer.getParam(BatchNormalizationParamInitializer.GLOBAL_VAR).dup();
    }
    return Transforms.sqrt(variance.addi(conf.getEps()), false).rdivi(1);
  }

  /** DL4J's layer applies fixed values only if both differ from the default. */
  private boolean fixedValues() {
    return conf.getGamma() != 1 && conf.getBeta() != 0;
  }

  private INDArray gamma() {
    return conf.isLockGammaBeta()
        ? Nd4j.valueArrayOf(
            layer.getParam(MEAN).shape(), fixedValues() ? conf.getGamma() : 1, type())
        : layer.getParam(GAMMA);
  }

  private INDArray beta() {
    return conf.isLockGammaBeta()
        ? Nd4j.valueArrayOf(
            layer.getParam(MEAN).shape(), fixedValues() ? conf.getBeta() : 0, type())
        : layer.getParam(BETA);
  }

  private DataType type() {
    return layer.getParam(MEAN).dataType();
  }

  private void perChannelMul(INDArray rows, INDArray channels) {
    Nd4j.getExecutioner().exec(new BroadcastMulOp(rows, flat(channels), rows, axis(rows)));
  }

  private int axis(INDArray rows) {
    return rows.rank() == 4 && conf.getCnn2DFormat() == CNN2DFormat.NHWC ? 3 : 1;
  }

  private static INDArray flat(INDArray channels) {
    return channels.reshape('c', new long[] {channels.length()});
  }

  private static INDArray points(INDArray rows, long n) {
    return rows.get(NDArrayIndex.interval(0, n));
  }

  @Override
  public void setGradientViews(INDArray flat, Map<String, INDArray> views) {
    this.views = views;
  }
}
