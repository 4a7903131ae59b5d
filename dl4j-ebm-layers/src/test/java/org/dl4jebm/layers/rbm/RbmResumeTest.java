/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.dl4jebm.layers.rbm.RbmNetworks.data;
import static org.dl4jebm.layers.rbm.RbmNetworks.global;
import static org.dl4jebm.layers.rbm.RbmNetworks.layer;
import static org.dl4jebm.layers.rbm.RbmNetworks.network;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;

/** A run that is saved and continued gives the bits of a run that was not. */
class RbmResumeTest {

  static Stream<Arguments> updatersAndChains() {
    List<IUpdater> updaters =
        List.of(new Sgd(0.1), new Nesterovs(0.1, 0.9), new Adam(0.01), new AdaGrad(0.1));
    return updaters.stream()
        .flatMap(updater -> Stream.of(0, 4).map(chains -> Arguments.of(updater, chains)));
  }

  private static MultiLayerNetwork create(IUpdater updater, int chains) {
    return network(
        global(updater).dataType(DataType.FLOAT), b -> b.persistentChains(chains).scoreEvery(3));
  }

  private static void train(MultiLayerNetwork network, int from, int to) {
    for (int step = from; step < to; step++) {
      network.pretrainLayer(0, data(step % 3 == 2 ? 4 : 8, 50 + step).castTo(DataType.FLOAT));
    }
  }

  @ParameterizedTest
  @MethodSource("updatersAndChains")
  void continuesBitForBit(IUpdater updater, int chains) throws IOException {
    MultiLayerNetwork uninterrupted = create(updater, chains);
    train(uninterrupted, 0, 11);

    MultiLayerNetwork first = create(updater, chains);
    train(first, 0, 5);
    PretrainState state = layer(first).pretrainState();
    byte[] file = LayerChecks.saved(first);
    // What happens to the old network afterwards must not reach the saved state.
    train(first, 5, 7);

    MultiLayerNetwork second =
        ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file), true);
    layer(second).restorePretrainState(state);
    assertEquals(5, layer(second).conf().getIterationCount(), "comes with the model file");
    assertEquals(state.score(), layer(second).score());
    assertSame(state, layer(second).pretrainState());
    train(second, 5, 11);
    NdAssert.assertSame(uninterrupted.params(), second.params());
    assertSame(layer(uninterrupted).pretrainState(), layer(second).pretrainState());
  }

  /** A state is restored as well into a layer that has trained on. */
  @ParameterizedTest
  @MethodSource("updatersAndChains")
  void goesBack(IUpdater updater, int chains) {
    MultiLayerNetwork network = create(updater, chains);
    for (int start : new int[] {0, 4}) {
      train(network, 0, start);
      PretrainState state = layer(network).pretrainState();
      var params = network.params().dup();
      int iteration = layer(network).conf().getIterationCount();
      train(network, 4, 9);
      var expected = network.params().dup();
      PretrainState end = layer(network).pretrainState();

      network.params().assign(params);
      layer(network).conf().setIterationCount(iteration);
      layer(network).restorePretrainState(state);
      train(network, 4, 9);
      NdAssert.assertSame(expected, network.params());
      assertSame(end, layer(network).pretrainState());
    }
  }

  private static void assertSame(PretrainState expected, PretrainState actual) {
    assertEquals(expected.score(), actual.score());
    assertArrayEquals(expected.randomState(), actual.randomState());
    if (expected.updaterState() == null) {
      assertNull(actual.updaterState());
    } else {
      NdAssert.assertSame(expected.updaterState(), actual.updaterState());
    }
    if (GradientViews.chains(expected) == null) {
      assertNull(GradientViews.chains(actual));
    } else {
      NdAssert.assertSame(GradientViews.chains(expected), GradientViews.chains(actual));
    }
  }

  @Test
  void theStateOfALayerThatHasNotTrainedIsEmpty() {
    PretrainState state = layer(create(new Adam(0.01), 4)).pretrainState();
    assertNull(state.updaterState());
    assertNull(GradientViews.chains(state));
    assertNull(state.randomState());
    assertEquals(0, state.score());
  }

  @Test
  void theStateIsACopy() {
    MultiLayerNetwork network = create(new Nesterovs(0.1, 0.9), 4);
    train(network, 0, 2);
    PretrainState state = layer(network).pretrainState();
    PretrainState again = layer(network).pretrainState();
    train(network, 2, 3);
    assertSame(again, state);
    assertNotEquals(
        GradientViews.chains(state), GradientViews.chains(layer(network).pretrainState()));
    layer(network).restorePretrainState(state);
    train(network, 2, 4);
    assertSame(again, state);
  }

  @Test
  void withoutTheStateTheRunGoesOnDifferently() {
    MultiLayerNetwork one = create(new Nesterovs(0.1, 0.9), 4);
    train(one, 0, 5);
    MultiLayerNetwork other = create(new Nesterovs(0.1, 0.9), 4);
    other.params().assign(one.params());
    train(one, 5, 6);
    train(other, 5, 6);
    assertNotEquals(one.params(), other.params());
  }

  @ParameterizedTest
  @ValueSource(strings = {"updater", "number of chains", "width of chains", "random state"})
  void aForeignStateIsRefusedAndNothingChanges(String what) {
    MultiLayerNetwork network = create(new Adam(0.01), 4);
    train(network, 0, 3);
    PretrainState good = layer(network).pretrainState();
    var params = network.params().dup();
    PretrainState bad =
        switch (what) {
          case "updater" ->
              new PretrainState(
                  Nd4j.zeros(DataType.FLOAT, 7), good.arrays(), good.randomState(), 9);
          case "number of chains" ->
              new PretrainState(
                  good.updaterState().mul(2),
                  Map.of("chains", Nd4j.zeros(DataType.FLOAT, 5, RbmNetworks.N_OUT)),
                  good.randomState(),
                  9);
          case "width of chains" ->
              new PretrainState(
                  good.updaterState().mul(2),
                  Map.of("chains", Nd4j.zeros(DataType.FLOAT, 4, RbmNetworks.N_OUT + 1)),
                  good.randomState(),
                  9);
          default -> new PretrainState(good.updaterState().mul(2), good.arrays(), new long[1], 9);
        };
    String message =
        assertThrows(IllegalArgumentException.class, () -> layer(network).restorePretrainState(bad))
            .getMessage();
    assertTrue(message.contains("rbm") && message.contains("accepted: "), message);
    assertSame(good, layer(network).pretrainState());
    NdAssert.assertSame(params, network.params());
  }
}
