/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.pretrain;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.weights.IWeightInit;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Lays out the parameters of a layer with tied weights in DL4J's flat vector: weights {@code W
 * [nIn, nOut]} in 'f' order, hidden bias {@code b [nOut]}, visible bias {@code vb [nIn]}. Names and
 * order are those of DL4J's own pretrainable layers. Unlike DL4J's initializer for these, it counts
 * the visible bias everywhere: updaters, regularisation and constraints of biases apply to it.
 *
 * <p>A subclass may append one further array of visible parameters.
 */
public class TiedParamInitializer implements ParamInitializer {

  /** Key of the weights. */
  public static final String WEIGHT_KEY = "W";

  /** Key of the hidden bias. */
  public static final String HIDDEN_BIAS_KEY = "b";

  /** Key of the visible bias, which takes part in pretraining only. */
  public static final String VISIBLE_BIAS_KEY = "vb";

  private static final TiedParamInitializer INSTANCE = new TiedParamInitializer();

  private final String furtherKey;

  /** Without further parameters. */
  protected TiedParamInitializer() {
    this(null);
  }

  /**
   * With an array after the visible bias.
   *
   * @param furtherKey its key, or null for none
   */
  protected TiedParamInitializer(String furtherKey) {
    this.furtherKey = furtherKey;
  }

  /**
   * Returns the initializer of weights and two biases, which has no state.
   *
   * @return the only instance
   */
  public static TiedParamInitializer getInstance() {
    return INSTANCE;
  }

  /**
   * Number of parameters after the visible bias.
   *
   * @param layer the layer's configuration
   * @return by default 0
   */
  protected long furtherParameters(BasePretrainNetwork layer) {
    return 0;
  }

  /**
   * Writes the initial values of the parameters after the visible bias; called if there are any.
   *
   * @param layer the layer's configuration
   * @param parameters the array. Modified.
   */
  protected void initializeFurther(BasePretrainNetwork layer, INDArray parameters) {}

  @Override
  public long numParams(NeuralNetConfiguration conf) {
    return numParams(conf.getLayer());
  }

  @Override
  public long numParams(Layer layer) {
    BasePretrainNetwork tied = (BasePretrainNetwork) layer;
    return tied.getNIn() * tied.getNOut()
        + tied.getNOut()
        + tied.getNIn()
        + furtherParameters(tied);
  }

  @Override
  public List<String> paramKeys(Layer layer) {
    return furtherParameters((BasePretrainNetwork) layer) == 0
        ? List.of(WEIGHT_KEY, HIDDEN_BIAS_KEY, VISIBLE_BIAS_KEY)
        : List.of(WEIGHT_KEY, HIDDEN_BIAS_KEY, VISIBLE_BIAS_KEY, furtherKey);
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
        || (furtherKey != null && furtherKey.equals(key));
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
    BasePretrainNetwork layer = (BasePretrainNetwork) conf.getLayer();
    Map<String, INDArray> params = slice(layer, paramsView);
    params.keySet().forEach(conf::addVariable);
    if (initializeParams) {
      INDArray flatWeights =
          paramsView
              .reshape(paramsView.length())
              .get(NDArrayIndex.interval(0, layer.getNIn() * layer.getNOut()));
      params.put(
          WEIGHT_KEY,
          layer
              .getWeightInitFn()
              .init(
                  layer.getNIn(),
                  layer.getNOut(),
                  new long[] {layer.getNIn(), layer.getNOut()},
                  IWeightInit.DEFAULT_WEIGHT_INIT_ORDER,
                  flatWeights));
      params.get(HIDDEN_BIAS_KEY).assign(layer.getBiasInit());
      params.get(VISIBLE_BIAS_KEY).assign(layer.getVisibleBiasInit());
      if (furtherParameters(layer) > 0) {
        initializeFurther(layer, params.get(furtherKey));
      }
    }
    return Collections.synchronizedMap(params);
  }

  @Override
  public Map<String, INDArray> getGradientsFromFlattened(
      NeuralNetConfiguration conf, INDArray gradientView) {
    return slice((BasePretrainNetwork) conf.getLayer(), gradientView);
  }

  private Map<String, INDArray> slice(BasePretrainNetwork layer, INDArray flatView) {
    long expected = numParams(layer);
    if (flatView.length() != expected) {
      throw new IllegalArgumentException(
          "layer \""
              + layer.getLayerName()
              + "\" got a view of "
              + flatView.length()
              + " numbers; accepted: "
              + expected
              + " (nIn = "
              + layer.getNIn()
              + ", nOut = "
              + layer.getNOut()
              + ")");
    }
    long weights = layer.getNIn() * layer.getNOut();
    INDArray flat = flatView.reshape(expected);
    Map<String, INDArray> views = new LinkedHashMap<>();
    views.put(
        WEIGHT_KEY,
        flat.get(NDArrayIndex.interval(0, weights)).reshape('f', layer.getNIn(), layer.getNOut()));
    views.put(HIDDEN_BIAS_KEY, flat.get(NDArrayIndex.interval(weights, weights + layer.getNOut())));
    long visibleBias = weights + layer.getNOut();
    long further = visibleBias + layer.getNIn();
    views.put(VISIBLE_BIAS_KEY, flat.get(NDArrayIndex.interval(visibleBias, further)));
    if (further < expected) {
      views.put(furtherKey, flat.get(NDArrayIndex.interval(further, expected)));
    }
    return views;
  }
}
