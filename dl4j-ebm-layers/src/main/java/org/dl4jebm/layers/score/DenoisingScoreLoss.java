/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.score;

import org.dl4jebm.layers.energy.StreamLayout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Denoising score matching of an energy (Vincent, Neural Computation 2011) at points {@code x~ = x
 * + sigma z}, {@code z ~ N(0, I)}:
 *
 * <pre>{@code
 * loss = w / 2 norm(s(x~) - t)^2     s = -grad E,  t = -z / sigma
 * }</pre>
 *
 * <p>Its parameter gradient is that of {@code w u . grad E(x~)} along {@code u = t - s}, held
 * fixed: two streams, without second derivatives. The loss is {@code w (u . grad E + c)} with
 * {@code c = (norm(t)^2 - norm(s)^2) / 2}, whose value is that above. The minimum is the energy of
 * the data with noise of variance {@code sigma^2} added, not that of the data; its value is not 0.
 * With {@code w = sigma^2} losses of different levels are of the same size (Song and Ermon, NeurIPS
 * 2019).
 *
 * <p>For the twin of a network with one output that {@link
 * org.dl4jebm.layers.energy.StreamNetworks} makes with {@link #layout}, on {@code [x~; u]}. Labels
 * are {@code [2 n, 2]}; the first {@code n} rows hold {@code c} and {@code w}, the others are not
 * used. {@code u} depends on the parameters and has to be computed anew for each step.
 */
public final class DenoisingScoreLoss extends StackedLoss {

  private static final long serialVersionUID = 1L;

  /** Creates the loss; all instances are equal. */
  public DenoisingScoreLoss() {}

  /**
   * Tells the streams of the twin.
   *
   * @return one first derivative
   */
  public StreamLayout layout() {
    return StreamLayout.FIRST;
  }

  @Override
  int blocks() {
    return 2;
  }

  @Override
  long labelColumns(long outputs) {
    return 2;
  }

  @Override
  INDArray losses(INDArray labels, INDArray out, INDArray gradient) {
    INDArray first = blockRows(out).getRow(1);
    INDArray constants = column(labels, 0);
    INDArray weights = column(labels, 1);
    if (gradient != null) {
      blockRows(gradient).getRow(1).assign(weights);
    }
    return first.add(constants).muli(weights);
  }

  private static INDArray column(INDArray labels, int index) {
    long n = labels.size(0) / 2;
    return labels
        .get(NDArrayIndex.interval(0, n), NDArrayIndex.point(index))
        .dup()
        .reshape('c', new long[] {n});
  }

  @Override
  public String name() {
    return "denoising score matching loss";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DenoisingScoreLoss;
  }

  @Override
  public int hashCode() {
    return DenoisingScoreLoss.class.hashCode();
  }
}
