/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

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
public final class ContrastiveDivergence {

  /** Mean activations are kept this far from 0 and 1 in the sparsity penalty. */
  private static final double SPARSITY_MARGIN = 1e-6;

  /** The full batch and the smaller one at the end of an epoch. */
  private static final int KEPT_BUFFERS = 2;

  private final ContrastiveDivergenceOptions options;
  private final RandomStream random;
  private final Map<Long, Buffers> buffers = new LinkedHashMap<>(4, 0.75f, true);
  private INDArray chains;

  /**
   * Creates an estimator.
   *
   * @param options number of sweeps, chains, sparsity
   * @param random the stream all samples are drawn from, kept
   */
  public ContrastiveDivergence(ContrastiveDivergenceOptions options, RandomStream random) {
    this.options = options;
    this.random = random;
  }

  /**
   * Writes the gradient of the loss to be minimised, summed over the batch, into the given arrays,
   * and moves the persistent chains. The model is not modified.
   *
   * @param model the machine
   * @param data {@code [n, nIn]}, any order and type. Not modified.
   * @param weightGradient {@code [nIn, nOut]} in 'f' order. Overwritten.
   * @param hiddenBiasGradient {@code [nOut]}. Overwritten.
   * @param visibleBiasGradient {@code [nIn]}. Overwritten.
   * @param withError whether to compute the mean-field reconstruction error, for about the time of
   *     one of the five products
   * @return {@code |v - E[v | E[h | v]]|^2} summed over visible units, mean over the batch, before
   *     the step, or NaN if not asked for. It uses no random numbers; it is not a likelihood and
   *     not what training minimises.
   */
  public double gradient(
      RbmModel model,
      INDArray data,
      INDArray weightGradient,
      INDArray hiddenBiasGradient,
      INDArray visibleBiasGradient,
      boolean withError) {
    long n = data.size(0);
    Buffers b = buffers(model, n);
    b.dataVisible.assign(data);
    model.visibleUnits().toStatistic(b.dataVisible);
    model.hiddenFieldInto(b.dataVisibleT, b.dataHidden, b.dataHiddenT);
    model.hiddenUnits().fieldToMean(b.dataHidden);

    if (options.persistentChains() == 0) {
      model.hiddenUnits().sample(b.dataHidden, b.hiddenSample, random);
      runChain(model, b, b.hiddenSample, b.hiddenSampleT);
    } else {
      startChains(model);
      runChain(model, b, chains, chains.transpose());
      model.hiddenUnits().sample(b.chainHidden, chains, random);
    }

    model.hiddenUnits().toStatistic(b.dataHidden);
    double error = withError ? reconstructionError(model, data, b) : Double.NaN;
    negatePositivePhase(b.dataHidden);
    model.hiddenUnits().toStatistic(b.chainHidden);
    if (b.chainWeight != 1) {
      b.chainHidden.muli(b.chainWeight);
    }
    Nd4j.gemm(b.visibleT, b.hidden, weightGradient, false, false, 1.0, 0.0);
    columnSums(b.hidden, b.ones, hiddenBiasGradient);
    columnSums(b.visible, b.phaseWeights, visibleBiasGradient);
    return error;
  }

