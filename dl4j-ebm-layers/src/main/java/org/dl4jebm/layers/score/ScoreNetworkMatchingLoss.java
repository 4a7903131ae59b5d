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
 * Score matching of a network whose output {@code s(x)} is an estimate of {@code grad log p(x)},
 * with its Jacobian {@code J}:
 *
 * <pre>{@code
 * loss = scale sum_k ((v_k . s)^2 / 2 + v_k . J v_k)
 * }</pre>
 *
 * <p>and with variance reduction {@code norm(s)^2 / 2 + scale sum_k v_k . J v_k}. With all unit
 * vectors and {@code scale} 1 it is the exact objective (Hyvarinen, JMLR 2005), with {@code M}
 * random directions, {@code E[v v^T] = I} and {@code scale = 1 / M} an unbiased estimate of it
 * (Song, Garg, Shi and Ermon, UAI 2019).
 *
 * <p>For the twin that {@link org.dl4jebm.layers.energy.StreamNetworks} makes with {@link #layout};
 * first derivatives are enough, so that kinks are accepted. Labels are {@code [(1 + M) n, d]}: the
 * directions, behind {@code n} rows that are not used.
 */
public final class ScoreNetworkMatchingLoss extends StackedLoss {

  private static final long serialVersionUID = 1L;

  private final int directions;
  private final double scale;
  private final boolean varianceReduced;

  /**
   * Creates the loss.
   *
   * @param directions how many directions a point, at least 1
   * @param scale factor of the sum over directions, finite and above 0
   * @param varianceReduced whether the norm of the score stands in the place of its parts along the
   *     directions
   * @throws IllegalArgumentException naming what is out of range
   */
  @JsonCreator
  public ScoreNetworkMatchingLoss(
      @JsonProperty("directions") int directions,
      @JsonProperty("scale") double scale,
      @JsonProperty("varianceReduced") boolean varianceReduced) {
    Requirements.atLeastOne("directions", directions);
    Requirements.positive("scale", scale);
    this.directions = directions;
    this.scale = scale;
    this.varianceReduced = varianceReduced;
  }

  /**
   * Tells the streams of the twin.
   *
   * @return first derivatives along all directions
   */
  public StreamLayout layout() {
    return new StreamLayout(directions, 0);
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
   * Tells whether the norm of the score is taken as a whole.
   *
   * @return false if its parts along the directions are taken
   */
  @JsonProperty("varianceReduced")
  public boolean isVarianceReduced() {
    return varianceReduced;
  }

  @Override
  int blocks() {
    return 1 + directions;
  }

  @Override
  void requireOutputs(long outputs) {
    // A score has as many values as an example; labels are compared with it.
  }

  @Override
  long labelColumns(long outputs) {
    return outputs;
  }

  @Override
  INDArray losses(INDArray labels, INDArray out, INDArray gradient) {
    long n = out.size(0) / blocks();
    INDArray score = block(out, 0, n);
    INDArray losses = score.mul(score).sum(1).divi(2);
    if (varianceReduced) {
      if (gradient != null) {
        block(gradient, 0, n).assign(score);
      }
    } else {
      losses.assign(0);
    }
    for (int k = 1; k <= directions; k++) {
      INDArray v = block(labels, k, n);
      losses.addi(block(out, k, n).mul(v).sum(1).muli(scale));
      INDArray part = score.mul(v).sum(1);
      if (!varianceReduced) {
        losses.addi(part.mul(part).muli(scale / 2));
      }
      if (gradient != null) {
        INDArray scaled = v.mul(scale);
        block(gradient, k, n).assign(scaled);
        if (!varianceReduced) {
          block(gradient, 0, n).addi(scaled.muliColumnVector(part));
        }
      }
    }
    return losses;
  }

  private static INDArray block(INDArray rows, int index, long n) {
    return rows.get(NDArrayIndex.interval(index * n, (index + 1) * n), NDArrayIndex.all());
  }

  @Override
  public String name() {
    return "score matching loss of a score network";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ScoreNetworkMatchingLoss that
        && directions == that.directions
        && scale == that.scale
        && varianceReduced == that.varianceReduced;
  }

  @Override
  public int hashCode() {
    return Objects.hash(directions, scale, varianceReduced);
  }
}
