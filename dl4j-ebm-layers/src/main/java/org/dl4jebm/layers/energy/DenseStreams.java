/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.Map;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** {@code x W + b}, with {@code b} for the points alone. */
final class DenseStreams implements PreActivation {

  private static final String WEIGHTS = DefaultParamInitializer.WEIGHT_KEY;
  private static final String BIAS = DefaultParamInitializer.BIAS_KEY;

  private final Layer layer;
  private final boolean hasBias;
  private Map<String, INDArray> views = Map.of();

  /** The map of a layer that holds the parameters. */
  DenseStreams(Layer layer) {
    this(layer, layer.getParam(BIAS) != null);
  }

  private DenseStreams(Layer layer, boolean hasBias) {
    this.layer = layer;
    this.hasBias = hasBias;
  }

  /** The product with the weights alone, of a layer that adds its bias later. */
  static DenseStreams withoutBias(Layer layer) {
    return new DenseStreams(layer, false);
  }

  @Override
  public INDArray forward(INDArray x, long n, LayerWorkspaceMgr workspaces) {
    INDArray weights = layer.getParam(WEIGHTS);
    if (x.rank() != 2 || x.size(1) != weights.size(0)) {
      throw new DL4JInvalidInputException(
          StreamRules.describe(layer)
              + " got an array of shape "
              + Arrays.toString(x.shape())
              + "; accepted: a matrix of "
              + weights.size(0)
              + " columns");
    }
    // The transpose of a product in 'f' order: streams are then contiguous blocks of memory.
    INDArray transposed =
        workspaces.createUninitialized(
            ArrayType.ACTIVATIONS,
            weights.dataType(),
            new long[] {weights.size(1), x.size(0)},
            'f');
    Nd4j.gemm(weights, x.transpose(), transposed, true, false, 1, 0);
    INDArray z = transposed.transpose();
    if (hasBias) {
      points(z, n).addiRowVector(layer.getParam(BIAS));
    }
    return z;
  }

  @Override
  public void parameterGradient(
      INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces) {
    INDArray weightGradient = views.get(WEIGHTS);
    Nd4j.gemm(x.transpose(), delta.transpose(), weightGradient, false, true, 1, 0);
    gradient.setGradientFor(WEIGHTS, weightGradient);
    if (hasBias) {
      INDArray biasGradient = views.get(BIAS);
      points(delta, n).sum(biasGradient, 0);
      gradient.setGradientFor(BIAS, biasGradient);
    }
  }

  @Override
  public INDArray backward(
      INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces) {
    INDArray weights = layer.getParam(WEIGHTS);
    if (gradient != null) {
      parameterGradient(x, delta, n, gradient, workspaces);
    }
    INDArray transposed =
        workspaces.createUninitialized(
            ArrayType.ACTIVATION_GRAD,
            weights.dataType(),
            new long[] {weights.size(0), delta.size(0)},
            'f');
    Nd4j.gemm(weights, delta.transpose(), transposed, false, false, 1, 0);
    return transposed.transpose();
  }

  private static INDArray points(INDArray rows, long n) {
    return rows.get(NDArrayIndex.interval(0, n), NDArrayIndex.all());
  }

  @Override
  public void setGradientViews(INDArray flat, Map<String, INDArray> views) {
    this.views = views;
  }
}
