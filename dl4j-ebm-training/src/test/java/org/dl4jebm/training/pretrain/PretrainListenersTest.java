/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.api.InvocationType;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.listeners.CheckpointListener;
import org.deeplearning4j.optimize.listeners.CollectScoresIterationListener;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.deeplearning4j.optimize.listeners.EvaluativeListener;
import org.deeplearning4j.optimize.listeners.FailureTestingListener;
import org.deeplearning4j.optimize.listeners.PerformanceListener;
import org.deeplearning4j.optimize.listeners.ScoreIterationListener;
import org.deeplearning4j.optimize.listeners.SleepyTrainingListener;
import org.deeplearning4j.optimize.listeners.TimeIterationListener;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;

class PretrainListenersTest {

  private static final int EPOCHS = 2;

  @TempDir static Path emptyFolder;
  @TempDir Path folder;

  /** Writes down every call, with the index of the layer. */
  private static final class Diary extends BaseTrainingListener {

    final List<String> calls = new ArrayList<>();
    int interruptAfter = -1;
    private final List<Model> layers;

    Diary(Model network) {
      layers = new ArrayList<>(Stacks.layersOf(network));
    }

    private void note(String call, Model model) {
      int index =
          IntStream.range(0, layers.size())
              .filter(i -> layers.get(i) == model)
              .findFirst()
              .orElseThrow();
      calls.add(call + " " + index);
      interrupt();
    }

    void interrupt() {
      if (calls.size() == interruptAfter) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      note("done " + iteration + "/" + epoch, model);
      assertTrue(Double.isFinite(model.score()));
    }

    @Override
    public void onGradientCalculation(Model model) {
      note("gradient", model);
    }

    @Override
    public void onEpochStart(Model model) {
      note("start", model);
    }

    @Override
    public void onEpochEnd(Model model) {
      note("end " + model.conf().getEpochCount(), model);
    }

    @Override
    public void onForwardPass(Model model, List<INDArray> activations) {
      throw new AssertionError("forward pass");
    }

    @Override
    public void onForwardPass(Model model, Map<String, INDArray> activations) {
      throw new AssertionError("forward pass");
    }

    @Override
    public void onBackwardPass(Model model) {
      throw new AssertionError("backward pass");
    }
  }

