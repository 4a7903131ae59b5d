/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.dl4jebm.layers.HostBlas;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.Workspaces;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.common.primitives.Pair;
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
 * <p>With {@link Centering} the gradient, that of the penalty included, is turned into the
 * direction of steepest descent of the centred parameters; the machine stays the same.
 *
 * <p>With {@link FastWeights} persistent chains move by parameters with a fast part; with {@link
 * Tempering} they have replicas at higher temperatures.
 *
 * <p>Keeps buffers and persistent chains between calls, outside workspaces. Not safe for use by
 * several threads at once.
 */
public final class ContrastiveDivergence implements RbmEstimator {

  /** The full batch and the smaller one at the end of an epoch. */
  private static final int KEPT_BUFFERS = 2;

  private final ContrastiveDivergenceOptions options;
  private final SparsityPenalty sparsity;
  private final NegativePhase negativePhase;

  /** Null where neither the gradient nor the tempering is centred. */
  private final CenteringOffsets offsets;

  private Map<String, Double> diagnostics = Map.of();
  private final Map<Long, PhaseBuffers> buffers = new LinkedHashMap<>(4, 0.75f, true);

  /**
   * Creates an estimator.
   *
   * @param options number of sweeps, chains and so on
   * @param random the stream all samples are drawn from, kept
   */
  public ContrastiveDivergence(ContrastiveDivergenceOptions options, RandomStream random) {
    this.options = options;
    this.sparsity = new SparsityPenalty(options);
    this.offsets = offsets(options);
    this.negativePhase = negativePhase(options, offsets, random);
  }

  private static CenteringOffsets offsets(ContrastiveDivergenceOptions options) {
    Centering centering = options.centering();
    if (centering == null && options.temperedPath() == Tempering.Path.CENTERED) {
      centering = Centering.DEFAULT;
    }
    return centering == null ? null : new CenteringOffsets(centering);
  }

  private static NegativePhase negativePhase(
      ContrastiveDivergenceOptions options, CenteringOffsets offsets, RandomStream random) {
    int chains = options.persistentChains();
    if (options.tempering() != null) {
      return new TemperedChains(chains, options.tempering(), offsets, random);
    }
    if (options.fastWeights() != null) {
      return new FastChains(chains, options.fastWeights(), random);
    }
    return chains == 0 ? new DataChains(random) : new PersistentChains(chains, random);
  }

  /** For tests: with other chains than those of the options. */
  ContrastiveDivergence(ContrastiveDivergenceOptions options, NegativePhase negativePhase) {
    this.options = options;
    this.sparsity = new SparsityPenalty(options);
    this.offsets = offsets(options);
    this.negativePhase = negativePhase;
  }

  /**
   * {@inheritDoc}
   *
   * @return the mean-field reconstruction error {@code |v - E[v | E[h | v]]|^2}, summed over
   *     visible units, (weighted) mean over the batch, before the step, or NaN if not asked for;
   *     with the free energies it costs about the time of one of the five products. It uses no
   *     random numbers; it is not a likelihood and not what training minimises.
   * @throws IllegalArgumentException if the schedule of {@code k} gives no number
   */
  @Override
  public double gradient(RbmModel model, RbmBatch batch, RbmGradient gradient) {
    INDArray data = batch.data();
    PhaseBuffers b = buffers(model, data.size(0));
    int sweeps = options.sweeps(batch.iteration(), batch.epoch());
    b.load(model, batch);
    model.hiddenFieldInto(b.dataVisibleT, b.dataHidden, b.dataHiddenT);
    double dataEnergy =
        batch.withScore()
            ? weightedSum(
                model.freeEnergy(data.castTo(b.visible.dataType()), b.dataHidden),
                b.dataPhaseWeights)
            : Double.NaN;
    negativePhase.run(model, b, sweeps);
    if (batch.withScore()) {
      double chainEnergy = weightedSum(negativePhase.freeEnergy(model, b), b.chainPhaseWeights);
      diagnostics = diagnostics(sweeps, (chainEnergy + dataEnergy) / b.totalWeight());
    }
    negativePhase.finish(model, b);

    model.hiddenUnits().toStatistic(b.dataHidden);
    model.hiddenUnits().toStatistic(b.chainHidden);
    double error = batch.withScore() ? reconstructionError(model, data, b) : Double.NaN;
    if (offsets != null) {
      offsets.update(model, b);
    }
    sparsity.negateAndAdd(b);
    if (gradient.visibleParameters() != null) {
      visibleParameterGradient(model, data, b, gradient.visibleParameters());
    }
    b.weigh(b.dataHidden);
    b.weighChains(b.chainHidden);
    HostBlas.gemm(b.visibleT, b.hidden, gradient.weights(), false, false, 1.0, 0.0);
    Rows.weightedSum(b.hiddenT, b.ones, gradient.hiddenBias(), 1, 0);
    Rows.weightedSum(b.visibleT, b.phaseWeights, gradient.visibleBias(), 1, 0);
    if (options.centering() != null) {
      offsets.parameters().transform(gradient);
    }
    negativePhase.learn(gradient, data.size(0));
    return error;
  }

