/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.score;

import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Sliced score matching by finite differences (Pang, Xu, Li, Song, Ermon and Zhu, NeurIPS 2020),
 * for networks with layers that have no exact rule for derivatives in {@code x}:
 *
 * <pre>{@code
 * loss = 1/M sum_k (D_k^2 / 2 - C_k)
 * D_k = (E(x + h v_k) - E(x - h v_k)) / (2 h)     C_k = (E(x + h v_k) - 2 E(x) + E(x - h v_k)) / h^2
 * }</pre>
 *
 * <p>The bias is of the order {@code h^2}; rounding adds errors of the order of the type's
 * precision times {@code norm(E) / h^2}, so that in FLOAT {@code h} should not be below some 0.03.
 * Random directions need {@code E[v v^T] = I}, whose length is about {@code sqrt(d)}: points are
 * {@code h sqrt(d)} apart. Where there are rules, {@link ScoreMatchingLoss} is exact and costs the
 * same.
 *
 * <p>For the user's own network with one output, on rows {@code [x; x + h v_1; ...; x + h v_M; x -
 * h v_1; ...; x - h v_M]}. Labels are {@code [(1 + 2 M) n, 1]} and not used. Dropout, weight noise
 * and batch normalization with statistics of the batch make differences meaningless and have to be
 * off. Activations with kinks give {@code C = 0} almost everywhere, and are not useful here either.
 */
public final class FiniteDifferenceScoreLoss extends StackedLoss {

  private static final long serialVersionUID = 1L;

  private final int directions;
  private final double step;

  /**
   * Creates the loss.
   *
   * @param directions {@code M}, how many random directions a point, at least 1
   * @param step {@code h}, finite and above 0
   * @throws IllegalArgumentException naming what is out of range
   */
  @JsonCreator
  public FiniteDifferenceScoreLoss(
      @JsonProperty("directions") int directions, @JsonProperty("step") double step) {
    Requirements.atLeastOne("directions", directions);
    Requirements.positive("step", step);
    this.directions = directions;
    this.step = step;
  }

  /**
   * Returns the number of directions.
   *
   * @return {@code M}, at least 1
   */
  @JsonProperty("directions")
  public int directions() {
    return directions;
  }

  /**
   * Returns the step of the differences.
   *
   * @return {@code h}, above 0
   */
  @JsonProperty("step")
  public double step() {
    return step;
  }

  @Override
  int blocks() {
    return 1 + 2 * directions;
  }

  @Override
  long labelColumns(long outputs) {
    return 1;
  }

  @Override
  INDArray losses(INDArray labels, INDArray out, INDArray gradient) {
    INDArray rows = blockRows(out);
    INDArray above = above(rows);
    INDArray below = below(rows);
    INDArray slope = above.sub(below).divi(2 * step);
    INDArray centre = rows.getRow(0);
    INDArray curvature = above.add(below).subiRowVector(centre.mul(2)).divi(step * step);
    if (gradient != null) {
      INDArray target = blockRows(gradient);
      double second = 1 / (directions * step * step);
      INDArray first = slope.mul(1 / (2 * step * directions));
      target.getRow(0).assign(2 * directions * second);
      above(target).assign(first.sub(second));
      below(target).assign(first.neg().subi(second));
    }
    return slope.muli(slope).divi(2).subi(curvature).mean(0);
  }

  private INDArray above(INDArray rows) {
    return rows.get(NDArrayIndex.interval(1, 1 + directions), NDArrayIndex.all());
  }

  private INDArray below(INDArray rows) {
    return rows.get(NDArrayIndex.interval(1 + directions, blocks()), NDArrayIndex.all());
  }

  @Override
  public String name() {
    return "sliced score matching loss by finite differences";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FiniteDifferenceScoreLoss that
        && directions == that.directions
        && step == that.step;
  }

  @Override
  public int hashCode() {
    return Objects.hash(directions, step);
  }
}
