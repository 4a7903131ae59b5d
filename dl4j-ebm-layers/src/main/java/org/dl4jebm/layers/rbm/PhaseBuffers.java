/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Arrays that {@link ContrastiveDivergence} reuses for batches of one size. Rows of data and of
 * chains stand under each other in one array, so that one product with inner dimension {@code n +
 * m} gives both phases of the weight gradient. Transposes are views, made once.
 */
final class PhaseBuffers {

  final INDArray visible;
  final INDArray hidden;

  /** Statistics of the data. */
  final INDArray dataVisible;

  /** Statistics of the chains' visible states. */
  final INDArray chainVisible;

  final INDArray dataHidden;
  final INDArray chainHidden;
  final INDArray visibleT;
  final INDArray dataVisibleT;
  final INDArray chainVisibleT;
  final INDArray dataHiddenT;
  final INDArray chainHiddenT;
  final INDArray ones;

  /** -1 for each row of data, {@link #chainWeight} for each row of the chains. */
  final INDArray phaseWeights;

  /** Rows of data for each row of the chains. */
  final double chainWeight;

  private INDArray hiddenSample;
  private INDArray hiddenSampleT;
  private INDArray reconstruction;

  /** Null where nobody needs the states beside the statistics. */
  private final INDArray chainStates;

  PhaseBuffers(RbmModel model, long n, long m) {
    visible = matrix(model, n + m, model.visibleSize());
    hidden = matrix(model, n + m, model.hiddenSize());
    ones = matrix(model, 1, n + m).assign(1);
    phaseWeights = matrix(model, 1, n + m);
    dataVisible = rows(visible, 0, n);
    chainVisible = rows(visible, n, n + m);
    dataHidden = rows(hidden, 0, n);
    chainHidden = rows(hidden, n, n + m);
    chainWeight = (double) n / m;
    phaseWeights.get(NDArrayIndex.all(), NDArrayIndex.interval(0, n)).assign(-1);
    phaseWeights.get(NDArrayIndex.all(), NDArrayIndex.interval(n, n + m)).assign(chainWeight);
    visibleT = visible.transpose();
    dataVisibleT = dataVisible.transpose();
    chainVisibleT = chainVisible.transpose();
    dataHiddenT = dataHidden.transpose();
    chainHiddenT = chainHidden.transpose();
    chainStates =
        model.visibleUnits().parameterCount(model.visibleSize()) == 0
            ? null
            : matrix(model, m, model.visibleSize());
  }

  boolean fits(RbmModel model) {
    return visible.dataType() == model.weights().dataType()
        && Arrays.equals(
            new long[] {visible.size(1), hidden.size(1)},
            new long[] {model.visibleSize(), model.hiddenSize()});
  }

  /**
   * Runs {@code sweeps} Gibbs sweeps from the hidden states {@code h}, which become statistics, and
   * leaves the visible statistics in {@link #chainVisible} and the field of the hidden units in
   * {@link #chainHidden}.
   */
  void runChain(RbmModel model, INDArray h, INDArray hTransposed, int sweeps, RandomStream random) {
    INDArray from = h;
    INDArray fromTransposed = hTransposed;
    for (int sweep = 1; sweep <= sweeps; sweep++) {
      if (sweep > 1) {
        model.hiddenUnits().fieldToSample(chainHidden, random);
        from = chainHidden;
        fromTransposed = chainHiddenT;
      }
      model.hiddenUnits().toStatistic(from);
      model.visibleFieldInto(fromTransposed, chainVisible, chainVisibleT);
      model.visibleUnits().fieldToSample(chainVisible, random);
      if (chainStates != null) {
        chainStates.assign(chainVisible);
      }
      model.visibleUnits().toStatistic(chainVisible);
      model.hiddenFieldInto(chainVisibleT, chainHidden, chainHiddenT);
    }
  }

  /** Room for hidden states of the data's rows, {@code [n, nOut]}. */
  INDArray hiddenSample() {
    if (hiddenSample == null) {
      hiddenSample = Workspaces.outside(() -> dataHidden.ulike());
      hiddenSampleT = hiddenSample.transpose();
    }
    return hiddenSample;
  }

  INDArray hiddenSampleTransposed() {
    hiddenSample();
    return hiddenSampleT;
  }

  /** The chains' visible states; kept only for units that have further parameters. */
  INDArray chainStates() {
    return chainStates;
  }

  /** Room for visible states of the data's rows, {@code [n, nIn]}. */
  INDArray reconstruction() {
    if (reconstruction == null) {
      reconstruction = Workspaces.outside(() -> dataVisible.ulike());
    }
    return reconstruction;
  }

  private static INDArray matrix(RbmModel model, long rows, long columns) {
    return Nd4j.create(model.weights().dataType(), new long[] {rows, columns}, 'c');
  }

  private static INDArray rows(INDArray matrix, long from, long to) {
    return matrix.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }
}
