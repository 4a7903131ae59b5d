/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.weights.IWeightInit;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Lays out the parameters of a {@link RestrictedBoltzmannMachine} in DL4J's flat vector: weights
 * {@code W [nIn, nOut]} in 'f' order, hidden bias {@code b [nOut]}, visible bias {@code vb [nIn]},
 * and where the visible units have further parameters, those ({@code vp}). Names and order are
 * those of DL4J's own pretrainable layers and of its former RBM.
 */
public final class RbmParamInitializer implements ParamInitializer {

  /** Key of the weights. */
  public static final String WEIGHT_KEY = "W";

  /** Key of the hidden bias. */
  public static final String HIDDEN_BIAS_KEY = "b";

  /** Key of the visible bias, which takes part in pretraining only. */
  public static final String VISIBLE_BIAS_KEY = "vb";

  /**
   * Key of the further parameters of visible units that have some, such as learned variances; they
   * take part in pretraining only. See {@link UnitType#parameterCount}.
   */
  public static final String VISIBLE_PARAMETERS_KEY = "vp";

  private static final RbmParamInitializer INSTANCE = new RbmParamInitializer();

  private RbmParamInitializer() {}

  /**
   * Returns the initializer, which has no state.
   *
   * @return the only instance
   */
  public static RbmParamInitializer getInstance() {
    return INSTANCE;
  }

  @Override
  public long numParams(NeuralNetConfiguration conf) {
    return numParams(conf.getLayer());
  }

  @Override
  public long numParams(Layer layer) {
    RestrictedBoltzmannMachine rbm = (RestrictedBoltzmannMachine) layer;
    return rbm.getNIn() * rbm.getNOut() + rbm.getNOut() + rbm.getNIn() + furtherParameters(rbm);
  }

  @Override
  public List<String> paramKeys(Layer layer) {
    return furtherParameters((RestrictedBoltzmannMachine) layer) == 0
        ? List.of(WEIGHT_KEY, HIDDEN_BIAS_KEY, VISIBLE_BIAS_KEY)
        : List.of(WEIGHT_KEY, HIDDEN_BIAS_KEY, VISIBLE_BIAS_KEY, VISIBLE_PARAMETERS_KEY);
  }

  @Override
  public List<String> weightKeys(Layer layer) {
    return List.of(WEIGHT_KEY);
  }

  @Override
  public List<String> biasKeys(Layer layer) {
    return paramKeys(layer).stream().filter(key -> !WEIGHT_KEY.equals(key)).toList();
  }

  @Override
  public boolean isWeightParam(Layer layer, String key) {
    return WEIGHT_KEY.equals(key);
  }

  @Override
  public boolean isBiasParam(Layer layer, String key) {
    return HIDDEN_BIAS_KEY.equals(key)
        || VISIBLE_BIAS_KEY.equals(key)
        || VISIBLE_PARAMETERS_KEY.equals(key);
  }

  /**
   * Wraps the flat view and, if asked to, writes initial values: weights by the layer's weight
   * initialisation, biases by its {@code biasInit} and {@code visibleBiasInit}.
   *
   * @param conf configuration of the layer; the parameter names are added to it
   * @param paramsView flat parameters of this layer. Modified if {@code initializeParams}.
   * @param initializeParams whether to write initial values
   * @return views by name, in layout order
   */
  @Override
  public Map<String, INDArray> init(
      NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
    RestrictedBoltzmannMachine rbm = (RestrictedBoltzmannMachine) conf.getLayer();
    Map<String, INDArray> params = slice(rbm, paramsView);
    params.keySet().forEach(conf::addVariable);
    if (initializeParams) {
      INDArray flatWeights =
          paramsView
              .reshape(paramsView.length())
              .get(NDArrayIndex.interval(0, rbm.getNIn() * rbm.getNOut()));
      params.put(
          WEIGHT_KEY,
          rbm.getWeightInitFn()
              .init(
                  rbm.getNIn(),
                  rbm.getNOut(),
                  new long[] {rbm.getNIn(), rbm.getNOut()},
                  IWeightInit.DEFAULT_WEIGHT_INIT_ORDER,
                  flatWeights));
      params.get(HIDDEN_BIAS_KEY).assign(rbm.getBiasInit());
      params.get(VISIBLE_BIAS_KEY).assign(rbm.getVisibleBiasInit());
      if (params.containsKey(VISIBLE_PARAMETERS_KEY)) {
        rbm.getVisibleUnits().initializeParameters(params.get(VISIBLE_PARAMETERS_KEY));
      }
    }
    return Collections.synchronizedMap(params);
  }

  @Override
  public Map<String, INDArray> getGradientsFromFlattened(
      NeuralNetConfiguration conf, INDArray gradientView) {
    return slice((RestrictedBoltzmannMachine) conf.getLayer(), gradientView);
  }

  private static long furtherParameters(RestrictedBoltzmannMachine rbm) {
    UnitType visible = rbm.getVisibleUnits();
    return visible == null ? 0 : visible.parameterCount(rbm.getNIn());
  }

  private Map<String, INDArray> slice(RestrictedBoltzmannMachine rbm, INDArray flatView) {
    long expected = numParams(rbm);
    if (flatView.length() != expected) {
      throw new IllegalArgumentException(
          "layer \""
              + rbm.getLayerName()
              + "\" got a view of "
              + flatView.length()
              + " numbers; accepted: "
              + expected
              + " (nIn = "
              + rbm.getNIn()
              + ", nOut = "
              + rbm.getNOut()
              + ")");
    }
    long weights = rbm.getNIn() * rbm.getNOut();
    INDArray flat = flatView.reshape(expected);
    Map<String, INDArray> views = new LinkedHashMap<>();
    views.put(
        WEIGHT_KEY,
        flat.get(NDArrayIndex.interval(0, weights)).reshape('f', rbm.getNIn(), rbm.getNOut()));
    views.put(HIDDEN_BIAS_KEY, flat.get(NDArrayIndex.interval(weights, weights + rbm.getNOut())));
    long visibleBias = weights + rbm.getNOut();
    long further = visibleBias + rbm.getNIn();
    views.put(VISIBLE_BIAS_KEY, flat.get(NDArrayIndex.interval(visibleBias, further)));
    if (further < expected) {
      views.put(VISIBLE_PARAMETERS_KEY, flat.get(NDArrayIndex.interval(further, expected)));
    }
    return views;
  }
}
