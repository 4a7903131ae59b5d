/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.any.IsMax;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Global max pooling: derivatives take the way of the largest value of the point, as in {@link
 * MaxPoolingStreams}.
 */
final class GlobalMaxStreams implements PreActivation {

  private final GlobalPoolingLayer conf;

  GlobalMaxStreams(GlobalPoolingLayer conf) {
    this.conf = conf;
  }

  @Override
  public INDArray forward(INDArray x, long n, LayerWorkspaceMgr workspaces) {
    int[] order = order(x.rank());
    INDArray values = pooledLast(x, order);
    INDArray taken = taken(values, values.size(0) / x.size(0) * n);
    INDArray selected = select(values, taken);
    long[] shape = x.shape();
    int kept = kept(x.rank());
    long[] out = new long[conf.isCollapseDimensions() ? kept : x.rank()];
    Arrays.setAll(out, axis -> axis < kept ? shape[order[axis]] : 1);
    INDArray z = workspaces.createUninitialized(ArrayType.ACTIVATIONS, x.dataType(), out, 'c');
    z.assign(selected.sum(1).reshape('c', out));
    return z;
  }

  @Override
  public INDArray backward(
      INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces) {
    int[] order = order(x.rank());
    INDArray values = pooledLast(x, order);
    INDArray spread = delta.reshape('c', new long[] {values.size(0), 1}).repeat(1, values.size(1));
    INDArray selected = select(spread, taken(values, values.size(0) / x.size(0) * n));
    long[] shape = x.shape();
    long[] permuted = Arrays.stream(order).mapToLong(axis -> shape[axis]).toArray();
    int[] back = new int[order.length];
    for (int axis = 0; axis < order.length; axis++) {
      back[order[axis]] = axis;
    }
    INDArray below =
        workspaces.createUninitialized(ArrayType.ACTIVATION_GRAD, x.dataType(), shape, 'c');
    return below.assign(selected.reshape('c', permuted).permute(back));
  }

  private int[] pooled(int rank) {
    return conf.getPoolingDimensions() == null
        ? IntStream.range(2, rank).toArray()
        : conf.getPoolingDimensions();
  }

  private int kept(int rank) {
    return rank - pooled(rank).length;
  }

  /** All axes, those that are kept first. */
  private int[] order(int rank) {
    int[] pooled = pooled(rank);
    return IntStream.concat(
            IntStream.range(0, rank)
                .filter(axis -> Arrays.stream(pooled).noneMatch(other -> other == axis)),
            Arrays.stream(pooled))
        .toArray();
  }

  /** One row for each example and axis that is kept. */
  private INDArray pooledLast(INDArray x, int[] order) {
    long length = 1;
    for (int axis : pooled(x.rank())) {
      length *= x.size(axis);
    }
    return x.permute(order).dup('c').reshape('c', new long[] {x.length() / length, length});
  }

  /** One at the largest value of each row that belongs to the points. */
  private static INDArray taken(INDArray values, long rows) {
    INDArray points = values.get(NDArrayIndex.interval(0, rows), NDArrayIndex.all());
    return Nd4j.exec(new IsMax(points, points.ulike(), 1))[0];
  }

  private static INDArray select(INDArray values, INDArray taken) {
    int streams = Math.toIntExact(values.length() / taken.length());
    return StreamBlocks.timesRow(
            StreamBlocks.matrix(values, streams), StreamBlocks.matrix(taken, 1))
        .reshape('c', values.shape());
  }
}
