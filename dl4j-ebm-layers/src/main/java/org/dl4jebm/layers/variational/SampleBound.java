/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Arrays;

/**
 * What {@link LikelihoodOutput} minimises when the decoder gets {@code T} samples {@code z_s} of
 * the latent variables of each example. Below, {@code l_s = log p(x | z_s)} and {@code r_s = log
 * p(z_s) - log q(z_s | x)}, which a {@code MergeVertex} in a {@code ComputationGraph} appends to
 * the decoder's output as one more column.
 *
 * <table>
 * <caption>Score of an example, in nats</caption>
 * <tr><th>bound</th><th>last column</th><th>score</th></tr>
 * <tr><td>{@link #MEAN}</td><td>none</td><td>{@code -mean_s l_s}</td></tr>
 * <tr><td>{@link #SAMPLED}</td><td>{@code r_s}</td><td>{@code -mean_s (l_s + r_s)}</td></tr>
 * <tr><td>{@link #IMPORTANCE_WEIGHTED}</td><td>{@code r_s}</td>
 * <td>{@code -log mean_s exp(l_s + r_s)}</td></tr>
 * <tr><td>{@link #SCORE_FUNCTION}</td><td>{@code log q(z_s | x)}</td>
 * <td>{@code -mean_s l_s}</td></tr>
 * </table>
 */
public enum SampleBound {

  /**
   * The reconstruction term of the evidence lower bound; the Kullback-Leibler term is the latent
   * layer's. The default, unbiased, and of less variance than {@link #SAMPLED} wherever that term
   * has a closed form.
   */
  MEAN,

  /**
   * The negative evidence lower bound by sampling, for priors and posteriors without a closed
   * Kullback-Leibler term; unbiased.
   */
  SAMPLED,

  /**
   * The importance-weighted bound of Burda, Grosse and Salakhutdinov (ICLR 2016): an upper bound of
   * {@code -log p(x)} in expectation, tighter with each sample, and {@link #SAMPLED} for {@code T =
   * 1}. Its gradient weighs sample {@code s} by {@code exp(l_s + r_s)}, normalised. With many
   * samples the encoder's gradient gets noisy (Rainforth et al., ICML 2018).
   */
  IMPORTANCE_WEIGHTED,

  /**
   * For latent variables without a reparameterization (REINFORCE; Williams, Machine Learning 1992):
   * samples are constants, and the derivative by the last column is {@code (f_s - b_s) / T} with
   * {@code f_s = -l_s} and the baseline {@code b_s} of {@link ScoreFunctionBaseline}. Its mean over
   * samples is the derivative of the mean score, though it is not the derivative of the score of
   * given samples, so that gradient checks by differences do not apply. The latent variables must
   * be those of {@link DiscreteGradient#SCORE_FUNCTION}: with others a gradient through the decoder
   * would be added. The Kullback-Leibler term must have a closed form, as with {@link #MEAN}.
   */
  SCORE_FUNCTION;

  /** Whether the input has one more column than the likelihood needs. */
  boolean hasColumn() {
    return this != MEAN;
  }

  /**
   * The score of each example.
   *
   * @param logProbability {@code l_s}, samples of an example together
   * @param column the last column, or null
   * @param samples how many an example has
   */
  double[] scores(double[] logProbability, double[] column, int samples) {
    double[] scores = new double[logProbability.length / samples];
    for (int i = 0; i < scores.length; i++) {
      int first = i * samples;
      if (this == IMPORTANCE_WEIGHTED) {
        double greatest = greatest(logProbability, column, first, samples);
        double sum = 0;
        for (int row = first; row < first + samples; row++) {
          sum += Math.exp(logProbability[row] + column[row] - greatest);
        }
        scores[i] = -(greatest + Math.log(sum / samples));
      } else {
        double sum = 0;
        for (int row = first; row < first + samples; row++) {
          sum -= logProbability[row] + (this == SAMPLED ? column[row] : 0);
        }
        scores[i] = sum / samples;
      }
    }
    return scores;
  }

  /**
   * {@code -d score / d l_s} of each row, which sum to 1 for each example.
   *
   * @param logProbability {@code l_s}; needed for {@link #IMPORTANCE_WEIGHTED} only
   */
  double[] weights(double[] logProbability, double[] column, int rows, int samples) {
    double[] weights = new double[rows];
    if (this != IMPORTANCE_WEIGHTED) {
      Arrays.fill(weights, 1.0 / samples);
      return weights;
    }
    for (int first = 0; first < rows; first += samples) {
      double greatest = greatest(logProbability, column, first, samples);
      double sum = 0;
      for (int row = first; row < first + samples; row++) {
        weights[row] = Math.exp(logProbability[row] + column[row] - greatest);
        sum += weights[row];
      }
      for (int row = first; row < first + samples; row++) {
        weights[row] /= sum;
      }
    }
    return weights;
  }

  /** The derivative by the last column; for {@link #SCORE_FUNCTION} the estimator above. */
  double[] columnGradient(
      double[] logProbability, double[] weights, int samples, ScoreFunctionBaseline baseline) {
    double[] gradient = new double[weights.length];
    for (int row = 0; row < gradient.length; row++) {
      gradient[row] = -weights[row];
    }
    if (this == SCORE_FUNCTION) {
      for (int first = 0; first < gradient.length; first += samples) {
        baseline.write(logProbability, first, samples, gradient);
      }
    }
    return gradient;
  }

  private static double greatest(double[] l, double[] r, int first, int samples) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (int row = first; row < first + samples; row++) {
      greatest = Math.max(greatest, l[row] + r[row]);
    }
    return greatest;
  }
}
