/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.dl4jebm.layers.rbm.RbmNetworks.data;
import static org.dl4jebm.layers.rbm.RbmNetworks.global;
import static org.dl4jebm.layers.rbm.RbmNetworks.graph;
import static org.dl4jebm.layers.rbm.RbmNetworks.labels;
import static org.dl4jebm.layers.rbm.RbmNetworks.layer;
import static org.dl4jebm.layers.rbm.RbmNetworks.network;
import static org.dl4jebm.layers.rbm.RbmNetworks.rbm;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** DL4J's transfer learning on networks with RBM layers. */
class RbmTransferLearningTest {

  private static final INDArray DATA = data(8, 1);
  private static final INDArray LABELS = labels(8);

  private static MultiLayerNetwork pretrained() {
    MultiLayerNetwork network =
        network(
            global(new Sgd(0.1)),
            rbm(b -> b.k(2).persistentChains(3).visibleBiasInit(0.2)),
            new RestrictedBoltzmannMachine.Builder().name("upper").nOut(4));
    for (int step = 0; step < 5; step++) {
      network.pretrainLayer(0, DATA);
    }
    return network;
  }

  @Test
  void nOutReplaceMakesANewLayerThatTrains() {
    MultiLayerNetwork network = pretrained();
    INDArray before = network.params().dup();
    MultiLayerNetwork changed =
        new TransferLearning.Builder(network).nOutReplace(0, 9, WeightInit.XAVIER).build();
    RestrictedBoltzmannMachineLayer layer = layer(changed);
    assertArrayEquals(new long[] {6, 9}, layer.getParam("W").shape());
    assertEquals(9, layer.getParam("b").length());
    assertEquals(6, layer.getParam("vb").length());
    assertEquals(9, layer(changed.getLayer(1)).layerConf().getNIn());
    assertEquals(2, layer.layerConf().getK());
    NdAssert.assertSame(network.getLayer(2).params(), changed.getLayer(2).params());
    changed.pretrainLayer(0, DATA);
    changed.fit(DATA, LABELS);
    NdAssert.assertSame(before, network.params());
  }

  @Test
  void featureExtractorIsCopiedAndFrozenAndTheRestLearns() {
    MultiLayerNetwork network = pretrained();
    MultiLayerNetwork changed =
        new TransferLearning.Builder(network)
            .fineTuneConfiguration(
                new FineTuneConfiguration.Builder().updater(new Adam(0.01)).seed(7).build())
            .setFeatureExtractor(0)
            .removeOutputLayer()
            .addLayer(
                new OutputLayer.Builder()
                    .nIn(4)
                    .nOut(3)
                    .activation(Activation.SOFTMAX)
                    .updater(new Adam(0.01))
                    .build())
            .build();
    LayerChecks.assertSameParameters(
        network.getLayer(0).paramTable(), changed.getLayer(0).paramTable());
    INDArray lower = changed.getLayer(0).params().dup();
    INDArray upper = changed.getLayer(1).params().dup();
    changed.fit(DATA, LABELS);
    NdAssert.assertSame(lower, changed.getLayer(0).params());
    assertNotEquals(upper, changed.getLayer(1).params());
    // The layer above the frozen one can still be pretrained.
    layer(changed.getLayer(1))
        .fit(changed.feedForwardToLayer(0, DATA, false).get(1), LayerWorkspaceMgr.noWorkspaces());
  }

  @Test
  void fineTuneConfigurationChangesTheTrainingAndKeepsTheMachine() {
    MultiLayerNetwork network = pretrained();
    MultiLayerNetwork changed =
        new TransferLearning.Builder(network)
            .fineTuneConfiguration(
                new FineTuneConfiguration.Builder()
                    .updater(new Adam(0.01))
                    .l2(0.05)
                    .seed(99)
                    .build())
            .build();
    NdAssert.assertSame(network.params(), changed.params());
    RestrictedBoltzmannMachine conf = layer(changed).layerConf();
    assertEquals(new Adam(0.01), conf.getIUpdater());
    assertEquals(1, conf.getRegularization().size());
    assertEquals(99, layer(changed).conf().getSeed());
    assertEquals(3, conf.getPersistentChains());
    assertEquals(0.2, conf.getVisibleBiasInit());
    changed.pretrainLayer(0, DATA);
    assertEquals(3, GradientViews.chains(layer(changed).pretrainState()).size(0));
  }

  @Test
  void anActivationFromFineTuningIsRefusedByName() {
    MultiLayerNetwork network = pretrained();
    String message =
        assertThrows(
                DL4JInvalidConfigException.class,
                () ->
                    new TransferLearning.Builder(network)
                        .fineTuneConfiguration(
                            new FineTuneConfiguration.Builder()
                                .activation(Activation.SOFTMAX)
                                .build())
                        .build())
            .getMessage();
    assertTrue(message.contains("\"rbm\"") && message.contains("sigmoid"), message);
  }

  @Test
  void computationGraph() {
    ComputationGraph network = graphWithData();
    ComputationGraph changed =
        new TransferLearning.GraphBuilder(network)
            .fineTuneConfiguration(
                new FineTuneConfiguration.Builder().updater(new Sgd(0.1)).build())
            .setFeatureExtractor("rbm")
            .build();
    LayerChecks.assertSameParameters(
        network.getLayer("rbm").paramTable(), changed.getLayer("rbm").paramTable());
    INDArray before = changed.getLayer("rbm").params().dup();
    changed.fit(new INDArray[] {DATA}, new INDArray[] {LABELS});
    NdAssert.assertSame(before, changed.getLayer("rbm").params());

    ComputationGraph wider =
        new TransferLearning.GraphBuilder(network).nOutReplace("rbm", 7, WeightInit.XAVIER).build();
    assertArrayEquals(new long[] {6, 7}, wider.getLayer("rbm").getParam("W").shape());
    wider.fit(new INDArray[] {DATA}, new INDArray[] {LABELS});
  }

  /** In FLOAT, because DL4J's transfer learning forgets the data type of a graph. */
  private static ComputationGraph graphWithData() {
    ComputationGraph network =
        graph(global(new Sgd(0.1)).dataType(DataType.FLOAT), b -> b.visibleBiasInit(0.3));
    layer(network.getLayer("rbm")).fit(DATA, LayerWorkspaceMgr.noWorkspaces());
    return network;
  }

  @Test
  void cloneOfTheNetwork() {
    MultiLayerNetwork network = pretrained();
    MultiLayerNetwork copy = network.clone();
    NdAssert.assertSame(network.params(), copy.params());
    INDArray before = network.params().dup();
    copy.pretrainLayer(0, DATA);
    copy.fit(DATA, LABELS);
    NdAssert.assertSame(before, network.params());
    assertEquals(5, layer(network).conf().getIterationCount());
  }
}
