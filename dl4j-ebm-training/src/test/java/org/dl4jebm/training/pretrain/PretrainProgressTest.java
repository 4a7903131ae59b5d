/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.report.Progress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PretrainProgressTest {

  @TempDir Path folder;

  /** Checks the order of calls as they come, and keeps them. */
  private static final class RecordedProgress implements Progress {

    final List<String> tasks = new ArrayList<>();
    final List<Long> totals = new ArrayList<>();
    final List<List<Long>> steps = new ArrayList<>();
    final List<String> details = new ArrayList<>();
    final List<String> summaries = new ArrayList<>();
    private boolean running;

    @Override
    public void start(String task, long totalSteps) {
      assertFalse(running, "started twice");
      running = true;
      tasks.add(task);
      totals.add(totalSteps);
      steps.add(new ArrayList<>());
    }

    @Override
    public void step(long done, String detail) {
      assertTrue(running, "step outside of a task");
      List<Long> present = steps.get(steps.size() - 1);
      assertTrue(present.isEmpty() || done > present.get(present.size() - 1), "steps go back");
      present.add(done);
      details.add(detail);
    }

    @Override
    public void finish(String summary) {
      assertTrue(running, "finished without a start");
      running = false;
      summaries.add(summary);
    }

    @Override
    public void close() {
      throw new AssertionError("the trainer does not own it");
    }
  }

  private static List<Long> range(long from, long to) {
    List<Long> numbers = new ArrayList<>();
    for (long i = from; i <= to; i++) {
      numbers.add(i);
    }
    return numbers;
  }

  @Test
  void everyBatchIsAStepOfItsLayersTask() {
    RecordedProgress progress = new RecordedProgress();
    PretrainOptions options =
        PretrainOptions.epochs(2).withLayerEpochs("1", 3).withLayerEpochs("2", 0);
    new GreedyPretrainer(options, progress).fit(Stacks.mln(), Stacks.iterator());
    assertEquals(List.of("Layer 0", "Layer 1"), progress.tasks);
    // How many batches a pass has is known after the first.
    assertEquals(List.of(-1L, 3L * Stacks.BATCHES), progress.totals);
    assertEquals(
        List.of(range(1, 2 * Stacks.BATCHES), range(1, 3 * Stacks.BATCHES)), progress.steps);
    assertTrue(
        progress.details.get(0).matches("epoch 1/2, recon\\. error [0-9.]+"),
        progress.details.get(0));
    assertTrue(progress.details.get(5).startsWith("epoch 2/2, "), progress.details.get(5));
    assertEquals(2, progress.summaries.size());
    assertTrue(
        progress.summaries.get(1).matches("3 epochs, recon\\. error [0-9.]+, [0-9.]+ s"),
        progress.summaries.get(1));
  }

  @Test
  void totalsAreKnownFromTheStartWhereTheIteratorTells() {
    RecordedProgress progress = new RecordedProgress();
    ComputationGraph graph = Stacks.graph();
    new GreedyPretrainer(PretrainOptions.epochs(3), progress)
        .fit(
            graph,
            new ShuffledDataSetIterator(
                Stacks.features(), ShuffledDataSetIterator.Options.shuffled(Stacks.BATCH, 4)));
    assertEquals(List.of("Layer rbm0", "Layer rbm1", "Layer rbm2"), progress.tasks);
    long total = 3L * Stacks.BATCHES;
    assertEquals(List.of(total, total, total), progress.totals);
    assertEquals(List.of(range(1, total), range(1, total), range(1, total)), progress.steps);
    assertEquals(3, progress.summaries.size());
  }

  @Test
  void aStoppedRunEndsItsTaskAndAResumedOneGoesOnWithTheCount() throws IOException {
    Path checkpoint = folder.resolve("c.zip");
    RecordedProgress first = new RecordedProgress();
    PretrainOptions options = PretrainOptions.epochs(3).withCheckpoint(checkpoint, 100);
    MultiLayerNetwork network = Stacks.mln();
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            if (iteration == Stacks.BATCHES + 1) {
              Thread.currentThread().interrupt();
            }
          }
        });
    new GreedyPretrainer(options, first).fit(network, Stacks.iterator());
    assertTrue(Thread.interrupted());
    assertEquals(List.of(range(1, Stacks.BATCHES + 2)), first.steps);
    assertEquals(1, first.summaries.size());
    assertTrue(first.summaries.get(0).startsWith("1 epochs"), first.summaries.get(0));

    RecordedProgress second = new RecordedProgress();
    new GreedyPretrainer(options, second).resume(Stacks.mln(), Stacks.iterator(), checkpoint);
    assertEquals(3, second.summaries.size());
    assertEquals(3L * Stacks.BATCHES, second.steps.get(0).get(second.steps.get(0).size() - 1));
    assertEquals(List.of(-1L, 3L * Stacks.BATCHES, 3L * Stacks.BATCHES), second.totals);

    RecordedProgress third = new RecordedProgress();
    ShuffledDataSetIterator counted =
        new ShuffledDataSetIterator(
            Stacks.features(), ShuffledDataSetIterator.Options.inOrder(Stacks.BATCH));
    Path another = folder.resolve("d.zip");
    network = Stacks.mln();
    Thread.currentThread().interrupt();
    new GreedyPretrainer(options.withCheckpoint(another, 100), third).fit(network, counted);
    assertTrue(Thread.interrupted());
    assertEquals(List.of(List.<Long>of()), third.steps);
  }

  @Test
  void anExceptionOfTheProgressIsNotSwallowed() {
    Progress failing =
        new Progress() {
          @Override
          public void start(String task, long totalSteps) {}

          @Override
          public void step(long done, String detail) {
            throw new IllegalStateException("display");
          }

          @Override
          public void finish(String summary) {}

          @Override
          public void close() {}
        };
    GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(1), failing);
    assertThrows(
        IllegalStateException.class, () -> pretrainer.fit(Stacks.mln(), Stacks.iterator()));
  }
}
