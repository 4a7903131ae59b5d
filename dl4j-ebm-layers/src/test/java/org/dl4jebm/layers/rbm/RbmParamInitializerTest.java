/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.dl4jebm.layers.rbm.RbmNetworks.global;
import static org.dl4jebm.layers.rbm.RbmNetworks.layer;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;

/** All nine methods, with the visible bias in each (DL4J's own initializer forgets it in five). */
class RbmParamInitializerTest {

  private static final ParamInitializer INITIALIZER = RbmParamInitializer.getInstance();
  private static final List<String> KEYS = List.of("W", "b", "vb");

  private static NeuralNetConfiguration conf() {
    return network(global(new Sgd(0.1)), b -> b.biasInit(0.5).visibleBiasInit(-0.25))
        .getLayerWiseConfigurations()
        .getConf(0)
        .clone();
  }

  @Test
  void namesAndKinds() {
    RestrictedBoltzmannMachine rbm = (RestrictedBoltzmannMachine) conf().getLayer();
    assertEquals(KEYS, INITIALIZER.paramKeys(rbm));
    assertEquals(List.of("W"), INITIALIZER.weightKeys(rbm));
    assertEquals(List.of("b", "vb"), INITIALIZER.biasKeys(rbm));
    assertTrue(INITIALIZER.isWeightParam(rbm, "W"));
    assertFalse(INITIALIZER.isWeightParam(rbm, "b"));
    assertFalse(INITIALIZER.isWeightParam(rbm, "vb"));
    assertFalse(INITIALIZER.isBiasParam(rbm, "W"));
    assertTrue(INITIALIZER.isBiasParam(rbm, "b"));
    assertTrue(INITIALIZER.isBiasParam(rbm, "vb"));
    assertSame(INITIALIZER, rbm.initializer());
  }

  @Test
  void counts() {
    assertEquals(41, INITIALIZER.numParams(conf()));
    assertEquals(41, INITIALIZER.numParams(conf().getLayer()));
  }

  @Test
  void initialisesViewsInLayoutOrder() {
    NeuralNetConfiguration conf = conf();
    conf.clearVariables();
    INDArray flat = Nd4j.valueArrayOf(new long[] {1, 41}, 9.0, DataType.DOUBLE);
    Map<String, INDArray> params = INITIALIZER.init(conf, flat, true);
    assertEquals(KEYS, List.copyOf(params.keySet()));
    assertEquals(KEYS, conf.variables());
    assertArrayEquals(new long[] {6, 5}, params.get("W").shape());
    assertEquals(5, params.get("b").length());
    assertEquals(6, params.get("vb").length());
    assertEquals(0.5, params.get("b").minNumber().doubleValue());
    assertEquals(0.5, params.get("b").maxNumber().doubleValue());
    assertEquals(-0.25, params.get("vb").minNumber().doubleValue());
    assertEquals(-0.25, params.get("vb").maxNumber().doubleValue());
    assertTrue(params.get("W").amaxNumber().doubleValue() < 5);
    assertTrue(params.get("W").norm2Number().doubleValue() > 0);
    assertLayout(flat, params);
  }

  /** W in 'f' order, then b, then vb; all of them views. */
  private static void assertLayout(INDArray flat, Map<String, INDArray> views) {
    for (int i = 0; i < 41; i++) {
      flat.putScalar(i, i);
    }
    for (int row = 0; row < 6; row++) {
      for (int column = 0; column < 5; column++) {
        assertEquals(column * 6 + row, views.get("W").getDouble(row, column));
      }
    }
    assertEquals(30, views.get("b").getDouble(0));
    assertEquals(35, views.get("vb").getDouble(0));
    assertEquals(40, views.get("vb").getDouble(5));
    views.get("vb").putScalar(5, -1);
    assertEquals(-1, flat.getDouble(40));
  }

