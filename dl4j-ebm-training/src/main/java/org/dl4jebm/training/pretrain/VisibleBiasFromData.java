/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Sets the visible biases of a restricted Boltzmann machine to those at which its units, with the
 * weights at 0, have the mean of the data ({@link org.dl4jebm.layers.rbm.UnitType#biasForMean}; for
 * Bernoulli units {@code log(p / (1 - p))}, Hinton, UTML TR 2010-003, section 8). Training then
 * need not spend its first epochs, and its hidden units, on the mean; use it whenever weights start
 * small, before the first step. It is no use for a machine that is trained already.
 *
 * <p>{@link PretrainOptions#withVisibleBiasFromData} does this in a {@link GreedyPretrainer}. By
 * itself:
 *
 * <pre>{@code
 * new VisibleBiasFromData(layer).add(data, null).apply();
 * }</pre>
 *
 * <p>Large sets are better added in parts. Sums are kept in DOUBLE. Not safe for use by several
 * threads at once.
 */
public final class VisibleBiasFromData {

  private final RbmModel model;

  /** Sum of the weighted rows, {@code [nIn]}. */
  private final INDArray sum;

  private double totalWeight;

  /**
   * Starts without data.
   *
   * @param layer the machine, which is changed by {@link #apply} only
   */
  public VisibleBiasFromData(RestrictedBoltzmannMachineLayer layer) {
    this.model = layer.model();
    this.sum = Workspaces.outside(() -> Nd4j.zeros(DataType.DOUBLE, model.visibleSize()));
  }

  /** Whether a layer is a machine that has made no step yet. */
  static boolean isFor(Stage stage) {
    return stage.layer() instanceof RestrictedBoltzmannMachineLayer
        && stage.layer().conf().getIterationCount() == 0;
  }

  /**
   * Adds rows to the mean.
   *
   * @param data states of the visible units, {@code [n, nIn]}. Not modified.
   * @param weights weights of the rows, {@code [n]} or {@code [n, 1]}, finite and not negative, or
   *     null for 1 each. Not modified.
   * @return this object
   * @throws DL4JInvalidInputException if the data have another shape, values that are not finite or
   *     that the visible units cannot take, or if the weights do not fit; nothing was added then
   */
  public VisibleBiasFromData add(INDArray data, INDArray weights) {
    if (data.rank() != 2 || data.size(1) != model.visibleSize() || data.size(0) == 0) {
      throw new DL4JInvalidInputException(
          "data for the visible biases have shape "
              + Arrays.toString(data.shape())
              + "; accepted: [n, "
              + model.visibleSize()
              + "] with n at least 1");
    }
    INDArray rows = data.castTo(DataType.DOUBLE);
    double all = rows.sumNumber().doubleValue();
    if (!Double.isFinite(all)) {
      throw new DL4JInvalidInputException(
          "data for the visible biases have the sum " + all + "; accepted: finite values");
    }
    model
        .visibleUnits()
        .findBadStates(rows)
        .ifPresent(
            problem -> {
              throw new DL4JInvalidInputException("data for the visible biases hold " + problem);
            });
    INDArray factors = factors(weights, data.size(0));
    sum.addi(factors.mmul(rows).reshape(model.visibleSize()));
    totalWeight += factors.sumNumber().doubleValue();
    return this;
  }

  private static INDArray factors(INDArray weights, long rows) {
    if (weights == null) {
      return Nd4j.ones(DataType.DOUBLE, 1, rows);
    }
    if (weights.length() != rows || weights.size(0) != rows) {
      throw new DL4JInvalidInputException(
          "weights of examples have shape "
              + Arrays.toString(weights.shape())
              + "; accepted: ["
              + rows
              + "] or ["
              + rows
              + ", 1]");
    }
    INDArray factors = weights.castTo(DataType.DOUBLE).dup('c').reshape('c', new long[] {1, rows});
    for (double factor : factors.data().asDouble()) {
      if (!(factor >= 0 && factor < Double.POSITIVE_INFINITY)) {
        throw new DL4JInvalidInputException(
            "weights of examples hold " + factor + "; accepted: finite and not negative");
      }
    }
    return factors;
  }

  /**
   * The weighted mean of the rows that were added.
   *
   * @return {@code [nIn]} in DOUBLE, new
   * @throws IllegalStateException if no row with a weight above 0 was added
   */
  public INDArray mean() {
    if (!(totalWeight > 0)) {
      throw new IllegalStateException(
          "the weights of the data for the visible biases add up to "
              + totalWeight
              + "; accepted: at least one row with a weight above 0");
    }
    return sum.div(totalWeight);
  }

  /**
   * Sets the visible biases; nothing else of the layer is changed.
   *
   * @throws IllegalStateException if no row with a weight above 0 was added
   */
  public void apply() {
    model.visibleBias().assign(model.visibleUnits().biasForMean(mean()));
  }
}
