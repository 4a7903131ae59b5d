/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.dense;

import java.util.Collection;
import java.util.Objects;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * DL4J's dense layer {@code f(x W + b)} with fewer matrix products in a training step: the backward
 * pass uses the preactivations of the forward pass, where DL4J's {@code DenseLayer} computes them
 * again, and the derivative in the layer's input can be left out where nobody needs it.
 *
 * <p>Parameters, their order and names, initialisation, dropout, weight noise, regularisation and
 * masks are those of {@code DenseLayer}, and so are the numbers but for rounding; parameters of a
 * trained network with the one fit the same network with the other. (Activations are in 'f' order,
 * so that dropout of the layer above makes other draws of the same seed.) Choose DL4J's where
 * memory counts more than time (this layer keeps {@code n nOut} numbers from the forward to the
 * backward pass of a training step), or for layer normalization, which this layer does not have.
 */
public class CachedDense extends FeedForwardLayer {

  private static final long serialVersionUID = 1L;

  private boolean inputGradient = true;

  /** For Jackson. */
  protected CachedDense() {}

  private CachedDense(Builder builder) {
    super(builder);
    inputGradient = builder.inputGradient;
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
    if (nIn < 1 || nOut < 1) {
      throw new DL4JInvalidConfigException(
          "CachedDense layer \""
              + layerName
              + "\": nIn is "
              + nIn
              + " and nOut is "
              + nOut
              + "; accepted: 1 or more each");
    }
    CachedDenseLayer layer = new CachedDenseLayer(conf, networkDataType);
    layer.setListeners(trainingListeners);
    layer.setIndex(layerIndex);
    layer.setParamsViewArray(layerParamsView);
    layer.setParamTable(initializer().init(conf, layerParamsView, initializeParams));
    layer.setConf(conf);
    return layer;
  }

  @Override
  public ParamInitializer initializer() {
    return DefaultParamInitializer.getInstance();
  }

  /** The preprocessors of images cannot go back without a derivative, so that it is computed. */
  @Override
  public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
    InputPreProcessor preProcessor = super.getPreProcessorForInputType(inputType);
    inputGradient |= preProcessor != null;
    return preProcessor;
  }

  @Override
  public LayerMemoryReport getMemoryReport(InputType inputType) {
    InputType outputType = getOutputType(-1, inputType);
    long parameters = initializer().numParams(this);
    long perExample = 2 * nOut + (inputGradient ? nIn : 0) + (getIDropout() == null ? 0 : nIn);
    return new LayerMemoryReport.Builder(layerName, CachedDense.class, inputType, outputType)
        .standardMemory(parameters, getIUpdater().stateSize(parameters))
        .workingMemory(0, nOut, 0, perExample)
        .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
        .build();
  }

  /**
   * Whether the backward pass computes the derivative in the layer's input.
   *
   * @return false where it is left out
   */
  public boolean isInputGradient() {
    return inputGradient;
  }

  /**
   * For Jackson; use {@link Builder#inputGradient}.
   *
   * @param inputGradient false to leave the derivative in the input out
   */
  public void setInputGradient(boolean inputGradient) {
    this.inputGradient = inputGradient;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CachedDense that
        && super.equals(other)
        && inputGradient == that.inputGradient;
  }

  @Override
  protected boolean canEqual(Object other) {
    return other instanceof CachedDense;
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), inputGradient);
  }

  @Override
  public String toString() {
    return "CachedDense(" + super.toString() + ", inputGradient=" + inputGradient + ")";
  }

  /** As the builder of DL4J's {@code DenseLayer}. */
  public static class Builder extends FeedForwardLayer.Builder<Builder> {

    private boolean inputGradient = true;

    /** With DL4J's defaults. */
    public Builder() {}

    /**
     * Whether the backward pass computes the derivative in the layer's input, as by default. Only a
     * network's first layer can do without, and only where nobody asks for derivatives in the data:
     * the backward pass gives null there. In a graph no other layer may read the same input, unless
     * it leaves the derivative out as well. It is computed all the same where the input type needs
     * a preprocessor, as images do.
     *
     * @param inputGradient false to leave it out
     * @return this
     */
    public Builder inputGradient(boolean inputGradient) {
      this.inputGradient = inputGradient;
      return this;
    }

    @Override
    @SuppressWarnings("unchecked") // the signature is DL4J's
    public <E extends org.deeplearning4j.nn.conf.layers.Layer> E build() {
      return (E) new CachedDense(this);
    }
  }
}