  private static double weightedSum(INDArray numbers, INDArray weights) {
    double[] terms = numbers.toDoubleVector();
    double[] factors = weights.dup('c').data().asDouble();
    double sum = 0;
    for (int i = 0; i < terms.length; i++) {
      sum += factors[i] * terms[i];
    }
    return sum;
  }

  private static Map<String, Double> diagnostics(int sweeps, double gap) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    numbers.put(ResumablePretraining.FREE_ENERGY_GAP, gap);
    numbers.put("Gibbs sweeps", (double) sweeps);
    return numbers;
  }

  /** The hidden rows of the data are those of {@link SparsityPenalty#negateAndAdd}. */
  private static void visibleParameterGradient(
      RbmModel model, INDArray data, PhaseBuffers b, INDArray out) {
    INDArray onData =
        energyDerivative(model, data.castTo(out.dataType()).dup('c'), b.dataHiddenT, -1);
    INDArray onChains = energyDerivative(model, b.chainStates(), b.chainHiddenT);
    Rows.weightedSum(onData.transpose(), b.dataPhaseWeights, out, -1, 0);
    Rows.weightedSum(onChains.transpose(), b.chainPhaseWeights, out, -1, 1);
  }

  /** {@code E[dE(v, h) / d theta | v]} for each row. */
  static INDArray energyDerivative(RbmModel model, INDArray states, INDArray hiddenStatisticsT) {
    return energyDerivative(model, states, hiddenStatisticsT, 1);
  }

  /** The same with {@code sign t(h)} as hidden statistics. */
  private static INDArray energyDerivative(
      RbmModel model, INDArray states, INDArray hiddenStatisticsT, double sign) {
    INDArray coupling = Nd4j.createUninitialized(states.dataType(), states.shape(), 'c');
    model.visibleFieldInto(hiddenStatisticsT, coupling, coupling.transpose());
    coupling.subiRowVector(model.visibleBias()).muli(sign);
    return model.visibleUnits().parameterGradient(states, coupling, model.visibleBias());
  }

  /**
   * Mean-field reconstruction error of the batch whose positive phase is in the buffers: {@code |v
   * - E[v | E[h | v]]|^2}, weighted mean over the batch.
   */
  private static double reconstructionError(RbmModel model, INDArray data, PhaseBuffers b) {
    INDArray r = b.reconstruction();
    model.visibleFieldInto(b.dataHiddenT, r, r.transpose());
    model.visibleUnits().fieldToMean(r);
    r.subi(data.castTo(r.dataType()));
    b.weighSquares(r);
    double norm = r.norm2Number().doubleValue();
    return norm * norm / b.totalWeight();
  }

  @Override
  public String scoreName() {
    return "recon. error";
  }

  /**
   * {@inheritDoc}
   *
   * @return {@link ResumablePretraining#FREE_ENERGY_GAP} and {@code Gibbs sweeps}; with tempering
   *     also, as they are now, the number of {@link Tempering#TEMPERATURES}, {@code inverse
   *     temperature i} of those between 1 and 0, and {@link Tempering#SWAP_RATE} {@code i-j} of
   *     neighbours that were tried already
   */
  @Override
  public Map<String, Double> diagnostics() {
    Map<String, Double> numbers = new LinkedHashMap<>(diagnostics);
    negativePhase.addDiagnostics(numbers);
    return Collections.unmodifiableMap(numbers);
  }

  @Override
  public Optional<Pair<INDArray, INDArray>> sampleChains(RbmModel model, RandomStream stream) {
    return negativePhase
        .chainStatistics(model)
        .map(statistics -> Workspaces.outside(() -> drawVisible(model, statistics, stream)));
  }

  private static Pair<INDArray, INDArray> drawVisible(
      RbmModel model, INDArray hiddenStatistics, RandomStream stream) {
    long[] shape = {hiddenStatistics.size(0), model.visibleSize()};
    INDArray mean = Nd4j.createUninitialized(model.weights().dataType(), shape, 'c');
    INDArray states = mean.ulike();
    model.visibleFieldInto(hiddenStatistics.transpose(), mean, mean.transpose());
    model.visibleUnits().fieldToMeanAndSample(mean, states, stream);
    return new Pair<>(mean, states);
  }

  @Override
  public Map<String, INDArray> state() {
    Map<String, INDArray> state = new TreeMap<>(negativePhase.state());
    if (offsets != null) {
      state.putAll(offsets.state());
    }
    return state;
  }

  @Override
  public void setState(RbmModel model, Map<String, INDArray> state) {
    Set<String> names = new TreeSet<>(negativePhase.stateNames());
    if (offsets != null) {
      names.addAll(List.of(CenteringOffsets.VISIBLE, CenteringOffsets.HIDDEN));
    }
    SavedArrays.requireNames(state, names.toArray(String[]::new));
    Runnable chains = negativePhase.restoring(model, state);
    if (offsets != null) {
      offsets.restoring(model, state).run();
    }
    chains.run();
  }

  private PhaseBuffers buffers(RbmModel model, long n) {
    PhaseBuffers found = buffers.get(n);
    if (found == null || !found.fits(model)) {
      found = Workspaces.outside(() -> new PhaseBuffers(model, n, negativePhase));
      buffers.put(n, found);
      if (buffers.size() > KEPT_BUFFERS) {
        buffers.remove(buffers.keySet().iterator().next());
      }
    }
    return found;
  }
}
