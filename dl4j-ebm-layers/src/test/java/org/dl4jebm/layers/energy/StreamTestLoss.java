/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * {@code sum (E^2 / 8 + sum_k E'_k^2 / 2 - sum_j (c_j + E'') E''_j)} over examples: sliced score
 * matching with a term for each stream that makes a wrong factor visible. Labels are not used.
 */
public class StreamTestLoss implements ILossFunction {

  private static final long serialVersionUID = 1L;

  private int directions;
  private int sums;

  /** For Jackson. */
  public StreamTestLoss() {}

  StreamTestLoss(StreamLayout layout) {
    directions = layout.directions();
    sums = layout.sums();
  }

  public int getDirections() {
    return directions;
  }

  public void setDirections(int directions) {
    this.directions = directions;
  }

  public int getSums() {
    return sums;
  }

  public void setSums(int sums) {
    this.sums = sums;
  }

  private INDArray part(INDArray rows, int from, int to) {
    long n = rows.size(0) / (1 + directions + sums);
    return rows.get(NDArrayIndex.interval(from * n, to * n), NDArrayIndex.all());
  }

  @Override
  public double computeScore(
      INDArray labels, INDArray out, IActivation activation, INDArray mask, boolean average) {
    INDArray e = part(out, 0, 1);
    double sum = e.mul(e).sumNumber().doubleValue() / 8;
    if (directions > 0) {
      INDArray first = part(out, 1, 1 + directions);
      sum += first.mul(first).sumNumber().doubleValue() / 2;
    }
    for (int j = 0; j < sums; j++) {
      INDArray second = part(out, 1 + directions + j, 2 + directions + j);
      sum -= second.mul(second.add(1 + j)).sumNumber().doubleValue();
    }
    return sum;
  }

  @Override
  public INDArray computeScoreArray(
      INDArray labels, INDArray out, IActivation activation, INDArray mask) {
    throw new UnsupportedOperationException();
  }

  @Override
  public INDArray computeGradient(
      INDArray labels, INDArray out, IActivation activation, INDArray mask) {
    INDArray gradient = Nd4j.createUninitialized(out.dataType(), out.shape());
    part(gradient, 0, 1).assign(part(out, 0, 1).div(4));
    if (directions > 0) {
      part(gradient, 1, 1 + directions).assign(part(out, 1, 1 + directions));
    }
    for (int j = 0; j < sums; j++) {
      part(gradient, 1 + directions + j, 2 + directions + j)
          .assign(part(out, 1 + directions + j, 2 + directions + j).mul(-2).subi(1 + j));
    }
    return gradient;
  }

  @Override
  public Pair<Double, INDArray> computeGradientAndScore(
      INDArray labels, INDArray out, IActivation activation, INDArray mask, boolean average) {
    return new Pair<>(
        computeScore(labels, out, activation, mask, average),
        computeGradient(labels, out, activation, mask));
  }

  @Override
  public String name() {
    return "stream test loss";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StreamTestLoss that
        && directions == that.directions
        && sums == that.sums;
  }

  @Override
  public int hashCode() {
    return 31 * directions + sums;
  }
}
