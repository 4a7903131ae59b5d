/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * A dense layer with layer normalization (Ba, Kiros and Hinton 2016) as DL4J has it: {@code gain *
 * (z - mean(z)) / std(z) + b} of {@code z = x W}, over the units of the layer. With {@code c = z -
 * mean(z)} and {@code q = mean(c^2)} it is {@code gain * (c q^(-1/2)) + b}: linear maps, products
 * and one function of a single variable, each with a rule of its own. Where all units are equal the
 * result is 0, as DL4J's is, and so are its derivatives. The result has all streams, whether second
 * derivatives enter or are 0 and left out.
 */
final class LayerNormStreams implements PreActivation {

  private static final String GAIN = DefaultParamInitializer.GAIN_KEY;
  private static final String BIAS = DefaultParamInitializer.BIAS_KEY;

  private final Layer layer;
  private final DenseStreams dense;
  private final StreamLayout layout;

  private final ProductStreams products;
  private final ActivationStreams root;
  private Map<String, INDArray> views = Map.of();

  /** Results of the linear map and the input they belong to, from the last forward pass. */
  private INDArray linear;

  private INDArray linearOf;

  LayerNormStreams(Layer layer, StreamLayout layout) {
    this.layer = layer;
    this.dense = DenseStreams.withoutBias(layer);
    this.layout = layout;
    this.products = new ProductStreams(layout);
    boolean seconds = layout.sums() > 0;
    this.root = new ActivationStreams(new InverseRoot(), layout, seconds, seconds);
  }

  @Override
  public INDArray forward(INDArray x, long n, LayerWorkspaceMgr workspaces) {
    linear = dense.forward(x, n, workspaces);
    linearOf = x;
    INDArray normalized = new Parts(linear, n).normalized();
    INDArray z =
        workspaces.createUninitialized(
            ArrayType.ACTIVATIONS, normalized.dataType(), normalized.shape(), 'c');
    z.assign(normalized);
    z.muliRowVector(layer.getParam(GAIN));
    INDArray bias = layer.getParam(BIAS);
    if (bias != null) {
      points(z, n).addiRowVector(bias);
    }
    return z;
  }

  @Override
  public INDArray backward(
      INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces) {
    Parts parts = new Parts(linearOf == x ? linear : dense.forward(x, n, workspaces), n);
    if (gradient != null) {
      views.get(GAIN).assign(parts.normalized().mul(delta).sum(0));
      gradient.setGradientFor(GAIN, views.get(GAIN));
      if (layer.getParam(BIAS) != null) {
        points(delta, n).sum(views.get(BIAS), 0);
        gradient.setGradientFor(BIAS, views.get(BIAS));
      }
    }
    INDArray below = parts.backward(delta.mulRowVector(layer.getParam(GAIN)));
    if (below.size(0) != x.size(0)) {
      below = below.get(NDArrayIndex.interval(0, x.size(0)), NDArrayIndex.all());
    }
    return dense.backward(x, below, n, gradient, workspaces);
  }

  private static INDArray points(INDArray rows, long n) {
    return rows.get(NDArrayIndex.interval(0, n), NDArrayIndex.all());
  }

  @Override
  public void setGradientViews(INDArray flat, Map<String, INDArray> views) {
    this.views = views;
    dense.setGradientViews(flat, views);
  }

  @Override
  public void clear() {
    linear = null;
    linearOf = null;
  }

  /** The steps on the way, as matrices with one stream a row. */
  private final class Parts {

    private final long rows;
    private final long width;
    private final INDArray centred;
    private final INDArray square;
    private final INDArray inverse;

    Parts(INDArray z, long n) {
      rows = n * layout.streams();
      width = z.size(1);
      INDArray all = Nd4j.zeros(z.dataType(), rows, width);
      all.get(NDArrayIndex.interval(0, z.size(0)), NDArrayIndex.all()).assign(z);
      centred = streams(centre(all));
      square = means(products.product(centred, centred));
      INDArray roots = square.like();
      root.forward(square, roots);
      inverse = spread(roots);
    }

    INDArray normalized() {
      return byRow(products.product(centred, inverse));
    }

    INDArray backward(INDArray errors) {
      INDArray e = streams(errors);
      INDArray toRoots = means(products.backward(centred, e)).muli(width);
      INDArray toSquare = square.like();
      root.backward(square, toRoots, toSquare);
      INDArray result = products.backward(inverse, e);
      result.addi(products.backward(centred, spread(toSquare.muli(2.0 / width))));
      return centre(byRow(result));
    }

    /** Modified: the mean of each row becomes 0. */
    private INDArray centre(INDArray matrix) {
      return matrix.subiColumnVector(matrix.mean(true, 1));
    }

    private INDArray streams(INDArray matrix) {
      return StreamBlocks.matrix(matrix, layout.streams());
    }

    private INDArray byRow(INDArray streams) {
      return streams.reshape('c', new long[] {rows, width});
    }

    private INDArray means(INDArray streams) {
      return streams(byRow(streams).mean(1));
    }

    private INDArray spread(INDArray one) {
      return streams(one.reshape('c', new long[] {rows, 1}).repeat(1, width));
    }
  }

  /** {@code q^(-1/2)} with its derivatives; 0 at 0. */
  private static final class InverseRoot implements ActivationDerivatives {

    @Override
    public INDArray[] of(INDArray q, int highest) {
      INDArray isZero = q.lte(0).castTo(q.dataType());
      INDArray inverse = q.add(isZero).rdivi(1);
      INDArray[] f = new INDArray[highest + 1];
      f[0] = Transforms.sqrt(inverse, true).muli(isZero.rsubi(1));
      for (int k = 1; k <= highest; k++) {
        f[k] = f[k - 1].mul(inverse).muli(0.5 - k);
      }
      return f;
    }

    @Override
    public int continuous() {
      return HIGHEST;
    }
  }
}
