/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Map;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.testing.NdAssert;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Views of one flat gradient in the layer's layout, filled with NaN so that nothing is left out.
 */
final class GradientViews {

  final INDArray flat;
  final INDArray weights;
  final INDArray hiddenBias;
  final INDArray visibleBias;

  /** Null where the visible units have no further parameters. */
  final INDArray visibleParameters;

  GradientViews(RbmModel model, DataType type) {
    this(
        Nd4j.valueArrayOf(
            new long[] {
              model.weights().length()
                  + model.hiddenSize()
                  + model.visibleSize()
                  + model.visibleUnits().parameterCount(model.visibleSize())
            },
            Double.NaN,
            type),
        model.visibleSize(),
        model.hiddenSize());
  }

  /** Views of a given array. */
  GradientViews(INDArray flat, long nIn, long nOut) {
    long w = nIn * nOut;
    this.flat = flat;
    weights = flat.get(NDArrayIndex.interval(0, w)).reshape('f', nIn, nOut);
    hiddenBias = flat.get(NDArrayIndex.interval(w, w + nOut));
    visibleBias = flat.get(NDArrayIndex.interval(w + nOut, w + nOut + nIn));
    long further = flat.length() - w - nOut - nIn;
    visibleParameters =
        further == 0 ? null : flat.get(NDArrayIndex.interval(w + nOut + nIn, flat.length()));
  }

  /** One gradient, summed over the batch: {@code W} in 'f' order, hidden bias, visible bias, ... */
  static double[] of(RbmEstimator estimator, RbmModel model, INDArray data) {
    GradientViews views = new GradientViews(model, model.weights().dataType());
    views.fill(estimator, model, data, false);
    return NdAssert.values(views.flat);
  }

  double fill(RbmEstimator estimator, RbmModel model, INDArray data, boolean withError) {
    return fill(estimator, model, new RbmBatch(data, null, 0, 0, withError));
  }

  double fill(RbmEstimator estimator, RbmModel model, RbmBatch batch) {
    return estimator.gradient(model, batch, gradient());
  }

  RbmGradient gradient() {
    return new RbmGradient(weights, hiddenBias, visibleBias, visibleParameters);
  }

  /**
   * The gradient of a weighted batch, laid out as by {@link #of(RbmEstimator, RbmModel, INDArray)}.
   */
  static double[] of(RbmEstimator estimator, RbmModel model, RbmBatch batch) {
    GradientViews views = new GradientViews(model, model.weights().dataType());
    views.fill(estimator, model, batch);
    return NdAssert.values(views.flat);
  }

  /** Persistent chains of an estimator, or null. */
  static INDArray chains(RbmEstimator estimator) {
    return estimator.state().get("chains");
  }

  static INDArray chains(PretrainState state) {
    return state.arrays().get("chains");
  }

  static void setChains(RbmEstimator estimator, RbmModel model, INDArray chains) {
    estimator.setState(model, chains == null ? Map.of() : Map.of("chains", chains));
  }
}
