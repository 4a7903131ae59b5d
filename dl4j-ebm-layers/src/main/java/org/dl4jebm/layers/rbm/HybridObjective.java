/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import java.util.Optional;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Trains a machine to classify: the visible layer is the data {@code x} followed by a one-hot label
 * {@code y} (Larochelle and Bengio, ICML 2008; Larochelle, Mandel, Pascanu and Bengio, JMLR 2012).
 *
 * <pre>{@code   loss = -(1 - w) log p(y | x) + w (generative loss of (x, y))}</pre>
 *
 * <p>With {@code w = 0} the machine is a discriminative classifier whose gradient is exact, with
 * {@code w = 1} a generative model of data and labels together; a small {@code w}, such as 0.01,
 * usually classifies best, as the generative part regularises the other (the papers write {@code
 * log p(y | x) + alpha log p(x, y)}, so that {@code alpha = w / (1 - w)}). {@link LabelPosterior}
 * gives the class probabilities of the trained machine.
 *
 * <p>A row whose label columns are all 0 is unlabelled. It takes part in the generative loss only,
 * as {@code -log p(x)}: its label is drawn from {@code p(y | x)} at each step, which keeps the
 * estimate of the gradient unbiased as far as the generative objective's is.
 *
 * <p>The label units must have the energy term {@code -b.y}: {@link SoftmaxUnits} behind units of
 * any kind, or, for a model in which labels can also be all off or several on, {@link
 * BernoulliUnits}. The discriminative part costs the free energies of all labels for each row.
 *
 * @param labels number of label units, the last of the visible units; 2 or more
 * @param generativeWeight {@code w}, from 0 to 1
 * @param generative what stands for {@code -log p(x, y)}, such as contrastive divergence; idle if
 *     {@code generativeWeight} is 0
 */
public record HybridObjective(int labels, double generativeWeight, RbmObjective generative)
    implements RbmObjective {

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public HybridObjective {
    if (labels < 2) {
      throw new IllegalArgumentException("labels is " + labels + "; accepted: 2 or more");
    }
    if (!(generativeWeight >= 0 && generativeWeight <= 1)) {
      throw new IllegalArgumentException(
          "generativeWeight is " + generativeWeight + "; accepted: 0 to 1");
    }
    if (generative == null || generative instanceof HybridObjective) {
      throw new IllegalArgumentException(
          "generative is "
              + generative
              + "; accepted: an objective without labels, such as contrastive divergence");
    }
  }

  /**
   * The purely discriminative objective, {@code -log p(y | x)}.
   *
   * @param labels number of label units
   * @return an objective without a generative part
   */
  public static HybridObjective discriminative(int labels) {
    return new HybridObjective(labels, 0, ContrastiveDivergenceOptions.DEFAULT);
  }

  @Override
  public void check(UnitType visible, UnitType hidden, long visibleSize, long hiddenSize) {
    LabelPosterior.check(visible, visibleSize, labels);
    generative.check(visible, hidden, visibleSize, hiddenSize);
  }

  @Override
  public Optional<String> findBadData(UnitType visible, INDArray data) {
    long start = data.size(1) - labels;
    INDArray checked = data;
    double[][] targets =
        data.get(NDArrayIndex.all(), NDArrayIndex.interval(start, data.size(1)))
            .castTo(DataType.DOUBLE)
            .toDoubleMatrix();
    for (int row = 0; row < targets.length; row++) {
      long ones = Arrays.stream(targets[row]).filter(x -> x == 1).count();
      long zeros = Arrays.stream(targets[row]).filter(x -> x == 0).count();
      if (ones > 1 || ones + zeros < labels) {
        return Optional.of(
            "the label "
                + Arrays.toString(targets[row])
                + " in row "
                + row
                + "; accepted in the last "
                + labels
                + " columns: one 1 and else 0, or all 0 for a row without a label");
      }
      if (ones == 0) {
        // Any label will do to find out about the rest of the row.
        checked = checked == data ? data.dup() : checked;
        checked.putScalar(row, start, 1);
      }
    }
    return generativeWeight == 0
        ? visible.findBadStates(checked)
        : generative.findBadData(visible, checked);
  }

  @Override
  public RbmEstimator estimator(RandomStream random) {
    return new HybridGradient(this, random);
  }
}
