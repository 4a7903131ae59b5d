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
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.pretrain.PretrainResult.LayerResult;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.AsyncDataSetIterator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Runs that are stopped anywhere and resumed in another network object end with the same bits. */
class ResumeTest {

  private static final int EPOCHS = 2;
  private static final int UPDATES = EPOCHS * Stacks.BATCHES * Stacks.HIDDEN.length;

  @TempDir Path folder;

  @AfterEach
  void clearInterruption() {
    Thread.interrupted();
  }

  /** A network, what is done to it, the data, and every how many updates a run is stopped. */
  enum Scenario {
    MLN_NESTEROVS_PERSISTENT_SHUFFLED(
        () ->
            Stacks.mln(
                Stacks.global(
                        new Nesterovs(
                            0.1,
                            new MapSchedule(
                                ScheduleType.ITERATION, new HashMap<>(Map.of(0, 0.5, 5, 0.9)))))
                    .weightDecay(0.01),
                rbm -> rbm.persistentChains(3)),
        PretrainOptions.epochs(EPOCHS),
        Scenario::shuffled,
        1),
    MLN_ADAM_SAMPLES_LIST(
        () -> Stacks.mln(Stacks.global(new Adam(0.01)), rbm -> rbm.k(2)),
        PretrainOptions.epochs(EPOCHS).withTransfer(LayerTransfer.SAMPLES).withSeed(99),
        Stacks::iterator,
        3),
    GRAPH_ADAM_PERSISTENT_SAMPLES_SHUFFLED(
        () ->
            Stacks.graph(
                Stacks.global(
                        new Adam(
                            new MapSchedule(
                                ScheduleType.EPOCH, new HashMap<>(Map.of(0, 0.02, 1, 0.005)))))
                    .l2(0.001)
                    .constrainWeights(new MaxNormConstraint(1.0, 0)),
                rbm -> rbm.persistentChains(5).sparsityCost(0.1)),
        PretrainOptions.epochs(EPOCHS).withTransfer(LayerTransfer.SAMPLES),
        Scenario::shuffled,
        1),
    GRAPH_NESTEROVS_LIST(
        () -> Stacks.graph(Stacks.global().weightDecay(0.01), rbm -> rbm),
        PretrainOptions.epochs(1).withLayerEpochs("rbm1", 3).withLayerEpochs("rbm2", 2),
        Stacks::iterator,
        5);

    private final Supplier<Model> network;
    private final PretrainOptions options;
    private final Supplier<DataSetIterator> data;
    private final int stride;

    Scenario(
        Supplier<Model> network,
        PretrainOptions options,
        Supplier<DataSetIterator> data,
        int stride) {
      this.network = network;
      this.options = options;
      this.data = data;
      this.stride = stride;
    }

    static DataSetIterator shuffled() {
      return new ShuffledDataSetIterator(
          Stacks.features(), ShuffledDataSetIterator.Options.shuffled(Stacks.BATCH, 31));
    }

    Snapshot uninterrupted() {
      Model model = network.get();
      assertTrue(fit(model, options, data.get()).completed());
      return Snapshot.of(model);
    }
  }

  private static PretrainResult fit(Model network, PretrainOptions options, DataSetIterator data) {
    GreedyPretrainer pretrainer = new GreedyPretrainer(options);
    return network instanceof MultiLayerNetwork mln
        ? pretrainer.fit(mln, data)
        : pretrainer.fit((ComputationGraph) network, data);
  }

  private static PretrainResult resume(
      Model network, PretrainOptions options, DataSetIterator data, Path checkpoint)
      throws IOException {
    GreedyPretrainer pretrainer = new GreedyPretrainer(options);
    return network instanceof MultiLayerNetwork mln
        ? pretrainer.resume(mln, data, checkpoint)
        : pretrainer.resume((ComputationGraph) network, data, checkpoint);
  }

  private static void setListener(Model network, BaseTrainingListener listener) {
    if (network instanceof MultiLayerNetwork mln) {
      mln.setListeners(listener);
    } else {
      ((ComputationGraph) network).setListeners(listener);
    }
  }

