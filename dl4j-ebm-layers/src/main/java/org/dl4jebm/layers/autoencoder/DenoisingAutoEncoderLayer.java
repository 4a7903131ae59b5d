/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.Optional;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jebm.layers.random.RandomStream;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The layer that {@link DenoisingAutoEncoder} instantiates: a dense layer that can be pretrained to
 * restore corrupted input.
 *
 * <p>In pretraining the score is the loss of the batch with the corruption of this iteration,
 * summed over visible units, mean over examples, plus DL4J's regularisation term, before the
 * update; the gradient is that of the score, exactly.
 */
public class DenoisingAutoEncoderLayer extends EncoderLayer<DenoisingAutoEncoder> {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the layer; networks do so through {@link DenoisingAutoEncoder#instantiate}.
   *
   * @param conf configuration that holds the {@link DenoisingAutoEncoder}
   * @param dataType type of parameters and activations
   */
  public DenoisingAutoEncoderLayer(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  @Override
  DenoisingObjective objective() {
    return new DenoisingObjective(
        layerConf().getCorruption(), layerConf().getLoss(), layerConf().getActivationFn());
  }

  /**
   * The code of examples, {@code f(c + x W)}, without corruption.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @return {@code [n, nOut]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray encode(INDArray x) {
    INDArray h = tiedWeights().hiddenField(x);
    DenoisingObjective.activate(layerConf().getActivationFn(), h);
    return h;
  }

  /**
   * The way back, {@code g(b + h W')}.
   *
   * @param h {@code [n, nOut]}. Not modified.
   * @return {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray decode(INDArray h) {
    return objective().decode(tiedWeights(), h);
  }

  /**
   * The reconstruction of examples as they are, without corruption.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @return {@code [n, nIn]}, new
   * @throws IllegalArgumentException if the width is wrong
   */
  public INDArray reconstruct(INDArray x) {
    return decode(encode(x));
  }

  /**
   * The corruption that the batch of an iteration gets.
   *
   * @param x {@code [n, nIn]}. Not modified.
   * @param iteration updates made before it
   * @return {@code [n, nIn]}, new; the same at every call
   */
  public INDArray corrupt(INDArray x, int iteration) {
    INDArray clean = plain(x);
    INDArray out = clean.ulike();
    try (RandomStream noise = noise(iteration)) {
      layerConf().getCorruption().corrupt(clean, out, noise);
    }
    return out;
  }

  /**
   * The loss of each example with a given corruption.
   *
   * @param clean what is to be restored, {@code [n, nIn]}. Not modified.
   * @param input what the layer gets, {@code [n, nIn]}; the data themselves for the reconstruction
   *     error. Not modified.
   * @return {@code n} losses in nats, summed over visible units
   */
  public double[] losses(INDArray clean, INDArray input) {
    return objective().losses(tiedWeights(), plain(clean), input);
  }

  @Override
  protected Optional<String> findBadData(INDArray states) {
    return layerConf().getLoss().findBadData(states);
  }

  @Override
  protected String describeInput() {
    return "a denoising autoencoder";
  }

  @Override
  public String pretrainScoreName() {
    return "denoising loss";
  }

  @Override
  public Optional<String> reasonNotSampled() {
    return layerConf().getActivationFn() instanceof ActivationSigmoid
        ? Optional.empty()
        : Optional.of(
            "its activation is "
                + layerConf().getActivationFn()
                + ", whose values are no probabilities; accepted: the sigmoid");
  }

  /**
   * Draws binary states with the code of the input as probabilities.
   *
   * @throws IllegalStateException if the activation is not the sigmoid
   */
  @Override
  public INDArray sampleOutput(INDArray input, RandomStream stream) {
    reasonNotSampled()
        .ifPresent(
            reason -> {
              throw new IllegalStateException(
                  "the layer cannot be sampled: " + reason + " " + layerId());
            });
    return DenoisingObjective.draw(encode(input), stream);
  }

  /** Code and code again: an autoencoder draws nothing. */
  @Override
  public Pair<INDArray, INDArray> sampleHiddenGivenVisible(INDArray v) {
    INDArray h = encode(v);
    return new Pair<>(h, h);
  }

  /** Reconstruction and reconstruction again: an autoencoder draws nothing. */
  @Override
  public Pair<INDArray, INDArray> sampleVisibleGivenHidden(INDArray h) {
    INDArray v = decode(h);
    return new Pair<>(v, v);
  }
}
