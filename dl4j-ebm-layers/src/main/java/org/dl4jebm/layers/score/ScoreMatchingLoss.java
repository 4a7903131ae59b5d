/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.score;

import java.util.Objects;
import org.dl4jebm.layers.energy.StreamLayout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Score matching of an energy along directions {@code v}:
 *
 * <pre>{@code
 * loss = scale sum_k (E'_k^2 / 2 - E''_k + curvature E''_k^2)    E'_k = v_k . grad E,  E''_k = v_k^T Hess(E) v_k
 * }</pre>
 *
 * <ul>
 *   <li>{@link #exact}: all {@code d} unit vectors, or a part of them, with {@code scale} 1. The
 *       expectation under the data is, up to a constant, half the squared distance of the scores of
 *       model and data (Hyvarinen, JMLR 2005). Losses of the parts add up.
 *   <li>{@link #sliced}: {@code M} random directions with {@code E[v v^T] = I} and {@code scale}
 *       {@code 1 / M}, an unbiased estimate of the same for any {@code M} (Song, Garg, Shi and
 *       Ermon, UAI 2019).
 *   <li>{@link #regularised}: with unit vectors, the penalty on curvature of Kingma and LeCun
 *       (NeurIPS 2010), {@code lambda sum_i (d^2 log p / dx_i^2)^2}, which keeps the score of
 *       models that could put all mass on the data from growing without bound.
 * </ul>
 *
 * <p>For the twin of a network with one output that {@link
 * org.dl4jebm.layers.energy.StreamNetworks} makes with {@link #layout}. Labels are not used; they
 * need {@code [streams n, 1]}. Activations need a continuous derivative. Choose {@link
 * DenoisingScoreLoss} for data in many dimensions or on a manifold, where the score has no finite
 * norm.
 */
public final class ScoreMatchingLoss extends StackedLoss {

  private static final long serialVersionUID = 1L;

  private final int directions;
  private final double scale;
  private final double curvature;

  /**
   * Creates the loss.
   *
   * @param directions how many directions, at least 1
   * @param scale factor of the sum over directions, finite and above 0
   * @param curvature factor of the squared second derivatives, finite and at least 0
   * @throws IllegalArgumentException naming what is out of range
   */
  @JsonCreator
  public ScoreMatchingLoss(
      @JsonProperty("directions") int directions,
      @JsonProperty("scale") double scale,
      @JsonProperty("curvature") double curvature) {
    Requirements.atLeastOne("directions", directions);
    Requirements.positive("scale", scale);
    Requirements.notNegative("curvature", curvature);
    this.directions = directions;
    this.scale = scale;
    this.curvature = curvature;
  }

  /**
   * The exact objective, or a part of its sum.
   *
   * @param directions how many unit vectors, at least 1
   * @return the loss
   */
  public static ScoreMatchingLoss exact(int directions) {
    return new ScoreMatchingLoss(directions, 1, 0);
  }

  /**
   * The sliced objective.
   *
   * @param directions how many random directions a point, at least 1
   * @return the loss
   */
  public static ScoreMatchingLoss sliced(int directions) {
    return new ScoreMatchingLoss(directions, 1.0 / directions, 0);
  }

  /**
   * The exact objective with a penalty on curvature, or a part of the sum.
   *
   * @param directions how many unit vectors, at least 1
   * @param curvature {@code lambda}, finite and at least 0
   * @return the loss
   */
  public static ScoreMatchingLoss regularised(int directions, double curvature) {
    return new ScoreMatchingLoss(directions, 1, curvature);
  }

  /**
   * Tells the streams of the twin.
   *
   * @return one sum of second derivatives, or each of them if their squares are needed
   */
  public StreamLayout layout() {
    return new StreamLayout(directions, curvature > 0 ? directions : 1);
  }

  /**
   * Returns the number of directions.
   *
   * @return at least 1
   */
  @JsonProperty("directions")
  public int directions() {
    return directions;
  }

  /**
   * Returns the factor of the sum over directions.
   *
   * @return above 0
   */
  @JsonProperty("scale")
  public double scale() {
    return scale;
  }

  /**
   * Returns the factor of the squared second derivatives.
   *
   * @return at least 0
   */
  @JsonProperty("curvature")
  public double curvature() {
    return curvature;
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
    INDArray first = firsts(blockRows(out));
    INDArray second = seconds(blockRows(out));
    INDArray losses = first.mul(first).sum(0).divi(2).subi(second.sum(0));
    if (curvature > 0) {
      losses.addi(second.mul(second).sum(0).muli(curvature));
    }
    if (gradient != null) {
      INDArray rows = blockRows(gradient);
      firsts(rows).assign(first).muli(scale);
      seconds(rows).assign(second).muli(2 * curvature).subi(1).muli(scale);
    }
    return losses.muli(scale);
  }

  private INDArray firsts(INDArray rows) {
    return rows.get(NDArrayIndex.interval(1, 1 + directions), NDArrayIndex.all());
  }

  private INDArray seconds(INDArray rows) {
    return rows.get(NDArrayIndex.interval(1 + directions, blocks()), NDArrayIndex.all());
  }

  @Override
  public String name() {
    return "score matching loss";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ScoreMatchingLoss that
        && directions == that.directions
        && scale == that.scale
        && curvature == that.curvature;
  }

  @Override
  public int hashCode() {
    return Objects.hash(directions, scale, curvature);
  }
}
