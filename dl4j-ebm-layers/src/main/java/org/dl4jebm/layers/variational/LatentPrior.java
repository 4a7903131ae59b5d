/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.io.Serializable;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A fixed prior {@code p(z)} of latent variables: a family and its parameters, the same at every
 * position of a time series or image. For a prior that depends on other variables use {@link
 * LatentLogProbabilityVertex}.
 *
 * @param distribution the family
 * @param parameters {@code P} of them, in the family's order, finite; or null for its standard
 *     member, such as N(0, I). Not modified; must not be modified later.
 */
public record LatentPrior(LatentDistribution distribution, double[] parameters)
    implements Serializable {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if the family is null or a parameter is not finite
   */
  public LatentPrior {
    if (distribution == null) {
      throw new IllegalArgumentException("prior distribution is null; accepted: a family");
    }
    if (parameters != null) {
      for (int i = 0; i < parameters.length; i++) {
        if (!Double.isFinite(parameters[i])) {
          throw new IllegalArgumentException(
              "prior parameter " + i + " is " + parameters[i] + "; accepted: a finite number");
        }
      }
    }
  }

  /**
   * The standard member of a family.
   *
   * @param distribution the family
   * @return for example N(0, I)
   */
  public static LatentPrior standard(LatentDistribution distribution) {
    return new LatentPrior(distribution, null);
  }

  /**
   * Independent normal variables.
   *
   * @param mean a mean for each latent variable
   * @param variance a variance for each, above 0
   * @return the prior
   * @throws IllegalArgumentException if a variance is not positive and finite, or the lengths
   *     differ
   */
  public static LatentPrior gaussian(double[] mean, double[] variance) {
    if (mean.length != variance.length) {
      throw new IllegalArgumentException(
          "prior has "
              + mean.length
              + " means and "
              + variance.length
              + " variances; accepted: as"
              + " many of each");
    }
    double[] parameters = Arrays.copyOf(mean, 2 * mean.length);
    for (int i = 0; i < variance.length; i++) {
      if (!(variance[i] > 0 && variance[i] < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "prior variance " + i + " is " + variance[i] + "; accepted: a finite number above 0");
      }
      parameters[mean.length + i] = Math.log(variance[i]);
    }
    return new LatentPrior(new DiagonalGaussian(), parameters);
  }

  /**
   * Binary or categorical variables of given probabilities.
   *
   * @param distribution a {@link BinaryConcrete}, or a {@link GumbelSoftmax} whose groups the
   *     probabilities follow
   * @param probabilities of the value 1 of each latent variable, above 0, and below 1 for binary
   *     ones; those of a group need not sum to 1, only their ratios count
   * @return the prior
   * @throws IllegalArgumentException if a probability is out of range or the family is another one
   */
  public static LatentPrior probabilities(
      LatentDistribution distribution, double... probabilities) {
    boolean binary = distribution instanceof BinaryConcrete;
    if (!binary && !(distribution instanceof GumbelSoftmax)) {
      throw new IllegalArgumentException(
          "prior distribution is " + distribution + "; accepted: BinaryConcrete, GumbelSoftmax");
    }
    double[] logits = new double[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      double p = probabilities[i];
      if (!(p > 0 && p < (binary ? 1 : Double.POSITIVE_INFINITY))) {
        throw new IllegalArgumentException(
            "prior probability " + i + " is " + p + "; accepted: above 0, and below 1 if binary");
      }
      logits[i] = Math.log(p) - (binary ? Math.log1p(-p) : 0);
    }
    return new LatentPrior(distribution, logits);
  }

  /**
   * Checks that there are parameters for so many latent variables.
   *
   * @param latents number of latent variables
   * @throws IllegalArgumentException if not
   */
  void checkLatents(long latents) {
    long expected = distribution.parameters(latents);
    if (parameters != null && parameters.length != expected) {
      throw new IllegalArgumentException(
          "prior has "
              + parameters.length
              + " parameters; accepted: "
              + expected
              + " ("
              + distribution.describeParameters()
              + ") for "
              + latents
              + " latent variables");
    }
  }

  /** The parameters as a row, or null for all zeros. */
  INDArray row(DataType type) {
    return parameters == null
        ? null
        : Nd4j.createFromArray(new double[][] {parameters}).castTo(type);
  }

  /** The parameters as a row of {@code P} numbers. */
  INDArray rowOrZeros(DataType type, long latents) {
    INDArray row = row(type);
    return row == null ? Nd4j.zeros(type, 1, distribution.parameters(latents)) : row;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LatentPrior prior
        && distribution.equals(prior.distribution)
        && Arrays.equals(parameters, prior.parameters);
  }

  @Override
  public int hashCode() {
    return 31 * distribution.hashCode() + Arrays.hashCode(parameters);
  }

  @Override
  public String toString() {
    return "prior "
        + distribution
        + (parameters == null ? " (standard)" : " " + Arrays.toString(parameters));
  }
}