  private static List<String> expectedCalls() {
    List<String> expected = new ArrayList<>();
    for (int layer = 0; layer < Stacks.HIDDEN.length; layer++) {
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        expected.add("start " + layer);
        for (int batch = 0; batch < Stacks.BATCHES; batch++) {
          expected.add("gradient " + layer);
          expected.add("done " + (epoch * Stacks.BATCHES + batch) + "/" + epoch + " " + layer);
        }
        expected.add("end " + (epoch + 1) + " " + layer);
      }
    }
    return expected;
  }

  @Test
  void everyUpdateAndPassIsToldWithTheLayerAsTheModel() {
    MultiLayerNetwork network = Stacks.mln();
    Diary diary = new Diary(network);
    network.setListeners(diary);
    new GreedyPretrainer(PretrainOptions.epochs(EPOCHS)).fit(network, Stacks.iterator());
    assertEquals(expectedCalls(), diary.calls);

    ComputationGraph graph = Stacks.graph();
    Diary graphDiary = new Diary(graph);
    graph.setListeners(graphDiary);
    new GreedyPretrainer(PretrainOptions.epochs(EPOCHS)).fit(graph, Stacks.iterator());
    assertEquals(expectedCalls(), graphDiary.calls);
  }

  @Test
  void listenersSetBetweenTwoCallsAreUsed() {
    MultiLayerNetwork network = Stacks.mln();
    Diary first = new Diary(network);
    Diary second = new Diary(network);
    GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(1));
    pretrainer.fit(network, Stacks.iterator());
    network.setListeners(first);
    pretrainer.fit(network, Stacks.iterator());
    network.setListeners(second);
    pretrainer.fit(network, Stacks.iterator());
    int calls = 3 * (2 + 2 * Stacks.BATCHES);
    assertEquals(calls, first.calls.size());
    assertEquals(calls, second.calls.size());
    assertTrue(first.calls.contains("done 4/1 0"), first.calls::toString);
    assertTrue(second.calls.contains("done 8/2 0"), second.calls::toString);
    network.setListeners();
    pretrainer.fit(network, Stacks.iterator());
    assertEquals(calls, second.calls.size());

    ComputationGraph graph = Stacks.graph();
    pretrainer.fit(graph, Stacks.iterator());
    Diary third = new Diary(graph);
    graph.addListeners(third);
    pretrainer.fit(graph, Stacks.iterator());
    assertEquals(calls, third.calls.size());
  }

  @Test
  void passesAndUpdatesAreNotToldTwiceByAResumedRun() throws IOException {
    for (int stop = 0; stop < expectedCalls().size(); stop += 7) {
      Path checkpoint = folder.resolve(stop + ".zip");
      PretrainOptions options = PretrainOptions.epochs(EPOCHS).withCheckpoint(checkpoint, 100);
      GreedyPretrainer pretrainer = new GreedyPretrainer(options);
      MultiLayerNetwork network = Stacks.mln();
      Diary diary = new Diary(network);
      diary.interruptAfter = stop;
      network.setListeners(diary);
      diary.interrupt();
      assertFalse(pretrainer.fit(network, Stacks.iterator()).completed());
      assertTrue(Thread.interrupted());
      MultiLayerNetwork other = Stacks.mln();
      Diary second = new Diary(other);
      other.setListeners(second);
      assertTrue(pretrainer.resume(other, Stacks.iterator(), checkpoint).completed());
      List<String> calls = new ArrayList<>(diary.calls);
      calls.addAll(second.calls);
      assertEquals(expectedCalls(), calls, "stopped after " + stop + " calls");
    }
  }

  @Test
  void listenersOfDl4jThatTakeAnyModelWork() {
    CollectScoresListener scores = new CollectScoresListener(1);
    CollectScoresIterationListener others = new CollectScoresIterationListener(1);
    MultiLayerNetwork network = Stacks.mln(Stacks.global(), rbm -> rbm.scoreEvery(1));
    network.setListeners(
        new ScoreIterationListener(1),
        new PerformanceListener.Builder()
            .setFrequency(1)
            .reportETL(false)
            .reportScore(true)
            .build(),
        new TimeIterationListener(100),
        SleepyTrainingListener.builder().build(),
        scores,
        others);
    new GreedyPretrainer(PretrainOptions.epochs(EPOCHS)).fit(network, Stacks.iterator());
    int updates = 3 * EPOCHS * Stacks.BATCHES;
    assertEquals(updates, scores.getListScore().size());
    assertEquals(updates, others.getScoreVsIter().getEffectiveScores().length);
    for (int i = 0; i < updates; i++) {
      assertTrue(scores.getListScore().get(i) > 0, "score " + i);
    }
  }

  /** What a listener for statistics, such as that of DL4J's user interface, asks a layer for. */
  @Test
  void listenersSeeGradientsUpdatesAndParameters() {
    List<String> parameters = List.of("W", "b", "vb");
    MultiLayerNetwork network = Stacks.mln();
    int[] calls = new int[2];
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void onGradientCalculation(Model model) {
            calls[0]++;
            assertEquals(parameters, List.copyOf(model.gradient().gradientForVariable().keySet()));
            for (String name : parameters) {
              INDArray gradient = model.gradient().gradientForVariable().get(name);
              assertArrayEquals(model.getParam(name).shape(), gradient.shape());
              assertTrue(gradient.norm2Number().doubleValue() > 0, name);
            }
          }

          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            calls[1]++;
            Layer layer = (Layer) model;
            assertEquals(parameters, List.copyOf(layer.paramTable(false).keySet()));
            assertEquals(model.numParams(), model.params().length());
            assertEquals(layer.input().size(0), model.batchSize());
            for (String name : parameters) {
              assertEquals(
                  0.1, layer.getConfig().getUpdaterByParam(name).getLearningRate(iteration, epoch));
            }
          }
        });
    new GreedyPretrainer(PretrainOptions.epochs(1)).fit(network, Stacks.iterator());
    assertEquals(3 * Stacks.BATCHES, calls[0]);
    assertEquals(3 * Stacks.BATCHES, calls[1]);
  }

  static List<TrainingListener> unsuitable() {
    return List.of(
        new EvaluativeListener(Stacks.iterator(), 1, InvocationType.EPOCH_END),
        new CheckpointListener.Builder(emptyFolder.toFile()).saveEveryNIterations(1).build(),
        new FailureTestingListener(
            FailureTestingListener.FailureMode.ILLEGAL_STATE,
            new FailureTestingListener.RandomProb(FailureTestingListener.CallType.ANY, 0)),
        new PerformanceListener(10));
  }

  @ParameterizedTest
  @MethodSource
  void unsuitable(TrainingListener listener) {
    MultiLayerNetwork network = Stacks.mln();
    network.setListeners(new ScoreIterationListener(10), listener);
    Snapshot before = Snapshot.of(network);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new GreedyPretrainer(PretrainOptions.epochs(1)).fit(network, Stacks.iterator()));
    assertTrue(e.getMessage().contains(listener.getClass().getSimpleName()), e.getMessage());
    assertTrue(e.getMessage().contains("accepted"), e.getMessage());
    before.assertSame(network);
  }

  /** The reason for refusing it: the exception comes after the first update. */
  @Test
  void aListenerThatFailsStopsTrainingAsItIs() {
    ComputationGraph graph = Stacks.graph();
    IllegalStateException thrown = new IllegalStateException("listener");
    graph.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            if (iteration == 2) {
              throw thrown;
            }
          }
        });
    GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(1));
    assertSame(
        thrown,
        assertThrows(IllegalStateException.class, () -> pretrainer.fit(graph, Stacks.iterator())));
    graph.setListeners();
    assertTrue(pretrainer.fit(graph, Stacks.iterator()).completed());
  }
}
