/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.energy;

import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A bound on the largest singular value of weights, to be given to {@code constrainWeights} of a
 * layer or a whole network: after each step {@code W <- W min(1, limit / sigma(W))}. An energy
 * whose layers are bounded has a bounded slope, so that Langevin chains with a fixed step size
 * neither explode nor find ever deeper pits (Du and Mordatch, NeurIPS 2019).
 *
 * <p>This projects onto the weights within the bound (Yoshida and Miyato 2017; Gouk et al., Machine
 * Learning 2021). Spectral normalisation in the strict sense divides by {@code sigma(W)} always,
 * and differentiates through it (Miyato et al., ICLR 2018); here weights below the limit are left
 * as they are.
 *
 * <p>{@code sigma} is estimated from below by power iteration from the same vector each time, so
 * that a stopped and resumed training gives the same numbers. The true value can exceed the limit:
 * after 20 iterations by a few per cent for a matrix of random entries, whose largest singular
 * values are close together, by nothing that matters for one with a leading value.
 *
 * <p>Which matrix: of dense weights {@code [nIn, nOut]} themselves, whose {@code sigma} is the
 * Lipschitz constant of the layer's linear part. Of convolution weights {@code [nOut, nIn, height,
 * width]}, in any number of dimensions, the matrix {@code [nOut, nIn height width]}, as in Miyato
 * et al.; the convolution with stride 1 as a linear map has a norm of at most {@code sqrt(height
 * width)} times its {@code sigma}. Vectors are bounded in their length.
 */
public class SpectralNormConstraint implements LayerConstraint {

  private static final long serialVersionUID = 1L;

  /** Iterations if not given. */
  public static final int DEFAULT_ITERATIONS = 20;

  /**
   * A vector of plain numbers would be orthogonal to the leading one of many structured weights.
   */
  private static final double START_FREQUENCY = 1.618;

  private Set<String> params = new HashSet<>();
  private double limit;
  private int iterations;

  /** For Jackson; the limit is 1. */
  public SpectralNormConstraint() {
    this(1);
  }

  /**
   * Creates a constraint with the default number of iterations.
   *
   * @param limit largest singular value, finite and above 0
   * @throws IllegalArgumentException if it is not
   */
  public SpectralNormConstraint(double limit) {
    this(limit, DEFAULT_ITERATIONS);
  }

  /**
   * Creates a constraint.
   *
   * @param limit largest singular value, finite and above 0
   * @param iterations of the power method after each step, at least 1
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public SpectralNormConstraint(double limit, int iterations) {
    setLimit(limit);
    setIterations(iterations);
  }

  @Override
  public void applyConstraint(Layer layer, int iteration, int epoch) {
    for (Map.Entry<String, INDArray> entry : layer.paramTable().entrySet()) {
      if (params.contains(entry.getKey())) {
        apply(entry.getValue());
      }
    }
  }

  /**
   * Brings weights within the limit.
   *
   * @param weights of any rank. Modified.
   */
  public final void apply(INDArray weights) {
    double sigma = norm(weights);
    if (sigma > limit) {
      weights.muli(limit / sigma);
    }
  }

  /**
   * Estimates the largest singular value.
   *
   * @param weights of any rank; those of rank 3 and more are a matrix of their first dimension and
   *     all others. Not modified.
   * @return at most the largest singular value, but for rounding
   */
  public double norm(INDArray weights) {
    if (weights.length() == Math.max(weights.size(0), weights.size(weights.rank() - 1))) {
      return weights.norm2Number().doubleValue();
    }
    INDArray matrix =
        weights.rank() == 2
            ? weights
            : weights
                .dup('c')
                .reshape('c', new long[] {weights.size(0), weights.length() / weights.size(0)});
    INDArray transposed = matrix.transpose();
    double[] start = new double[(int) matrix.size(1)];
    for (int i = 0; i < start.length; i++) {
      start[i] = 1 + Math.sin(START_FREQUENCY * (i + 1));
    }
    INDArray v =
        Nd4j.createFromArray(start)
            .castTo(matrix.dataType())
            .reshape('c', new long[] {start.length, 1});
    double sigma = 0;
    for (int i = 0; i < iterations; i++) {
      v.divi(v.norm2Number().doubleValue());
      INDArray u = matrix.mmul(v);
      sigma = u.norm2Number().doubleValue();
      if (sigma == 0 || !Double.isFinite(sigma)) {
        return sigma;
      }
      v = transposed.mmul(u);
    }
    return sigma;
  }

  @Override
  public Set<String> getParams() {
    return params;
  }

  @Override
  public void setParams(Set<String> params) {
    this.params = params;
  }

  /**
   * Returns the limit.
   *
   * @return largest singular value
   */
  public double getLimit() {
    return limit;
  }

  /**
   * Sets the limit.
   *
   * @param limit largest singular value, finite and above 0
   * @throws IllegalArgumentException if it is not
   */
  public final void setLimit(double limit) {
    if (!(limit > 0 && limit < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "limit is " + limit + "; accepted: a finite number above 0");
    }
    this.limit = limit;
  }

  /**
   * Returns the number of iterations.
   *
   * @return at least 1
   */
  public int getIterations() {
    return iterations;
  }

  /**
   * Sets the number of iterations.
   *
   * @param iterations at least 1
   * @throws IllegalArgumentException if it is not
   */
  public final void setIterations(int iterations) {
    if (iterations < 1) {
      throw new IllegalArgumentException("iterations is " + iterations + "; accepted: at least 1");
    }
    this.iterations = iterations;
  }

  @Override
  public SpectralNormConstraint clone() {
    SpectralNormConstraint copy = new SpectralNormConstraint(limit, iterations);
    copy.params = new HashSet<>(params);
    return copy;
  }

  @Override
  public boolean equals(Object other) {
    return other != null
        && other.getClass() == getClass()
        && limit == ((SpectralNormConstraint) other).limit
        && iterations == ((SpectralNormConstraint) other).iterations
        && params.equals(((SpectralNormConstraint) other).params);
  }

  @Override
  public int hashCode() {
    return Objects.hash(limit, iterations, params);
  }

  @Override
  public String toString() {
    return "SpectralNormConstraint(limit=" + limit + ", iterations=" + iterations + ")";
  }
}
