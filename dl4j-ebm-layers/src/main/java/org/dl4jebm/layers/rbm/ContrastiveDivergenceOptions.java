/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.Schedules;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Options of {@link ContrastiveDivergence}. Start from {@link #DEFAULT} and change what differs:
 *
 * <pre>{@code
 * ContrastiveDivergenceOptions.DEFAULT.withK(5).withPersistentChains(100)
 * }</pre>
 *
 * @param k Gibbs sweeps of the negative phase, at least 1; idle where there is a {@code kSchedule}
 * @param kSchedule the number of sweeps by iteration or epoch, rounded to a whole number and at
 *     least 1; null for {@code k} throughout
 * @param persistentChains number of chains that outlive a step, or 0 for chains that start at the
 *     data each time; need not be the batch size
 * @param sparsityTarget wanted mean activation of the hidden units, in (0, 1); used only with a
 *     cost
 * @param sparsityCost weight of the sparsity penalty, at least 0; 0 switches it off
 * @param centering how the gradient is centred, or null for the ordinary one
 * @param fastWeights what drives persistent chains on, or null
 * @param tempering replicas of the persistent chains at higher temperatures, or null for none
 */
public record ContrastiveDivergenceOptions(
    int k,
    ISchedule kSchedule,
    int persistentChains,
    double sparsityTarget,
    double sparsityCost,
    Centering centering,
    FastWeights fastWeights,
    Tempering tempering)
    implements RbmObjective {

  /** CD-1 without persistent chains and without a sparsity penalty (whose target is then idle). */
  public static final ContrastiveDivergenceOptions DEFAULT =
      new ContrastiveDivergenceOptions(1, null, 0, 0.1, 0, null, null, null);

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public ContrastiveDivergenceOptions {
    require(k >= 1, "k", k, "1 or more Gibbs sweeps");
    Schedules.requireReadable(kSchedule, "kSchedule");
    require(persistentChains >= 0, "persistentChains", persistentChains, "0 (none) or more");
    require(
        sparsityTarget > 0 && sparsityTarget < 1,
        "sparsityTarget",
        sparsityTarget,
        "greater than 0, less than 1");
    require(
        sparsityCost >= 0 && sparsityCost < Double.POSITIVE_INFINITY,
        "sparsityCost",
        sparsityCost,
        "finite, 0 (off) or greater");
    require(
        fastWeights == null || persistentChains > 0,
        "persistentChains",
        persistentChains,
        "1 or more, where there are fast weights");
    require(
        tempering == null || persistentChains > 0,
        "persistentChains",
        persistentChains,
        "1 or more, where there is tempering");
    if (tempering != null && fastWeights != null) {
      throw new IllegalArgumentException(
          "there are " + fastWeights + " and " + tempering + "; accepted: one of the two");
    }
  }

  /**
   * Sets the number of Gibbs sweeps, the same in every step.
   *
   * @param k at least 1
   * @return changed options, without a schedule
   */
  public ContrastiveDivergenceOptions withK(int k) {
    return new ContrastiveDivergenceOptions(
        k, null, persistentChains, sparsityTarget, sparsityCost, centering, fastWeights, tempering);
  }

  /**
   * Sets the number of Gibbs sweeps by iteration or epoch. Few sweeps at first, when the machine
   * mixes fast, and more later save time (Carreira-Perpinan and Hinton, AISTATS 2005).
   *
   * @param kSchedule its values are rounded, and 1 where they are less; null for {@code k}
   *     throughout
   * @return changed options
   * @throws IllegalArgumentException if a saved model with this schedule could not be read back
   */
  public ContrastiveDivergenceOptions withKSchedule(ISchedule kSchedule) {
    return new ContrastiveDivergenceOptions(
        k,
        kSchedule,
        persistentChains,
        sparsityTarget,
        sparsityCost,
        centering,
        fastWeights,
        tempering);
  }

  /**
   * Sets the number of chains that outlive a step.
   *
   * @param persistentChains at least 0; 0 for chains that start at the data
   * @return changed options
   */
  public ContrastiveDivergenceOptions withPersistentChains(int persistentChains) {
    return new ContrastiveDivergenceOptions(
        k,
        kSchedule,
        persistentChains,
        sparsityTarget,
        sparsityCost,
        centering,
        fastWeights,
        tempering);
  }

  /**
   * Sets the sparsity penalty.
   *
   * @param target wanted mean activation of the hidden units, in (0, 1)
   * @param cost weight of the penalty, at least 0; 0 switches it off
   * @return changed options
   */
  public ContrastiveDivergenceOptions withSparsity(double target, double cost) {
    return new ContrastiveDivergenceOptions(
        k, kSchedule, persistentChains, target, cost, centering, fastWeights, tempering);
  }

  /**
   * Sets the centering of the gradient.
   *
   * @param centering for example {@link Centering#DEFAULT}, or null for the ordinary gradient
   * @return changed options
   */
  public ContrastiveDivergenceOptions withCentering(Centering centering) {
    return new ContrastiveDivergenceOptions(
        k,
        kSchedule,
        persistentChains,
        sparsityTarget,
        sparsityCost,
        centering,
        fastWeights,
        tempering);
  }

  /**
   * Sets fast weights; persistent chains have to be set first.
   *
   * @param fastWeights for example {@link FastWeights#ofRate}, or null for none
   * @return changed options
   * @throws IllegalArgumentException if there are no persistent chains
   */
  public ContrastiveDivergenceOptions withFastWeights(FastWeights fastWeights) {
    return new ContrastiveDivergenceOptions(
        k,
        kSchedule,
        persistentChains,
        sparsityTarget,
        sparsityCost,
        centering,
        fastWeights,
        tempering);
  }

  /**
   * Sets parallel tempering; persistent chains have to be set first.
   *
   * @param tempering for example {@link Tempering#DEFAULT}, or null for none
   * @return changed options
   * @throws IllegalArgumentException if there are no persistent chains, or fast weights
   */
  public ContrastiveDivergenceOptions withTempering(Tempering tempering) {
    return new ContrastiveDivergenceOptions(
        k,
        kSchedule,
        persistentChains,
        sparsityTarget,
        sparsityCost,
        centering,
        fastWeights,
        tempering);
  }

  /** {@inheritDoc} A sparsity penalty asks for Bernoulli hidden units. */
  @Override
  public void check(UnitType visible, UnitType hidden, long visibleSize, long hiddenSize) {
    if (sparsityCost > 0 && !(hidden instanceof BernoulliUnits)) {
      throw new IllegalArgumentException(
          "sparsityCost is "
              + sparsityCost
              + " and the hidden layer has "
              + hidden.describe()
              + "; accepted: 0, or BernoulliUnits, whose mean activations lie in (0, 1)");
    }
  }

  @Override
  public RbmEstimator estimator(RandomStream random) {
    return new ContrastiveDivergence(this, random);
  }

  /** The path of the tempering, or null without. */
  Tempering.Path temperedPath() {
    return tempering == null ? null : tempering.path();
  }

  /** Numbers that are kept for chains, for memory reports. */
  long chainMemory(long visibleSize, long hiddenSize) {
    long chains = (visibleSize + 2 * hiddenSize) * persistentChains;
    long replicas =
        tempering == null
            ? 0
            : (visibleSize + 3 * hiddenSize) * persistentChains * tempering.temperatures();
    long fast = fastWeights == null ? 0 : 2 * (visibleSize + 1) * (hiddenSize + 1);
    return chains + replicas + fast;
  }

  /**
   * The number of Gibbs sweeps of a step.
   *
   * @param iteration the layer's iteration counter
   * @param epoch the layer's epoch counter
   * @return {@code k}, or what the schedule says, at least 1
   * @throws IllegalArgumentException if the schedule gives NaN, or a number without bounds
   */
  public int sweeps(int iteration, int epoch) {
    if (kSchedule == null) {
      return k;
    }
    double value = kSchedule.valueAt(iteration, epoch);
    require(
        Math.abs(value) <= Integer.MAX_VALUE,
        "value of kSchedule at iteration " + iteration + ", epoch " + epoch,
        value,
        "a number of Gibbs sweeps");
    return Math.max(1, (int) Math.round(value));
  }

  private static void require(boolean holds, String option, Number value, String accepted) {
    if (!holds) {
      throw new IllegalArgumentException(option + " is " + value + "; accepted: " + accepted);
    }
  }
}
