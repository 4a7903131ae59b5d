/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.io.Serializable;
import org.dl4jebm.layers.Schedules;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * How the divergence of the posterior from the prior enters the loss:
 *
 * <pre>{@code
 * beta(t) | sum_j max(freeBits, mean_i KL_ij) - capacity(t) |,   beta(t) = beta warmUp(t)
 * }</pre>
 *
 * with {@code KL_ij} the divergence of factor {@code j} (a latent variable, or a group) of example
 * {@code i} in nats, summed over the positions of a time series or image. Without a capacity the
 * bars are no more than brackets, and without free bits the mean stands for itself, also where it
 * is an estimate below 0. {@link #DEFAULT}, {@code beta = 1} and nothing else, is the evidence
 * lower bound; every other choice trades the bound for something else. Start from it:
 *
 * <pre>{@code
 * KullbackLeiblerTerm.DEFAULT.withBeta(4)
 * }</pre>
 *
 * @param beta weight, 0 or more: above 1 for latent variables that are less dependent (Higgins et
 *     al., ICLR 2017); 0 where the divergence enters otherwise, as in importance-weighted training
 * @param warmUp a factor by iteration or epoch, such as a ramp from 0 to 1 against latent variables
 *     that go unused (Bowman et al., CoNLL 2016), or null for 1
 * @param freeBits nats that each factor may use for nothing, 0 or more (Kingma et al., NIPS 2016,
 *     with the mean over the minibatch inside)
 * @param capacity wanted divergence in nats an example by iteration or epoch (Burgess et al.,
 *     2018), or null
 * @param estimator how the divergence is computed
 */
public record KullbackLeiblerTerm(
    double beta, ISchedule warmUp, double freeBits, ISchedule capacity, Estimator estimator)
    implements Serializable {

  /** The evidence lower bound: weight 1, closed form where there is one. */
  public static final KullbackLeiblerTerm DEFAULT =
      new KullbackLeiblerTerm(1, null, 0, null, Estimator.AUTOMATIC);

  /** No divergence in the loss. */
  public static final KullbackLeiblerTerm NONE = DEFAULT.withBeta(0);

  /** How a divergence is computed. */
  public enum Estimator {
    /** In closed form where prior and posterior have one, otherwise from the samples. */
    AUTOMATIC,

    /**
     * {@code log q(z | x) - log p(z)} at the samples drawn: unbiased in value and gradient (but for
     * free bits and capacity, which are no linear functions of it), for any pair of continuous
     * families. At inference, where the mean is passed on, a sample is drawn for this alone.
     */
    MONTE_CARLO
  }

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public KullbackLeiblerTerm {
    require(beta >= 0 && beta < Double.POSITIVE_INFINITY, "beta", beta, "finite, 0 or more");
    require(
        freeBits >= 0 && freeBits < Double.POSITIVE_INFINITY,
        "freeBits",
        freeBits,
        "finite, 0 or more nats");
    require(estimator != null, "estimator", estimator, "an Estimator");
    Schedules.requireReadable(warmUp, "warmUp");
    Schedules.requireReadable(capacity, "capacity");
  }

  private static void require(boolean met, String name, Object value, String accepted) {
    if (!met) {
      throw new IllegalArgumentException(name + " is " + value + "; accepted: " + accepted);
    }
  }

  /**
   * Sets the weight.
   *
   * @param beta 0 or more
   * @return changed options
   */
  public KullbackLeiblerTerm withBeta(double beta) {
    return new KullbackLeiblerTerm(beta, warmUp, freeBits, capacity, estimator);
  }

  /**
   * Sets a factor of the weight that changes in the course of training.
   *
   * @param warmUp values of 0 or more; see {@link LinearWarmUp}; null for 1
   * @return changed options
   */
  public KullbackLeiblerTerm withWarmUp(ISchedule warmUp) {
    return new KullbackLeiblerTerm(beta, warmUp, freeBits, capacity, estimator);
  }

  /**
   * Sets what each factor may use for nothing.
   *
   * @param freeBits nats, 0 or more
   * @return changed options
   */
  public KullbackLeiblerTerm withFreeBits(double freeBits) {
    return new KullbackLeiblerTerm(beta, warmUp, freeBits, capacity, estimator);
  }

  /**
   * Sets a constant wanted divergence.
   *
   * @param capacity nats an example, finite, 0 or more
   * @return changed options
   * @throws IllegalArgumentException if it is not
   */
  public KullbackLeiblerTerm withCapacity(double capacity) {
    require(
        capacity >= 0 && capacity < Double.POSITIVE_INFINITY,
        "capacity",
        capacity,
        "finite, 0 or more nats");
    return withCapacity(new FixedSchedule(capacity));
  }

  /**
   * Sets a wanted divergence that changes in the course of training.
   *
   * @param capacity nats an example by iteration or epoch, or null for none
   * @return changed options
   */
  public KullbackLeiblerTerm withCapacity(ISchedule capacity) {
    return new KullbackLeiblerTerm(beta, warmUp, freeBits, capacity, estimator);
  }

  /**
   * Sets how the divergence is computed.
   *
   * @param estimator the choice
   * @return changed options
   */
  public KullbackLeiblerTerm withEstimator(Estimator estimator) {
    return new KullbackLeiblerTerm(beta, warmUp, freeBits, capacity, estimator);
  }

  /**
   * The term and its derivatives at a step.
   *
   * @param means {@code mean_i KL_ij} for each factor, in nats. Not modified.
   * @param iteration number of the iteration
   * @param epoch number of the epoch
   * @return value and derivatives
   * @throws IllegalArgumentException if a schedule gives a number that cannot be used
   */
  Value at(double[] means, int iteration, int epoch) {
    double weight = beta;
    if (warmUp != null) {
      double factor = warmUp.valueAt(iteration, epoch);
      require(factor >= 0 && Double.isFinite(factor), "warmUp", factor, "finite, 0 or more");
      weight *= factor;
    }
    double sum = 0;
    double[] slopes = new double[means.length];
    for (int j = 0; j < means.length; j++) {
      // An estimate may lie below 0, and must not be cut off there.
      boolean above = freeBits == 0 || !(means[j] < freeBits);
      sum += above ? means[j] : freeBits;
      slopes[j] = above ? weight : 0;
    }
    if (capacity != null) {
      double wanted = capacity.valueAt(iteration, epoch);
      require(wanted >= 0 && Double.isFinite(wanted), "capacity", wanted, "finite, 0 or more");
      sum -= wanted;
      if (sum < 0) {
        sum = -sum;
        for (int j = 0; j < slopes.length; j++) {
          slopes[j] = -slopes[j];
        }
      }
    }
    return new Value(weight * sum, slopes);
  }

  /**
   * The term at a step.
   *
   * @param value nats an example
   * @param slopes derivative in the mean divergence of each factor
   */
  record Value(double value, double[] slopes) {

    /** Whether all factors have the same derivative. */
    boolean isUniform() {
      for (double slope : slopes) {
        if (slope != slopes[0]) {
          return false;
        }
      }
      return true;
    }
  }
}
