/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.data.ShuffledDataSetIterator.Options;
import org.dl4jebm.training.device.DeviceStandIn;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.InverseSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Greedy pretraining on a device without a GPU. */
class DevicePretrainingTest {

  @TempDir Path folder;

  @AfterEach
  void clearInterruption() {
    Thread.interrupted();
  }

  private static PretrainOptions onDevice(int epochs) {
    return PretrainOptions.epochs(epochs).withExecution(Execution.DEVICE);
  }

  private static DataSetIterator shuffled(INDArray features, INDArray labels, int batch) {
    return new ShuffledDataSetIterator(features, labels, Options.shuffled(batch, 31));
  }

  private static DataSetIterator shuffled() {
    return shuffled(Stacks.features(), null, Stacks.BATCH);
  }

  static List<NeuralNetConfiguration.Builder> steps() {
    double rate = 1e-3;
    ExponentialSchedule byIteration = new ExponentialSchedule(ScheduleType.ITERATION, rate, 0.9);
    InverseSchedule byEpoch = new InverseSchedule(ScheduleType.EPOCH, rate, 0.5, 2);
    ExponentialSchedule momentum = new ExponentialSchedule(ScheduleType.ITERATION, 0.9, 0.95);
    return List.of(
        Stacks.global(new Sgd(rate)),
        Stacks.global(new Sgd(byIteration)).l2(0.3).l1(0.2).miniBatch(false),
        Stacks.global(new Nesterovs(rate, 0.9)).weightDecay(2),
        Stacks.global(new Nesterovs(byEpoch, momentum)).weightDecayBias(1).l1(0.5),
        Stacks.global(new Nesterovs(rate, 0.9))
            .biasUpdater(new Sgd(byEpoch))
            .regularization(List.of(new WeightDecay(1e-3, false)))
            .l1Bias(0.1),
        Stacks.global(new Sgd(rate)).biasUpdater(new Nesterovs(byIteration, 0.7)).l2Bias(0.4));
  }

