/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.pretrain.PretrainState;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Layers with objectives other than contrastive divergence: saving, resuming, FLOAT. */
class RbmObjectivesLayerTest {

  static List<RbmObjective> objectives() {
    return List.of(
        ExactLikelihoodObjective.DEFAULT,
        new ExactLikelihoodObjective(100),
        PseudoLikelihoodObjective.DEFAULT,
        new PseudoLikelihoodObjective(2),
        HybridObjective.discriminative(2),
        new HybridObjective(
            2, 0.2, ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(4).withK(2)),
        new HybridObjective(2, 1, new PseudoLikelihoodObjective(3)));
  }

  /** Binary data whose last two columns are a label. */
  private static INDArray data(int rows, long seed) {
    INDArray data = RbmNetworks.data(rows, seed);
    data.getColumn(5).assign(data.getColumn(4).rsub(1));
    return data;
  }

  @TestFactory
  Stream<DynamicNode> layers() {
    return objectives().stream()
        .map(
            objective ->
                dynamicContainer(
                    objective.toString(),
                    new LayerChecks(
                            () ->
                                List.of(
                                    new RestrictedBoltzmannMachine.Builder()
                                        .nOut(4)
                                        .objective(objective)
                                        .build()),
                            data(6, 3))
                        .all()));
  }

  private static MultiLayerNetwork create(RbmObjective objective, DataType type) {
    return RbmNetworks.network(
        RbmNetworks.global(new Adam(0.01)).dataType(type),
        b -> b.objective(objective).scoreEvery(3));
  }

  private static void train(MultiLayerNetwork network, int from, int to) {
    for (int step = from; step < to; step++) {
      network.pretrainLayer(0, data(step % 3 == 2 ? 4 : 8, 50 + step).castTo(DataType.FLOAT));
    }
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void aRunThatIsSavedGoesOnBitForBit(RbmObjective objective) throws IOException {
    MultiLayerNetwork uninterrupted = create(objective, DataType.FLOAT);
    train(uninterrupted, 0, 11);
    MultiLayerNetwork first = create(objective, DataType.FLOAT);
    train(first, 0, 5);
    PretrainState state = RbmNetworks.layer(first).pretrainState();
    byte[] file = LayerChecks.saved(first);
    train(first, 5, 7);

    MultiLayerNetwork second =
        ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file), true);
    RestrictedBoltzmannMachineLayer layer = RbmNetworks.layer(second);
    assertEquals(objective, layer.layerConf().getObjective());
    layer.restorePretrainState(state);
    train(second, 5, 11);
    NdAssert.assertSame(uninterrupted.params(), second.params());
    PretrainState end = RbmNetworks.layer(uninterrupted).pretrainState();
    assertEquals(end.score(), layer.pretrainState().score());
    assertArrayEquals(end.randomState(), layer.pretrainState().randomState());
    assertEquals(end.arrays().keySet(), layer.pretrainState().arrays().keySet());
  }

  /** Objectives whose gradients are not random, or whose units are drawn alike in both types. */
  static List<RbmObjective> comparable() {
    return objectives().stream()
        .filter(o -> !(o instanceof HybridObjective hybrid) || hybrid.generativeWeight() != 0.2)
        .toList();
  }

  /** Also with weights of the rows, and with data in another type than the parameters. */
  @ParameterizedTest
  @MethodSource("comparable")
  void floatIsCloseToDouble(RbmObjective objective) {
    double[][] gradients = new double[2][];
    double[] scores = new double[2];
    DataType[] types = {DataType.DOUBLE, DataType.FLOAT};
    for (int i = 0; i < 2; i++) {
      INDArray flat = ObjectiveChecks.parameters(6, 5).castTo(types[i]);
      RbmModel model =
          ObjectiveChecks.model(flat, new BernoulliUnits(), new BernoulliUnits(), 6, 5);
      GradientViews views = new GradientViews(model, types[i]);
      INDArray weights = Nd4j.createFromArray(0.5, 2, 0, 1);
      RbmBatch batch = new RbmBatch(data(4, 9), weights, 0, 0, true);
      scores[i] = views.fill(objective.estimator(new RandomStream(3)), model, batch);
      gradients[i] = NdAssert.values(views.flat);
    }
    assertEquals(scores[0], scores[1], NdAssert.FLOAT_TOLERANCE * scores[0]);
    NdAssert.assertClose(
        gradients[0], gradients[1], 4 * NdAssert.FLOAT_TOLERANCE, () -> "flat gradient");
  }

  @ParameterizedTest
  @MethodSource("objectives")
  void aStateOfAnotherObjectiveIsRefused(RbmObjective objective) {
    RbmEstimator estimator = objective.estimator(new RandomStream(1));
    RbmModel model =
        ObjectiveChecks.model(
            ObjectiveChecks.parameters(6, 5), new BernoulliUnits(), new BernoulliUnits(), 6, 5);
    Map<String, INDArray> foreign = Map.of("something", Nd4j.ones(2));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> estimator.setState(model, foreign));
    assertTrue(e.getMessage().contains("something"));
    estimator.setState(model, Map.of());
  }
}
