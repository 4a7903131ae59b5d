/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What {@link RbmMonitor} can compute of a machine, apart from annealed importance sampling, which
 * {@link MonitorOptions#withAis} asks for. Likelihoods and free energies are means over the sample,
 * in nats. A measure that does not apply to a machine leaves its columns empty.
 */
public enum Measure {

  /**
   * Log-likelihood by enumeration, where one side has few enough states ({@link
   * MonitorOptions#maxStates}). Exact. {@code log_likelihood_training} and {@code _validation}.
   */
  EXACT_LIKELIHOOD,

  /**
   * Mean free energies and their difference, which tells of overfitting. {@code
   * free_energy_training} and {@code _validation}, {@code free_energy_gap} (validation less
   * training) and its {@code _standard_error}.
   *
   * @see org.dl4jebm.training.likelihood.FreeEnergyGap
   */
  FREE_ENERGY,

  /**
   * Pseudo-likelihood over all visible units, in the time of as many free energies of the sample as
   * there are visible units. {@code pseudo_likelihood_training} and {@code _validation}.
   *
   * @see org.dl4jebm.training.likelihood.PseudoLikelihood#exact
   */
  PSEUDO_LIKELIHOOD,

  /**
   * An unbiased estimate of the pseudo-likelihood from one unit of each row. {@code
   * stochastic_pseudo_likelihood_training} and {@code _validation}.
   *
   * @see org.dl4jebm.training.likelihood.PseudoLikelihood#stochastic
   */
  STOCHASTIC_PSEUDO_LIKELIHOOD,

  /**
   * Squared error of mean-field reconstructions, a sum over units. {@code
   * reconstruction_error_training} and {@code _validation}.
   *
   * @see org.dl4jebm.training.likelihood.ReconstructionError
   */
  RECONSTRUCTION_ERROR,

  /**
   * How well Gibbs chains mix, from the free energies along chains that are copies of the training
   * chains: {@code autocorrelation_time} in sweeps, {@code effective_sample_size} of all numbers
   * recorded, and {@code r_hat}. With parallel tempering also {@code temperatures}, {@code
   * swap_rate_lowest} and {@code swap_rate_mean} of the training itself.
   *
   * @see org.dl4jebm.training.sampling.ChainDiagnostics
   */
  CHAINS;

  /** All but the {@link #PSEUDO_LIKELIHOOD}, which takes long where there are many units. */
  public static final Set<Measure> CHEAP =
      Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(PSEUDO_LIKELIHOOD)));
}
