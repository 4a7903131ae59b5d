/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.Tempering;
import org.dl4jebm.training.pretrain.GreedyPretrainer;
import org.dl4jebm.training.pretrain.PretrainOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that are stopped, resumed, interrupted or begun anew. */
class MonitorResumeTest {

  private static final int EPOCHS = 4;

  /** Twelve rows in batches of five. */
  private static final int BATCHES = 3;

  @TempDir Path folder;

  @AfterEach
  void clearInterruption() {
    Thread.interrupted();
  }

  /** Interrupts after so many updates of any layer. */
  private static final class Interrupter extends BaseTrainingListener {

    private int updates;

    Interrupter(int updates) {
      this.updates = updates;
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      if (--updates == 0) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static MultiLayerNetwork network() {
    ContrastiveDivergenceOptions tempered =
        ContrastiveDivergenceOptions.DEFAULT
            .withPersistentChains(6)
            .withTempering(new Tempering(3, 6, 0.5, 5, Tempering.Path.CENTERED));
    return Monitored.stack(rbm -> rbm.objective(tempered), 8, 4);
  }

  private static MonitorOptions options(Path out) {
    return MonitorOptions.to(out).withEvery(2).withChains(6, 10);
  }

  private static RbmMonitor monitor(MultiLayerNetwork network, MonitorOptions options)
      throws IOException {
    return new RbmMonitor(network, Monitored.training(), Monitored.validation(), options);
  }

  private PretrainOptions training(int stop) {
    return PretrainOptions.epochs(EPOCHS).withCheckpoint(checkpoint(stop), 100);
  }

  private Path checkpoint(int stop) {
    return folder.resolve("checkpoint" + stop + ".zip");
  }

  private Map<String, Integer> uninterrupted(Path out) throws IOException {
    MultiLayerNetwork network = network();
    network.setListeners(monitor(network, options(out)));
    new GreedyPretrainer(PretrainOptions.epochs(EPOCHS)).fit(network, Monitored.iterator());
    return Monitored.files(out);
  }

  private void stopped(Path out, int stop) throws IOException {
    MultiLayerNetwork network = network();
    network.setListeners(new Interrupter(stop), monitor(network, options(out)));
    assertFalse(
        new GreedyPretrainer(training(stop)).fit(network, Monitored.iterator()).completed());
    assertTrue(Thread.interrupted());
  }

  private void resumed(Path out, int stop) throws IOException {
    MultiLayerNetwork network = network();
    network.setListeners(monitor(network, options(out)));
    assertTrue(
        new GreedyPretrainer(training(stop))
            .resume(network, Monitored.iterator(), checkpoint(stop))
            .completed());
  }

  /** Byte by byte, pictures too. Stops lie within epochs and at their ends, in both layers. */
  @Test
  void aResumedRunWritesTheFilesOfAnUninterruptedOne() throws IOException {
    Map<String, Integer> expected = uninterrupted(folder.resolve("whole"));
    assertEquals(2 * (2 + 2), expected.size(), "8 units are no picture");
    for (int stop : List.of(2, BATCHES, 2 * BATCHES, 2 * BATCHES + 1, 4 * BATCHES, 17)) {
      Path out = folder.resolve("parts" + stop);
      stopped(out, stop);
      resumed(out, stop);
      assertEquals(expected, Monitored.files(out), "stopped after " + stop + " updates");
    }
  }

  /** A process that dies leaves rows that are newer than its last checkpoint. */
  @Test
  void rowsOfEpochsThatAreTrainedAgainAreReplaced() throws IOException {
    Path out = folder.resolve("out");
    Map<String, Integer> expected = uninterrupted(out);
    stopped(folder.resolve("other"), 5);
    Path csv = out.resolve("monitor-0.csv");
    Files.writeString(csv, Files.readString(csv).replaceAll("(?m)^4,-[^,]*", "4,-1.0"));
    assertEquals(-1, Monitored.rows(csv).get(1).get("log_likelihood_training"));
    resumed(out, 5);
    assertEquals(expected, Monitored.files(out));
  }

  @Test
  void aNewTrainingBeginsItsTablesAnew() throws IOException {
    Path out = folder.resolve("out");
    uninterrupted(out);
    MultiLayerNetwork network = network();
    network.setListeners(monitor(network, options(out).withEvery(3)));
    GreedyPretrainer trainer = new GreedyPretrainer(PretrainOptions.epochs(3));
    trainer.fit(network, Monitored.iterator());
    List<Map<String, Double>> rows = Monitored.rows(out.resolve("monitor-0.csv"));
    assertEquals(List.of(3.0), rows.stream().map(row -> row.get("epoch")).toList());
    trainer.fit(network, Monitored.iterator());
    rows = Monitored.rows(out.resolve("monitor-0.csv"));
    assertEquals(List.of(3.0, 6.0), rows.stream().map(row -> row.get("epoch")).toList());
  }

  /** The trainer does not come back to an epoch that it has ended. */
  @Test
  void anInterruptionIsKeptUntilTheRowIsWritten() throws Exception {
    MultiLayerNetwork network = network();
    RbmMonitor quick = monitor(network, options(folder.resolve("quick")).withEvery(1));
    network.setListeners(quick);
    new GreedyPretrainer(PretrainOptions.epochs(1)).fit(network, Monitored.iterator());
    Map<String, Integer> expected = Monitored.files(folder.resolve("quick"));
    Thread.currentThread().interrupt();
    quick.onEpochEnd(network.getLayer(0));
    assertTrue(Thread.interrupted());
    assertEquals(expected, Monitored.files(folder.resolve("quick")));

    Path out = folder.resolve("slow");
    RbmMonitor slow = monitor(network, options(out).withEvery(1).withChains(12, 3000));
    Thread here = Thread.currentThread();
    Thread other =
        new Thread(
            () -> {
              try {
                Thread.sleep(20);
              } catch (InterruptedException e) {
                return;
              }
              here.interrupt();
            });
    other.start();
    slow.onEpochEnd(network.getLayer(0));
    assertTrue(Thread.interrupted(), "3,000 sweeps take longer than 20 ms");
    other.join();
    assertTrue(
        Monitored.rows(out.resolve("monitor-0.csv")).get(0).containsKey("autocorrelation_time"));
  }
}
