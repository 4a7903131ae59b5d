/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.score;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Denoising score matching of a network whose output {@code s(x)} is an estimate of {@code grad log
 * p(x)} (Vincent, Neural Computation 2011; Song and Ermon, NeurIPS 2019): the regression
 *
 * <pre>{@code
 * loss = w / 2 norm(s(x~) - t)^2     x~ = x + sigma z,  t = -z / sigma
 * }</pre>
 *
 * <p>for the user's own network on {@code x~}. Its minimum is the score of the data with noise of
 * variance {@code sigma^2} added; its value is not 0. Labels are {@code [n, d + 1]}: {@code t}, and
 * {@code w} in the last column, usually {@code sigma^2}.
 */
public final class ScoreRegressionLoss extends StackedLoss {

  private static final long serialVersionUID = 1L;

  /** Creates the loss; all instances are equal. */
  public ScoreRegressionLoss() {}

  @Override
  int blocks() {
    return 1;
  }

  @Override
  void requireOutputs(long outputs) {
    // A score has as many values as an example; labels are compared with it.
  }

  @Override
  long labelColumns(long outputs) {
    return outputs + 1;
  }

  @Override
  INDArray losses(INDArray labels, INDArray out, INDArray gradient) {
    long d = out.size(1);
    INDArray weights = labels.get(NDArrayIndex.all(), NDArrayIndex.point(d)).dup();
    INDArray difference =
        out.sub(labels.get(NDArrayIndex.all(), NDArrayIndex.interval(0, d)).dup('c'));
    INDArray losses = difference.mul(difference).sum(1).divi(2).muli(weights);
    if (gradient != null) {
      gradient.assign(difference.muliColumnVector(weights));
    }
    return losses;
  }

  @Override
  public String name() {
    return "denoising score matching loss of a score network";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ScoreRegressionLoss;
  }

  @Override
  public int hashCode() {
    return ScoreRegressionLoss.class.hashCode();
  }
}
