/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.training.ModelFiles;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Runs that are rolled back, stopped anywhere and resumed end with the same bits. */
class RollBackResumeTest {

  /** Two roll backs make the second rate of the schedule a good one. */
  private static final PretrainOptions OPTIONS =
      PretrainOptions.epochs(3)
          .withLayerEpochs("2", 0)
          .withTransfer(LayerTransfer.SAMPLES)
          .withDivergence(DivergencePolicy.rollBack(2, 0x1p-54));

  private static final String POSITION = "pretraining/position.json";

  @TempDir Path folder;

  @AfterEach
  void clearInterruption() {
    Thread.interrupted();
  }

  private static IUpdater updater() {
    return new Nesterovs(
        new MapSchedule(ScheduleType.EPOCH, new HashMap<>(Map.of(0, 0x1p-7, 1, 0x1p100))), 0.9);
  }

  /** Scores are old while the parameters are bad already. */
  private static MultiLayerNetwork network() {
    return network(updater());
  }

  private static MultiLayerNetwork network(IUpdater updater) {
    return Stacks.mln(
        Stacks.global(updater),
        rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()).persistentChains(3).scoreEvery(3));
  }

  private static DataSetIterator data() {
    return new ShuffledDataSetIterator(
        Stacks.features(), ShuffledDataSetIterator.Options.shuffled(Stacks.BATCH, 31));
  }

  private static BaseTrainingListener after(int updates, Runnable action) {
    return new BaseTrainingListener() {
      private int left = updates;

      @Override
      public void iterationDone(Model model, int iteration, int epoch) {
        if (--left == 0) {
          action.run();
        }
      }
    };
  }

  private static MultiLayerNetwork spoilt() {
    MultiLayerNetwork network = network();
    network.params().assign(3);
    return network;
  }

  private static PretrainOptions checkpoint(Path file, int every) {
    return OPTIONS.withCheckpoint(file, every);
  }

  @Test
  void stoppedAfterAnyUpdateAndResumed() throws IOException {
    MultiLayerNetwork uninterrupted = network();
    int[] updates = {0};
    uninterrupted.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            updates[0]++;
          }
        });
    PretrainResult all = new GreedyPretrainer(OPTIONS).fit(uninterrupted, data());
    assertEquals(4, all.rollBacks().size(), all.toString());
    assertTrue(updates[0] > 2 * 3 * Stacks.BATCHES, "updates that were undone");
    Snapshot expected = Snapshot.of(uninterrupted);

    for (int stop = 1; stop < updates[0]; stop += stop < 14 ? 1 : 4) {
      Path file = folder.resolve(stop + ".zip");
      MultiLayerNetwork network = network();
      network.setListeners(after(stop, () -> Thread.currentThread().interrupt()));
      PretrainResult first = new GreedyPretrainer(checkpoint(file, 1000)).fit(network, data());
      assertFalse(first.completed());
      assertTrue(Thread.interrupted());
      assertEquals(
          updater(),
          ModelFiles.readMultiLayerNetwork(file).getLayer(0).getConfig().getUpdaterByParam("W"));

      MultiLayerNetwork other = spoilt();
      PretrainResult second = new GreedyPretrainer(OPTIONS).resume(other, data(), file);
      assertTrue(second.completed());
      assertEquals(
          all.rollBacks().size(), first.rollBacks().size() + second.rollBacks().size(), "" + stop);
      expected.assertSame(other);
    }
  }

  @Test
  void resumedFromPeriodicCheckpointsAfterACrash() throws IOException {
    MultiLayerNetwork uninterrupted = network();
    new GreedyPretrainer(OPTIONS).fit(uninterrupted, data());
    Snapshot expected = Snapshot.of(uninterrupted);
    for (int crash = 4; crash < 24; crash += 4) {
      Path file = folder.resolve(crash + ".zip");
      MultiLayerNetwork network = network();
      network.setListeners(
          after(
              crash,
              () -> {
                throw new IllegalStateException("crash");
              }));
      GreedyPretrainer pretrainer = new GreedyPretrainer(checkpoint(file, 3));
      assertThrows(IllegalStateException.class, () -> pretrainer.fit(network, data()));
      MultiLayerNetwork other = spoilt();
      pretrainer.resume(other, data(), file);
      expected.assertSame(other);
    }
  }

  /** The number of roll backs goes on, it does not start again. */
  @Test
  void theNumberOfRollBacksIsThatOfAllRuns() throws IOException {
    Path file = folder.resolve("c.zip");
    DivergencePolicy tooFew = DivergencePolicy.rollBack(1, 0x1p-54);
    MultiLayerNetwork network = network();
    network.setListeners(after(Stacks.BATCHES + 4, () -> Thread.currentThread().interrupt()));
    PretrainOptions options = checkpoint(file, 1000).withDivergence(tooFew);
    assertEquals(1, new GreedyPretrainer(options).fit(network, data()).rollBacks().size());
    assertTrue(Thread.interrupted());
    MultiLayerNetwork other = spoilt();
    TrainingDivergedException e =
        assertThrows(
            TrainingDivergedException.class,
            () -> new GreedyPretrainer(options).resume(other, data(), file));
    assertTrue(e.getMessage().contains("layer \"0\""), e.getMessage());
    assertTrue(e.getMessage().contains("after 1 roll back,"), e.getMessage());
    assertTrue(e.getMessage().contains("at the start of this epoch"), e.getMessage());
  }

  /** Stopped in the second epoch of the first layer, two batches after the second roll back. */
  private Path rolledBack() throws IOException {
    Path file = folder.resolve("rolled.zip");
    MultiLayerNetwork network = network();
    network.setListeners(
        new BaseTrainingListener() {
          private int good;

          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            double rate = ((Layer) model).getConfig().getUpdaterByParam("W").getLearningRate(0, 1);
            if (rate == 0x1p-8 && ++good == 2) {
              Thread.currentThread().interrupt();
            }
          }
        });
    assertFalse(new GreedyPretrainer(checkpoint(file, 1000)).fit(network, data()).completed());
    assertTrue(Thread.interrupted());
    return file;
  }

  private static void change(Path file, String from, String to) throws IOException {
    try (FileSystem zip = FileSystems.newFileSystem(file)) {
      Path entry = zip.getPath(POSITION);
      String json = Files.readString(entry, StandardCharsets.UTF_8);
      assertTrue(json.matches("(?s).*" + from + ".*"), from + " in " + json);
      Files.writeString(entry, json.replaceFirst(from, to), StandardCharsets.UTF_8);
    }
  }

  private static void assertRefused(Path file, MultiLayerNetwork network, String... parts) {
    Snapshot before = Snapshot.of(network);
    GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(3));
    IOException e = assertThrows(IOException.class, () -> pretrainer.resume(network, data(), file));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "\"" + part + "\" in: " + e.getMessage());
    }
    before.assertSame(network);
  }

  @Test
  void whatACheckpointSaysOfRollBacksIsChecked() throws IOException {
    String[][] changes = {
      {"\"rollBacks\" : \\d+", "\"rollBacks\" : -1", "-1 roll backs"},
      {"\"rateFactor\" : [-.0-9E]+", "\"rateFactor\" : 2.0", "factor 2.0"},
      {"\"rateFactor\" : [-.0-9E]+", "\"rateFactor\" : 0.0", "factor 0.0"},
      {"\"lastGood\" : \\{\\s+\"epoch\" : \\d+", "\"lastGood\" : {\"epoch\" : 0", "last good"},
      {"\"lastGood\" : \\{", "\"lastGood\" : {\"layer\": null, \"lay\" : ", "damaged"},
    };
    for (String[] change : changes) {
      Path file = rolledBack();
      change(file, change[0], change[1]);
      assertRefused(file, network(), change[2]);
    }
    for (String entry : new String[] {"parameters", "chains", "updater"}) {
      Path file = rolledBack();
      try (FileSystem zip = FileSystems.newFileSystem(file)) {
        Files.delete(zip.getPath("pretraining/last-good-" + entry + ".bin"));
      }
      assertRefused(file, network(), "last-good-" + entry);
      Path swapped = rolledBack();
      try (FileSystem zip = FileSystems.newFileSystem(swapped)) {
        Path good = zip.getPath("pretraining/last-good-" + entry + ".bin");
        Files.delete(good);
        String wrong = entry.equals("chains") ? "updater" : "chains";
        Files.copy(zip.getPath("pretraining/0-" + wrong + ".bin"), good);
      }
      assertRefused(swapped, network(), "accepted");
    }
  }

  @Test
  void aReducedRateNeedsAnUpdaterWithARate() throws IOException {
    assertRefused(rolledBack(), network(new AdaDelta()), "accepted");
  }
}