  /** {@code k} sweeps; {@code h} is overwritten by later hidden samples. */
  private void runChain(RbmModel model, Buffers b, INDArray h, INDArray hTransposed) {
    for (int sweep = 1; sweep <= options.k(); sweep++) {
      if (sweep > 1) {
        model.hiddenUnits().sample(b.chainHidden, h, random);
      }
      model.hiddenUnits().toStatistic(h);
      model.visibleFieldInto(hTransposed, 1, b.chainVisible, b.chainVisibleT);
      model.visibleUnits().fieldToMean(b.chainVisible);
      model.visibleUnits().sample(b.chainVisible, b.chainVisible, random);
      model.visibleUnits().toStatistic(b.chainVisible);
      model.hiddenFieldInto(b.chainVisibleT, b.chainHidden, b.chainHiddenT);
      model.hiddenUnits().fieldToMean(b.chainHidden);
    }
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
  private double reconstructionError(RbmModel model, INDArray data, Buffers b) {
    if (b.reconstruction == null) {
      b.reconstruction = Workspaces.outside(() -> b.dataVisible.ulike());
    }
    INDArray r = b.reconstruction;
    model.visibleFieldInto(b.dataHiddenT, 1, r, r.transpose());
    model.visibleUnits().fieldToMean(r);
    r.subi(data.castTo(r.dataType()));
    double norm = r.norm2Number().doubleValue();
    return norm * norm / data.size(0);
  }

  /**
   * Returns the hidden states of the persistent chains.
   *
   * @return {@code [chains, nOut]}, a copy, or null before the first step and without chains
   */
  public INDArray chains() {
    return chains == null ? null : detachedCopy(chains);
  }

  /**
   * Sets the hidden states of the persistent chains, to go on with a saved run.
   *
   * @param states {@code [chains, nOut]}, or null to start new chains. Not modified.
   * @throws IllegalArgumentException if the number of chains is not the configured one
   */
  public void setChains(INDArray states) {
    if (states != null && states.size(0) != options.persistentChains()) {
      throw new IllegalArgumentException(
          "there are "
              + states.size(0)
              + " saved chains; accepted: "
              + options.persistentChains()
              + ", as configured");
    }
    chains = states == null ? null : detachedCopy(states);
  }

  /** New chains draw each hidden unit from its bias alone, as if no visible unit acted on it. */
  private void startChains(RbmModel model) {
    if (chains != null) {
      return;
    }
    long[] shape = {options.persistentChains(), model.hiddenSize()};
    chains = Workspaces.outside(() -> Nd4j.create(model.weights().dataType(), shape, 'c'));
    chains.addiRowVector(model.hiddenBias());
    model.hiddenUnits().fieldToMean(chains);
    model.hiddenUnits().sample(chains, chains, random);
  }

  private static INDArray detachedCopy(INDArray states) {
    return Workspaces.outside(() -> states.dup('c'));
  }

  private static void columnSums(INDArray rows, INDArray weights, INDArray out) {
    Nd4j.gemm(
        weights, rows, out.reshape('f', new long[] {1, out.length()}), false, false, 1.0, 0.0);
  }

  private Buffers buffers(RbmModel model, long n) {
    Buffers found = buffers.get(n);
    if (found == null || !found.fits(model)) {
      long m = options.persistentChains() == 0 ? n : options.persistentChains();
      found = Workspaces.outside(() -> new Buffers(model, n, m));
      buffers.put(n, found);
      if (buffers.size() > KEPT_BUFFERS) {
        buffers.remove(buffers.keySet().iterator().next());
      }
    }
    return found;
  }

  /**
   * Rows of data and of chains stand under each other in one array, so that one product with inner
   * dimension {@code n + m} gives both phases of the weight gradient.
   */
  private static final class Buffers {
    final INDArray visible;
    final INDArray hidden;
    final INDArray dataVisible;
    final INDArray chainVisible;
    final INDArray dataHidden;
    final INDArray chainHidden;
    final INDArray hiddenSample;
    final INDArray visibleT;
    final INDArray dataVisibleT;
    final INDArray chainVisibleT;
    final INDArray dataHiddenT;
    final INDArray chainHiddenT;
    final INDArray hiddenSampleT;
    final INDArray ones;
    final INDArray phaseWeights;
    final double chainWeight;
    INDArray reconstruction;

    Buffers(RbmModel model, long n, long m) {
      visible = matrix(model, n + m, model.visibleSize());
      hidden = matrix(model, n + m, model.hiddenSize());
      hiddenSample = matrix(model, n, model.hiddenSize());
      ones = matrix(model, 1, n + m).assign(1);
      phaseWeights = matrix(model, 1, n + m);
      dataVisible = rows(visible, 0, n);
      chainVisible = rows(visible, n, n + m);
      dataHidden = rows(hidden, 0, n);
      chainHidden = rows(hidden, n, n + m);
      chainWeight = (double) n / m;
      phaseWeights.get(NDArrayIndex.all(), NDArrayIndex.interval(0, n)).assign(-1);
      phaseWeights.get(NDArrayIndex.all(), NDArrayIndex.interval(n, n + m)).assign(chainWeight);
      visibleT = visible.transpose();
      dataVisibleT = dataVisible.transpose();
      chainVisibleT = chainVisible.transpose();
      dataHiddenT = dataHidden.transpose();
      chainHiddenT = chainHidden.transpose();
      hiddenSampleT = hiddenSample.transpose();
    }

    boolean fits(RbmModel model) {
      return visible.dataType() == model.weights().dataType()
          && Arrays.equals(
              new long[] {visible.size(1), hidden.size(1)},
              new long[] {model.visibleSize(), model.hiddenSize()});
    }

    private static INDArray matrix(RbmModel model, long rows, long columns) {
      return Nd4j.create(model.weights().dataType(), new long[] {rows, columns}, 'c');
    }

    private static INDArray rows(INDArray matrix, long from, long to) {
      return matrix.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
    }
  }
}
