/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.pretrain.PretrainResult.RollBack;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.dl4jebm.training.report.Progress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Powers of two as rates and factors make a scaled rate the same number as one that was set. */
class RollBackTest {

  private static final double HUGE = 0x1p100;
  private static final double GOOD = 0x1p-7;
  private static final double FACTOR = GOOD / HUGE;
  private static final PretrainOptions FIRST_LAYER =
      PretrainOptions.epochs(2).withLayerEpochs("1", 0).withLayerEpochs("2", 0);

  private static PretrainOptions rollBack(PretrainOptions options, int maximum, double factor) {
    return options.withDivergence(DivergencePolicy.rollBack(maximum, factor));
  }

  private static MultiLayerNetwork network(NeuralNetConfiguration.Builder global) {
    return Stacks.mln(
        global,
        rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()).persistentChains(3).scoreEvery(2));
  }

  /** All of DL4J's that have a rate, except AdaBelief, which fails at its first step. */
  static Stream<IUpdater> updaters() {
    return Stream.of(
        new Sgd(HUGE),
        new Nesterovs(HUGE, 0.9),
        new Adam(HUGE),
        new AdaMax(HUGE),
        new AdaGrad(HUGE),
        new AMSGrad(HUGE),
        new Nadam(HUGE),
        new RmsProp(HUGE),
        new Sgd(new ExponentialSchedule(ScheduleType.ITERATION, HUGE, 0.5)),
        new Adam(new ExponentialSchedule(ScheduleType.EPOCH, HUGE, 0.5)));
  }

  private static IUpdater scaled(IUpdater updater) {
    IUpdater scaled = updater.clone();
    scaled.setLrAndSchedule(
        GOOD,
        updater instanceof Sgd sgd && sgd.getLearningRateSchedule() != null
            ? new ExponentialSchedule(ScheduleType.ITERATION, GOOD, 0.5)
            : updater instanceof Adam adam && adam.getLearningRateSchedule() != null
                ? new ExponentialSchedule(ScheduleType.EPOCH, GOOD, 0.5)
                : null);
    return scaled;
  }

  /** The rate of weight decay is that of the updater. */
  @ParameterizedTest
  @MethodSource("updaters")
  void goesOnAsIfTheRateHadBeenGoodFromTheStart(IUpdater updater) {
    MultiLayerNetwork expected = network(Stacks.global(scaled(updater)).weightDecay(0.25));
    new GreedyPretrainer(FIRST_LAYER).fit(expected, Stacks.iterator());

    MultiLayerNetwork network = network(Stacks.global(updater).weightDecay(0.25));
    PretrainResult result =
        new GreedyPretrainer(rollBack(FIRST_LAYER, 1, FACTOR)).fit(network, Stacks.iterator());
    Snapshot.of(expected).assertSame(network);

    assertEquals(1, result.rollBacks().size());
    RollBack rollBack = result.rollBacks().get(0);
    assertEquals("0", rollBack.layer());
    assertEquals(1, rollBack.epoch());
    assertTrue(rollBack.batch() >= 1 && rollBack.batch() <= Stacks.BATCHES, rollBack.toString());
    assertFalse(Math.abs(rollBack.value()) < 60, rollBack.toString());
    assertEquals(FACTOR, rollBack.rateFactor());
    assertEquals(GOOD, rollBack.learningRate());
    assertEquals(2 * Stacks.BATCHES, result.layers().get(0).iterations());

    // What the user configured has not changed, apart from the counters.
    MultiLayerNetwork counted = network(Stacks.global(updater).weightDecay(0.25));
    counted.getLayer(0).conf().setIterationCount(2 * Stacks.BATCHES);
    counted.getLayer(0).conf().setEpochCount(2);
    assertEquals(
        counted.getLayerWiseConfigurations().toJson(),
        network.getLayerWiseConfigurations().toJson());
  }

  @Test
  void everyLayerStartsWithItsOwnRate() {
    MultiLayerNetwork expected = network(Stacks.global(new Nesterovs(GOOD, 0.9)));
    new GreedyPretrainer(PretrainOptions.epochs(2)).fit(expected, Stacks.iterator());
    MultiLayerNetwork network = network(Stacks.global(new Nesterovs(HUGE, 0.9)));
    PretrainResult result =
        new GreedyPretrainer(rollBack(PretrainOptions.epochs(2), 1, FACTOR))
            .fit(network, Stacks.iterator());
    assertEquals(List.of("0", "1", "2"), result.rollBacks().stream().map(RollBack::layer).toList());
    result.rollBacks().forEach(rollBack -> assertEquals(FACTOR, rollBack.rateFactor()));
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void samplesBetweenLayersAreDrawnAgain() {
    PretrainOptions options = PretrainOptions.epochs(2).withTransfer(LayerTransfer.SAMPLES);
    MultiLayerNetwork expected = network(Stacks.global(new Sgd(GOOD)));
    new GreedyPretrainer(options).fit(expected, Stacks.iterator());
    MultiLayerNetwork network = network(Stacks.global(new Sgd(HUGE)));
    new GreedyPretrainer(rollBack(options, 1, FACTOR)).fit(network, Stacks.iterator());
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void stopsWhenRollingBackDoesNotHelp() {
    MultiLayerNetwork network = network(Stacks.global(new Nesterovs(HUGE, 0.9)));
    Snapshot before = Snapshot.of(network);
    TrainingDivergedException e =
        assertThrows(
            TrainingDivergedException.class,
            () ->
                new GreedyPretrainer(rollBack(FIRST_LAYER, 3, 0.5))
                    .fit(network, Stacks.iterator()));
    for (String part :
        List.of("layer \"0\"", "of epoch 1", "after 3 roll backs", "multiplied by 0.125")) {
      assertTrue(e.getMessage().contains(part), () -> part + " in: " + e.getMessage());
    }
    assertArrayEquals(before.parameters(), Stacks.bits(network.params()));
    assertEquals(new Nesterovs(HUGE, 0.9), updaterOf(network));
  }

  private static IUpdater updaterOf(MultiLayerNetwork network) {
    return network.getLayer(0).getConfig().getUpdaterByParam("W");
  }

  /** Weights without a distribution are no infinite values. */
  @Test
  void weightsWithoutADistribution() {
    MultiLayerNetwork network =
        Stacks.mln(
            Stacks.global(new Sgd(0.02)).weightInit(new NormalDistribution(0, 0.01)),
            rbm ->
                rbm.visibleUnits(GaussianUnits.unitVariance())
                    .hiddenUnits(GaussianUnits.unitVariance())
                    .scoreEvery(1));
    DataSetIterator scaled = Stacks.iterator(Stacks.features().mul(10));
    PretrainOptions options =
        FIRST_LAYER.withDivergence(DivergencePolicy.rollBack(20, 0.5).withoutGapLimit());
    PretrainResult result = new GreedyPretrainer(options).fit(network, scaled);
    assertTrue(result.completed());
    assertFalse(result.rollBacks().isEmpty());
    for (RollBack rollBack : result.rollBacks()) {
      assertEquals("coupling norm", rollBack.quantity());
      assertTrue(rollBack.value() >= 1, rollBack.toString());
    }
  }

  @Test
  void aGraphInItsSecondEpochIsRolledBackToItsStart() {
    Map<Integer, Double> rates = new HashMap<>(Map.of(0, GOOD, 1, HUGE));
    ComputationGraph graph =
        Stacks.graph(
            Stacks.global(new Sgd(new MapSchedule(ScheduleType.EPOCH, rates))),
            rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()).scoreEvery(1));
    List<Integer> iterations = new ArrayList<>();
    List<Double> ratesSeen = new ArrayList<>();
    graph.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            iterations.add(iteration);
            ratesSeen.add(
                ((Layer) model).getConfig().getUpdaterByParam("W").getLearningRate(0, epoch));
          }
        });
    PretrainOptions options =
        rollBack(
            PretrainOptions.epochs(2).withLayerEpochs("rbm1", 0).withLayerEpochs("rbm2", 0),
            1,
            FACTOR);
    PretrainResult result = new GreedyPretrainer(options).fit(graph, Stacks.iterator());
    RollBack rollBack = result.rollBacks().get(0);
    assertEquals(2, rollBack.epoch());
    assertEquals("rbm0", rollBack.layer());
    assertEquals(GOOD, rollBack.learningRate());
    assertEquals(2 * Stacks.BATCHES, graph.getLayer(0).conf().getIterationCount());
    assertEquals(2, graph.getLayer(0).conf().getEpochCount());
    int undone = (int) rollBack.batch();
    assertEquals(2 * Stacks.BATCHES + undone, iterations.size());
    assertEquals(
        iterations.get(Stacks.BATCHES),
        iterations.get(Stacks.BATCHES + undone),
        "the counter has gone back");
    // During an update listeners see the rate that it is made with.
    assertEquals(HUGE, ratesSeen.get(Stacks.BATCHES));
    assertEquals(GOOD, ratesSeen.get(Stacks.BATCHES + undone));
  }

  @Test
  void ratesArePutBackAlsoAfterAnException() {
    MultiLayerNetwork network = network(Stacks.global(new Nesterovs(HUGE, 0.9)));
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            double rate = ((Layer) model).getConfig().getUpdaterByParam("b").getLearningRate(0, 0);
            if (rate == GOOD) {
              throw new IllegalStateException("listener");
            }
          }
        });
    assertThrows(
        IllegalStateException.class,
        () ->
            new GreedyPretrainer(rollBack(FIRST_LAYER, 1, FACTOR)).fit(network, Stacks.iterator()));
    assertEquals(new Nesterovs(HUGE, 0.9), updaterOf(network));
  }

  @Test
  void progressTellsOfEachRollBack() {
    List<String> calls = new ArrayList<>();
    Progress progress =
        new Progress() {
          @Override
          public void start(String task, long totalSteps) {
            calls.add("start " + task);
          }

          @Override
          public void step(long done, String detail) {}

          @Override
          public void finish(String summary) {
            calls.add(summary);
          }

          @Override
          public void close() {}
        };
    new GreedyPretrainer(rollBack(FIRST_LAYER, 2, 0x1p-54), progress)
        .fit(network(Stacks.global(new Sgd(HUGE))), Stacks.iterator());
    assertEquals(6, calls.size(), calls.toString());
    for (int i = 0; i < 6; i += 2) {
      assertEquals("start Layer 0", calls.get(i));
    }
    for (int i = 1; i <= 2; i++) {
      String call = calls.get(2 * i - 1);
      assertTrue(call.startsWith("diverged: "), call);
      assertTrue(call.contains("roll back " + i + " of 2 to batch 0"), call);
      assertTrue(call.contains("learning rate "), call);
    }
    assertTrue(calls.get(5).startsWith("2 epochs"), calls.get(5));
  }
}
