/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import org.dl4jebm.layers.random.RandomStream;

/**
 * Options of {@link ContrastiveDivergence}.
 *
 * @param k Gibbs sweeps of the negative phase, at least 1
 * @param persistentChains number of chains that outlive a step, or 0 for chains that start at the
 *     data each time; need not be the batch size
 * @param sparsityTarget wanted mean activation of the hidden units, in (0, 1); used only with a
 *     cost
 * @param sparsityCost weight of the sparsity penalty, at least 0; 0 switches it off
 */
public record ContrastiveDivergenceOptions(
    int k, int persistentChains, double sparsityTarget, double sparsityCost)
    implements RbmObjective {

  /** CD-1 without persistent chains and without a sparsity penalty (whose target is then idle). */
  public static final ContrastiveDivergenceOptions DEFAULT =
      new ContrastiveDivergenceOptions(1, 0, 0.1, 0);

  /**
   * Checks the options.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  public ContrastiveDivergenceOptions {
    require(k >= 1, "k", k, "1 or more Gibbs sweeps");
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
  }

  @Override
  public void check(UnitType visible, UnitType hidden, long visibleSize, long hiddenSize) {}

  @Override
  public RbmEstimator estimator(RandomStream random) {
    return new ContrastiveDivergence(this, random);
  }

  private static void require(boolean holds, String option, Number value, String accepted) {
    if (!holds) {
      throw new IllegalArgumentException(option + " is " + value + "; accepted: " + accepted);
    }
  }
}
