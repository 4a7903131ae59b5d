/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

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
  final INDArray hiddenT;
  final INDArray dataVisibleT;
  final INDArray chainVisibleT;
  final INDArray dataHiddenT;
  final INDArray chainHiddenT;
  final INDArray ones;

  /** Minus the weight of each row of data, then the weight of each row of the chains. */
  final INDArray phaseWeights;

  /** Views of {@link #phaseWeights}. */
  final INDArray dataPhaseWeights;

  final INDArray chainPhaseWeights;

  private final boolean chainsFollowData;

  /** Weights of the rows of data as a column, or null where they are all 1. */
  private INDArray dataWeights;

  /** Sum of the weights of the rows of data. */
  private double totalWeight;

  private INDArray hiddenSample;
  private INDArray hiddenSampleT;
  private INDArray reconstruction;

  /** Null where the statistics are the states. */
  private final INDArray chainStates;

  PhaseBuffers(RbmModel model, long n, NegativePhase negativePhase) {
    long m = negativePhase.rows(n);
    chainsFollowData = negativePhase.followsData();
    visible = matrix(model, n + m, model.visibleSize());
    hidden = matrix(model, n + m, model.hiddenSize());
    ones = vector(model, n + m).assign(1);
    phaseWeights = vector(model, n + m);
    dataVisible = rows(visible, 0, n);
    chainVisible = rows(visible, n, n + m);
    dataHidden = rows(hidden, 0, n);
    chainHidden = rows(hidden, n, n + m);
    dataPhaseWeights = phaseWeights.get(NDArrayIndex.interval(0, n));
    chainPhaseWeights = phaseWeights.get(NDArrayIndex.interval(n, n + m));
    setWeights(null);
    visibleT = visible.transpose();
    hiddenT = hidden.transpose();
    dataVisibleT = dataVisible.transpose();
    chainVisibleT = chainVisible.transpose();
    dataHiddenT = dataHidden.transpose();
    chainHiddenT = chainHidden.transpose();
    chainStates =
        model.visibleUnits().statisticIsState() ? null : matrix(model, m, model.visibleSize());
  }

  boolean fits(RbmModel model) {
    return visible.dataType() == model.weights().dataType()
        && Arrays.equals(
            new long[] {visible.size(1), hidden.size(1)},
            new long[] {model.visibleSize(), model.hiddenSize()});
  }

  /** Fills in the statistics of the data and the weights of both phases. */
  void load(RbmModel model, RbmBatch batch) {
    dataVisible.assign(batch.data());
    model.visibleUnits().toStatistic(dataVisible);
    if (batch.weights() != null || dataWeights != null) {
      setWeights(batch.weights());
    }
  }

  private void setWeights(INDArray weights) {
    long n = dataVisible.size(0);
    if (weights == null) {
      dataWeights = null;
      totalWeight = n;
      dataPhaseWeights.assign(-1);
    } else {
      dataWeights =
          Workspaces.outside(
              () -> weights.castTo(visible.dataType()).dup('c').reshape('c', new long[] {n, 1}));
      totalWeight = weights.castTo(DataType.DOUBLE).sumNumber().doubleValue();
      dataPhaseWeights.assign(dataWeights.reshape('c', new long[] {n})).negi();
    }
    if (chainsFollowData) {
      chainPhaseWeights.assign(dataPhaseWeights).negi();
    } else {
      chainPhaseWeights.assign(totalWeight / chainVisible.size(0));
    }
  }

  /** Sum of the weights of the rows of data, which is that of the chains' rows too. */
  double totalWeight() {
    return totalWeight;
  }

  /** Multiplies each row, which belongs to a row of data, by its weight. */
  void weigh(INDArray dataRows) {
    if (dataWeights != null) {
      dataRows.muliColumnVector(dataWeights);
    }
  }

  /** Multiplies each row so that its squares are multiplied by its weight. */
  void weighSquares(INDArray dataRows) {
    if (dataWeights != null) {
      dataRows.muliColumnVector(Transforms.sqrt(dataWeights, true));
    }
  }

  /** Multiplies each row, which belongs to a chain, by its weight. */
  void weighChains(INDArray chainRows) {
    if (chainsFollowData) {
      weigh(chainRows);
    } else if (totalWeight != chainRows.size(0)) {
      chainRows.muli(totalWeight / chainRows.size(0));
    }
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
      if (chainStates != null && sweep == sweeps) {
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

  /** The chains' visible states. */
  INDArray chainStates() {
    return chainStates == null ? chainVisible : chainStates;
  }

  /** Room for visible states of the data's rows, {@code [n, nIn]}. */
  INDArray reconstruction() {
    if (reconstruction == null) {
      reconstruction = Workspaces.outside(() -> dataVisible.ulike());
    }
    return reconstruction;
  }

  private static INDArray vector(RbmModel model, long length) {
    return Nd4j.create(model.weights().dataType(), new long[] {length});
  }

  private static INDArray matrix(RbmModel model, long rows, long columns) {
    return Nd4j.create(model.weights().dataType(), new long[] {rows, columns}, 'c');
  }

  private static INDArray rows(INDArray matrix, long from, long to) {
    return matrix.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }
}
