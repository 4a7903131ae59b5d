/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.dl4jebm.layers.rbm.RbmNetworks.global;
import static org.dl4jebm.layers.rbm.RbmNetworks.layer;
import static org.dl4jebm.layers.rbm.RbmNetworks.network;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.rbm.Centering.Offsets;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Each option of contrastive divergence: saved and continued gives the bits of one run. */
class RbmOptionsResumeTest {

  private static final ContrastiveDivergenceOptions CD1 = ContrastiveDivergenceOptions.DEFAULT;

  enum Scenario {
    SCHEDULED_K(
        CD1.withKSchedule(
            new MapSchedule(ScheduleType.ITERATION, new HashMap<>(Map.of(0, 1.0, 6, 3.0))))),
    CENTERED_CD(CD1.withCentering(new Centering(0.2, Offsets.DATA))),
    CENTERED_PCD(
        CD1.withPersistentChains(5)
            .withSparsity(0.2, 0.1)
            .withCentering(new Centering(0.1, Offsets.MEAN))),
    FAST_PCD(CD1.withPersistentChains(5).withFastWeights(new FastWeights(0.2, 0.9))),
    TEMPERED(
        CD1.withK(2)
            .withPersistentChains(4)
            .withTempering(new Tempering(4, 4, 0.5, 0, Tempering.Path.COUPLING))),
    TEMPERED_WITH_A_LADDER_THAT_GROWS(
        CD1.withPersistentChains(3)
            .withCentering(Centering.DEFAULT)
            .withTempering(new Tempering(2, 9, 0.9, 2, Tempering.Path.CENTERED)));

    private final ContrastiveDivergenceOptions options;

    Scenario(ContrastiveDivergenceOptions options) {
      this.options = options;
    }

    MultiLayerNetwork create(boolean gaussian) {
      return network(
          global(new Nesterovs(0.05, 0.9)).dataType(DataType.FLOAT),
          b ->
              b.visibleUnits(gaussian ? GaussianUnits.withVariance(0.5) : new BernoulliUnits())
                  .objective(options)
                  .scoreEvery(2));
    }
  }

  private static void train(MultiLayerNetwork network, int from, int to) {
    for (int step = from; step < to; step++) {
      int rows = step % 3 == 2 ? 4 : 8;
      INDArray weights = step % 2 == 0 ? null : Nd4j.linspace(DataType.FLOAT, 0.5, 0.1, rows);
      layer(network)
          .fit(
              RbmNetworks.data(rows, 50 + step).castTo(DataType.FLOAT),
              weights,
              LayerWorkspaceMgr.noWorkspaces());
    }
  }

  @ParameterizedTest
  @EnumSource(Scenario.class)
  void continuesBitForBit(Scenario scenario) throws IOException {
    for (boolean gaussian : new boolean[] {false, true}) {
      MultiLayerNetwork uninterrupted = scenario.create(gaussian);
      train(uninterrupted, 0, 12);
      for (int stop : new int[] {0, 1, 5, 8}) {
        MultiLayerNetwork first = scenario.create(gaussian);
        train(first, 0, stop);
        PretrainState state = layer(first).pretrainState();
        byte[] file = LayerChecks.saved(first);
        train(first, stop, stop + 2);
        MultiLayerNetwork second =
            ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file), true);
        train(second, 0, 1);
        layer(second).params().assign(params(file));
        layer(second).conf().setIterationCount(stop);
        layer(second).restorePretrainState(state);
        assertSame(state, layer(second).pretrainState(), stop);
        train(second, stop, 12);
        NdAssert.assertSame(uninterrupted.params(), second.params());
        assertSame(layer(uninterrupted).pretrainState(), layer(second).pretrainState(), 12);
      }
    }
  }

  private static INDArray params(byte[] file) throws IOException {
    return layer(ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file), true))
        .params();
  }

  private static void assertSame(PretrainState expected, PretrainState actual, int steps) {
    assertEquals(expected.score(), actual.score());
    if (steps > 0) {
      assertArrayEquals(expected.randomState(), actual.randomState());
    }
    assertEquals(expected.arrays().keySet(), actual.arrays().keySet());
    expected
        .arrays()
        .forEach(
            (name, array) -> NdAssert.assertSame(array, actual.arrays().get(name), () -> name));
  }

  /** What is handed out is a copy. */
  @ParameterizedTest
  @EnumSource(Scenario.class)
  void theStateIsACopy(Scenario scenario) {
    MultiLayerNetwork network = scenario.create(false);
    train(network, 0, 3);
    PretrainState state = layer(network).pretrainState();
    PretrainState again = layer(network).pretrainState();
    state.arrays().values().forEach(array -> assertFalse(array.isAttached()));
    train(network, 3, 5);
    assertSame(again, state, 3);
    layer(network).restorePretrainState(state);
    train(network, 3, 5);
    assertSame(again, state, 3);
  }
}
