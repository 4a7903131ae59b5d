/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Configuration of a restricted Boltzmann machine as a layer of a {@code MultiLayerNetwork} or
 * {@code ComputationGraph}: pretrained by contrastive divergence on unlabelled data, then
 * fine-tuned as an ordinary layer {@code h = f(v W + c)}, with the sigmoid for Bernoulli units.
 *
 * <pre>{@code   p(v, h) = exp(-E(v, h)) / Z,   E(v, h) = -b.v - c.h - v W h'   (Bernoulli units)}
 * </pre>
 *
 * <p>Stacked, such layers are a deep belief network (Hinton, Osindero and Teh, Neural Computation
 * 2006). Use the greedy trainer of the training module to pretrain a stack: {@code
 * MultiLayerNetwork.pretrain} of DL4J 1.0.0-M2.1 gives layers above the first the wrong input.
 *
 * <p>Updater, weight initialisation, l1, l2, weight decay, constraints, gradient normalisation and
 * weight noise are DL4J's and act in pretraining and fine-tuning alike; the visible bias follows
 * the bias updater, bias regularisation and bias constraints, and so do learned variances. Dropout
 * acts in fine-tuning only. The random stream of pretraining comes from the network's seed, which
 * must not be 0.
 *
 * <p>The units of the two sides are chosen by the data and by the use of the layer:
 *
 * <table>
 * <caption>Unit types</caption>
 * <tr><th>type</th><th>data</th><th>{@code f} as hidden units</th></tr>
 * <tr><td>{@link BernoulliUnits}</td><td>in [0, 1]: binary, grey values</td><td>sigmoid</td></tr>
 * <tr><td>{@link SpinUnits}</td><td>in [-1, 1]: symmetric binary</td><td>tanh</td></tr>
 * <tr><td>{@link SoftmaxUnits}</td><td>one-hot groups: labels, symbols</td>
 * <td>softmax of each group</td></tr>
 * <tr><td>{@link GaussianUnits}</td><td>real numbers</td><td>identity</td></tr>
 * <tr><td>{@link TruncatedGaussianUnits}</td><td>0 or greater</td><td>smooth rectifier</td></tr>
 * <tr><td>{@link NoisyRectifiedUnits}</td><td>0 or greater</td><td>rectifier</td></tr>
 * <tr><td>{@link MixedUnits}</td><td>columns of different kinds</td>
 * <td>that of each part</td></tr>
 * </table>
 *
 * <p>{@code f} follows from the hidden units and cannot be chosen. Start with Bernoulli units on
 * both sides unless the data are of another kind. Two sides without a bound are a distribution only
 * while the weights are small: see {@link RbmModel#requireNormalisable}, which is asked when a
 * network is initialised and every {@code scoreEvery} iterations of pretraining.
 */
public class RestrictedBoltzmannMachine extends BasePretrainNetwork {

  private static final long serialVersionUID = 1L;
  private static final int DEFAULT_SCORE_EVERY = 10;

  private UnitType visibleUnits = new BernoulliUnits();
  private UnitType hiddenUnits = new BernoulliUnits();
  private int k = ContrastiveDivergenceOptions.DEFAULT.k();
  private int persistentChains = ContrastiveDivergenceOptions.DEFAULT.persistentChains();
  private double sparsityTarget = ContrastiveDivergenceOptions.DEFAULT.sparsityTarget();
  private double sparsityCost = ContrastiveDivergenceOptions.DEFAULT.sparsityCost();
  private int scoreEvery = DEFAULT_SCORE_EVERY;

  /** Null for contrastive divergence with the options above. */
  private RbmObjective objective;

  /** For deserialisation; use {@link Builder}. */
  public RestrictedBoltzmannMachine() {}

  private RestrictedBoltzmannMachine(Builder builder) {
    super(builder);
    visibleUnits = builder.visibleUnits;
    hiddenUnits = builder.hiddenUnits;
    k = builder.k;
    persistentChains = builder.persistentChains;
    sparsityTarget = builder.sparsityTarget;
    sparsityCost = builder.sparsityCost;
    scoreEvery = builder.scoreEvery;
    objective = builder.objective;
    if (activationFn == null && hiddenUnits != null) {
      activationFn = hiddenUnits.activation();
    }
    initializeConstraints(builder);
  }

  @Override
  public Layer instantiate(
      NeuralNetConfiguration conf,
      Collection<TrainingListener> trainingListeners,
      int layerIndex,
      INDArray layerParamsView,
      boolean initializeParams,
      DataType networkDataType) {
    RbmModel.requireType(networkDataType);
    checkOptions();
    checkComplete(conf);
    RestrictedBoltzmannMachineLayer layer =
        new RestrictedBoltzmannMachineLayer(conf, networkDataType);
    layer.setListeners(trainingListeners);
    layer.setIndex(layerIndex);
    layer.setParamsViewArray(layerParamsView);
    layer.setParamTable(initializer().init(conf, layerParamsView, initializeParams));
    layer.setConf(conf);
    if (initializeParams) {
      checkNormalisable(layer);
    }
    return layer;
  }

  /** Only at the start: what was trained since, supervised too, must not keep a file closed. */
  private void checkNormalisable(RestrictedBoltzmannMachineLayer layer) {
    try {
      layer.model().requireNormalisable();
    } catch (NotNormalisableException e) {
      throw new DL4JInvalidConfigException(describeLayer() + e.getMessage(), e);
    }
  }

  /** Checks what can be checked when the layer stands alone. */
  private void checkOptions() {
    try {
      ContrastiveDivergenceOptions options = contrastiveDivergenceOptions();
      if (objective != null && !options.equals(ContrastiveDivergenceOptions.DEFAULT)) {
        throw new IllegalArgumentException(
            "objective is "
                + objective
                + " and options of contrastive divergence are set beside it ("
                + options
                + "); accepted: the one or the other");
      }
      if (scoreEvery < 1) {
        throw new IllegalArgumentException(
            "scoreEvery is " + scoreEvery + "; accepted: 1 or more iterations");
      }
      if (visibleUnits == null || hiddenUnits == null) {
        throw new IllegalArgumentException(
            "visibleUnits are "
                + visibleUnits
                + " and hiddenUnits "
                + hiddenUnits
                + "; accepted: a UnitType each");
      }
      hiddenUnits
          .reasonNotHidden()
          .ifPresent(
              reason -> {
                throw new IllegalArgumentException(
                    "hiddenUnits are " + hiddenUnits.describe() + "; not accepted: " + reason);
              });
      if (!hiddenUnits.activation().equals(activationFn)) {
        throw new IllegalArgumentException(
            "activation is "
                + activationFn
                + "; accepted: "
                + hiddenUnits.activation()
                + ", which follows from "
                + hiddenUnits.describe());
      }
      if (!Double.isFinite(visibleBiasInit)) {
        throw new IllegalArgumentException(
            "visibleBiasInit is " + visibleBiasInit + "; accepted: a finite number");
      }
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidConfigException(describeLayer() + e.getMessage(), e);
    }
  }

  /** Checks what is known only once the layer belongs to a network. */
  private void checkComplete(NeuralNetConfiguration conf) {
    try {
      if (nIn < 1 || nOut < 1) {
        throw new IllegalArgumentException(
            "nIn is " + nIn + " and nOut is " + nOut + "; accepted: 1 or more each");
      }
      visibleUnits.checkSize(nIn);
      hiddenUnits.checkSize(nOut);
      trainingObjective().check(visibleUnits, hiddenUnits, nIn, nOut);
      Seeds.requireNonZero(conf.getSeed(), "the network's seed");
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidConfigException(describeLayer() + e.getMessage(), e);
    }
  }

  private String describeLayer() {
    return "RestrictedBoltzmannMachine layer \"" + layerName + "\": ";
  }

  @Override
  public ParamInitializer initializer() {
    return RbmParamInitializer.getInstance();
  }

  @Override
  public boolean isPretrainParam(String paramName) {
    return RbmParamInitializer.VISIBLE_BIAS_KEY.equals(paramName)
        || RbmParamInitializer.VISIBLE_PARAMETERS_KEY.equals(paramName);
  }

  @Override
  public List<Regularization> getRegularizationByParam(String paramName) {
    return initializer().isBiasParam(this, paramName) ? regularizationBias : regularization;
  }

  @Override
  public LayerMemoryReport getMemoryReport(InputType inputType) {
    InputType outputType = getOutputType(-1, inputType);
    long parameters = initializer().numParams(this);
    long updaterState =
        iUpdater.stateSize(nIn * nOut)
            + getUpdaterByParam(RbmParamInitializer.HIDDEN_BIAS_KEY).stateSize(nOut)
            + getUpdaterByParam(RbmParamInitializer.VISIBLE_BIAS_KEY)
                .stateSize(nIn + visibleUnits.parameterCount(nIn));
    long chains =
        trainingObjective() instanceof ContrastiveDivergenceOptions options
            ? options.chainMemory(nIn, nOut)
            : 0;
    long perExample = 2 * nIn + 3 * nOut + (getIDropout() == null ? 0 : nIn);
    return new LayerMemoryReport.Builder(
            layerName, RestrictedBoltzmannMachine.class, inputType, outputType)
        .standardMemory(parameters, updaterState)
        .workingMemory(0, nOut, chains, perExample)
        .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
        .build();
  }

  /**
   * The options of the estimator as one validated value.
   *
   * @return the options
   * @throws IllegalArgumentException if one of them is out of range
   */
  public ContrastiveDivergenceOptions contrastiveDivergenceOptions() {
    return ContrastiveDivergenceOptions.DEFAULT
        .withK(k)
        .withPersistentChains(persistentChains)
        .withSparsity(sparsityTarget, sparsityCost);
  }

  /**
   * What pretraining minimises: the objective that was set, or contrastive divergence with {@code
   * k}, {@code persistentChains} and the sparsity penalty of this configuration.
   *
   * @return the objective, never null
   * @throws IllegalArgumentException if an option is out of range
   */
  public RbmObjective trainingObjective() {
    return objective == null ? contrastiveDivergenceOptions() : objective;
  }

  /**
   * The objective that was set.
   *
   * @return the objective, or null for contrastive divergence with the options of this
   *     configuration; see {@link #trainingObjective}
   */
  public RbmObjective getObjective() {
    return objective;
  }

  /**
   * Sets the objective of pretraining; checked when the layer is instantiated.
   *
   * @param objective the objective, or null for contrastive divergence with the options of this
   *     configuration
   */
  public void setObjective(RbmObjective objective) {
    this.objective = objective;
  }

  /**
   * Type of the visible units.
   *
   * @return the type
   */
  public UnitType getVisibleUnits() {
    return visibleUnits;
  }

  /**
   * Sets the type of the visible units; checked when the layer is instantiated.
   *
   * @param visibleUnits the type
   */
  public void setVisibleUnits(UnitType visibleUnits) {
    this.visibleUnits = visibleUnits;
  }

  /**
   * Type of the hidden units.
   *
   * @return the type
   */
  public UnitType getHiddenUnits() {
    return hiddenUnits;
  }

  /**
   * Sets the type of the hidden units; checked when the layer is instantiated.
   *
   * @param hiddenUnits the type
   */
  public void setHiddenUnits(UnitType hiddenUnits) {
    this.hiddenUnits = hiddenUnits;
  }

  /**
   * Gibbs sweeps of the negative phase.
   *
   * @return {@code k}, at least 1
   */
  public int getK() {
    return k;
  }

  /**
   * Sets the Gibbs sweeps of the negative phase; checked when the layer is instantiated.
   *
   * @param k at least 1
   */
  public void setK(int k) {
    this.k = k;
  }

  /**
   * Number of persistent chains.
   *
   * @return the number, 0 for none
   */
  public int getPersistentChains() {
    return persistentChains;
  }

  /**
   * Sets the number of persistent chains; checked when the layer is instantiated.
   *
   * @param persistentChains at least 0
   */
  public void setPersistentChains(int persistentChains) {
    this.persistentChains = persistentChains;
  }

  /**
   * Wanted mean activation of the hidden units.
   *
   * @return the target, in (0, 1)
   */
  public double getSparsityTarget() {
    return sparsityTarget;
  }

  /**
   * Sets the wanted mean activation; checked when the layer is instantiated.
   *
   * @param sparsityTarget in (0, 1)
   */
  public void setSparsityTarget(double sparsityTarget) {
    this.sparsityTarget = sparsityTarget;
  }

  /**
   * Weight of the sparsity penalty.
   *
   * @return the weight, 0 for none
   */
  public double getSparsityCost() {
    return sparsityCost;
  }

  /**
   * Sets the weight of the sparsity penalty; checked when the layer is instantiated.
   *
   * @param sparsityCost at least 0
   */
  public void setSparsityCost(double sparsityCost) {
    this.sparsityCost = sparsityCost;
  }

  /**
   * Iterations from one computation of the score to the next.
   *
   * @return the number, at least 1
   */
  public int getScoreEvery() {
    return scoreEvery;
  }

  /**
   * Sets how often the score is computed; checked when the layer is instantiated.
   *
   * @param scoreEvery at least 1
   */
  public void setScoreEvery(int scoreEvery) {
    this.scoreEvery = scoreEvery;
  }

  @Override
  protected boolean canEqual(Object other) {
    return other instanceof RestrictedBoltzmannMachine;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RestrictedBoltzmannMachine rbm
        && rbm.canEqual(this)
        && super.equals(other)
        && Objects.equals(visibleUnits, rbm.visibleUnits)
        && Objects.equals(hiddenUnits, rbm.hiddenUnits)
        && k == rbm.k
        && persistentChains == rbm.persistentChains
        && Double.compare(sparsityTarget, rbm.sparsityTarget) == 0
        && Double.compare(sparsityCost, rbm.sparsityCost) == 0
        && scoreEvery == rbm.scoreEvery
        && Objects.equals(objective, rbm.objective);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        super.hashCode(),
        visibleUnits,
        hiddenUnits,
        k,
        persistentChains,
        sparsityTarget,
        sparsityCost,
        scoreEvery,
        objective);
  }

  @Override
  public String toString() {
    return "RestrictedBoltzmannMachine("
        + super.toString()
        + ", visibleUnits="
        + visibleUnits
        + ", hiddenUnits="
        + hiddenUnits
        + ", k="
        + k
        + ", persistentChains="
        + persistentChains
        + ", sparsityTarget="
        + sparsityTarget
        + ", sparsityCost="
        + sparsityCost
        + ", scoreEvery="
        + scoreEvery
        + ", objective="
        + objective
        + ")";
  }

  /**
   * Builds the layer configuration. What is not set is taken from the network's global
   * configuration, as for every DL4J layer.
   */
  public static class Builder extends BasePretrainNetwork.Builder<Builder> {

    private UnitType visibleUnits = new BernoulliUnits();
    private UnitType hiddenUnits = new BernoulliUnits();
    private int k = ContrastiveDivergenceOptions.DEFAULT.k();
    private int persistentChains = ContrastiveDivergenceOptions.DEFAULT.persistentChains();
    private double sparsityTarget = ContrastiveDivergenceOptions.DEFAULT.sparsityTarget();
    private double sparsityCost = ContrastiveDivergenceOptions.DEFAULT.sparsityCost();
    private int scoreEvery = DEFAULT_SCORE_EVERY;
    private RbmObjective objective;

    /** Starts with Bernoulli units on both sides and CD-1. */
    public Builder() {}

    /**
     * Type of the visible units. Default: {@link BernoulliUnits}.
     *
     * @param visibleUnits the type
     * @return this builder
     */
    public Builder visibleUnits(UnitType visibleUnits) {
      this.visibleUnits = visibleUnits;
      return this;
    }

    /**
     * Type of the hidden units. Default: {@link BernoulliUnits}.
     *
     * @param hiddenUnits the type
     * @return this builder
     */
    public Builder hiddenUnits(UnitType hiddenUnits) {
      this.hiddenUnits = hiddenUnits;
      return this;
    }

    /**
     * Gibbs sweeps of the negative phase (CD-k). Default: 1. More give a better gradient for
     * generation and likelihood; for features 1 is usually enough.
     *
     * @param k at least 1
     * @return this builder
     */
    public Builder k(int k) {
      this.k = k;
      return this;
    }

    /**
     * Uses persistent contrastive divergence with this many chains. Default: 0, chains start at the
     * data.
     *
     * @param persistentChains at least 0; need not be the batch size
     * @return this builder
     */
    public Builder persistentChains(int persistentChains) {
      this.persistentChains = persistentChains;
      return this;
    }

    /**
     * Wanted mean activation of the hidden units, used with a {@link #sparsityCost}. Default: 0.1.
     *
     * @param sparsityTarget in (0, 1)
     * @return this builder
     */
    public Builder sparsityTarget(double sparsityTarget) {
      this.sparsityTarget = sparsityTarget;
      return this;
    }

    /**
     * Weight of the sparsity penalty. Default: 0, none.
     *
     * @param sparsityCost at least 0
     * @return this builder
     */
    public Builder sparsityCost(double sparsityCost) {
      this.sparsityCost = sparsityCost;
      return this;
    }

    /**
     * Iterations from one computation of the pretraining score to the next. Default: 10. The score
     * costs about a third of an iteration; see the benchmarks.
     *
     * @param scoreEvery at least 1
     * @return this builder
     */
    public Builder scoreEvery(int scoreEvery) {
      this.scoreEvery = scoreEvery;
      return this;
    }

    /**
     * What pretraining minimises. Default: contrastive divergence with {@link #k}, {@link
     * #persistentChains} and the sparsity penalty, which cannot be combined with another objective.
     * Further options of contrastive divergence are those of {@link ContrastiveDivergenceOptions},
     * which is an objective itself.
     *
     * @param objective the objective
     * @return this builder
     */
    public Builder objective(RbmObjective objective) {
      this.objective = objective;
      return this;
    }

    /**
     * Not a choice: the activation follows from the hidden units.
     *
     * @param activation that of {@link UnitType#activation}; anything else is refused by {@link
     *     #build()}
     * @return this builder
     */
    @Override
    public Builder activation(IActivation activation) {
      return super.activation(activation);
    }

    /**
     * Builds the configuration.
     *
     * @return a {@link RestrictedBoltzmannMachine}
     * @throws DL4JInvalidConfigException naming the layer, the option, its value and what is
     *     accepted
     */
    @Override
    @SuppressWarnings("unchecked") // the signature is DL4J's
    public <E extends org.deeplearning4j.nn.conf.layers.Layer> E build() {
      RestrictedBoltzmannMachine layer = new RestrictedBoltzmannMachine(this);
      layer.checkOptions();
      return (E) layer;
    }
  }
}
