/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.Workspaces;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastAddOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A layer of DL4J's own that acts on each row alone: one without bias and activation, which is
 * linear, and a bias for the points.
 */
final class WrappedStreams implements PreActivation {

  private static final String BIAS = "b";

  private final Layer linear;
  private final INDArray bias;
  private final int channelAxis;

  /** Where the weights stand among the parameters of the layer. */
  private final long weightsFrom;

  private final long weights;
  private INDArray biasGradient;
  private boolean hasGradientViews;

  /** A linear layer without parameters, or one with a bias that {@code linear} leaves out. */
  WrappedStreams(Layer linear, INDArray bias, int channelAxis, long weightsFrom) {
    this.linear = linear;
    this.bias = bias;
    this.channelAxis = channelAxis;
    this.weightsFrom = weightsFrom;
    this.weights = linear.conf().getLayer() instanceof FeedForwardLayer ? linear.numParams() : 0;
  }

  @Override
  public INDArray forward(INDArray x, long n, LayerWorkspaceMgr workspaces) {
    INDArray z = linear.activate(x, false, workspaces);
    if (bias != null) {
      INDArray points = points(z, n);
      Nd4j.getExecutioner().exec(new BroadcastAddOp(points, bias, points, channelAxis));
    }
    return z;
  }

  @Override
  public INDArray backward(
      INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces) {
    if (weights > 0 && !hasGradientViews) {
      // DL4J's layers cannot leave the gradient of their parameters out.
      linear.setBackpropGradientsViewArray(
          Workspaces.outside(() -> Nd4j.create(delta.dataType(), weights)));
      hasGradientViews = true;
    }
    linear.setInput(x, workspaces);
    var pair = linear.backpropGradient(delta, workspaces);
    if (gradient != null) {
      if (bias != null) {
        int[] others =
            IntStream.range(0, delta.rank()).filter(axis -> axis != channelAxis).toArray();
        biasGradient.assign(points(delta, n).sum(others));
        gradient.setGradientFor(BIAS, biasGradient);
      }
      DefaultGradient own = (DefaultGradient) pair.getFirst();
      own.gradientForVariable()
          .forEach(
              (name, value) ->
                  gradient.setGradientFor(name, value, own.flatteningOrderForVariable(name)));
    }
    return workspaces.leverageTo(ArrayType.ACTIVATION_GRAD, pair.getSecond());
  }

  private static INDArray points(INDArray rows, long n) {
    return rows.get(NDArrayIndex.interval(0, n));
  }

  @Override
  public void setGradientViews(INDArray flat, Map<String, INDArray> views) {
    if (weights > 0) {
      linear.setBackpropGradientsViewArray(
          flat.get(NDArrayIndex.interval(weightsFrom, weightsFrom + weights)));
      hasGradientViews = true;
    }
    biasGradient = views.get(BIAS);
  }
}
