/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.updater;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Against DL4J's updaters, step by step. */
@Tag("gpu")
class HostUpdatersTest {

  private static final ISchedule SCHEDULE =
      new ExponentialSchedule(ScheduleType.ITERATION, 0.05, 0.9);

  private static final ISchedule MOMENTUM =
      new ExponentialSchedule(ScheduleType.ITERATION, 0.95, 0.98);

  /** An updater, DL4J's and ours, with schedules and without. */
  private enum Case {
    ADAM(
        new Adam(SCHEDULE),
        new HostAdam(SCHEDULE),
        new Adam(0.01),
        new HostAdam(0.01),
        new HostAdam(0.01, SCHEDULE, 0.8, 0.99, 1e-5)),
    NESTEROVS(
        new Nesterovs(SCHEDULE, MOMENTUM),
        new HostNesterovs(SCHEDULE, MOMENTUM),
        new Nesterovs(0.01, 0.9),
        new HostNesterovs(0.01, 0.9),
        new HostNesterovs(0.01, SCHEDULE, 0.8, MOMENTUM));

    private final IUpdater theirsScheduled;
    private final IUpdater oursScheduled;
    private final IUpdater theirs;
    private final IUpdater ours;
    private final IUpdater full;

    Case(
        IUpdater theirsScheduled,
        IUpdater oursScheduled,
        IUpdater theirs,
        IUpdater ours,
        IUpdater full) {
      this.theirsScheduled = theirsScheduled;
      this.oursScheduled = oursScheduled;
      this.theirs = theirs;
      this.ours = ours;
      this.full = full;
    }
  }

  private static INDArray normal(DataType type, long seed, long... shape) {
    INDArray result = Nd4j.zeros(type, shape);
    try (RandomStream random = new RandomStream(seed)) {
      random.gaussian(result, 2, result);
    }
    return result;
  }

  /** More than a block, and not a multiple of its length. */
  @ParameterizedTest
  @EnumSource
  void stepsAreThoseOfDl4j(Case updaters) {
    int n = 5001;
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray expectedState = Nd4j.zeros(type, 1, updaters.theirs.stateSize(n));
      INDArray state = Nd4j.zeros(type, 1, updaters.ours.stateSize(n));
      GradientUpdater<?> expected = updaters.theirsScheduled.instantiate(expectedState, true);
      GradientUpdater<?> actual = updaters.oursScheduled.instantiate(state, true);
      for (int iteration = 0; iteration < 20; iteration++) {
        INDArray gradient = normal(type, iteration + 1, 1, n);
        INDArray copy = gradient.dup();
        expected.applyUpdater(gradient, iteration, 0);
        actual.applyUpdater(copy, iteration, 0);
        NdAssert.assertClose(gradient, copy, type == DataType.FLOAT ? 2e-6 : 0);
      }
      NdAssert.assertClose(expectedState, state, type == DataType.FLOAT ? 2e-6 : 0);
    }
  }

  private static MultiLayerNetwork network(IUpdater updater, DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(type)
                .updater(updater)
                .list()
                .layer(new DenseLayer.Builder().nOut(70).activation(Activation.TANH).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .nOut(3)
                        .build())
                .setInputType(InputType.feedForward(40))
                .build());
    network.init();
    return network;
  }

  @ParameterizedTest
  @EnumSource
  void networksTrainAsWithDl4jsUpdater(Case updaters) throws IOException {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray x = normal(type, 1, 10, 40);
      INDArray y = normal(type, 2, 10, 3);
      MultiLayerNetwork expected = network(updaters.theirs, type);
      MultiLayerNetwork actual = network(updaters.ours, type);
      for (int i = 0; i < 10; i++) {
        expected.fit(x, y);
        actual.fit(x, y);
      }
      NdAssert.assertClose(expected.params(), actual.params(), 1e-5);
      MultiLayerNetwork restored =
          ModelSerializer.restoreMultiLayerNetwork(
              new ByteArrayInputStream(LayerChecks.saved(actual)), true);
      actual.fit(x, y);
      restored.fit(x, y);
      NdAssert.assertSame(actual.params(), restored.params());
    }
  }

  @ParameterizedTest
  @EnumSource
  void configurations(Case updaters) {
    assertEquals(updaters.full, updaters.full.clone());
    assertEquals(updaters.full.hashCode(), updaters.full.clone().hashCode());
    assertNotEquals(updaters.ours, updaters.theirs);
    assertNotEquals(updaters.ours, updaters.full);
    MultiLayerConfiguration configuration =
        network(updaters.full, DataType.FLOAT).getLayerWiseConfigurations();
    assertEquals(configuration, MultiLayerConfiguration.fromJson(configuration.toJson()));
  }

  @Test
  void stepsNeedState() {
    assertThrows(
        IllegalStateException.class,
        () -> new HostAdamUpdater(new HostAdam(0.01)).applyUpdater(Nd4j.zeros(1, 3), 0, 0));
    assertThrows(
        IllegalStateException.class,
        () ->
            new HostNesterovsUpdater(new HostNesterovs(0.01, 0.9))
                .applyUpdater(Nd4j.zeros(1, 3), 0, 0));
  }
}
