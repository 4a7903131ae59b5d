/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.dl4jebm.layers.pretrain.WeightedPretraining;
import org.dl4jebm.training.pretrain.Batches.Batch;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Weights of examples, from the labels mask of a batch. */
final class ExampleWeights {

  private ExampleWeights() {}

  /** Refuses layers that cannot be trained with weights. */
  static void check(List<Stage> stages) {
    for (Stage stage : stages) {
      if (!(stage.layer() instanceof WeightedPretraining)) {
        throw new IllegalArgumentException(
            "weights of examples are asked for, but layer \""
                + stage.name()
                + "\" is a "
                + stage.layer().getClass().getSimpleName()
                + "; accepted: layers that are "
                + WeightedPretraining.class.getSimpleName());
      }
    }
  }

  /**
   * The weights of a batch.
   *
   * @return {@code [n]} or {@code [n, 1]}
   * @throws DL4JInvalidInputException if they are missing or cannot be used
   */
  static INDArray of(Batch batch) {
    long rows = batch.features()[0].size(0);
    List<INDArray> masks =
        batch.labelsMasks() == null
            ? List.of()
            : Stream.of(batch.labelsMasks()).filter(Objects::nonNull).toList();
    if (masks.size() != 1) {
      throw refused("are asked for, but it has " + masks.size() + " labels masks", rows);
    }
    INDArray weights = masks.get(0);
    if (weights.length() != rows || weights.size(0) != rows || weights.rank() > 2) {
      throw refused("have shape " + Arrays.toString(weights.shape()), rows);
    }
    double sum = 0;
    for (double weight : weights.castTo(DataType.DOUBLE).dup('c').data().asDouble()) {
      if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
        throw refused("hold " + weight, rows);
      }
      sum += weight;
    }
    if (sum == 0) {
      throw refused("are all 0", rows);
    }
    return weights;
  }

  private static DL4JInvalidInputException refused(String problem, long rows) {
    return new DL4JInvalidInputException(
        "weights of examples of a batch "
            + problem
            + "; accepted: one labels mask of shape ["
            + rows
            + "] or ["
            + rows
            + ", 1] with finite numbers that are not negative, one of them greater than 0");
  }
}
