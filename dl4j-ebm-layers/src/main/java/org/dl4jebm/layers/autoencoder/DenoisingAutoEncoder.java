/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.Objects;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Configuration of a denoising autoencoder as a layer of a {@code MultiLayerNetwork} or {@code
 * ComputationGraph}: pretrained to restore examples from corrupted ones, then fine-tuned as an
 * ordinary layer {@code h = f(x W + c)} (Vincent, Larochelle, Bengio and Manzagol, ICML 2008).
 *
 * <pre>{@code
 * x~ ~ q(x~ | x),   h = f(x~ W + c),   a = h W' + b,   loss = sum_i L(x_i, a_i)
 * }</pre>
 *
 * <p>with tied weights. {@code f} is the layer's activation, by default DL4J's global one, the
 * sigmoid; {@code L} is the {@link ReconstructionLoss}, by default the cross-entropy of sigmoid
 * units for data in [0, 1]; {@code q} the {@link Corruption}, by default {@link MaskingCorruption}
 * of 0.3. Losses are summed over the visible units, mean over examples, in nats.
 *
 * <p>Stacked, such layers initialise a deep network about as well as restricted Boltzmann machines
 * do, with a loss that can be watched; they are no model of the data that could be sampled or
 * compared by its likelihood. Use the greedy trainer of the training module to pretrain a stack:
 * {@code MultiLayerNetwork.pretrain} of DL4J 1.0.0-M2.1 gives layers above the first the wrong
 * input. DL4J's own {@code AutoEncoder} goes uphill and should not be used.
 *
 * <p>Updater, weight initialisation, l1, l2, weight decay, constraints, gradient normalisation and
 * weight noise are DL4J's and act in pretraining and fine-tuning alike; the visible bias follows
 * the bias updater, bias regularisation and bias constraints. Dropout acts in fine-tuning only. The
 * noise comes from the network's seed, which must not be 0, the layer's index and the iteration.
 */
public class DenoisingAutoEncoder extends EncoderConfiguration {

  private static final long serialVersionUID = 1L;

  private static final Corruption DEFAULT_CORRUPTION = new MaskingCorruption(0.3);
  private static final ReconstructionLoss DEFAULT_LOSS = ReconstructionLoss.CROSS_ENTROPY;

  private Corruption corruption = DEFAULT_CORRUPTION;
  private ReconstructionLoss loss = DEFAULT_LOSS;

  /** For deserialisation; use {@link Builder}. */
  public DenoisingAutoEncoder() {}

  private DenoisingAutoEncoder(Builder builder) {
    super(builder);
    corruption = builder.corruption;
    loss = builder.loss;
    initializeConstraints(builder);
  }

  @Override
  EncoderLayer<?> newLayer(NeuralNetConfiguration conf, DataType type) {
    return new DenoisingAutoEncoderLayer(conf, type);
  }

  @Override
  void requireOptions() {
    if (corruption == null || loss == null) {
      throw new IllegalArgumentException(
          "corruption is "
              + corruption
              + " and loss is "
              + loss
              + "; accepted: a Corruption, such as new NoCorruption(), and a ReconstructionLoss");
    }
  }

  /**
   * What is done to examples before they have to be restored.
   *
   * @return the corruption
   */
  public Corruption getCorruption() {
    return corruption;
  }

  /**
   * Sets what is done to examples; checked when the layer is instantiated.
   *
   * @param corruption the corruption
   */
  public void setCorruption(Corruption corruption) {
    this.corruption = corruption;
  }

  /**
   * The visible units and the loss.
   *
   * @return the loss
   */
  public ReconstructionLoss getLoss() {
    return loss;
  }

  /**
   * Sets the visible units and the loss; checked when the layer is instantiated.
   *
   * @param loss the loss
   */
  public void setLoss(ReconstructionLoss loss) {
    this.loss = loss;
  }

  @Override
  protected boolean canEqual(Object other) {
    return other instanceof DenoisingAutoEncoder;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DenoisingAutoEncoder encoder
        && encoder.canEqual(this)
        && super.equals(other)
        && Objects.equals(corruption, encoder.corruption)
        && loss == encoder.loss;
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), corruption, loss);
  }

  @Override
  public String toString() {
    return "DenoisingAutoEncoder("
        + super.toString()
        + ", corruption="
        + corruption
        + ", loss="
        + loss
        + ")";
  }

  /**
   * Builds the layer configuration. What is not set is taken from the network's global
   * configuration, as for every DL4J layer.
   */
  public static class Builder extends BasePretrainNetwork.Builder<Builder> {

    private Corruption corruption = DEFAULT_CORRUPTION;
    private ReconstructionLoss loss = DEFAULT_LOSS;

    /** Starts with the defaults. */
    public Builder() {}

    /**
     * What is done to examples before they have to be restored. Default: {@link MaskingCorruption}
     * of 0.3.
     *
     * @param corruption the corruption
     * @return this builder
     */
    public Builder corruption(Corruption corruption) {
      this.corruption = corruption;
      return this;
    }

    /**
     * Masks values with this probability, as the option of the same name of DL4J's autoencoder
     * does: short for {@link #corruption} with a {@link MaskingCorruption}.
     *
     * @param probability of a value to be set to 0, in [0, 1]
     * @return this builder
     * @throws IllegalArgumentException if it is not in [0, 1]
     */
    public Builder corruptionLevel(double probability) {
      return corruption(new MaskingCorruption(probability));
    }

    /**
     * The visible units and the loss. Default: {@link ReconstructionLoss#CROSS_ENTROPY}.
     *
     * @param loss the loss
     * @return this builder
     */
    public Builder loss(ReconstructionLoss loss) {
      this.loss = loss;
      return this;
    }

    /**
     * DL4J's way to name a loss, of which only the cross-entropy of binary units has a counterpart
     * here. Use {@link #loss}.
     *
     * @param lossFunction XENT or RECONSTRUCTION_CROSSENTROPY
     * @return this builder
     * @throws DL4JInvalidConfigException for other losses, whose scaling differs from those of
     *     {@link ReconstructionLoss}
     */
    @Override
    public Builder lossFunction(LossFunction lossFunction) {
      if (lossFunction != LossFunction.XENT
          && lossFunction != LossFunction.RECONSTRUCTION_CROSSENTROPY) {
        throw new DL4JInvalidConfigException(
            "DenoisingAutoEncoder layer \""
                + layerName
                + "\": lossFunction is "
                + lossFunction
                + "; accepted: XENT or RECONSTRUCTION_CROSSENTROPY, or loss(ReconstructionLoss)");
      }
      return loss(ReconstructionLoss.CROSS_ENTROPY);
    }

    /**
     * Builds the configuration.
     *
     * @return a {@link DenoisingAutoEncoder}
     * @throws DL4JInvalidConfigException naming the layer, the option, its value and what is
     *     accepted
     */
    @Override
    @SuppressWarnings("unchecked") // the signature is DL4J's
    public <E extends org.deeplearning4j.nn.conf.layers.Layer> E build() {
      DenoisingAutoEncoder layer = new DenoisingAutoEncoder(this);
      layer.checkOptions();
      return (E) layer;
    }
  }
}
