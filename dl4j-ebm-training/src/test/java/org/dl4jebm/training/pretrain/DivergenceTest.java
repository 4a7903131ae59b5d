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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class DivergenceTest {

  @TempDir Path folder;

  /** Fine in the first epoch, hopeless from the second on. */
  private static MultiLayerNetwork hopeless(int scoreEvery) {
    return Stacks.mln(
        Stacks.global(
            new Nesterovs(
                new MapSchedule(ScheduleType.EPOCH, new HashMap<>(Map.of(0, 0.01, 1, 1e30))), 0.9)),
        rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()).scoreEvery(scoreEvery));
  }

  private static void assertFinite(Model network) {
    assertTrue(Arrays.stream(Stacks.bits(network.params())).allMatch(Double::isFinite));
  }

  @Test
  void aHugeLearningRateIsNoticedAndTheEpochUndone() {
    MultiLayerNetwork expected = hopeless(1);
    new GreedyPretrainer(PretrainOptions.epochs(1).withLayerEpochs("1", 0).withLayerEpochs("2", 0))
        .fit(expected, Stacks.iterator());
    Snapshot afterOneEpoch = Snapshot.of(expected);

    MultiLayerNetwork network = hopeless(1);
    TrainingDivergedException e =
        assertThrows(
            TrainingDivergedException.class,
            () -> new GreedyPretrainer(PretrainOptions.epochs(3)).fit(network, Stacks.iterator()));
    for (String part :
        new String[] {"layer \"0\"", "recon. error", "of epoch 2", "start of this"}) {
      assertTrue(e.getMessage().contains(part), () -> part + " in: " + e.getMessage());
    }
    assertFinite(network);
    afterOneEpoch.layers().get(0).assertSame("layer 0", Snapshot.of(network).layers().get(0));
    assertArrayEquals(afterOneEpoch.parameters(), Stacks.bits(network.params()));
  }

  @Test
  void whatIsLeftCanBeTrainedOn() {
    MultiLayerNetwork network =
        Stacks.mln(
            Stacks.global(new Nesterovs(1e30, 0.9)),
            rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()).scoreEvery(1));
    Snapshot before = Snapshot.of(network);
    GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(3));
    TrainingDivergedException e =
        assertThrows(
            TrainingDivergedException.class, () -> pretrainer.fit(network, Stacks.iterator()));
    assertTrue(e.getMessage().contains("of epoch 1"), e.getMessage());
    assertArrayEquals(before.parameters(), Stacks.bits(network.params()));
    assertEquals(0, network.getLayer(0).conf().getIterationCount());

    // The momentum of the failed steps is forgotten: the same as in a network that never failed.
    MultiLayerNetwork expected =
        Stacks.mln(
            Stacks.global(new Nesterovs(0.01, 0.9)),
            rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()).scoreEvery(1));
    network.setLearningRate(0.01);
    pretrainer.fit(expected, Stacks.iterator());
    pretrainer.fit(network, Stacks.iterator());
    assertFinite(network);
    Snapshot.of(expected).assertSame(network);
  }

  /** Weights that become too large for two unbounded sides; nothing is infinite then. */
  @Test
  void weightsWithoutADistribution() {
    MultiLayerNetwork network =
        Stacks.mln(
            Stacks.global(new Nesterovs(0.02, 0.9)).weightInit(new NormalDistribution(0, 0.01)),
            rbm ->
                rbm.visibleUnits(GaussianUnits.unitVariance())
                    .hiddenUnits(GaussianUnits.unitVariance())
                    .scoreEvery(1));
    Snapshot before = Snapshot.of(network);
    DataSetIterator scaled = Stacks.iterator(Stacks.features().mul(10));
    PretrainOptions withoutGap =
        PretrainOptions.epochs(1).withDivergence(DivergencePolicy.stop().withoutGapLimit());
    TrainingDivergedException e =
        assertThrows(
            TrainingDivergedException.class,
            () -> new GreedyPretrainer(withoutGap).fit(network, scaled));
    for (String part : new String[] {"layer \"0\"", "norm", "less than 1", "of epoch 1"}) {
      assertTrue(e.getMessage().contains(part), () -> part + " in: " + e.getMessage());
    }
    assertArrayEquals(before.parameters(), Stacks.bits(network.params()));
  }

  @Test
  void aGraphNamesItsVertex() {
    ComputationGraph graph =
        Stacks.graph(
            Stacks.global(new Nesterovs(1e30, 0.9)),
            rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()).scoreEvery(1));
    Snapshot before = Snapshot.of(graph);
    TrainingDivergedException e =
        assertThrows(
            TrainingDivergedException.class,
            () -> new GreedyPretrainer(PretrainOptions.epochs(1)).fit(graph, Stacks.iterator()));
    assertTrue(e.getMessage().contains("layer \"rbm0\""), e.getMessage());
    assertArrayEquals(before.parameters(), Stacks.bits(graph.params()));
  }

  /** The score is that of a batch before the parameters broke. */
  @Test
  void parametersAreLookedAtWhereTheScoreIsOld() {
    MultiLayerNetwork network = hopeless(1000);
    TrainingDivergedException e =
        assertThrows(
            TrainingDivergedException.class,
            () -> new GreedyPretrainer(PretrainOptions.epochs(3)).fit(network, Stacks.iterator()));
    assertTrue(e.getMessage().contains("parameters is"), e.getMessage());
    assertTrue(e.getMessage().contains("after batch 4 of epoch 2"), e.getMessage());
    assertFinite(network);
    assertEquals(1, network.getLayer(0).conf().getEpochCount());
    assertEquals(Stacks.BATCHES, network.getLayer(0).conf().getIterationCount());
  }

  @Test
  void singleParametersThatAreNotNumbersAreFound() {
    for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
      MultiLayerNetwork network = Stacks.mln(Stacks.global(), rbm -> rbm.scoreEvery(1000));
      network.setListeners(
          new BaseTrainingListener() {
            @Override
            public void iterationDone(Model model, int iteration, int epoch) {
              if (iteration == 6) {
                model.getParam("b").putScalar(2, bad);
              }
            }
          });
      TrainingDivergedException e =
          assertThrows(
              TrainingDivergedException.class,
              () ->
                  new GreedyPretrainer(PretrainOptions.epochs(2)).fit(network, Stacks.iterator()));
      assertTrue(e.getMessage().contains("of epoch 2"), e.getMessage());
      assertFinite(network);
    }
  }

  @Test
  void noCheckpointIsMadeOfThem() throws IOException {
    Path checkpoint = folder.resolve("c.zip");
    MultiLayerNetwork network = hopeless(1000);
    PretrainOptions options = PretrainOptions.epochs(3).withCheckpoint(checkpoint, 1);
    GreedyPretrainer pretrainer = new GreedyPretrainer(options);
    assertThrows(TrainingDivergedException.class, () -> pretrainer.fit(network, Stacks.iterator()));
    assertTrue(Files.exists(checkpoint));
    MultiLayerNetwork other = hopeless(1000);
    TrainingDivergedException e =
        assertThrows(
            TrainingDivergedException.class,
            () -> pretrainer.resume(other, Stacks.iterator(), checkpoint));
    assertTrue(e.getMessage().contains("its parameters are those"), e.getMessage());
    assertFinite(other);

    // An interruption does not save them either.
    MultiLayerNetwork interrupted = hopeless(1000);
    interrupted.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            if (iteration == Stacks.BATCHES + 2) {
              Thread.currentThread().interrupt();
            }
          }
        });
    Path another = folder.resolve("d.zip");
    GreedyPretrainer rare = new GreedyPretrainer(options.withCheckpoint(another, 1000));
    assertThrows(TrainingDivergedException.class, () -> rare.fit(interrupted, Stacks.iterator()));
    assertTrue(Thread.interrupted());
    assertFalse(Files.exists(another));
    assertFinite(interrupted);
  }
}
