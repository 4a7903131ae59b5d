/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Max pooling: derivatives take the way of the largest value of the point. Of several equal ones
 * the first is taken. The function is continuous, with kinks where the largest value changes.
 */
final class MaxPoolingStreams implements PreActivation {

  private final Layer layer;
  private final PoolingWindows windows;

  /** The rule of a layer that computes the values. */
  MaxPoolingStreams(Layer layer) {
    this.layer = layer;
    this.windows = PoolingWindows.of(layer.conf().getLayer());
  }

  @Override
  public INDArray forward(INDArray x, long n, LayerWorkspaceMgr workspaces) {
    INDArray points = rows(x, 0, n);
    INDArray largest = largest(points, x, workspaces);
    if (x.size(0) == n) {
      return largest;
    }
    long[] shape = largest.shape().clone();
    shape[0] = x.size(0);
    INDArray z = workspaces.create(ArrayType.ACTIVATIONS, x.dataType(), shape, 'c');
    rows(z, 0, n).assign(largest);
    INDArray below = rows(x, n, x.size(0));
    INDArray above = rows(z, n, x.size(0));
    for (Route route : routes(points, largest)) {
      above
          .get(route.match().output())
          .addi(route.select(below.get(route.match().input()).dup('c')));
    }
    return z;
  }

  @Override
  public INDArray backward(
      INDArray x, INDArray delta, long n, Gradient gradient, LayerWorkspaceMgr workspaces) {
    INDArray points = rows(x, 0, n);
    INDArray largest = largest(points, x, LayerWorkspaceMgr.noWorkspaces());
    INDArray below = workspaces.create(ArrayType.ACTIVATION_GRAD, delta.dataType(), x.shape(), 'c');
    for (Route route : routes(points, largest)) {
      below
          .get(route.match().input())
          .addi(route.select(delta.get(route.match().output()).dup('c')));
    }
    return below;
  }

  private INDArray largest(INDArray points, INDArray x, LayerWorkspaceMgr workspaces) {
    INDArray largest = layer.activate(points, false, workspaces);
    layer.setInput(x, workspaces);
    return largest;
  }

  private List<Route> routes(INDArray points, INDArray largest) {
    List<Route> routes = new ArrayList<>();
    INDArray open = largest.like().addi(1);
    for (int place = 0; place < windows.places(); place++) {
      PoolingWindows.Match match = windows.match(place, points.shape(), largest.shape());
      if (match != null) {
        INDArray openHere = open.get(match.output());
        INDArray taken =
            points
                .get(match.input())
                .eq(largest.get(match.output()))
                .castTo(points.dataType())
                .muli(openHere)
                .dup('c');
        openHere.subi(taken);
        routes.add(new Route(match, taken));
      }
    }
    return routes;
  }

  private static INDArray rows(INDArray array, long from, long to) {
    return array.get(NDArrayIndex.interval(from, to));
  }

  /** A place in the windows, and which windows have their largest value there. */
  private record Route(PoolingWindows.Match match, INDArray taken) {

    /** Zero where the largest value is elsewhere; the argument is contiguous. */
    INDArray select(INDArray values) {
      int streams = Math.toIntExact(values.size(0) / taken.size(0));
      INDArray matrix = StreamBlocks.matrix(values, streams);
      INDArray row = StreamBlocks.matrix(taken, 1);
      return StreamBlocks.timesRow(matrix, row).reshape('c', values.shape());
    }
  }
}
