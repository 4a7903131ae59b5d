/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.IOException;
import java.io.InputStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.rbm.GoldenModels.Numbers;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/** Model files that were written long ago open and give the numbers they gave then. */
class RbmGoldenModelTest {

  private static final double TOLERANCE = 1e-6;

  private static Numbers stored(String name) throws IOException {
    try (InputStream in =
        RbmGoldenModelTest.class.getResourceAsStream("/golden/" + name + ".json")) {
      assertNotNull(in, name);
      return Numbers.read(in);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rbm-bernoulli-0.1.0", "rbm-gaussian-0.1.0"})
  void givesTheStoredNumbersAndTrainsOn(String name) throws IOException {
    MultiLayerNetwork network = GoldenModels.open(name);
    Numbers expected = stored(name);
    INDArray input = GoldenModels.array(expected.input());
    Numbers actual = Numbers.of(network, input);
    NdAssert.assertClose(
        GoldenModels.array(expected.output()), GoldenModels.array(actual.output()), TOLERANCE);
    NdAssert.assertClose(expected.freeEnergy(), actual.freeEnergy(), TOLERANCE, () -> name);
    NdAssert.assertClose(
        GoldenModels.array(expected.reconstruction()),
        GoldenModels.array(actual.reconstruction()),
        TOLERANCE);
    network.pretrainLayer(0, input);
    network.fit(input, RbmNetworks.labels(5).castTo(DataType.FLOAT));
  }

  @Test
  void theConfigurationIsTheOneThatWasWritten() throws IOException {
    RestrictedBoltzmannMachine bernoulli =
        RbmNetworks.layer(GoldenModels.open("rbm-bernoulli-0.1.0")).layerConf();
    assertEquals(new BernoulliUnits(), bernoulli.getVisibleUnits());
    assertEquals(
        ContrastiveDivergenceOptions.DEFAULT
            .withK(2)
            .withPersistentChains(3)
            .withSparsity(0.2, 0.01),
        bernoulli.contrastiveDivergenceOptions());
    assertEquals(new Adam(0.05), bernoulli.getIUpdater());
    RestrictedBoltzmannMachine gaussian =
        RbmNetworks.layer(GoldenModels.open("rbm-gaussian-0.1.0")).layerConf();
    assertEquals(GaussianUnits.withVariance(0.5, 1, 1.5, 2, 1, 0.25), gaussian.getVisibleUnits());
    assertEquals(1, gaussian.getConstraints().size());
  }

  /** 30 steps of pretraining; the 10 supervised ones are counted by the network. */
  @Test
  void countersComeBack() throws IOException {
    assertEquals(
        30, GoldenModels.open("rbm-bernoulli-0.1.0").getLayer(0).conf().getIterationCount());
  }
}
