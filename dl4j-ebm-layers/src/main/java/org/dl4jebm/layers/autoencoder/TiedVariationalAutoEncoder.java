/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.Objects;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Configuration of a variational autoencoder of one layer, with binary causes, normal visible units
 * of variance 1 and an encoder that shares the decoder's weights: {@code q(z_k = 1 | x) =
 * sigmoid(c_k + w_k.x)} and {@code x ~ N(b + z W', I)}. Pretrained by its evidence lower bound,
 * then fine-tuned as an ordinary layer {@code h = sigmoid(x W + c)}. Formulas are in {@link
 * TiedVariationalModel}.
 *
 * <p>For real-valued data. The true posterior of this model is not a product of sigmoids, since
 * causes explain each other away; sharing the weights keeps the model small, at the price of a
 * looser bound than an encoder of its own would give. Choose it to study estimators of gradients
 * through binary variables, whose exact counterpart is known here; for more than one layer of
 * latent variables build a network with stochastic layers.
 *
 * <p>What is said at {@link DenoisingAutoEncoder} about DL4J's options, stacks and noise holds here
 * too.
 */
public class TiedVariationalAutoEncoder extends EncoderConfiguration {

  private static final long serialVersionUID = 1L;

  private static final Estimator DEFAULT_ESTIMATOR = Estimator.ANALYTIC;
  private static final double DEFAULT_TEMPERATURE = 0.5;
  private static final int DEFAULT_SAMPLES = 2;
  private static final double DEFAULT_PRIOR = 0.5;

  /**
   * How the gradient of the expected squared error {@code F(z) = |x - b - z W'|^2 / 2} is formed.
   *
   * <p>The sum over the parameters of the variance of one example's gradient, measured with 20
   * visible units, 10 causes, weights from N(0, 0.16) and two samples an example: 10,038 by the
   * score function without baseline, 1,013 with it, 78 by relaxed variables at temperature 0.5, 36
   * by the straight-through estimator.
   */
  public enum Estimator {
    /** Exact, without samples. */
    ANALYTIC,
    /**
     * Binary Concrete variables (Maddison, Mnih and Teh; Jang, Gu and Poole, ICLR 2017): {@code z =
     * sigmoid((a + log u - log(1 - u)) / tau)} with uniform u. The gradient of the relaxed error,
     * of which it is an unbiased estimate, differs from the exact one by an amount that falls
     * linearly with {@code tau}; the variance grows as {@code 1 / tau}.
     */
    RELAXED,
    /**
     * Binary samples, whose derivative by their probability is taken as 1 (Bengio, Leonard and
     * Courville 2013). Biased: here the expectation of the derivative by {@code s_k} is too large
     * by exactly {@code |w_k|^2 (s_k - 1/2)}.
     */
    STRAIGHT_THROUGH,
    /**
     * {@code F(z) d log q(z | x)} (Williams, Machine Learning 1992), unbiased; by default less the
     * mean error of the example's other samples, which leaves the expectation as it is and takes
     * out most of the variance.
     */
    SCORE_FUNCTION
  }

  private Estimator estimator = DEFAULT_ESTIMATOR;
  private double temperature = DEFAULT_TEMPERATURE;
  private int samples = DEFAULT_SAMPLES;
  private boolean baseline = true;
  private double prior = DEFAULT_PRIOR;
  private boolean trainBiases = true;

  /** For deserialisation; use {@link Builder}. */
  public TiedVariationalAutoEncoder() {}

  private TiedVariationalAutoEncoder(Builder builder) {
    super(builder);
    estimator = builder.estimator;
    temperature = builder.temperature;
    samples = builder.samples;
    baseline = builder.baseline;
    prior = builder.prior;
    trainBiases = builder.trainBiases;
    if (activationFn == null) {
      activationFn = new ActivationSigmoid();
    }
    initializeConstraints(builder);
  }

  @Override
  EncoderLayer<?> newLayer(NeuralNetConfiguration conf, DataType type) {
    return new TiedVariationalAutoEncoderLayer(conf, type);
  }

  @Override
  void requireOptions() {
    requireSigmoid();
    if (estimator == null) {
      throw new IllegalArgumentException("estimator is null; accepted: an Estimator");
    }
    requirePositive(temperature, "temperature");
    int least = estimator == Estimator.SCORE_FUNCTION && baseline ? 2 : 1;
    if (samples < least) {
      throw new IllegalArgumentException(
          "samples is "
              + samples
              + "; accepted: "
              + least
              + " or more"
              + (least == 2 ? ", or no baseline, which is the mean of the other samples" : ""));
    }
    TiedVariationalModel.requirePrior(prior);
  }

  @Override
  int codesAnExample() {
    return estimator == Estimator.ANALYTIC ? 1 : samples;
  }

  /**
   * How the gradient is formed.
   *
   * @return the estimator
   */
  public Estimator getEstimator() {
    return estimator;
  }

  /**
   * Sets how the gradient is formed; checked when the layer is instantiated.
   *
   * @param estimator the estimator
   */
  public void setEstimator(Estimator estimator) {
    this.estimator = estimator;
  }

  /**
   * Temperature of the relaxed variables.
   *
   * @return {@code tau}, above 0
   */
  public double getTemperature() {
    return temperature;
  }

  /**
   * Sets the temperature of the relaxed variables; checked when the layer is instantiated.
   *
   * @param temperature above 0
   */
  public void setTemperature(double temperature) {
    this.temperature = temperature;
  }

  /**
   * Samples for each example.
   *
   * @return the number, at least 1
   */
  public int getSamples() {
    return samples;
  }

  /**
   * Sets the samples for each example; checked when the layer is instantiated.
   *
   * @param samples at least 1, with a baseline at least 2
   */
  public void setSamples(int samples) {
    this.samples = samples;
  }

  /**
   * Whether the score function has a baseline.
   *
   * @return true for the mean of the other samples, false for none
   */
  public boolean isBaseline() {
    return baseline;
  }

  /**
   * Sets whether the score function has a baseline.
   *
   * @param baseline true for the mean of the other samples, false for none
   */
  public void setBaseline(boolean baseline) {
    this.baseline = baseline;
  }

  /**
   * Probability of a cause to be 1.
   *
   * @return {@code pi}, in (0, 1)
   */
  public double getPrior() {
    return prior;
  }

  /**
   * Sets the probability of a cause to be 1; checked when the layer is instantiated.
   *
   * @param prior in (0, 1)
   */
  public void setPrior(double prior) {
    this.prior = prior;
  }

  /**
   * Whether pretraining changes the biases.
   *
   * @return false if they stay where they are
   */
  public boolean isTrainBiases() {
    return trainBiases;
  }

  /**
   * Sets whether pretraining changes the biases.
   *
   * @param trainBiases false if they stay where they are
   */
  public void setTrainBiases(boolean trainBiases) {
    this.trainBiases = trainBiases;
  }

  @Override
  protected boolean canEqual(Object other) {
    return other instanceof TiedVariationalAutoEncoder;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TiedVariationalAutoEncoder encoder
        && encoder.canEqual(this)
        && super.equals(other)
        && estimator == encoder.estimator
        && Double.compare(temperature, encoder.temperature) == 0
        && samples == encoder.samples
        && baseline == encoder.baseline
        && Double.compare(prior, encoder.prior) == 0
        && trainBiases == encoder.trainBiases;
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        super.hashCode(), estimator, temperature, samples, baseline, prior, trainBiases);
  }

  @Override
  public String toString() {
    return "TiedVariationalAutoEncoder("
        + super.toString()
        + ", estimator="
        + estimator
        + ", temperature="
        + temperature
        + ", samples="
        + samples
        + ", baseline="
        + baseline
        + ", prior="
        + prior
        + ", trainBiases="
        + trainBiases
        + ")";
  }

  /**
   * Builds the layer configuration. What is not set is taken from the network's global
   * configuration, as for every DL4J layer.
   */
  public static class Builder extends BasePretrainNetwork.Builder<Builder> {

    private Estimator estimator = DEFAULT_ESTIMATOR;
    private double temperature = DEFAULT_TEMPERATURE;
    private int samples = DEFAULT_SAMPLES;
    private boolean baseline = true;
    private double prior = DEFAULT_PRIOR;
    private boolean trainBiases = true;

    /** Starts with the exact gradient. */
    public Builder() {}

    /**
     * How the gradient is formed. Default: {@link Estimator#ANALYTIC}.
     *
     * @param estimator the estimator
     * @return this builder
     */
    public Builder estimator(Estimator estimator) {
      this.estimator = estimator;
      return this;
    }

    /**
     * Temperature of the relaxed variables. Default: 0.5. Idle with other estimators.
     *
     * @param temperature above 0
     * @return this builder
     */
    public Builder temperature(double temperature) {
      this.temperature = temperature;
      return this;
    }

    /**
     * Samples for each example. Default: 2. Idle with the exact gradient.
     *
     * @param samples at least 1, with a baseline at least 2
     * @return this builder
     */
    public Builder samples(int samples) {
      this.samples = samples;
      return this;
    }

    /**
     * Whether the score function has a baseline. Default: true. Idle with other estimators.
     *
     * @param baseline true for the mean of the other samples, false for none
     * @return this builder
     */
    public Builder baseline(boolean baseline) {
      this.baseline = baseline;
      return this;
    }

    /**
     * Probability of a cause to be 1. Default: 0.5.
     *
     * @param prior in (0, 1)
     * @return this builder
     */
    public Builder prior(double prior) {
      this.prior = prior;
      return this;
    }

    /**
     * Whether pretraining changes the biases. Default: true. Without, and with biases that start at
     * 0, the model is {@code q(z_k = 1 | x) = sigmoid(w_k.x)} and {@code x ~ N(z W', I)}.
     *
     * @param trainBiases false if they stay where they are
     * @return this builder
     */
    public Builder trainBiases(boolean trainBiases) {
      this.trainBiases = trainBiases;
      return this;
    }

    /**
     * Not a choice: causes are Bernoulli variables.
     *
     * @param activation the sigmoid; anything else is refused by {@link #build()}
     * @return this builder
     */
    @Override
    public Builder activation(IActivation activation) {
      return super.activation(activation);
    }

    /**
     * Builds the configuration.
     *
     * @return a {@link TiedVariationalAutoEncoder}
     * @throws DL4JInvalidConfigException naming the layer, the option, its value and what is
     *     accepted
     */
    @Override
    @SuppressWarnings("unchecked") // the signature is DL4J's
    public <E extends org.deeplearning4j.nn.conf.layers.Layer> E build() {
      TiedVariationalAutoEncoder layer = new TiedVariationalAutoEncoder(this);
      layer.checkOptions();
      return (E) layer;
    }
  }
}
