/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The class probabilities of a machine whose last visible units are a one-hot label {@code y}
 * beside the data {@code x}, exact (Larochelle and Bengio, ICML 2008):
 *
 * <pre>{@code   p(y | x) = exp(-F(x, y)) / sum_y' exp(-F(x, y'))}</pre>
 *
 * <p>The label units should be {@link SoftmaxUnits}; with {@link BernoulliUnits} it is the
 * probability given that exactly one of them is on. The time is that of one product with {@code x}
 * and of as many free energies as there are labels. See {@link HybridObjective} for the training.
 *
 * <p>The machine is kept and seen with later changes of its parameters.
 */
public final class LabelPosterior {

  private final RbmModel model;
  private final int labels;

  /**
   * Prepares to classify.
   *
   * @param model the machine, kept. Not modified.
   * @param labels number of label units, which are the last ones; 2 or more
   * @throws IllegalArgumentException if there are fewer than two labels, no units besides them, or
   *     the units are not of a type for labels
   */
  public LabelPosterior(RbmModel model, int labels) {
    check(model.visibleUnits(), model.visibleSize(), labels);
    this.model = model;
    this.labels = labels;
  }

  /**
   * Checks that the last units can be labels: at least two, not all, and one group whose states are
   * the labels or groups of one unit with states 0 and 1.
   */
  static void check(UnitType visible, long visibleSize, int labels) {
    if (labels < 2 || labels >= visibleSize) {
      throw new IllegalArgumentException(
          "labels is "
              + labels
              + " of "
              + visibleSize
              + " visible units; accepted: 2 or more, and fewer than the visible units");
    }
    long start = visibleSize - labels;
    for (UnitGroup group : visible.groups(visibleSize)) {
      if (group.to() > start && !isLabels(group, start, labels)) {
        throw new IllegalArgumentException(
            "the last "
                + labels
                + " visible units are the label, and the visible units are "
                + visible.describe()
                + "; accepted for labels: softmax units in one group of "
                + labels
                + ", or Bernoulli units");
      }
    }
  }

  private static boolean isLabels(UnitGroup group, long start, int labels) {
    if (group.from() < start) {
      return false;
    }
    double[][] states = group.states();
    if (group.size() == 1) {
      return states.length == 2 && Arrays.deepEquals(sorted(states), new double[][] {{0}, {1}});
    }
    return group.size() == labels && Arrays.deepEquals(sorted(states), unitVectors(labels));
  }

  private static double[][] sorted(double[][] states) {
    double[][] sorted = states.clone();
    Arrays.sort(sorted, Arrays::compare);
    return sorted;
  }

  /** The states of a one-hot label in the order of {@link #sorted}. */
  private static double[][] unitVectors(int labels) {
    double[][] vectors = new double[labels][labels];
    for (int i = 0; i < labels; i++) {
      vectors[i][labels - 1 - i] = 1;
    }
    return vectors;
  }

  /**
   * Computes the logarithms of the class probabilities.
   *
   * @param x data without labels, {@code [n, nIn - labels]} with {@code n} at least 1. Not
   *     modified.
   * @return {@code log p(y | x)}, {@code [n, labels]} of the machine's data type, new
   * @throws IllegalArgumentException if the width is wrong or there is no row
   */
  public INDArray logProbabilities(INDArray x) {
    long width = model.visibleSize() - labels;
    if (x.rank() != 2 || x.size(1) != width || x.size(0) == 0) {
      throw new IllegalArgumentException(
          "data have shape "
              + Arrays.toString(x.shape())
              + "; accepted: [n, "
              + width
              + "] with n at least 1, the visible units without the "
              + labels
              + " labels");
    }
    INDArray visible =
        Nd4j.create(model.weights().dataType(), new long[] {x.size(0), model.visibleSize()}, 'c');
    visible.get(NDArrayIndex.all(), NDArrayIndex.interval(0, width)).assign(x);
    return new LabelFields(model, visible, labels).logProbabilities();
  }

  /**
   * The number of classes.
   *
   * @return number of label units
   */
  public int labels() {
    return labels;
  }
}