  @Test
  void onlyWrapsWhenNotAskedToInitialise() {
    INDArray flat = Nd4j.valueArrayOf(new long[] {41}, 9.0, DataType.DOUBLE);
    INDArray before = flat.dup();
    Map<String, INDArray> params = INITIALIZER.init(conf(), flat, false);
    NdAssert.assertSame(before, flat);
    assertLayout(flat, params);
  }

  @Test
  void gradientViewsHaveTheSameOrderAndLayout() {
    for (INDArray flat :
        List.of(Nd4j.zeros(DataType.DOUBLE, 41), Nd4j.zeros(DataType.DOUBLE, 1, 41))) {
      Map<String, INDArray> views = INITIALIZER.getGradientsFromFlattened(conf(), flat);
      assertEquals(KEYS, List.copyOf(views.keySet()));
      assertEquals('f', views.get("W").ordering());
      assertLayout(flat, views);
    }
  }

  @Test
  void aViewOfTheWrongLengthIsNamed() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> INITIALIZER.init(conf(), Nd4j.zeros(DataType.DOUBLE, 35), true))
            .getMessage();
    assertTrue(
        message.contains("\"rbm\"") && message.contains("35") && message.contains("41"), message);
  }

  @Test
  void weightInitialisationIsTheConfiguredOneAndFollowsTheSeed() {
    MultiLayerNetwork ones = network(global(new Sgd(0.1)), b -> b.weightInit(WeightInit.ONES));
    assertEquals(30, ones.getParam("0_W").sumNumber().doubleValue());
    INDArray first = network().getParam("0_W");
    NdAssert.assertSame(first, network().getParam("0_W"));
    MultiLayerNetwork other = network(global(new Sgd(0.1)).seed(RbmNetworks.SEED + 1), b -> b);
    assertFalse(first.equals(other.getParam("0_W")));
  }

  private static MultiLayerNetwork network() {
    return RbmNetworks.network();
  }

  private static MultiLayerNetwork network(
      NeuralNetConfiguration.Builder global,
      java.util.function.UnaryOperator<RestrictedBoltzmannMachine.Builder> options) {
    return RbmNetworks.network(global, options);
  }

  @Test
  void configurationKnowsTheKindOfEachParameter() {
    RestrictedBoltzmannMachine rbm =
        layer(
                network(
                    global(new Adam(0.1)).biasUpdater(new Nesterovs(0.2)),
                    b -> {
                      b.l2(0.1).l2Bias(0.2);
                      return b;
                    }))
            .layerConf();
    assertEquals(new Adam(0.1), rbm.getUpdaterByParam("W"));
    assertEquals(new Nesterovs(0.2), rbm.getUpdaterByParam("b"));
    assertEquals(new Nesterovs(0.2), rbm.getUpdaterByParam("vb"));
    assertSame(rbm.getRegularization(), rbm.getRegularizationByParam("W"));
    assertSame(rbm.getRegularizationBias(), rbm.getRegularizationByParam("b"));
    assertSame(rbm.getRegularizationBias(), rbm.getRegularizationByParam("vb"));
    assertTrue(rbm.isPretrainParam("vb"));
    assertFalse(rbm.isPretrainParam("W"));
    assertFalse(rbm.isPretrainParam("b"));
  }

  /** setParams of the network and of the layer reach all three. */
  @Test
  void parametersCanBeSet() {
    MultiLayerNetwork network = network();
    RestrictedBoltzmannMachineLayer layer = layer(network);
    INDArray params = Nd4j.zeros(DataType.DOUBLE, 41);
    for (int i = 0; i < 41; i++) {
      params.putScalar(i, i);
    }
    layer.setParams(params);
    assertLayout(
        network.params().reshape(network.params().length()).get(NDArrayIndex.interval(0, 41)),
        layer.paramTable());
    layer.setParams(layer.params());
    layer.setParam("vb", Nd4j.ones(DataType.DOUBLE, 6));
    assertEquals(6, network.getParam("0_vb").sumNumber().doubleValue());
  }
}