  /**
   * All fields are at least 20 away from 0, so that states do not depend on random numbers, and
   * both paths have to make the same steps.
   */
  @ParameterizedTest
  @MethodSource("steps")
  void stepsAreThoseOfDl4jsUpdaters(NeuralNetConfiguration.Builder global) {
    int in = 8;
    int out = 6;
    MultiLayerNetwork first = saturated(global, in, out);
    MultiLayerNetwork second = first.clone();
    Random random = new Random(9);
    INDArray features = Nd4j.create(DataType.FLOAT, 18, in);
    for (int i = 0; i < features.length(); i++) {
      features.putScalar(i, random.nextInt(2));
    }
    PretrainOptions options =
        PretrainOptions.epochs(4).withDivergence(DivergencePolicy.stop().withoutGapLimit());
    new GreedyPretrainer(options).fit(first, shuffled(features, null, 4));
    try (DeviceStandIn standIn = DeviceStandIn.host()) {
      PretrainResult result =
          new GreedyPretrainer(options.withExecution(Execution.DEVICE))
              .fit(second, shuffled(features, null, 4));
      assertEquals(1, standIn.opened());
      assertFalse(result.layers().get(0).ranOn().contains("ND4J"));
    }
    double[] expected = Stacks.bits(first.params());
    double[] found = Stacks.bits(second.params());
    double moved = 0;
    double[] start = Stacks.bits(saturated(global, in, out).params());
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found[i], 1e-5 * Math.max(1, Math.abs(expected[i])), "at " + i);
      moved = Math.max(moved, Math.abs(expected[i] - start[i]));
    }
    assertTrue(moved > 1e-3, "moved by " + moved);
    Snapshot one = Snapshot.of(first);
    Snapshot two = Snapshot.of(second);
    assertEquals(20, two.layers().get(0).iterations());
    assertEquals(4, two.layers().get(0).epochs());
    double score = one.layers().get(0).score();
    assertEquals(score, two.layers().get(0).score(), 1e-5 * score);
    if (one.layers().get(0).updater() != null) {
      assertArrayEquals(one.layers().get(0).updater(), two.layers().get(0).updater(), 1e-4);
    }
  }

  private static MultiLayerNetwork saturated(
      NeuralNetConfiguration.Builder global, int in, int out) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(global.list().layer(Stacks.rbm(in, out).build()).build());
    network.init();
    Random random = new Random(4);
    INDArray params = Nd4j.create(DataType.FLOAT, network.params().shape());
    for (int i = 0; i < params.length(); i++) {
      params.putScalar(i, (i < in * out ? 80 : 40) * (random.nextBoolean() ? 1 : -1));
    }
    network.setParams(params);
    return network;
  }

  private static Model stack(
      int persistent, UnaryOperator<RestrictedBoltzmannMachine.Builder> how) {
    return Stacks.mln(
        Stacks.global(new Nesterovs(0.1, 0.9)).weightDecay(0.01),
        rbm -> how.apply(rbm.persistentChains(persistent).k(2)));
  }

  /** Batches of an iterator in memory stay on the device; those of others come one by one. */
  @Test
  void residentDataGiveTheSameBitsAsBatchesThatAreCopied() {
    MultiLayerNetwork first = (MultiLayerNetwork) stack(3, rbm -> rbm);
    MultiLayerNetwork second = (MultiLayerNetwork) stack(3, rbm -> rbm);
    try (DeviceStandIn standIn = DeviceStandIn.host()) {
      new GreedyPretrainer(onDevice(2).withVisibleBiasFromData()).fit(first, shuffled());
      DataSetIterator copied = shuffled();
      copied.setPreProcessor(batch -> {});
      new GreedyPretrainer(onDevice(2).withVisibleBiasFromData()).fit(second, copied);
      assertEquals(2, standIn.opened());
    }
    // Layers above the first see the output of blocks of other sizes, rounded otherwise.
    assertArrayEquals(
        Stacks.bits(first.getLayer(0).params()), Stacks.bits(second.getLayer(0).params()));
    assertArrayEquals(Stacks.bits(first.params()), Stacks.bits(second.params()), 1e-4);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 6, 13, 21})
  void runsThatAreResumedEndWithTheSameBits(int stopAfter) throws IOException {
    Path file = folder.resolve("run.zip");
    PretrainOptions options = onDevice(2).withCheckpoint(file, 3);
    try (DeviceStandIn standIn = DeviceStandIn.host()) {
      Model whole = stack(3, rbm -> rbm);
      assertTrue(
          new GreedyPretrainer(options).fit((MultiLayerNetwork) whole, shuffled()).completed());
      MultiLayerNetwork stopped = (MultiLayerNetwork) stack(3, rbm -> rbm);
      int[] updates = {0};
      stopped.setListeners(
          new BaseTrainingListener() {
            @Override
            public void iterationDone(Model model, int iteration, int epoch) {
              if (++updates[0] == stopAfter) {
                Thread.currentThread().interrupt();
              }
            }
          });
      assertFalse(new GreedyPretrainer(options).fit(stopped, shuffled()).completed());
      assertTrue(Thread.interrupted());
      assertEquals(stopAfter, updates[0]);
      MultiLayerNetwork resumed = (MultiLayerNetwork) stack(3, rbm -> rbm);
      assertTrue(new GreedyPretrainer(options).resume(resumed, shuffled(), file).completed());
      Snapshot.of(whole).assertSame(resumed);
      assertEquals(3, standIn.opened());
    }
  }

  @Test
  void whatCannotRunOnADeviceRunsOnNd4jAndSaysWhy() {
    MultiLayerNetwork plain = Stacks.mln();
    new GreedyPretrainer(PretrainOptions.epochs(1)).fit(plain, shuffled());
    MultiLayerNetwork asked = Stacks.mln();
    PretrainResult without;
    try (DeviceStandIn none = DeviceStandIn.none()) {
      without = new GreedyPretrainer(onDevice(1)).fit(asked, shuffled());
      assertEquals(0, none.opened());
    }
    Snapshot.of(plain).assertSame(asked);
    for (int i = 0; i < 3; i++) {
      String ranOn = without.layers().get(i).ranOn();
      assertTrue(ranOn.startsWith("ND4J (") && ranOn.contains("no device"), ranOn);
    }
    try (DeviceStandIn standIn = DeviceStandIn.host(1000)) {
      MultiLayerNetwork small = Stacks.mln();
      String ranOn =
          new GreedyPretrainer(onDevice(1)).fit(small, shuffled()).layers().get(0).ranOn();
      assertTrue(ranOn.contains("are needed: parameters"), ranOn);
      Snapshot.of(plain).assertSame(small);
      assertEquals(1, standIn.opened());
    }
    try (DeviceStandIn standIn = DeviceStandIn.host()) {
      assertRanOn(
          "the updater Adam", onDevice(1), Stacks.mln(Stacks.global(new Adam(0.1)), r -> r));
      assertRanOn("sparsity", onDevice(1), Stacks.mln(Stacks.global(), r -> r.sparsityCost(1)));
      assertEquals(0, standIn.opened());
      PretrainResult samples =
          new GreedyPretrainer(onDevice(1).withTransfer(LayerTransfer.SAMPLES))
              .fit(Stacks.mln(), shuffled());
      assertFalse(samples.layers().get(0).ranOn().contains("ND4J"));
      assertTrue(samples.layers().get(1).ranOn().contains("transfer of samples"));
      PretrainResult weighted =
          new GreedyPretrainer(onDevice(1).withExampleWeights())
              .fit(
                  Stacks.mln(),
                  new ShuffledDataSetIterator(
                      Stacks.features(),
                      Stacks.labels(),
                      Nd4j.ones(Stacks.ROWS),
                      Options.inOrder(Stacks.BATCH)));
      assertTrue(weighted.layers().get(0).ranOn().contains("weights of examples"));
    }
    PretrainResult usual =
        new GreedyPretrainer(PretrainOptions.epochs(1)).fit(Stacks.mln(), shuffled());
    assertEquals("ND4J", usual.layers().get(0).ranOn());
  }

  private static void assertRanOn(
      String reason, PretrainOptions options, MultiLayerNetwork network) {
    String ranOn = new GreedyPretrainer(options).fit(network, shuffled()).layers().get(0).ranOn();
    assertTrue(ranOn.startsWith("ND4J (") && ranOn.contains(reason), ranOn);
  }

  @Test
  void divergenceLeavesTheLastGoodParameters() {
    MultiLayerNetwork network = Stacks.mln(Stacks.global(new Sgd(1e30)), rbm -> rbm);
    double[] before = Stacks.bits(network.params());
    try (DeviceStandIn standIn = DeviceStandIn.host()) {
      assertThrows(
          TrainingDivergedException.class,
          () -> new GreedyPretrainer(onDevice(3)).fit(network, shuffled()));
      assertEquals(1, standIn.opened());
    }
    assertArrayEquals(before, Stacks.bits(network.params()));
  }

  @Test
  void badDataAreRefusedAsOnNd4j() {
    MultiLayerNetwork network = Stacks.mln();
    double[] before = Stacks.bits(network.params());
    INDArray features = Stacks.features().putScalar(13, 2, 1.5);
    try (DeviceStandIn standIn = DeviceStandIn.host()) {
      String message =
          assertThrows(
                  DL4JInvalidInputException.class,
                  () ->
                      new GreedyPretrainer(onDevice(1))
                          .fit(network, shuffled(features, null, Stacks.BATCH)))
              .getMessage();
      assertTrue(message.contains("values from"), message);
      assertEquals(1, standIn.opened());
    }
    assertArrayEquals(before, Stacks.bits(network.params()));
  }

  @Test
  void listenersSeeTheParametersOfTheLastScoredStep() {
    MultiLayerNetwork network = Stacks.mln();
    int[] calls = {0, 0};
    double[][] last = {Stacks.bits(network.getLayer(0).params())};
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            assertEquals(calls[0] % Stacks.BATCHES, iteration);
            double[] now = Stacks.bits(model.params());
            if (model == network.getLayer(0)) {
              assertEquals(iteration % 3 != 0, java.util.Arrays.equals(last[0], now));
              last[0] = now;
            }
            assertTrue(model.score() > 0);
            calls[0]++;
          }

          @Override
          public void onEpochEnd(Model model) {
            calls[1]++;
          }
        });
    try (DeviceStandIn standIn = DeviceStandIn.host()) {
      new GreedyPretrainer(onDevice(1)).fit(network, shuffled());
      assertEquals(1, standIn.opened());
    }
    assertEquals(3 * Stacks.BATCHES, calls[0]);
    assertEquals(3, calls[1]);
  }

  /**
   * Both runs end with about the same error: that they differ by less than a fifth is asked for,
   * not derived.
   */
  @Test
  void aDeepBeliefNetworkLearnsAsWellAndIsFineTunedSavedAndLoaded() throws IOException {
    INDArray features = Nd4j.create(DataType.FLOAT, 200, 16);
    INDArray labels = Nd4j.create(DataType.FLOAT, 200, 2);
    Random random = new Random(1);
    for (int r = 0; r < 200; r++) {
      int kind = r % 2;
      labels.putScalar(r, kind, 1);
      for (int i = 0; i < 16; i++) {
        boolean on = kind == 0 ? i < 8 : i % 2 == 0;
        features.putScalar(r, i, on == random.nextDouble() < 0.95 ? 1 : 0);
      }
    }
    double[] errors = new double[2];
    for (Execution execution : Execution.values()) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(
              Stacks.global(new Nesterovs(0.05, 0.5))
                  .list()
                  .layer(Stacks.rbm(16, 12).build())
                  .layer(Stacks.rbm(12, 6).build())
                  .layer(Stacks.output(6))
                  .build());
      network.init();
      RestrictedBoltzmannMachineLayer layer = (RestrictedBoltzmannMachineLayer) network.getLayer(0);
      double before = error(layer, features);
      try (DeviceStandIn standIn = DeviceStandIn.host()) {
        new GreedyPretrainer(PretrainOptions.epochs(40).withExecution(execution))
            .fit(network, shuffled(features, labels, 20));
        assertEquals(execution.ordinal(), standIn.opened());
      }
      errors[execution.ordinal()] = error(layer, features);
      assertTrue(errors[execution.ordinal()] < 0.5 * before);
      for (int epoch = 0; epoch < 20; epoch++) {
        network.fit(shuffled(features, labels, 20));
      }
      assertTrue(network.evaluate(shuffled(features, labels, 20)).accuracy() > 0.95);
      Path file = folder.resolve(execution + ".zip");
      ModelSerializer.writeModel(network, file.toFile(), true);
      assertEquals(
          network.output(features), MultiLayerNetwork.load(file.toFile(), true).output(features));
    }
    assertEquals(errors[0], errors[1], 0.2 * errors[0]);
  }

  private static double error(RestrictedBoltzmannMachineLayer layer, INDArray features) {
    return layer.model().reconstruct(features).squaredDistance(features) / features.size(0);
  }
}
