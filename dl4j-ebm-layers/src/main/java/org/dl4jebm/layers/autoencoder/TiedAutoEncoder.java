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
 * Configuration of the autoencoder with tied weights, sigmoid hidden and linear visible units as a
 * layer of a {@code MultiLayerNetwork} or {@code ComputationGraph}: pretrained by reconstruction,
 * or as the energy that belongs to it by score matching, exactly or with noise; then fine-tuned as
 * an ordinary layer {@code h = sigmoid(x W + c)}. Formulas are in {@link TiedAutoEncoderModel}.
 *
 * <p>For real-valued data, best centred and with standard deviations near 1. Plain reconstruction
 * has no reason to prefer anything to a copy of its input where there are as many hidden units as
 * visible ones; score matching then still learns a density, that of a restricted Boltzmann machine
 * with Gaussian visible units, without sampling. For features to start a deep network from, the
 * {@link DenoisingAutoEncoder} has more kinds of noise and losses.
 *
 * <p>What is said there about DL4J's options, stacks and noise holds here too.
 */
public class TiedAutoEncoder extends EncoderConfiguration {

  private static final long serialVersionUID = 1L;

  private static final Objective DEFAULT_OBJECTIVE = Objective.RECONSTRUCTION;
  private static final double DEFAULT_NOISE = 0.5;
  private static final double DEFAULT_TEMPERATURE = 1;

  /** What pretraining minimises; see {@link TiedAutoEncoderModel}. */
  public enum Objective {
    /** Half the squared error of the reconstruction; the temperature takes no part. */
    RECONSTRUCTION,
    /**
     * Exact score matching (Hyvarinen, JMLR 2005). As many products as reconstruction; for smooth
     * data only: on data that lie on a grid or in a subspace it has no minimum.
     */
    SCORE_MATCHING,
    /**
     * Denoising score matching (Vincent, Neural Computation 2011): learns the density of the data
     * with the noise added. With {@code temperature = noise^2} the loss is that of a denoising
     * autoencoder divided by {@code noise^4}.
     */
    DENOISING_SCORE_MATCHING
  }

  private Objective objective = DEFAULT_OBJECTIVE;
  private double noise = DEFAULT_NOISE;
  private double temperature = DEFAULT_TEMPERATURE;

  /** For deserialisation; use {@link Builder}. */
  public TiedAutoEncoder() {}

  private TiedAutoEncoder(Builder builder) {
    super(builder);
    objective = builder.objective;
    noise = builder.noise;
    temperature = builder.temperature;
    if (activationFn == null) {
      activationFn = new ActivationSigmoid();
    }
    initializeConstraints(builder);
  }

  @Override
  EncoderLayer<?> newLayer(NeuralNetConfiguration conf, DataType type) {
    return new TiedAutoEncoderLayer(conf, type);
  }

  @Override
  void requireOptions() {
    requireSigmoid();
    if (objective == null) {
      throw new IllegalArgumentException("objective is null; accepted: an Objective");
    }
    requirePositive(noise, "noise");
    requirePositive(temperature, "temperature");
  }

  /**
   * What pretraining minimises.
   *
   * @return the objective
   */
  public Objective getObjective() {
    return objective;
  }

  /**
   * Sets what pretraining minimises; checked when the layer is instantiated.
   *
   * @param objective the objective
   */
  public void setObjective(Objective objective) {
    this.objective = objective;
  }

  /**
   * Standard deviation of the noise of denoising score matching.
   *
   * @return the deviation, above 0
   */
  public double getNoise() {
    return noise;
  }

  /**
   * Sets the standard deviation of the noise; checked when the layer is instantiated.
   *
   * @param noise above 0
   */
  public void setNoise(double noise) {
    this.noise = noise;
  }

  /**
   * Temperature of the energy whose score is matched.
   *
   * @return the temperature, above 0
   */
  public double getTemperature() {
    return temperature;
  }

  /**
   * Sets the temperature; checked when the layer is instantiated.
   *
   * @param temperature above 0
   */
  public void setTemperature(double temperature) {
    this.temperature = temperature;
  }

  @Override
  protected boolean canEqual(Object other) {
    return other instanceof TiedAutoEncoder;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TiedAutoEncoder encoder
        && encoder.canEqual(this)
        && super.equals(other)
        && objective == encoder.objective
        && Double.compare(noise, encoder.noise) == 0
        && Double.compare(temperature, encoder.temperature) == 0;
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), objective, noise, temperature);
  }

  @Override
  public String toString() {
    return "TiedAutoEncoder("
        + super.toString()
        + ", objective="
        + objective
        + ", noise="
        + noise
        + ", temperature="
        + temperature
        + ")";
  }

  /**
   * Builds the layer configuration. What is not set is taken from the network's global
   * configuration, as for every DL4J layer.
   */
  public static class Builder extends BasePretrainNetwork.Builder<Builder> {

    private Objective objective = DEFAULT_OBJECTIVE;
    private double noise = DEFAULT_NOISE;
    private double temperature = DEFAULT_TEMPERATURE;

    /** Starts with reconstruction. */
    public Builder() {}

    /**
     * What pretraining minimises. Default: {@link Objective#RECONSTRUCTION}.
     *
     * @param objective the objective
     * @return this builder
     */
    public Builder objective(Objective objective) {
      this.objective = objective;
      return this;
    }

    /**
     * Standard deviation of the noise of denoising score matching, in units of the data. Default:
     * 0.5. Idle with other objectives.
     *
     * @param noise above 0
     * @return this builder
     */
    public Builder noise(double noise) {
      this.noise = noise;
      return this;
    }

    /**
     * Temperature of the energy whose score is matched. Default: 1. Idle with reconstruction.
     *
     * @param temperature above 0
     * @return this builder
     */
    public Builder temperature(double temperature) {
      this.temperature = temperature;
      return this;
    }

    /**
     * Not a choice: the energy belongs to sigmoid units.
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
     * @return a {@link TiedAutoEncoder}
     * @throws DL4JInvalidConfigException naming the layer, the option, its value and what is
     *     accepted
     */
    @Override
    @SuppressWarnings("unchecked") // the signature is DL4J's
    public <E extends org.deeplearning4j.nn.conf.layers.Layer> E build() {
      TiedAutoEncoder layer = new TiedAutoEncoder(this);
      layer.checkOptions();
      return (E) layer;
    }
  }
}
