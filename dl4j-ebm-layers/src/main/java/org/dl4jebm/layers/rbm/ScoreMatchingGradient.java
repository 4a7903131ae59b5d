/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Map;
import org.dl4jebm.layers.HostBlas;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The gradient of {@link ScoreMatchingObjective}. With {@code a_i = 1 / s_i^2}, {@code h' = h (1 -
 * h)}, {@code h'' = h' (1 - 2 h)}, {@code q_j = sum_i a_i^2 W_ij^2} and {@code delta_j = h'_j sum_i
 * psi_i a_i W_ij + q_j h''_j}, the derivative by the field of a hidden unit,
 *
 * <pre>{@code
 * dW_ij = a_i v_i delta_j + psi_i a_i h_j + 2 a_i^2 W_ij h'_j     dc_j = delta_j     db_i = psi_i a_i
 * da_i  = psi_i^2 / a_i + sum_j v_i W_ij delta_j - 1 + 2 a_i sum_j W_ij^2 h'_j
 * }</pre>
 *
 * <p>Keeps nothing between steps.
 */
final class ScoreMatchingGradient implements RbmEstimator {

  /**
   * {@inheritDoc}
   *
   * @return the loss, weighted mean over the batch
   */
  @Override
  public double gradient(RbmModel model, RbmBatch batch, RbmGradient gradient) {
    Step step = new Step(model, batch.data());
    INDArray factors = batch.factors(model.weights().dataType());
    double score = Double.NaN;
    if (batch.withScore()) {
      INDArray losses = step.losses().mul(factors);
      score = losses.castTo(DataType.DOUBLE).sumNumber().doubleValue() / batch.totalWeight();
    }
    step.write(factors, gradient);
    return score;
  }

  @Override
  public String scoreName() {
    return "score matching";
  }

  @Override
  public Map<String, INDArray> state() {
    return Map.of();
  }

  @Override
  public void setState(RbmModel model, Map<String, INDArray> state) {
    SavedArrays.requireNames(state);
  }

  /** The quantities of one batch. */
  static final class Step {

    private final INDArray weights;

    /** {@code a_i}. */
    private final INDArray precision;

    /** {@code W_ij^2}. */
    private final INDArray squares;

    private final INDArray visible;
    private final INDArray hidden;
    private final INDArray slope;
    private final INDArray psi;

    Step(RbmModel model, INDArray data) {
      weights = model.weights();
      DataType type = weights.dataType();
      INDArray ones = Nd4j.ones(type, 1, model.visibleSize());
      model.visibleUnits().toStatistic(ones);
      precision = ones.reshape('c', new long[] {model.visibleSize()});
      squares = weights.mul(weights);
      visible = data.castTo(type).dup('c');
      hidden = model.propUp(visible);
      slope = hidden.rsub(1).muli(hidden);
      INDArray input = Nd4j.createUninitialized(type, visible.shape(), 'f');
      HostBlas.gemm(hidden, weights, input, false, true, 1, 0);
      psi = input.dup('c');
      psi.subi(visible).addiRowVector(model.visibleBias()).muliRowVector(precision);
    }

    INDArray losses() {
      INDArray curvature = slope.mulRowVector(curvatures()).sum(1);
      double precisions = precision.castTo(DataType.DOUBLE).sumNumber().doubleValue();
      return psi.mul(psi).sum(1).divi(2).addi(curvature).subi(precisions);
    }

    /** {@code q_j}. */
    private INDArray curvatures() {
      return squares.mulColumnVector(precision.mul(precision)).sum(0);
    }

    void write(INDArray factors, RbmGradient out) {
      INDArray delta = hidden.mul(-2).addi(1).muliRowVector(curvatures());
      INDArray scaled = psi.mulRowVector(precision);
      INDArray back = Nd4j.createUninitialized(delta.dataType(), delta.shape(), 'f');
      HostBlas.gemm(scaled, weights, back, false, false, 1, 0);
      delta.addi(back).muli(slope);
      FreeEnergyGradient.columnSums(delta, factors, 1, out.hiddenBias());
      FreeEnergyGradient.columnSums(scaled, factors, 1, out.visibleBias());
      delta.muliColumnVector(factors);
      scaled.muliColumnVector(factors);
      INDArray slopes = out.hiddenBias().ulike();
      FreeEnergyGradient.columnSums(slope, factors, 1, slopes);
      if (out.visibleParameters() != null) {
        variance(factors, delta, slopes, out.visibleParameters());
      }
      INDArray statistics = visible.mulRowVector(precision);
      HostBlas.gemm(statistics, delta, out.weights(), true, false, 1, 0);
      HostBlas.gemm(scaled, hidden, out.weights(), true, false, 1, 1);
      INDArray twice = precision.mul(precision).muli(2);
      out.weights().addi(weights.mulColumnVector(twice).muliRowVector(slopes));
    }

    /** By the logarithm of the variance, {@code -a_i da_i}. */
    private void variance(INDArray factors, INDArray delta, INDArray slopes, INDArray out) {
      INDArray sum = precision.ulike();
      FreeEnergyGradient.columnSums(psi.mul(psi), factors, 1, sum);
      sum.divi(precision);
      INDArray back = Nd4j.createUninitialized(visible.dataType(), visible.shape(), 'f');
      HostBlas.gemm(delta, weights, back, false, true, 1, 0);
      sum.addi(back.muli(visible).sum(0));
      sum.subi(factors.sumNumber());
      sum.addi(squares.mulRowVector(slopes).sum(1).muli(precision).muli(2));
      out.assign(sum.muli(precision).negi());
    }
  }
}
