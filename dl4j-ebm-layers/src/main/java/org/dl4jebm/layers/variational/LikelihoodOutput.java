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
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Configuration of the output layer of a decoder, without weights: its input is the decoder's raw
 * output {@code eta} (give the layer below the identity as activation), its labels are the data
 * {@code x}, and its score is {@code -log p(x | eta)} in nats, summed over all values of an example
 * and averaged over the examples of a minibatch.
 *
 * <pre>{@code
 * .layer(new DenseLayer.Builder().nOut(784).activation(Activation.IDENTITY).build())
 * .layer(new LikelihoodOutput.Builder(new BernoulliLikelihood()).build())
 * }</pre>
 *
 * <p>Input is feed-forward {@code [n, P]}, a time series {@code [n, P, t]}, or the output of a
 * convolution {@code [n, P, h, w]} (also with a depth); with the channels last where the input type
 * says so, or {@link Builder#channelsLast} where no input type is given. {@code P} is {@link
 * Likelihood#outputSize}. Labels have the same shape with the channels of the data; flattened
 * labels {@code [n, d h w]} are accepted too. {@code output} gives the mean of {@code x}.
 *
 * <p>Label masks: {@code [n, 1]} weighs examples, {@code [n, t]} the steps of a time series, and
 * one of the shape of the labels, or with sizes of 1 in their place, weighs values.
 *
 * <p>With {@code T} samples of the latent variables the input has {@code T n} rows for {@code n}
 * labels, row {@code i T + s} for sample {@code s} of example {@code i}; {@link SampleBound} says
 * what is made of them.
 *
 * <p>Learned variances are the parameter {@value LikelihoodParamInitializer#LOG_VARIANCE_KEY}; see
 * {@link LikelihoodParamInitializer}. Dropout is not applied to the input of this layer.
 */
public class LikelihoodOutput extends FeedForwardLayer {

  private static final long serialVersionUID = 1L;
  private static final SampleBound DEFAULT_BOUND = SampleBound.MEAN;
  private static final ScoreFunctionBaseline DEFAULT_BASELINE = ScoreFunctionBaseline.NONE;

  private Likelihood likelihood;
  private SampleBound bound = DEFAULT_BOUND;
  private ScoreFunctionBaseline baseline = DEFAULT_BASELINE;
  private boolean channelsLast;

  /** For deserialisation; use {@link Builder}. */
  public LikelihoodOutput() {}

  private LikelihoodOutput(Builder builder) {
    super(builder);
    likelihood = builder.likelihood;
    bound = builder.bound;
    baseline = builder.baseline;
    channelsLast = builder.channelsLast;
    if (activationFn == null) {
      activationFn = new ActivationIdentity();
    }
    check();
    if (nIn > 0) {
      nOut = dataSize(nIn);
    }
    initializeConstraints(builder);
  }

  private void check() {
    if (likelihood == null || bound == null || baseline == null) {
      refuse(
          "likelihood is "
              + likelihood
              + ", bound "
              + bound
              + " and baseline "
              + baseline
              + "; accepted: one of each");
    }
    if (baseline != ScoreFunctionBaseline.NONE && bound != SampleBound.SCORE_FUNCTION) {
      refuse(
          "baseline is "
              + baseline
              + " with bound "
              + bound
              + "; accepted: "
              + SampleBound.SCORE_FUNCTION
              + " only");
    }
    if (!new ActivationIdentity().equals(activationFn)) {
      refuse(
          "activation is "
              + activationFn
              + "; accepted: the identity, for the likelihood takes the decoder's raw output");
    }
  }

  private void refuse(String problem) {
    throw new DL4JInvalidConfigException(describeLayer() + problem);
  }

  private String describeLayer() {
    return "LikelihoodOutput layer \"" + layerName + "\": ";
  }

  /** Channels of the data for an input of so many. */
  private long dataSize(long inputSize) {
    long outputs = inputSize - (bound.hasColumn() ? 1 : 0);
    if (outputs < 1) {
      refuse(
          "input has "
              + inputSize
              + " channels; accepted: at least 1"
              + (bound.hasColumn() ? ", and one more column for bound " + bound : ""));
    }
    try {
      return likelihood.dataSize(outputs);
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidConfigException(describeLayer() + e.getMessage(), e);
    }
  }

  boolean hasParameters() {
    return likelihood != null && likelihood.parameterCount(1) > 0;
  }

  long parameterCount() {
    if (!hasParameters()) {
      return 0;
    }
    if (likelihood.parameterCount(1) != likelihood.parameterCount(2) && nIn < 1) {
      refuse(
          "nIn is "
              + nIn
              + " with "
              + likelihood.describe()
              + "; accepted: 1 or more, or an input type for the network");
    }
    return likelihood.parameterCount(nIn < 1 ? 1 : dataSize(nIn));
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
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidConfigException(describeLayer() + e.getMessage(), e);
    }
    if (nIn > 0) {
      nOut = dataSize(nIn);
    }
    LikelihoodOutputLayer layer = new LikelihoodOutputLayer(conf, networkDataType);
    layer.setListeners(trainingListeners);
    layer.setIndex(layerIndex);
    layer.setParamsViewArray(layerParamsView);
    layer.setParamTable(initializer().init(conf, layerParamsView, initializeParams));
    layer.setConf(conf);
    return layer;
  }

  @Override
  public ParamInitializer initializer() {
    return LikelihoodParamInitializer.getInstance();
  }

  @Override
  public void setNIn(InputType inputType, boolean override) {
    if (nIn <= 0 || override) {
      nIn = channels(inputType);
    }
    nOut = dataSize(nIn);
    channelsLast = ChannelTypes.channelsLast(inputType);
  }

  private long channels(InputType inputType) {
    boolean positions =
        inputType instanceof InputType.InputTypeFeedForward type
            ? type.getTimeDistributedFormat() != null
            : !(inputType instanceof InputType.InputTypeConvolutionalFlat);
    if (bound.hasColumn() && positions) {
      refuse(
          "input is "
              + inputType
              + " with bound "
              + bound
              + "; accepted: feed-forward input, not of a time series");
    }
    return ChannelTypes.channels(inputType)
        .orElseThrow(
            () ->
                new DL4JInvalidConfigException(
                    describeLayer()
                        + "input type is "
                        + inputType
                        + "; accepted: feed-forward, recurrent or convolutional"));
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    return ChannelTypes.withChannels(inputType, dataSize(channels(inputType)));
  }

  @Override
  public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
    channels(inputType);
    // DL4J puts a dense layer above a recurrent one on [n t, P].
    return inputType instanceof InputType.InputTypeFeedForward type
            && type.getTimeDistributedFormat() instanceof RNNFormat format
        ? new FeedForwardToRnnPreProcessor(format)
        : null;
  }

  @Override
  public LayerMemoryReport getMemoryReport(InputType inputType) {
    InputType outputType = getOutputType(-1, inputType);
    long parameters = initializer().numParams(this);
    long state =
        parameters == 0
            ? 0
            : getUpdaterByParam(LikelihoodParamInitializer.LOG_VARIANCE_KEY).stateSize(parameters);
    return new LayerMemoryReport.Builder(layerName, LikelihoodOutput.class, inputType, outputType)
        .standardMemory(parameters, state)
        .workingMemory(0, 0, 0, inputType.arrayElementsPerExample())
        .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
        .build();
  }

  /**
   * The distribution of the data.
   *
   * @return the likelihood, with initial values where it learns parameters; see {@link
   *     LikelihoodOutputLayer#likelihood} for those that were learned
   */
  public Likelihood getLikelihood() {
    return likelihood;
  }

  /**
   * Sets the distribution of the data.
   *
   * @param likelihood the likelihood
   */
  public void setLikelihood(Likelihood likelihood) {
    this.likelihood = likelihood;
  }

  /**
   * What is made of several samples.
   *
   * @return the bound
   */
  public SampleBound getBound() {
    return bound;
  }

  /**
   * Sets what is made of several samples; checked when the layer is instantiated.
   *
   * @param bound the bound
   */
  public void setBound(SampleBound bound) {
    this.bound = bound;
  }

  /**
   * The baseline of {@link SampleBound#SCORE_FUNCTION}.
   *
   * @return the baseline
   */
  public ScoreFunctionBaseline getBaseline() {
    return baseline;
  }

  /**
   * Sets the baseline of {@link SampleBound#SCORE_FUNCTION}; checked when the layer is
   * instantiated.
   *
   * @param baseline the baseline
   */
  public void setBaseline(ScoreFunctionBaseline baseline) {
    this.baseline = baseline;
  }

  /**
   * Whether the channels are the last dimension of input and labels.
   *
   * @return false if they are dimension 1
   */
  public boolean isChannelsLast() {
    return channelsLast;
  }

  /**
   * Sets whether the channels are the last dimension of input and labels; an input type overrides
   * it.
   *
   * @param channelsLast false if they are dimension 1
   */
  public void setChannelsLast(boolean channelsLast) {
    this.channelsLast = channelsLast;
  }

  @Override
  protected boolean canEqual(Object other) {
    return other instanceof LikelihoodOutput;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LikelihoodOutput output
        && output.canEqual(this)
        && super.equals(other)
        && Objects.equals(likelihood, output.likelihood)
        && bound == output.bound
        && baseline == output.baseline
        && channelsLast == output.channelsLast;
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), likelihood, bound, baseline, channelsLast);
  }

  /** Builds a {@link LikelihoodOutput}. */
  public static class Builder extends FeedForwardLayer.Builder<Builder> {

    private final Likelihood likelihood;
    private SampleBound bound = DEFAULT_BOUND;
    private ScoreFunctionBaseline baseline = DEFAULT_BASELINE;
    private boolean channelsLast;

    /**
     * Starts a layer.
     *
     * @param likelihood the distribution of the data
     */
    public Builder(Likelihood likelihood) {
      this.likelihood = likelihood;
    }

    /**
     * Sets what is made of several samples; by default {@link SampleBound#MEAN}.
     *
     * @param bound the bound
     * @return this builder
     */
    public Builder bound(SampleBound bound) {
      this.bound = bound;
      return this;
    }

    /**
     * Sets the baseline of {@link SampleBound#SCORE_FUNCTION}; by default none.
     *
     * @param baseline the baseline
     * @return this builder
     */
    public Builder baseline(ScoreFunctionBaseline baseline) {
      this.baseline = baseline;
      return this;
    }

    /**
     * Says that the channels are the last dimension; needed only where the network has no input
     * type.
     *
     * @param channelsLast false if they are dimension 1
     * @return this builder
     */
    public Builder channelsLast(boolean channelsLast) {
      this.channelsLast = channelsLast;
      return this;
    }

    /**
     * Refused: the number of outputs follows from the input.
     *
     * @param nOut not looked at
     * @return nothing
     * @throws UnsupportedOperationException always
     */
    @Override
    public Builder nOut(int nOut) {
      return nOut((long) nOut);
    }

    /**
     * Refused: the number of outputs follows from the input.
     *
     * @param nOut not looked at
     * @return nothing
     * @throws UnsupportedOperationException always
     */
    @Override
    public Builder nOut(long nOut) {
      throw new UnsupportedOperationException(
          "nOut was set to " + nOut + "; it follows from the input and the likelihood");
    }

    /**
     * Sets the activation, of which only the identity is accepted.
     *
     * @param activation the identity
     * @return this builder
     */
    @Override
    public Builder activation(IActivation activation) {
      return super.activation(activation);
    }

    /**
     * Builds the configuration.
     *
     * @return a {@link LikelihoodOutput}
     * @throws DL4JInvalidConfigException if options do not go together
     */
    @Override
    @SuppressWarnings("unchecked") // the signature is DL4J's
    public <E extends org.deeplearning4j.nn.conf.layers.Layer> E build() {
      return (E) new LikelihoodOutput(this);
    }
  }
}
