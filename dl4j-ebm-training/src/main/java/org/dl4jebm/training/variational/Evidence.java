/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.variational;

/**
 * What {@link EvidenceEstimator} found: bounds of {@code log p(x)} of each example, in nats, from
 * {@code k} samples {@code z_s} of {@code q(z | x)}. With {@code l_s = log p(x | z_s)} and {@code
 * r_s = log p(z_s) - log q(z_s | x)}:
 *
 * <table>
 * <caption>Quantities and the way they err</caption>
 * <tr><th>quantity</th><th>formula</th><th>bias</th></tr>
 * <tr><td>{@link #reconstruction}</td><td>{@code mean_s l_s}</td><td>none</td></tr>
 * <tr><td>{@link #divergence}</td><td>{@code KL(q(z | x) || p(z))}</td><td>none; exact</td></tr>
 * <tr><td>{@link #sampledDivergence}</td><td>{@code -mean_s r_s}</td><td>none</td></tr>
 * <tr><td>{@link #lowerBound}</td><td>{@code mean_s l_s - KL}</td><td>none as an estimate of the
 * evidence lower bound, which is below {@code log p(x)} by {@code KL(q(z | x) || p(z | x))}</td></tr>
 * <tr><td>{@link #sampledLowerBound}</td><td>{@code mean_s (l_s + r_s)}</td><td>the same</td></tr>
 * <tr><td>{@link #importanceWeightedBound}</td><td>{@code log mean_s exp(l_s + r_s)}</td>
 * <td>below {@code log p(x)} in expectation, by less the more samples (Burda, Grosse and
 * Salakhutdinov, ICLR 2016); above {@code log p(x) + t} with a probability of at most {@code
 * exp(-t)}</td></tr>
 * </table>
 *
 * <p>All are of exact samples: discrete latent variables are one-hot or 0 and 1 here, whatever
 * temperature they were trained with.
 *
 * @param samples number {@code k} of samples
 * @param reconstruction mean log-likelihood given the latent variables, nats an example
 * @param divergence divergence of posterior and prior in closed form, nats an example; null where
 *     there is none. Beneath a layer that was itself sampled, its mean over these samples.
 * @param sampledDivergence divergence from the samples, nats an example
 * @param importanceWeightedBound the bound {@code L_k}; with thousands of samples the usual
 *     estimate of {@code log p(x)}, nats an example
 * @param effectiveSampleSize {@code (sum w)^2 / sum w^2} of the importance weights {@code w_s =
 *     exp(l_s + r_s)}, from 1 to {@code k}: where it is a few, {@code L_k} is far from tight
 */
public record Evidence(
    int samples,
    ExampleValues reconstruction,
    ExampleValues divergence,
    ExampleValues sampledDivergence,
    ExampleValues importanceWeightedBound,
    ExampleValues effectiveSampleSize) {

  /**
   * The evidence lower bound with the divergence in closed form, of less variance than {@link
   * #sampledLowerBound}.
   *
   * @return nats an example
   * @throws IllegalStateException if the divergence has no closed form
   */
  public ExampleValues lowerBound() {
    if (divergence == null) {
      throw new IllegalStateException(
          "the divergence of posterior and prior has no closed form; accepted: sampledLowerBound()");
    }
    return reconstruction.with(divergence, (l, kl) -> l - kl);
  }

  /**
   * The evidence lower bound from samples alone.
   *
   * @return nats an example
   */
  public ExampleValues sampledLowerBound() {
    return reconstruction.with(sampledDivergence, (l, kl) -> l - kl);
  }

  /**
   * The estimate of {@code -log p(x)} that papers report, with {@code k} = 5,000 as a rule. It errs
   * high.
   *
   * @return {@code -importanceWeightedBound()}, nats an example
   */
  public ExampleValues negativeLogLikelihood() {
    return importanceWeightedBound.negated();
  }

  /**
   * Lines for a report.
   *
   * @return means with standard errors
   */
  @Override
  public String toString() {
    return "evidence lower bound "
        + (divergence == null ? sampledLowerBound() : lowerBound())
        + " (reconstruction "
        + reconstruction
        + ", divergence "
        + (divergence == null ? sampledDivergence : divergence)
        + "), L_"
        + samples
        + " "
        + importanceWeightedBound
        + " nats an example";
  }
}
