/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The passes of a {@link DenseChain} for a fixed number of points. */
final class DenseChainPass {

  private final List<DenseChainLayer> layers = new ArrayList<>();
  private final INDArray stack;
  private final INDArray slope;
  private final DenseChainLayer last;
  private final INDArray energies;
  private final INDArray pointErrors;

  DenseChainPass(List<DenseChainLayer.Spec> specs, StreamLayout layout, long n) {
    DataType type = specs.get(0).weights().dataType();
    long in = specs.get(0).in();
    stack = Nd4j.create(type, new long[] {layout.inputStreams() * n, in}, 'c');
    slope = Nd4j.create(type, new long[] {n, in}, 'c');
    INDArray ones = Nd4j.ones(type, n);
    long widest = specs.stream().mapToLong(DenseChainLayer.Spec::out).max().orElseThrow();
    INDArray shared = Nd4j.create(type, layout.streams() * n * widest);
    INDArray input = stack;
    for (DenseChainLayer.Spec spec : specs) {
      DenseChainLayer layer = new DenseChainLayer(spec, layout, input, n, shared, ones);
      layers.add(layer);
      input = layer.activations();
    }
    last = layers.get(layers.size() - 1);
    energies = points(last.activations(), n);
    pointErrors = points(last.errors(), n);
  }

  private static INDArray points(INDArray rows, long n) {
    return rows.size(0) == n ? rows : rows.get(NDArrayIndex.interval(0, n), NDArrayIndex.all());
  }

  INDArray stack() {
    return stack;
  }

  INDArray forward() {
    layers.forEach(DenseChainLayer::forward);
    return last.activations();
  }

  INDArray forwardPoints() {
    layers.forEach(DenseChainLayer::forwardPoints);
    return energies;
  }

  INDArray slope() {
    last.slope().assign(1);
    for (int i = layers.size() - 1; i > 0; i--) {
      layers.get(i).slopeInto(layers.get(i - 1).slope());
    }
    layers.get(0).slopeInto(slope);
    return slope;
  }

  void backward(INDArray epsilon, List<Map<String, INDArray>> gradients, boolean add) {
    last.errors().assign(epsilon);
    for (int i = layers.size() - 1; i >= 0; i--) {
      DenseChainLayer layer = layers.get(i);
      layer.backwardActivation();
      parameterGradient(layer, gradients.get(i), add);
      if (i > 0) {
        layer.backwardInto(layers.get(i - 1).errors());
      }
    }
  }

  void backwardAlong(List<Map<String, INDArray>> gradients) {
    layers.forEach(DenseChainLayer::forwardTangents);
    // The energy itself is not in the loss; the errors of its derivative are where slope left them.
    pointErrors.assign(0);
    for (int i = layers.size() - 1; i >= 0; i--) {
      DenseChainLayer layer = layers.get(i);
      layer.backwardActivation();
      parameterGradient(layer, gradients.get(i), false);
      if (i > 0) {
        layer.backwardPointsInto(layers.get(i - 1).errors());
      }
    }
  }

  private static void parameterGradient(
      DenseChainLayer layer, Map<String, INDArray> gradients, boolean add) {
    layer.parameterGradient(
        gradients.get(DefaultParamInitializer.WEIGHT_KEY),
        gradients.get(DefaultParamInitializer.BIAS_KEY),
        add);
  }
}
