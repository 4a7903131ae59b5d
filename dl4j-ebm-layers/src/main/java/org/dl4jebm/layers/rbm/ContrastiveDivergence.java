/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.LinkedHashMap;
import java.util.Map;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Contrastive divergence, CD-k (Hinton, Neural Computation 2002), and persistent contrastive
 * divergence (Tieleman, ICML 2008): estimates of the gradient of the negative log-likelihood,
 *
 * <pre>{@code   -d log p(v) / dW = -t(v)' E[t(h) | v]  +  E_model[t(v)' t(h)]}</pre>
 *
 * with the model's expectation replaced by states after {@code k} Gibbs sweeps. The positive phase
 * uses probabilities, the chain uses samples, the last hidden state uses probabilities (Hinton,
 * UTML TR 2010-003, section 3).
 *
 * <p>CD-k starts its chain at the data; it is biased towards models that keep the data in place,
 * the less so the larger {@code k}, and its expectation is the gradient of no function. Persistent
 * chains go on from step to step; their estimate is unbiased only if they keep up with the changing
 * model, which asks for small learning rates.
 *
 * <p>With a sparsity cost the penalty {@code n cost sum_j KL(target || q_j)} is added to the loss
 * of the batch, where {@code q_j} is the mean activation of hidden unit {@code j} over the batch
 * (Lee, Ekanadham and Ng, NIPS 2007, with the cross-entropy of Hinton's guide, section 11); its
 * gradient is exact.
 *
 * <p>Keeps buffers and persistent chains between calls, outside workspaces. Not safe for use by
 * several threads at once.
 */
public final class ContrastiveDivergence implements RbmEstimator {

  /** Mean activations are kept this far from 0 and 1 in the sparsity penalty. */
  private static final double SPARSITY_MARGIN = 1e-6;

  /** The full batch and the smaller one at the end of an epoch. */
  private static final int KEPT_BUFFERS = 2;

  private final ContrastiveDivergenceOptions options;
  private final NegativePhase negativePhase;
  private final Map<Long, PhaseBuffers> buffers = new LinkedHashMap<>(4, 0.75f, true);

  /**
   * Creates an estimator.
   *
   * @param options number of sweeps, chains, sparsity
   * @param random the stream all samples are drawn from, kept
   */
  public ContrastiveDivergence(ContrastiveDivergenceOptions options, RandomStream random) {
    this.options = options;
    this.negativePhase =
        options.persistentChains() == 0
            ? new DataChains(random)
            : new PersistentChains(options.persistentChains(), random);
  }

  /**
   * {@inheritDoc}
   *
   * @return the mean-field reconstruction error {@code |v - E[v | E[h | v]]|^2}, summed over
   *     visible units, mean over the batch, before the step, or NaN if not asked for; it costs
   *     about the time of one of the five products. It uses no random numbers; it is not a
   *     likelihood and not what training minimises.
   */
  @Override
  public double gradient(RbmModel model, RbmBatch batch, RbmGradient gradient) {
    INDArray data = batch.data();
    PhaseBuffers b = buffers(model, data.size(0));
    b.dataVisible.assign(data);
    model.visibleUnits().toStatistic(b.dataVisible);
    model.hiddenFieldInto(b.dataVisibleT, b.dataHidden, b.dataHiddenT);
    negativePhase.run(model, b, options.k());

    model.hiddenUnits().toStatistic(b.dataHidden);
    model.hiddenUnits().toStatistic(b.chainHidden);
    double error = batch.withScore() ? reconstructionError(model, data, b) : Double.NaN;
    if (gradient.visibleParameters() != null) {
      visibleParameterGradient(model, data, b, gradient.visibleParameters());
    }
    negatePositivePhase(b.dataHidden);
    if (b.chainWeight != 1) {
      b.chainHidden.muli(b.chainWeight);
    }
    Nd4j.gemm(b.visibleT, b.hidden, gradient.weights(), false, false, 1.0, 0.0);
    columnSums(b.hidden, b.ones, gradient.hiddenBias());
    columnSums(b.visible, b.phaseWeights, gradient.visibleBias());
    return error;
  }

  private static void visibleParameterGradient(
      RbmModel model, INDArray data, PhaseBuffers b, INDArray out) {
    INDArray onData = energyDerivative(model, data.castTo(out.dataType()), b.dataHiddenT);
    INDArray onChains = energyDerivative(model, b.chainStates(), b.chainHiddenT);
    out.assign(onData.sum(0)).subi(onChains.sum(0).muli(b.chainWeight));
  }

  /** {@code E[dE(v, h) / d theta | v]} for each row. */
  private static INDArray energyDerivative(
      RbmModel model, INDArray states, INDArray hiddenStatisticsT) {
    INDArray coupling = Nd4j.createUninitialized(states.dataType(), states.shape(), 'c');
    model.visibleFieldInto(hiddenStatisticsT, coupling, coupling.transpose());
    coupling.subiRowVector(model.visibleBias());
    return model.visibleUnits().parameterGradient(states, coupling, model.visibleBias());
  }

  /**
   * Replaces the positive phase's hidden means {@code h} by {@code -h}, plus the derivative of the
   * sparsity penalty by the hidden field.
   */
  private void negatePositivePhase(INDArray h) {
    if (options.sparsityCost() == 0) {
      h.negi();
      return;
    }
    INDArray q = h.mean(0);
    q.addi(SPARSITY_MARGIN).divi(1 + 2 * SPARSITY_MARGIN);
    INDArray slope = q.sub(options.sparsityTarget()).divi(q.mul(q.rsub(1)));
    slope.muli(options.sparsityCost());
    INDArray penalty = h.rsub(1).muli(h).muliRowVector(slope);
    h.negi().addi(penalty);
  }

  /**
   * Mean-field reconstruction error of the batch whose positive phase is in the buffers: {@code |v
   * - E[v | E[h | v]]|^2}, mean over the batch.
   */
  private double reconstructionError(RbmModel model, INDArray data, PhaseBuffers b) {
    INDArray r = b.reconstruction();
    model.visibleFieldInto(b.dataHiddenT, r, r.transpose());
    model.visibleUnits().fieldToMean(r);
    r.subi(data.castTo(r.dataType()));
    double norm = r.norm2Number().doubleValue();
    return norm * norm / data.size(0);
  }

  @Override
  public String scoreName() {
    return "recon. error";
  }

  @Override
  public Map<String, INDArray> state() {
    return negativePhase.state();
  }

  @Override
  public void setState(RbmModel model, Map<String, INDArray> state) {
    negativePhase.setState(model, state);
  }

  private static void columnSums(INDArray rows, INDArray weights, INDArray out) {
    Nd4j.gemm(
        weights, rows, out.reshape('f', new long[] {1, out.length()}), false, false, 1.0, 0.0);
  }

  private PhaseBuffers buffers(RbmModel model, long n) {
    PhaseBuffers found = buffers.get(n);
    if (found == null || !found.fits(model)) {
      found = Workspaces.outside(() -> new PhaseBuffers(model, n, negativePhase.rows(n)));
      buffers.put(n, found);
      if (buffers.size() > KEPT_BUFFERS) {
        buffers.remove(buffers.keySet().iterator().next());
      }
    }
    return found;
  }
}
