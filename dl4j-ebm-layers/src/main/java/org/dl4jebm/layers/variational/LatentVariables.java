/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Collection;
import java.util.Objects;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Configuration of a layer of latent variables between an encoder and a decoder: from the
 * parameters {@code eta} of {@code q(z | x)}, which are its input, it draws {@code z}, and it adds
 * the divergence from the prior to the loss (auto-encoding variational Bayes: Kingma and Welling,
 * ICLR 2014; Rezende, Mohamed and Wierstra, ICML 2014).
 *
 * <p>Works on feed-forward, time-series and convolutional activations; the channel dimension holds
 * {@code distribution.parameters(nOut)} parameters for {@code nOut} latent variables, and every
 * time step or pixel has latent variables of its own. In a {@code ComputationGraph} several inputs,
 * such as {@code mu} and {@code log sigma^2} of two layers, are put together by DL4J: {@code
 * addLayer("z", latents, "mu", "logVariance")}. (Where these are dense layers above recurrent ones,
 * DL4J forgets the time steps; add a {@code FeedForwardToRnnPreProcessor} there.) There are no
 * parameters to train.
 *
 * <ul>
 *   <li>In training {@code z} is a sample, or {@code samples} of them an example: the output then
 *       has {@code samples * n} rows, those of an example together, and {@code LikelihoodOutput}
 *       averages over them. (Use 1 for the ELBO; several need layers between that treat rows apart,
 *       so not DL4J's dense layers on time series.) Where latent variables follow on latent
 *       variables with several samples, see {@link Builder#inputSamples}.
 *   <li>Outside training it is what {@link LatentInference} says, one row an example. So it is also
 *       in a layer that {@code TransferLearning} has frozen, as DL4J's frozen layers work as in
 *       inference: no samples are drawn there, and the divergence is not in the score.
 *   <li>{@code net.score()} holds the divergence term (as DL4J's l2 terms are part of it) and the
 *       gradient its derivative. DL4J's {@code scoreExamples} adds the mean over the batch to each
 *       example.
 *   <li>The noise is a function of the network's seed, the layer's index and the iteration: a
 *       restored model goes on as one that was not saved, gradient checks see fixed noise, and two
 *       training passes without an update between them draw the same.
 *   <li>Dropout, weight noise and the activation function do not act on this layer.
 * </ul>
 */
public class LatentVariables extends FeedForwardLayer {

  private static final long serialVersionUID = 1L;

  private static final int DEFAULT_SAMPLES = 1;
  private static final int DEFAULT_INPUT_SAMPLES = 1;
  private static final LatentInference DEFAULT_INFERENCE = LatentInference.MODE;

  private LatentDistribution distribution;
  private LatentPrior prior;
  private KullbackLeiblerTerm divergence = KullbackLeiblerTerm.DEFAULT;
  private int samples = DEFAULT_SAMPLES;
  private int inputSamples = DEFAULT_INPUT_SAMPLES;
  private LatentInference inference = DEFAULT_INFERENCE;
  private boolean channelsLast;

  /** For deserialisation; use {@link Builder}. */
  public LatentVariables() {}

  private LatentVariables(Builder builder) {
    super(builder);
    distribution = builder.distribution;
    prior = builder.prior;
    divergence = builder.divergence;
    samples = builder.samples;
    inputSamples = builder.inputSamples;
    inference = builder.inference;
    activationFn = new ActivationIdentity();
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
    check();
    try {
      LikelihoodRows.requireType(networkDataType);
      Seeds.requireNonZero(conf.getSeed(), "the network's seed");
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidConfigException(describeLayer() + e.getMessage(), e);
    }
    LatentVariablesLayer layer = new LatentVariablesLayer(conf, networkDataType);
    layer.setListeners(trainingListeners);
    layer.setIndex(layerIndex);
    layer.setParamsViewArray(layerParamsView);
    layer.setParamTable(initializer().init(conf, layerParamsView, initializeParams));
    layer.setConf(conf);
    return layer;
  }

  private void check() {
    try {
      require(distribution != null, "distribution", distribution, "a LatentDistribution");
      require(divergence != null, "divergence", divergence, "a KullbackLeiblerTerm");
      require(inference != null, "inference", inference, "a LatentInference");
      require(samples >= 1, "samples", samples, "1 or more an example");
      require(inputSamples >= 1, "inputSamples", inputSamples, "1 or more an example");
      require(nOut >= 1, "nOut", nOut, "1 or more latent variables");
      long expected = distribution.parameters(nOut);
      if (nIn > 0 && nIn != expected) {
        throw new IllegalArgumentException(
            "nIn is "
                + nIn
                + "; accepted: "
                + expected
                + ", for "
                + distribution.describeParameters()
                + " of "
                + nOut
                + " latent variables");
      }
      LatentPrior p = effectivePrior();
      p.checkLatents(nOut);
      if (p.distribution().getClass() == distribution.getClass()) {
        require(
            p.distribution().factors(nOut) == distribution.factors(nOut),
            "prior",
            p,
            "groups of the same size as those of " + distribution);
      }
      if (estimatesDivergence() && divergence.beta() > 0) {
        require(
            distribution.isReparameterized() && p.distribution().isReparameterized(),
            "divergence",
            "estimated from samples of " + distribution + " and " + p,
            "continuous families, or a prior of the same family as the posterior and the closed"
                + " form");
      }
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidConfigException(describeLayer() + e.getMessage(), e);
    }
  }

  private static void require(boolean met, String name, Object value, String accepted) {
    if (!met) {
      throw new IllegalArgumentException(name + " is " + value + "; accepted: " + accepted);
    }
  }

  private String describeLayer() {
    return "LatentVariables layer \"" + layerName + "\": ";
  }

  /** The prior that was set, or the standard member of the posterior's family. */
  LatentPrior effectivePrior() {
    return prior == null ? LatentPrior.standard(distribution) : prior;
  }

  /** Whether the divergence is estimated from samples. */
  boolean estimatesDivergence() {
    return divergence.estimator() == KullbackLeiblerTerm.Estimator.MONTE_CARLO
        || !distribution.hasDivergence()
        || effectivePrior().distribution().getClass() != distribution.getClass();
  }

  @Override
  public ParamInitializer initializer() {
    return EmptyParamInitializer.getInstance();
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    if (inputType == null) {
      throw new DL4JInvalidConfigException(describeLayer() + "input type is null");
    }
    channelsOf(inputType);
    return ChannelTypes.withChannels(inputType, nOut);
  }

  private long channelsOf(InputType inputType) {
    return ChannelTypes.channels(inputType)
        .orElseThrow(
            () ->
                new DL4JInvalidConfigException(
                    describeLayer()
                        + "input type is "
                        + inputType
                        + "; accepted: FF, RNN, CNN, CNN3D"));
  }

  @Override
  public void setNIn(InputType inputType, boolean override) {
    long channels = channelsOf(inputType);
    channelsLast = ChannelTypes.channelsLast(inputType);
    if (nIn <= 0 || override) {
      nIn = channels;
    }
    check();
  }

  @Override
  public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
    // DL4J puts a dense layer above a recurrent one on [n t, P], where examples cannot be told.
    return inputType instanceof InputType.InputTypeFeedForward type
            && type.getTimeDistributedFormat() instanceof RNNFormat format
        ? new FeedForwardToRnnPreProcessor(format)
        : null;
  }

  @Override
  public boolean isPretrainParam(String paramName) {
    return false;
  }

  @Override
  public LayerMemoryReport getMemoryReport(InputType inputType) {
    InputType outputType = getOutputType(-1, inputType);
    long values = samples * outputType.arrayElementsPerExample();
    return new LayerMemoryReport.Builder(layerName, LatentVariables.class, inputType, outputType)
        .standardMemory(0, 0)
        .workingMemory(0, values, 0, 3 * values)
        .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
        .build();
  }

  /**
   * Family of the posterior.
   *
   * @return the family
   */
  public LatentDistribution getDistribution() {
    return distribution;
  }

  /**
   * Sets the family of the posterior; checked when the layer is instantiated.
   *
   * @param distribution the family
   */
  public void setDistribution(LatentDistribution distribution) {
    this.distribution = distribution;
  }

  /**
   * The prior.
   *
   * @return the prior, or null for the standard member of the posterior's family
   */
  public LatentPrior getPrior() {
    return prior;
  }

  /**
   * Sets the prior; checked when the layer is instantiated.
   *
   * @param prior the prior, or null for the standard member of the posterior's family
   */
  public void setPrior(LatentPrior prior) {
    this.prior = prior;
  }

  /**
   * How the divergence enters the loss.
   *
   * @return the term
   */
  public KullbackLeiblerTerm getDivergence() {
    return divergence;
  }

  /**
   * Sets how the divergence enters the loss; checked when the layer is instantiated.
   *
   * @param divergence the term
   */
  public void setDivergence(KullbackLeiblerTerm divergence) {
    this.divergence = divergence;
  }

  /**
   * Samples of an example in training.
   *
   * @return 1 or more
   */
  public int getSamples() {
    return samples;
  }

  /**
   * Sets the samples of an example in training; checked when the layer is instantiated.
   *
   * @param samples 1 or more
   */
  public void setSamples(int samples) {
    this.samples = samples;
  }

  /**
   * Samples of an example in the input in training.
   *
   * @return 1 or more
   */
  public int getInputSamples() {
    return inputSamples;
  }

  /**
   * Sets the samples of an example in the input in training; checked when the layer is
   * instantiated.
   *
   * @param inputSamples 1 or more; see {@link Builder#inputSamples}
   */
  public void setInputSamples(int inputSamples) {
    this.inputSamples = inputSamples;
  }

  /**
   * What is passed on outside training.
   *
   * @return the choice
   */
  public LatentInference getInference() {
    return inference;
  }

  /**
   * Sets what is passed on outside training.
   *
   * @param inference the choice
   */
  public void setInference(LatentInference inference) {
    this.inference = inference;
  }

  /**
   * Whether channels are the last dimension of the activations; taken from the input type.
   *
   * @return true for NWC, NHWC and NDHWC
   */
  public boolean isChannelsLast() {
    return channelsLast;
  }

  /**
   * Sets whether channels are the last dimension of the activations.
   *
   * @param channelsLast true for NWC, NHWC and NDHWC
   */
  public void setChannelsLast(boolean channelsLast) {
    this.channelsLast = channelsLast;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LatentVariables latents
        && latents.getClass() == getClass()
        && super.equals(other)
        && Objects.equals(distribution, latents.distribution)
        && Objects.equals(prior, latents.prior)
        && Objects.equals(divergence, latents.divergence)
        && samples == latents.samples
        && inputSamples == latents.inputSamples
        && inference == latents.inference
        && channelsLast == latents.channelsLast;
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        super.hashCode(),
        distribution,
        prior,
        divergence,
        samples,
        inputSamples,
        inference,
        channelsLast);
  }

  @Override
  public String toString() {
    return "LatentVariables("
        + nOut
        + " "
        + distribution
        + ", "
        + effectivePrior()
        + ", "
        + divergence
        + ", samples="
        + samples
        + (inputSamples == 1 ? "" : ", inputSamples=" + inputSamples)
        + ", inference="
        + inference
        + ")";
  }

  /**
   * Builder of {@link LatentVariables}; {@code nOut}, the number of latent variables, is needed.
   */
  public static class Builder extends FeedForwardLayer.Builder<Builder> {

    private final LatentDistribution distribution;
    private LatentPrior prior;
    private KullbackLeiblerTerm divergence = KullbackLeiblerTerm.DEFAULT;
    private int samples = DEFAULT_SAMPLES;
    private int inputSamples = DEFAULT_INPUT_SAMPLES;
    private LatentInference inference = DEFAULT_INFERENCE;

    /**
     * Starts a configuration.
     *
     * @param distribution family of the posterior {@code q(z | x)}
     */
    public Builder(LatentDistribution distribution) {
      this.distribution = distribution;
    }

    /**
     * Sets the prior.
     *
     * @param prior the prior; default the standard member of the posterior's family
     * @return this builder
     */
    public Builder prior(LatentPrior prior) {
      this.prior = prior;
      return this;
    }

    /**
     * Sets how the divergence enters the loss.
     *
     * @param divergence the term; default {@link KullbackLeiblerTerm#DEFAULT}
     * @return this builder
     */
    public Builder divergence(KullbackLeiblerTerm divergence) {
      this.divergence = divergence;
      return this;
    }

    /**
     * Sets the samples of an example in training.
     *
     * @param samples 1 or more; default 1
     * @return this builder
     */
    public Builder samples(int samples) {
      this.samples = samples;
      return this;
    }

    /**
     * Sets how many samples of an example the input holds in training, where layers of latent
     * variables before this one draw several: the product of their {@link #samples}. The divergence
     * is a mean over them; with a wrong number its gradient is not that of the score. A {@code
     * MultiLayerNetwork} refuses a wrong one, a {@code ComputationGraph} cannot tell.
     *
     * @param inputSamples 1 or more; default 1
     * @return this builder
     */
    public Builder inputSamples(int inputSamples) {
      this.inputSamples = inputSamples;
      return this;
    }

    /**
     * Sets what is passed on outside training.
     *
     * @param inference the choice; default {@link LatentInference#MODE}
     * @return this builder
     */
    public Builder inference(LatentInference inference) {
      this.inference = inference;
      return this;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <E extends org.deeplearning4j.nn.conf.layers.Layer> E build() {
      LatentVariables layer = new LatentVariables(this);
      layer.check();
      return (E) layer;
    }
  }
}
