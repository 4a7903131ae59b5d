/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

import java.util.Arrays;
import org.dl4jebm.layers.ScratchSpace;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Which latent variables are in use: those whose posterior mean changes with the data, {@code
 * Var_x(E[z_j | x]) > 0.01} (Burda, Grosse and Salakhutdinov, ICLR 2016). A variable that is not
 * repeats the prior and tells the decoder nothing.
 *
 * <p>The variance is that over the examples given, divided by {@code n}; over few examples it errs
 * low by a factor {@code (n - 1) / n}. It depends on the scale of the latent variables, so that the
 * threshold suits priors of variance about 1.
 *
 * @param variances {@code Var_x(E[z_j | x])} for each latent variable; with positions for each
 *     variable of each position, those of a position together. Not modified; must not be modified
 *     later.
 * @param threshold what an active variable exceeds, 0 or more
 */
public record ActiveUnits(double[] variances, double threshold) {

  /** The threshold of the paper. */
  public static final double DEFAULT_THRESHOLD = 0.01;

  /** Examples that are encoded at once. */
  private static final int BLOCK = 1000;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if the threshold is negative or not finite
   */
  public ActiveUnits {
    if (!(threshold >= 0 && threshold < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "threshold is " + threshold + "; accepted: a finite number, 0 or more");
    }
  }

  /**
   * Measures the latent variables of a model.
   *
   * @param model the model. Not modified.
   * @param data features {@code [n, ...]}, an array for each input of the network. Not modified.
   * @return the variances, with the usual threshold
   * @throws IllegalStateException if there are several layers of latent variables
   */
  public static ActiveUnits of(LatentVariableModel model, INDArray... data) {
    double[][] means = posteriorMeans(model, data);
    return new ActiveUnits(columnVariances(means, columnMeans(means)), DEFAULT_THRESHOLD);
  }

  /** {@code E[z | x]} of each example, flattened with the channels last. */
  private static double[][] posteriorMeans(LatentVariableModel model, INDArray[] data) {
    ModelBatch batch = new ModelBatch(data, null, data, null);
    batch.require(model.nodes().networkInputs().size(), data.length);
    double[][] means = new double[batch.size()][];
    try (ScratchSpace scratch = new ScratchSpace()) {
      for (int from = 0; from < means.length; from += BLOCK) {
        int first = from;
        INDArray[] block = batch.rows(from, Math.min(means.length, from + BLOCK)).features();
        double[][] rows =
            scratch.call(
                () -> {
                  INDArray mean = model.posteriorMean(block);
                  INDArray channels = ChannelRows.of(mean, model.conf().isChannelsLast());
                  long n = mean.size(0);
                  return channels
                      .dup('c')
                      .reshape('c', new long[] {n, mean.length() / n})
                      .castTo(DataType.DOUBLE)
                      .toDoubleMatrix();
                });
        System.arraycopy(rows, 0, means, first, rows.length);
      }
    }
    return means;
  }

  static double[] columnMeans(double[][] rows) {
    double[] means = new double[rows[0].length];
    for (double[] row : rows) {
      for (int j = 0; j < means.length; j++) {
        means[j] += row[j] / rows.length;
      }
    }
    return means;
  }

  /** Mean squares of the distance from given means. */
  static double[] columnVariances(double[][] rows, double[] means) {
    double[] variances = new double[means.length];
    for (double[] row : rows) {
      for (int j = 0; j < means.length; j++) {
        variances[j] += (row[j] - means[j]) * (row[j] - means[j]) / rows.length;
      }
    }
    return variances;
  }

  /**
   * Sets the threshold.
   *
   * @param threshold 0 or more
   * @return the same variances with another threshold
   */
  public ActiveUnits withThreshold(double threshold) {
    return new ActiveUnits(variances, threshold);
  }

  /**
   * Tells whether a variable is active.
   *
   * @param j number of the variable, from 0
   * @return true if its variance is above the threshold
   */
  public boolean isActive(int j) {
    return variances[j] > threshold;
  }

  /**
   * How many variables are active.
   *
   * @return the number
   */
  public int count() {
    return (int) Arrays.stream(variances).filter(v -> v > threshold).count();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ActiveUnits that
        && Arrays.equals(variances, that.variances)
        && threshold == that.threshold;
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(variances) + Double.hashCode(threshold);
  }

  /**
   * A line for a report.
   *
   * @return for example {@code 23 of 50 latent variables active}
   */
  @Override
  public String toString() {
    return count() + " of " + variances.length + " latent variables active";
  }
}