  /** Interrupts after so many updates of any layer, or at the end of so many passes. */
  private static final class Interrupter extends BaseTrainingListener {

    private int updates;
    private int passes;

    Interrupter(int updates, int passes) {
      this.updates = updates;
      this.passes = passes;
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      if (--updates == 0) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void onEpochEnd(Model model) {
      if (--passes == 0) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** A network of the same configuration with nothing else in common. */
  private static Model spoilt(Scenario scenario) {
    Model network = scenario.network.get();
    network.params().assign(3);
    return network;
  }

  private static PretrainResult interrupted(
      Model network, Scenario scenario, PretrainOptions options, Interrupter interrupter) {
    setListener(network, interrupter);
    if (interrupter.updates == 0 && interrupter.passes < 0) {
      Thread.currentThread().interrupt();
    }
    return fit(network, options, scenario.data.get());
  }

  @ParameterizedTest
  @EnumSource(Scenario.class)
  void stoppedAfterAnyUpdateAndResumed(Scenario scenario) throws IOException {
    Snapshot expected = scenario.uninterrupted();
    for (int updates = 0; updates < UPDATES; updates += scenario.stride) {
      Path checkpoint = folder.resolve(updates + ".zip");
      PretrainOptions options = scenario.options.withCheckpoint(checkpoint, 1000);
      Model network = scenario.network.get();
      PretrainResult first = interrupted(network, scenario, options, new Interrupter(updates, -1));
      assertFalse(first.completed(), "completed at update " + updates);
      assertTrue(Thread.interrupted(), "flag at update " + updates);
      assertEquals(
          updates,
          first.layers().stream().mapToLong(LayerResult::iterations).sum(),
          "updates before the stop");

      Model other = spoilt(scenario);
      PretrainResult second = resume(other, scenario.options, scenario.data.get(), checkpoint);
      assertTrue(second.completed());
      assertFalse(Thread.interrupted());
      assertEquals(
          UPDATES - updates, second.layers().stream().mapToLong(LayerResult::iterations).sum());
      expected.assertSame(other);
    }
  }

  @ParameterizedTest
  @EnumSource(Scenario.class)
  void stoppedAtTheEndOfAnyPassAndResumed(Scenario scenario) throws IOException {
    Snapshot expected = scenario.uninterrupted();
    for (int passes = 1; passes < EPOCHS * Stacks.HIDDEN.length; passes++) {
      Path checkpoint = folder.resolve(passes + ".zip");
      PretrainOptions options = scenario.options.withCheckpoint(checkpoint, 1000);
      PretrainResult first =
          interrupted(scenario.network.get(), scenario, options, new Interrupter(-1, passes));
      assertFalse(first.completed());
      assertTrue(Thread.interrupted());
      Model other = spoilt(scenario);
      assertTrue(resume(other, scenario.options, scenario.data.get(), checkpoint).completed());
      expected.assertSame(other);
    }
  }

  /** The network that was stopped, or one with another past, must forget what it did since. */
  @ParameterizedTest
  @EnumSource(Scenario.class)
  void resumedInANetworkThatWasTrainedMeanwhile(Scenario scenario) throws IOException {
    Snapshot expected = scenario.uninterrupted();
    Path checkpoint = folder.resolve("early.zip");
    PretrainOptions options = scenario.options.withCheckpoint(checkpoint, 1000);
    Model network = scenario.network.get();
    interrupted(network, scenario, options, new Interrupter(2, -1));
    assertTrue(Thread.interrupted());

    assertTrue(fit(network, scenario.options, scenario.data.get()).completed());
    if (network instanceof MultiLayerNetwork mln) {
      mln.fit(new DataSet(Stacks.features(), Stacks.labels()));
    } else {
      ((ComputationGraph) network).fit(new DataSet(Stacks.features(), Stacks.labels()));
    }
    resume(network, scenario.options, scenario.data.get(), checkpoint);
    expected.assertSame(network);
  }

  @ParameterizedTest
  @EnumSource(Scenario.class)
  void stoppedOverAndOverAgain(Scenario scenario) throws IOException {
    Snapshot expected = scenario.uninterrupted();
    Path checkpoint = folder.resolve("again.zip");
    PretrainOptions options = scenario.options.withCheckpoint(checkpoint, 1000);
    interrupted(scenario.network.get(), scenario, options, new Interrupter(5, -1));
    boolean completed = false;
    Model network = null;
    for (int runs = 1; !completed; runs++) {
      assertTrue(Thread.interrupted());
      network = spoilt(scenario);
      setListener(network, new Interrupter(5, -1));
      completed = resume(network, options, scenario.data.get(), checkpoint).completed();
      assertTrue(runs <= UPDATES / 5 + 1, "no end of it");
    }
    expected.assertSame(network);
  }

  /**
   * What a killed process leaves: the last periodic checkpoint, and nothing written on the way out.
   */
  @ParameterizedTest
  @EnumSource(Scenario.class)
  void resumedFromTheLastPeriodicCheckpointAfterACrash(Scenario scenario) throws IOException {
    Snapshot expected = scenario.uninterrupted();
    for (int every : new int[] {3, 7}) {
      for (int crash : new int[] {every + 1, UPDATES / 2 + 1, UPDATES}) {
        Path checkpoint = folder.resolve(every + "-" + crash + ".zip");
        PretrainOptions options = scenario.options.withCheckpoint(checkpoint, every);
        Model network = scenario.network.get();
        setListener(
            network,
            new BaseTrainingListener() {
              private int updates;

              @Override
              public void iterationDone(Model model, int iteration, int epoch) {
                if (++updates == crash) {
                  throw new IllegalStateException("crash");
                }
              }
            });
        assertThrows(IllegalStateException.class, () -> fit(network, options, scenario.data.get()));
        Model other = spoilt(scenario);
        resume(other, scenario.options, scenario.data.get(), checkpoint);
        expected.assertSame(other);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Scenario.class)
  void aFinishedRunIsOnlyRestored(Scenario scenario) throws IOException {
    Path checkpoint = folder.resolve("finished.zip");
    PretrainOptions options = scenario.options.withCheckpoint(checkpoint, 1000);
    Model network = scenario.network.get();
    assertTrue(fit(network, options, scenario.data.get()).completed());
    byte[] written = Files.readAllBytes(checkpoint);

    Model other = spoilt(scenario);
    setListener(
        other,
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            throw new AssertionError("trained");
          }

          @Override
          public void onEpochStart(Model model) {
            throw new AssertionError("epoch");
          }
        });
    PretrainResult result = resume(other, options, scenario.data.get(), checkpoint);
    assertTrue(result.completed());
    assertEquals(List.of(), result.layers());
    Snapshot.of(network).assertSame(other);
    assertArrayEquals(written, Files.readAllBytes(checkpoint));
  }

  @Test
  void fineTuningAfterAResumedRunIsTheSameToo() throws IOException {
    Scenario scenario = Scenario.MLN_NESTEROVS_PERSISTENT_SHUFFLED;
    DataSet batch = new DataSet(Stacks.features(), Stacks.labels());
    MultiLayerNetwork expected = (MultiLayerNetwork) scenario.network.get();
    expected.fit(batch);
    expected.fit(batch);
    fit(expected, scenario.options, scenario.data.get());
    expected.fit(batch);

    Path checkpoint = folder.resolve("tuned.zip");
    MultiLayerNetwork stopped = (MultiLayerNetwork) scenario.network.get();
    stopped.fit(batch);
    stopped.fit(batch);
    interrupted(
        stopped,
        scenario,
        scenario.options.withCheckpoint(checkpoint, 100),
        new Interrupter(9, -1));
    assertTrue(Thread.interrupted());
    MultiLayerNetwork network = (MultiLayerNetwork) scenario.network.get();
    resume(network, scenario.options, scenario.data.get(), checkpoint);
    network.fit(batch);
    assertArrayEquals(Stacks.bits(expected.params()), Stacks.bits(network.params()));
    assertArrayEquals(
        Stacks.bits(expected.updaterState()), Stacks.bits(network.updaterState()), "momentum");
    assertEquals(3, network.getIterationCount());
  }

  @Test
  void gaussianUnitsAndDoublePrecision() throws IOException {
    Supplier<MultiLayerNetwork> make =
        () ->
            Stacks.mln(
                Stacks.global(new Adam(0.001)).dataType(DataType.DOUBLE),
                rbm -> rbm.visibleUnits(GaussianUnits.withVariance(0.3)));
    MultiLayerNetwork expected = make.get();
    fit(expected, PretrainOptions.epochs(EPOCHS), Stacks.iterator());
    Path checkpoint = folder.resolve("double.zip");
    MultiLayerNetwork stopped = make.get();
    stopped.setListeners(new Interrupter(10, -1));
    fit(stopped, PretrainOptions.epochs(EPOCHS).withCheckpoint(checkpoint, 99), Stacks.iterator());
    assertTrue(Thread.interrupted());
    MultiLayerNetwork network = make.get();
    resume(network, PretrainOptions.epochs(EPOCHS), Stacks.iterator(), checkpoint);
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void updatersWithoutState() throws IOException {
    for (Supplier<Model> make :
        List.<Supplier<Model>>of(
            () -> Stacks.mln(Stacks.global(new Sgd(0.1)), rbm -> rbm),
            () -> Stacks.graph(Stacks.global(new Sgd(0.1)), rbm -> rbm))) {
      PretrainOptions options = PretrainOptions.epochs(EPOCHS);
      Model expected = make.get();
      fit(expected, options, Stacks.iterator());
      Path checkpoint = folder.resolve("sgd.zip");
      Model stopped = make.get();
      setListener(stopped, new Interrupter(10, -1));
      fit(stopped, options.withCheckpoint(checkpoint, 99), Stacks.iterator());
      assertTrue(Thread.interrupted());
      Model network = make.get();
      resume(network, options, Stacks.iterator(), checkpoint);
      Snapshot.of(expected).assertSame(network);
    }
  }

  /** DL4J's asynchronous iterators throw when their caller is interrupted, and clear the flag. */
  @Test
  void interruptedWhileAnotherThreadLoadsTheData() throws IOException {
    Scenario scenario = Scenario.MLN_ADAM_SAMPLES_LIST;
    Snapshot expected = scenario.uninterrupted();
    for (int updates : new int[] {0, 1, 3, 4, 7, 8, 13, 23}) {
      Path checkpoint = folder.resolve("async" + updates + ".zip");
      PretrainOptions options = scenario.options.withCheckpoint(checkpoint, 1000);
      AsyncDataSetIterator async = new AsyncDataSetIterator(scenario.data.get(), 2, true);
      Model network = scenario.network.get();
      setListener(network, new Interrupter(updates, -1));
      if (updates == 0) {
        Thread.currentThread().interrupt();
      }
      PretrainResult result = fit(network, options, async);
      assertFalse(result.completed());
      assertTrue(Thread.interrupted(), "flag at update " + updates);
      async.shutdown();
      Model other = spoilt(scenario);
      resume(other, scenario.options, scenario.data.get(), checkpoint);
      expected.assertSame(other);
    }
  }

  @Test
  void interruptionWithoutACheckpointStopsToo() {
    MultiLayerNetwork network = Stacks.mln();
    network.setListeners(new Interrupter(6, -1));
    PretrainResult result = fit(network, PretrainOptions.epochs(EPOCHS), Stacks.iterator());
    assertFalse(result.completed());
    assertTrue(Thread.interrupted());
    assertEquals(6, network.getLayer(0).conf().getIterationCount());
    assertEquals(1, network.getLayer(0).conf().getEpochCount());
    assertEquals(1, result.layers().get(0).epochs());
  }

  @Test
  void anInterruptionDuringTheVeryLastBatchChangesNothing() {
    MultiLayerNetwork expected = Stacks.mln();
    fit(expected, PretrainOptions.epochs(EPOCHS), Stacks.iterator());
    MultiLayerNetwork network = Stacks.mln();
    network.setListeners(new Interrupter(UPDATES, -1));
    assertTrue(fit(network, PretrainOptions.epochs(EPOCHS), Stacks.iterator()).completed());
    assertTrue(Thread.interrupted());
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void theCheckpointIsAnOrdinaryModelFile() throws IOException {
    for (Scenario scenario : Scenario.values()) {
      Path checkpoint = folder.resolve(scenario + ".zip");
      Model network = scenario.network.get();
      interrupted(
          network,
          scenario,
          scenario.options.withCheckpoint(checkpoint, 100),
          new Interrupter(9, -1));
      assertTrue(Thread.interrupted());
      Model read =
          network instanceof MultiLayerNetwork
              ? ModelSerializer.restoreMultiLayerNetwork(checkpoint.toFile())
              : ModelSerializer.restoreComputationGraph(checkpoint.toFile());
      assertArrayEquals(Stacks.bits(network.params()), Stacks.bits(read.params()));
      if (network instanceof MultiLayerNetwork mln) {
        assertEquals(
            mln.output(Stacks.features()), ((MultiLayerNetwork) read).output(Stacks.features()));
      } else {
        assertEquals(
            ((ComputationGraph) network).outputSingle(Stacks.features()),
            ((ComputationGraph) read).outputSingle(Stacks.features()));
      }
    }
  }

  @Test
  void aCheckpointThatCannotBeWrittenLeavesTheOldOne() throws IOException {
    Path inner = Files.createDirectory(folder.resolve("inner"));
    Path moved = folder.resolve("moved");
    Path checkpoint = inner.resolve("c.zip");
    MultiLayerNetwork network = Stacks.mln();
    network.setListeners(
        new BaseTrainingListener() {
          private int updates;

          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            if (++updates == 5) {
              try {
                Files.move(inner, moved);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }
          }
        });
    UncheckedIOException e =
        assertThrows(
            UncheckedIOException.class,
            () ->
                fit(
                    network,
                    PretrainOptions.epochs(EPOCHS).withCheckpoint(checkpoint, 2),
                    Stacks.iterator()));
    assertTrue(e.getMessage().contains(checkpoint.toString()), e.getMessage());
    try (Stream<Path> left = Files.list(moved)) {
      assertEquals(List.of(moved.resolve("c.zip")), left.toList());
    }
    MultiLayerNetwork expected = Stacks.mln();
    fit(expected, PretrainOptions.epochs(EPOCHS), Stacks.iterator());
    MultiLayerNetwork other = Stacks.mln();
    resume(other, PretrainOptions.epochs(EPOCHS), Stacks.iterator(), moved.resolve("c.zip"));
    Snapshot.of(expected).assertSame(other);
  }

  @Test
  void onlyTheCheckpointIsLeftInItsFolder() throws IOException {
    Path checkpoint = folder.resolve("c.zip");
    fit(
        Stacks.mln(),
        PretrainOptions.epochs(EPOCHS).withCheckpoint(checkpoint, 1),
        Stacks.iterator());
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(checkpoint), left.toList());
    }
  }

  @Test
  void checkpointsAreWrittenAsOftenAsAsked() {
    for (int every : new int[] {1, 3, 5, 1000}) {
      Path checkpoint = folder.resolve("often" + every + ".zip");
      MultiLayerNetwork network = Stacks.mln();
      int[] written = new int[1];
      network.setListeners(
          new BaseTrainingListener() {
            private long last;

            @Override
            public void iterationDone(Model model, int iteration, int epoch) {
              count(checkpoint);
            }

            private void count(Path file) {
              try {
                if (Files.exists(file)) {
                  written[0]++;
                  Files.delete(file);
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }
          });
      fit(
          network,
          PretrainOptions.epochs(EPOCHS).withCheckpoint(checkpoint, every),
          Stacks.iterator());
      // One a finished layer, the last of which is still there, and those within passes: one every
      // so many batches, put off at the end of a pass to the next batch.
      int expected =
          switch (every) {
            case 1 -> 2 + 3 * EPOCHS * (Stacks.BATCHES - 1);
            case 3 -> 2 + 3 * 2;
            case 5 -> 2 + 3;
            default -> 2;
          };
      assertEquals(expected, written[0], "every " + every);
      assertTrue(Files.exists(checkpoint));
    }
  }
}
