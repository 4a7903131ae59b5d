/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.score;

import org.dl4jebm.layers.energy.StreamLayout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Sliced score matching with variance reduction (Song, Garg, Shi and Ermon, UAI 2019): only the
 * second derivatives are taken along random directions {@code v} with {@code E[v v^T] = I},
 *
 * <pre>{@code
 * loss = norm(grad E)^2 / 2 - 1/M sum_k v_k^T Hess(E) v_k
 * }</pre>
 *
 * <p>The parameter gradient of the first term is that of {@code u . grad E} with {@code u = grad E}
 * held fixed, one more direction. The loss is {@code u . grad E + c - 1/M sum_k E''_k} with {@code
 * c = -norm(u)^2 / 2}, whose value is that above. Unbiased, for any {@code M}. The directions add
 * noise to the second term alone; in {@link ScoreMatchingLoss} the noise of both terms may cancel
 * in part, so that the variance of the whole need not be less here. It is with independent signs
 * where the Hessian is nearly diagonal.
 *
 * <p>For the twin of a network with one output that {@link
 * org.dl4jebm.layers.energy.StreamNetworks} makes with {@link #layout}; its directions are {@code
 * [u; v_1; ...; v_M]}. Labels are {@code [streams n, 1]}; the first {@code n} hold {@code c}, the
 * others are not used. {@code u} depends on the parameters and has to be computed anew for each
 * step.
 */
public final class VarianceReducedScoreLoss extends StackedLoss {

  private static final long serialVersionUID = 1L;

  private final int directions;

  /**
   * Creates the loss.
   *
   * @param directions {@code M}, how many random directions a point, at least 1
   * @throws IllegalArgumentException if it is less
   */
  @JsonCreator
  public VarianceReducedScoreLoss(@JsonProperty("directions") int directions) {
    Requirements.atLeastOne("directions", directions);
    this.directions = directions;
  }

  /**
   * Tells the streams of the twin.
   *
   * @return {@code M + 1} directions with the second derivative of each; the first is not used
   */
  public StreamLayout layout() {
    return new StreamLayout(directions + 1, directions + 1);
  }

  /**
   * Returns the number of random directions.
   *
   * @return {@code M}, at least 1
   */
  @JsonProperty("directions")
  public int directions() {
    return directions;
  }

  @Override
  int blocks() {
    return layout().streams();
  }

  @Override
  long labelColumns(long outputs) {
    return 1;
  }

  @Override
  INDArray losses(INDArray labels, INDArray out, INDArray gradient) {
    INDArray rows = blockRows(out);
    long n = rows.size(1);
    INDArray constants =
        labels
            .get(NDArrayIndex.interval(0, n), NDArrayIndex.point(0))
            .dup()
            .reshape('c', new long[] {n});
    if (gradient != null) {
      INDArray target = blockRows(gradient);
      target.getRow(1).assign(1);
      seconds(target).assign(-1.0 / directions);
    }
    return rows.getRow(1).add(constants).subi(seconds(rows).mean(0));
  }

  private INDArray seconds(INDArray rows) {
    return rows.get(NDArrayIndex.interval(3 + directions, blocks()), NDArrayIndex.all());
  }

  @Override
  public String name() {
    return "sliced score matching loss with variance reduction";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof VarianceReducedScoreLoss that && directions == that.directions;
  }

  @Override
  public int hashCode() {
    return directions;
  }
}
