/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Turns grey values in [0, 1] into 0 and 1.
 *
 * <p>Likelihoods of binary models are comparable only on binary data made the same way: published
 * figures on MNIST use {@linkplain #bernoulli one Bernoulli draw} per pixel more often than a
 * {@linkplain #threshold threshold}. For pretraining, the grey values themselves usually serve as
 * well.
 */
public final class Binarization {

  /** Rows drawn at a time. Part of the definition: the numbers drawn depend on it. */
  private static final int BLOCK_ROWS = 1000;

  private Binarization() {}

  /**
   * Returns 1 where a value is above the threshold, else 0.
   *
   * @param values {@code [n, d]}, values in [0, 1]. Not modified.
   * @param threshold from 0 (inclusive) to 1 (exclusive)
   * @return a new array of the same shape and type
   * @throws IllegalArgumentException if a value or the threshold is out of range
   */
  public static INDArray threshold(INDArray values, double threshold) {
    if (!(threshold >= 0 && threshold < 1)) {
      throw new IllegalArgumentException(
          "threshold is " + threshold + "; accepted: 0 (inclusive) to 1 (exclusive)");
    }
    requireMatrix(values);
    return values.gt(threshold).castTo(values.dataType());
  }

  /**
   * Draws each element on its own: 1 with the probability that its value gives, else 0. A value of
   * exactly 0 always gives 0 and a value of exactly 1 always gives 1.
   *
   * @param probabilities {@code [n, d]}, values in [0, 1]. Not modified.
   * @param seed of the draw, not 0; the same seed gives the same result
   * @return a new array of the same shape and type
   * @throws IllegalArgumentException if a value is out of range or {@code seed} is 0
   */
  public static INDArray bernoulli(INDArray probabilities, long seed) {
    requireMatrix(probabilities);
    try (RandomStream random = new RandomStream(seed)) {
      INDArray result =
          Nd4j.createUninitialized(probabilities.dataType(), probabilities.shape(), 'c');
      long rows = probabilities.rows();
      for (long from = 0; from < rows; from += BLOCK_ROWS) {
        long to = Math.min(rows, from + BLOCK_ROWS);
        try (INDArray p = Rows.range(probabilities, from, to).dup('c');
            INDArray drawn = Nd4j.createUninitialized(p.dataType(), p.shape(), 'c')) {
          random.bernoulli(p, drawn);
          // The stream can yield 1 for probability 0; the ceiling is 0 there and 1 elsewhere.
          drawn.muli(Transforms.ceil(p, false));
          result.get(NDArrayIndex.interval(from, to), NDArrayIndex.all()).assign(drawn);
        }
      }
      return result;
    }
  }

  private static void requireMatrix(INDArray values) {
    if (values.rank() != 2 || values.isEmpty() || !values.isR()) {
      throw new IllegalArgumentException(
          "values are " + values.shapeInfoToString() + "; accepted: a matrix of real numbers");
    }
    UnitRange.require(values, "values");
  }
}
