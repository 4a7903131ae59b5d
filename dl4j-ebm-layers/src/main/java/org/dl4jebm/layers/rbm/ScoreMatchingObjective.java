/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Score matching (Hyvarinen, JMLR 2005) of machines with Gaussian visible and Bernoulli hidden
 * units (Swersky, Ranzato, Buchman, Marlin and de Freitas, ICML 2011): the fit of the score {@code
 * psi = -grad F(v)} of the free energy, in closed form. With variances {@code s_i^2} and {@code h =
 * sigmoid(c + sum_i v_i / s_i^2 W_i)}
 *
 * <pre>{@code
 * psi_i = (b_i - v_i + sum_j W_ij h_j) / s_i^2
 * loss  = sum_i (psi_i^2 / 2 - 1 / s_i^2 + 1 / s_i^4 sum_j W_ij^2 h_j (1 - h_j))
 * }</pre>
 *
 * <p>Neither a partition function nor a Markov chain is needed; loss and gradient are exact and
 * take five products with the weights, as many as CD-1. The estimate is consistent. Choose it for
 * real-valued data with a smooth density, whitened or at least standardised. Do not for data with
 * exact repetitions or on a manifold (images with constant pixels), where learned variances can
 * shrink without end. Steps of learned variances grow with the square of the precision, so that
 * values of small variance need small learning rates, or to be scaled up. The loss is not in nats
 * and may be negative; it does not compare machines of different variances.
 */
public record ScoreMatchingObjective() implements RbmObjective {

  @Override
  public void check(UnitType visible, UnitType hidden, long visibleSize, long hiddenSize) {
    if (!(visible instanceof GaussianUnits)) {
      throw new IllegalArgumentException(
          "visible units are "
              + visible.describe()
              + "; accepted by score matching: GaussianUnits, for the density needs derivatives by"
              + " the data");
    }
    if (!(hidden instanceof BernoulliUnits)) {
      throw new IllegalArgumentException(
          "hidden units are " + hidden.describe() + "; accepted by score matching: BernoulliUnits");
    }
  }

  /**
   * Computes the loss itself.
   *
   * @param model the machine. Not modified.
   * @param data {@code [n, nIn]} with {@code n} at least 1. Not modified.
   * @return the loss of each row, {@code [n]} in the model's type, new
   * @throws IllegalArgumentException if the machine or the data are not of the kinds accepted
   */
  public INDArray losses(RbmModel model, INDArray data) {
    check(model.visibleUnits(), model.hiddenUnits(), model.visibleSize(), model.hiddenSize());
    model.requireVisibleStates(data, "data");
    return new ScoreMatchingGradient.Step(model, data).losses();
  }

  @Override
  public RbmEstimator estimator(RandomStream random) {
    return new ScoreMatchingGradient();
  }
}
