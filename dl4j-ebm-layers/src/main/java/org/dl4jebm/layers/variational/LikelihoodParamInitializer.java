/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Lays out the parameters of a {@link LikelihoodOutput} whose likelihood learns some: one array,
 * {@code logVariance}, which counts as a bias, so that it follows the bias updater, constraints and
 * regularisation of biases and has no weight decay by default. Other layers have no parameters.
 */
public final class LikelihoodParamInitializer implements ParamInitializer {

  /** Key of the parameters that the likelihood learns. */
  public static final String LOG_VARIANCE_KEY = "logVariance";

  private static final LikelihoodParamInitializer INSTANCE = new LikelihoodParamInitializer();

  private LikelihoodParamInitializer() {}

  /**
   * Returns the initializer, which has no state.
   *
   * @return the only instance
   */
  public static LikelihoodParamInitializer getInstance() {
    return INSTANCE;
  }

  @Override
  public long numParams(NeuralNetConfiguration conf) {
    return numParams(conf.getLayer());
  }

  @Override
  public long numParams(Layer layer) {
    return ((LikelihoodOutput) layer).parameterCount();
  }

  @Override
  public List<String> paramKeys(Layer layer) {
    return ((LikelihoodOutput) layer).hasParameters() ? List.of(LOG_VARIANCE_KEY) : List.of();
  }

  @Override
  public List<String> weightKeys(Layer layer) {
    return List.of();
  }

  @Override
  public List<String> biasKeys(Layer layer) {
    return paramKeys(layer);
  }

  @Override
  public boolean isWeightParam(Layer layer, String key) {
    return false;
  }

  @Override
  public boolean isBiasParam(Layer layer, String key) {
    return LOG_VARIANCE_KEY.equals(key);
  }

  /**
   * Wraps the flat view and, if asked to, writes initial values.
   *
   * @param conf configuration of the layer; the parameter names are added to it
   * @param paramsView flat parameters of this layer, or null for none. Modified if {@code
   *     initializeParams}.
   * @param initializeParams whether to write initial values
   * @return views by name
   */
  @Override
  public Map<String, INDArray> init(
      NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
    LikelihoodOutput layer = (LikelihoodOutput) conf.getLayer();
    Map<String, INDArray> params = slice(layer, paramsView);
    params.keySet().forEach(conf::addVariable);
    if (initializeParams) {
      params.values().forEach(layer.getLikelihood()::initializeParameters);
    }
    return Collections.synchronizedMap(params);
  }

  @Override
  public Map<String, INDArray> getGradientsFromFlattened(
      NeuralNetConfiguration conf, INDArray gradientView) {
    return slice((LikelihoodOutput) conf.getLayer(), gradientView);
  }

  private Map<String, INDArray> slice(LikelihoodOutput layer, INDArray flatView) {
    long expected = layer.parameterCount();
    long found = flatView == null ? 0 : flatView.length();
    if (found != expected) {
      throw new IllegalArgumentException(
          "layer \""
              + layer.getLayerName()
              + "\" got a view of "
              + found
              + " numbers; accepted: "
              + expected);
    }
    Map<String, INDArray> views = new LinkedHashMap<>();
    if (expected > 0) {
      views.put(LOG_VARIANCE_KEY, flatView.reshape(expected));
    }
    return views;
  }
}
