/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
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
   * Checks that the last units can be labels: at least two, not all, with {@code t(y) = y} and an
   * energy term {@code -b.y}.
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
    INDArray states = Nd4j.create(DataType.DOUBLE, labels + 1L, visibleSize);
    INDArray bias = Nd4j.create(DataType.DOUBLE, visibleSize);
    long start = visibleSize - labels;
    for (int label = 0; label < labels; label++) {
      states.putScalar(label + 1L, start + label, 1);
      bias.putScalar(start + label, label + 0.5);
    }
    double[] energies = visible.energyTerm(states, bias).toDoubleVector();
    INDArray statistics = states.dup('c');
    visible.toStatistic(statistics);
    boolean linear = statistics.equals(states);
    for (int label = 0; label < labels; label++) {
      linear &= Math.abs(energies[label + 1] - energies[0] + label + 0.5) < 1e-9;
    }
    if (!linear) {
      throw new IllegalArgumentException(
          "the last "
              + labels
              + " visible units are the label, and the visible units are "
              + visible.describe()
              + "; accepted for labels: softmax or Bernoulli units");
    }
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
