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
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Against DL4J's Nesterov momentum, step by step. */
class HostNesterovsTest {

  private static final ISchedule SCHEDULE =
      new ExponentialSchedule(ScheduleType.ITERATION, 0.05, 0.9);
  private static final ISchedule MOMENTUM =
      new ExponentialSchedule(ScheduleType.ITERATION, 0.95, 0.98);

  private static INDArray normal(DataType type, long seed, long... shape) {
    INDArray result = Nd4j.zeros(type, shape);
    try (RandomStream random = new RandomStream(seed)) {
      random.gaussian(result, 2, result);
    }
    return result;
  }

  /** More than a block, and not a multiple of its length. */
  @Test
  void stepsAreThoseOfNesterovs() {
    int n = 5001;
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray expectedState = Nd4j.zeros(type, 1, n);
      INDArray state = Nd4j.zeros(type, 1, n);
      GradientUpdater<?> expected =
          new Nesterovs(SCHEDULE, MOMENTUM).instantiate(expectedState, true);
      GradientUpdater<?> actual = new HostNesterovs(SCHEDULE, MOMENTUM).instantiate(state, true);
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

  private static MultiLayerNetwork network(Nesterovs updater, DataType type) {
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

  @Test
  void networksTrainAsWithNesterovs() throws IOException {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray x = normal(type, 1, 10, 40);
      INDArray y = normal(type, 2, 10, 3);
      MultiLayerNetwork expected = network(new Nesterovs(0.01, 0.9), type);
      MultiLayerNetwork actual = network(new HostNesterovs(0.01, 0.9), type);
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

  @Test
  void configurations() {
    HostNesterovs updater = new HostNesterovs(0.01, SCHEDULE, 0.8, MOMENTUM);
    assertEquals(updater, updater.clone());
    assertEquals(updater.hashCode(), updater.clone().hashCode());
    assertNotEquals(new HostNesterovs(0.01, 0.9), new Nesterovs(0.01, 0.9));
    assertNotEquals(new HostNesterovs(0.01, 0.9), new HostNesterovs(0.02, 0.9));
    MultiLayerConfiguration configuration =
        network(updater, DataType.FLOAT).getLayerWiseConfigurations();
    assertEquals(configuration, MultiLayerConfiguration.fromJson(configuration.toJson()));
    assertThrows(
        IllegalStateException.class,
        () -> new HostNesterovsUpdater(updater).applyUpdater(Nd4j.zeros(1, 3), 0, 0));
  }
}
