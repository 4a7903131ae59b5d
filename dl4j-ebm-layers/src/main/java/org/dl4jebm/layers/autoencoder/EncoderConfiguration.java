/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.autoencoder;

import java.util.Collection;
import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jebm.layers.pretrain.TiedParamInitializer;
import org.dl4jebm.layers.random.Seeds;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;

/** What the configurations of this package have in common. */
abstract class EncoderConfiguration extends BasePretrainNetwork {

  private static final long serialVersionUID = 1L;

  EncoderConfiguration() {}

  EncoderConfiguration(BasePretrainNetwork.Builder<?> builder) {
    super(builder);
  }

  /** Makes the layer that belongs to the configuration. */
  abstract EncoderLayer<?> newLayer(NeuralNetConfiguration conf, DataType type);

  /**
   * Checks what can be checked when the layer stands alone.
   *
   * @throws IllegalArgumentException naming the option, its value and what is accepted
   */
  abstract void requireOptions();

  /** How many codes there are for each example. */
  int codesAnExample() {
    return 1;
  }

  @Override
  public Layer instantiate(
      NeuralNetConfiguration conf,
      Collection<TrainingListener> trainingListeners,
      int layerIndex,
      INDArray layerParamsView,
      boolean initializeParams,
      DataType networkDataType) {
    checkOptions();
    checkComplete(conf, networkDataType);
    EncoderLayer<?> layer = newLayer(conf, networkDataType);
    layer.setListeners(trainingListeners);
    layer.setIndex(layerIndex);
    layer.setParamsViewArray(layerParamsView);
    layer.setParamTable(initializer().init(conf, layerParamsView, initializeParams));
    layer.setConf(conf);
    return layer;
  }

  /** Checks what can be checked when the layer stands alone. */
  final void checkOptions() {
    try {
      if (!Double.isFinite(visibleBiasInit)) {
        throw new IllegalArgumentException(
            "visibleBiasInit is " + visibleBiasInit + "; accepted: a finite number");
      }
      requireOptions();
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidConfigException(describeLayer() + e.getMessage(), e);
    }
  }

  /** Checks what is known only once the layer belongs to a network. */
  private void checkComplete(NeuralNetConfiguration conf, DataType type) {
    try {
      if (type != DataType.FLOAT && type != DataType.DOUBLE) {
        throw new IllegalArgumentException(
            "the network's data type is " + type + "; accepted: FLOAT or DOUBLE");
      }
      if (nIn < 1 || nOut < 1) {
        throw new IllegalArgumentException(
            "nIn is " + nIn + " and nOut is " + nOut + "; accepted: 1 or more each");
      }
      Seeds.requireNonZero(conf.getSeed(), "the network's seed");
    } catch (IllegalArgumentException e) {
      throw new DL4JInvalidConfigException(describeLayer() + e.getMessage(), e);
    }
  }

  final void requireSigmoid() {
    if (!(activationFn instanceof ActivationSigmoid)) {
      throw new IllegalArgumentException(
          "activation is " + activationFn + "; accepted: the sigmoid, to which the loss belongs");
    }
  }

  static void requirePositive(double value, String option) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          option + " is " + value + "; accepted: a finite number above 0");
    }
  }

  final String describeLayer() {
    return getClass().getSimpleName() + " layer \"" + layerName + "\": ";
  }

  @Override
  public ParamInitializer initializer() {
    return TiedParamInitializer.getInstance();
  }

  @Override
  public boolean isPretrainParam(String paramName) {
    return TiedParamInitializer.VISIBLE_BIAS_KEY.equals(paramName);
  }

  @Override
  public List<Regularization> getRegularizationByParam(String paramName) {
    return initializer().isBiasParam(this, paramName) ? regularizationBias : regularization;
  }

  @Override
  public LayerMemoryReport getMemoryReport(InputType inputType) {
    InputType outputType = getOutputType(-1, inputType);
    long updaterState =
        iUpdater.stateSize(nIn * nOut)
            + getUpdaterByParam(TiedParamInitializer.HIDDEN_BIAS_KEY).stateSize(nOut)
            + getUpdaterByParam(TiedParamInitializer.VISIBLE_BIAS_KEY).stateSize(nIn);
    long codes = codesAnExample();
    long perExample = (2 * codes + 1) * nIn + (codes + 1) * nOut;
    return new LayerMemoryReport.Builder(layerName, getClass(), inputType, outputType)
        .standardMemory(initializer().numParams(this), updaterState)
        .workingMemory(0, nOut, 0, perExample + (getIDropout() == null ? 0 : nIn))
        .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
        .build();
  }
}
