/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.pretrain.PretrainResult.LayerResult;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** A plain stack of RBMs against a reference loop that has nothing of the trainer's in it. */
@Tag("gpu")
class GreedyPretrainerTest {

  private static final int EPOCHS = 3;

  private static NeuralNetConfiguration.Builder noisy(WorkspaceMode mode) {
    return Stacks.global()
        .dropOut(0.5)
        .weightNoise(new DropConnect(0.7))
        .trainingWorkspaceMode(mode)
        .inferenceWorkspaceMode(mode);
  }

  private static PretrainResult fit(Model network, PretrainOptions options, DataSetIterator data) {
    GreedyPretrainer pretrainer = new GreedyPretrainer(options);
    return network instanceof MultiLayerNetwork mln
        ? pretrainer.fit(mln, data)
        : pretrainer.fit((ComputationGraph) network, data);
  }

  private static List<Model> networks() {
    return List.of(Stacks.mln(), Stacks.graph());
  }

  private static String name(Model network, int layer) {
    return network instanceof MultiLayerNetwork ? Integer.toString(layer) : "rbm" + layer;
  }

  private static void reference(ComputationGraph network, List<INDArray> batches, int epochs) {
    network.initGradientsView();
    for (int i = 0; i < Stacks.HIDDEN.length; i++) {
      String below = i == 0 ? "in" : "rbm" + (i - 1);
      Stacks.train(
          network.getLayer("rbm" + i),
          batches,
          epochs,
          x -> network.feedForward(new INDArray[] {x.dup()}, false).get(below));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = WorkspaceMode.class,
      names = {"NONE", "ENABLED"})
  void everyLayerLearnsFromInferenceActivationsOfTheLayersBelow(WorkspaceMode mode) {
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    MultiLayerNetwork expected = Stacks.mln(noisy(mode), rbm -> rbm.k(2));
    Stacks.seedDefaultGenerator();
    Stacks.train(expected, batches, EPOCHS, 0, 1, 2);

    MultiLayerNetwork network = Stacks.mln(noisy(mode), rbm -> rbm.k(2));
    Stacks.seedDefaultGenerator();
    fit(network, PretrainOptions.epochs(EPOCHS), Stacks.iterator());
    Snapshot.of(expected).assertSame(network);
  }

  @ParameterizedTest
  @EnumSource(
      value = WorkspaceMode.class,
      names = {"NONE", "ENABLED"})
  void everyLayerOfAGraphToo(WorkspaceMode mode) {
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    ComputationGraph expected = Stacks.graph(noisy(mode), rbm -> rbm.persistentChains(3));
    Stacks.seedDefaultGenerator();
    reference(expected, batches, EPOCHS);

    ComputationGraph network = Stacks.graph(noisy(mode), rbm -> rbm.persistentChains(3));
    Stacks.seedDefaultGenerator();
    fit(network, PretrainOptions.epochs(EPOCHS), Stacks.iterator());
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void workspaceModesGiveTheSameBits() {
    MultiLayerNetwork with =
        Stacks.mln(Stacks.global().trainingWorkspaceMode(WorkspaceMode.ENABLED), rbm -> rbm);
    MultiLayerNetwork without =
        Stacks.mln(Stacks.global().trainingWorkspaceMode(WorkspaceMode.NONE), rbm -> rbm);
    fit(with, PretrainOptions.epochs(EPOCHS), Stacks.iterator());
    fit(without, PretrainOptions.epochs(EPOCHS), Stacks.iterator());
    Snapshot.of(with).assertSame(without);
  }

  @Test
  void learnsInDoublePrecisionAndFromDataOfAnotherType() {
    INDArray doubles = Stacks.features().castTo(DataType.DOUBLE);
    MultiLayerNetwork floatNetwork = Stacks.mln();
    fit(floatNetwork, PretrainOptions.epochs(2), Stacks.iterator(doubles));
    MultiLayerNetwork expected = Stacks.mln();
    fit(expected, PretrainOptions.epochs(2), Stacks.iterator());
    Snapshot.of(expected).assertSame(floatNetwork);

    MultiLayerNetwork doubleNetwork =
        Stacks.mln(Stacks.global().dataType(DataType.DOUBLE), rbm -> rbm);
    List<INDArray> batches = Stacks.batches(Stacks.iterator(doubles));
    MultiLayerNetwork doubleExpected =
        Stacks.mln(Stacks.global().dataType(DataType.DOUBLE), rbm -> rbm);
    Stacks.train(doubleExpected, batches, 2, 0, 1, 2);
    fit(doubleNetwork, PretrainOptions.epochs(2), Stacks.iterator(doubles));
    assertEquals(DataType.DOUBLE, doubleNetwork.params().dataType());
    Snapshot.of(doubleExpected).assertSame(doubleNetwork);
  }

  @Test
  void dataAndOutputLayerAreLeftAlone() {
    for (Model network : networks()) {
      List<INDArray> held = Stacks.batches(Stacks.iterator());
      Layer output = Stacks.layersOf(network).get(Stacks.HIDDEN.length);
      double[] outputBefore = Stacks.bits(output.params());
      fit(network, PretrainOptions.epochs(2), Stacks.iteratorOfHeldArrays(held));
      assertEquals(Stacks.batches(Stacks.iterator()), held);
      assertArrayEquals(outputBefore, Stacks.bits(output.params()));
    }
  }

  @Test
  void epochsAndLayerEpochsAreHonoured() {
    for (Model network : networks()) {
      PretrainOptions options =
          PretrainOptions.epochs(2)
              .withLayerEpochs(name(network, 1), 5)
              .withLayerEpochs(name(network, 2), 0);
      double[] third = Stacks.bits(Stacks.layersOf(network).get(2).params());
      PretrainResult result = fit(network, options, Stacks.iterator());

      int[] expected = {2, 5, 0};
      for (int i = 0; i < expected.length; i++) {
        NeuralNetConfiguration conf = Stacks.layersOf(network).get(i).conf();
        assertEquals(expected[i] * Stacks.BATCHES, conf.getIterationCount(), "updates of " + i);
        assertEquals(expected[i], conf.getEpochCount(), "epochs of " + i);
      }
      assertArrayEquals(third, Stacks.bits(Stacks.layersOf(network).get(2).params()));
      assertTrue(result.completed());
      assertEquals(
          List.of(name(network, 0), name(network, 1)),
          result.layers().stream().map(LayerResult::name).toList());
      assertEquals(List.of(2, 5), result.layers().stream().map(LayerResult::epochs).toList());
      assertEquals(
          List.of(2L * Stacks.BATCHES, 5L * Stacks.BATCHES),
          result.layers().stream().map(LayerResult::iterations).toList());
      for (LayerResult layer : result.layers()) {
        assertEquals("recon. error", layer.scoreName());
        assertTrue(layer.score() > 0 && layer.score() < Stacks.INPUTS, () -> "score " + layer);
        assertTrue(layer.seconds() > 0 && layer.seconds() < 600, () -> "seconds " + layer);
      }
    }
  }

  @Test
  void schedulesByEpochFollowThePasses() {
    MapSchedule onlyInTheFirstEpoch =
        new MapSchedule(ScheduleType.EPOCH, new HashMap<>(Map.of(0, 0.1, 1, 0.0)));
    MultiLayerNetwork one = Stacks.mln(Stacks.global(new Sgd(onlyInTheFirstEpoch)), rbm -> rbm);
    MultiLayerNetwork many = Stacks.mln(Stacks.global(new Sgd(onlyInTheFirstEpoch)), rbm -> rbm);
    double[] start = Stacks.bits(one.params());
    fit(one, PretrainOptions.epochs(1), Stacks.iterator());
    fit(many, PretrainOptions.epochs(4), Stacks.iterator());
    assertFalse(Arrays.equals(start, Stacks.bits(one.params())));
    assertArrayEquals(Stacks.bits(one.params()), Stacks.bits(many.params()));
  }

  @Test
  void schedulesByIterationGoOnOverThePasses() {
    MapSchedule threeSteps =
        new MapSchedule(ScheduleType.ITERATION, new HashMap<>(Map.of(0, 0.1, 3, 0.0)));
    MultiLayerNetwork network = Stacks.mln(Stacks.global(new Sgd(threeSteps)), rbm -> rbm);
    List<double[]> after = new ArrayList<>();
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            after.add(Stacks.bits(model.params()));
          }
        });
    PretrainOptions firstLayer =
        PretrainOptions.epochs(2).withLayerEpochs("1", 0).withLayerEpochs("2", 0);
    fit(network, firstLayer, Stacks.iterator());
    assertEquals(2 * Stacks.BATCHES, after.size());
    assertFalse(Arrays.equals(after.get(1), after.get(2)), "third step, rate 0.1");
    for (int i = 3; i < after.size(); i++) {
      assertArrayEquals(after.get(2), after.get(i), "step " + i + ", rate 0");
    }
  }

  @Test
  void lowerLayersStayAsTheyAreWhileUpperOnesTrain() {
    for (Model network : networks()) {
      List<Layer> layers = Stacks.layersOf(network);
      List<double[]> atStart = new ArrayList<>();
      Recorder recorder =
          new Recorder() {
            @Override
            public void onEpochStart(Model layer) {
              if (layer.conf().getEpochCount() == 0) {
                atStart.add(Stacks.bits(network.params()));
              }
            }
          };
      setListeners(network, recorder);
      fit(network, PretrainOptions.epochs(2), Stacks.iterator());
      atStart.add(Stacks.bits(network.params()));
      int from = 0;
      for (int i = 0; i < 3; i++) {
        int to = from + (int) layers.get(i).numParams();
        for (int stage = 0; stage < 3; stage++) {
          double[] before = Arrays.copyOfRange(atStart.get(stage), from, to);
          double[] after = Arrays.copyOfRange(atStart.get(stage + 1), from, to);
          assertEquals(
              stage != i,
              Arrays.equals(before, after),
              "layer " + i + " while " + stage + " trains");
        }
        from = to;
      }
    }
  }

  private static void setListeners(Model network, BaseTrainingListener listener) {
    if (network instanceof MultiLayerNetwork mln) {
      mln.setListeners(listener);
    } else {
      ((ComputationGraph) network).setListeners(listener);
    }
  }

  /** A base class of its own keeps the tests above short. */
  private abstract static class Recorder extends BaseTrainingListener {}

  /**
   * Fine-tuning must be that of a fresh network which happens to have these parameters: schedules
   * start at 0, updater state is new, the visible bias does not move.
   */
  @Test
  void fineTuningStartsAfreshAtThePretrainedParameters() {
    DataSet batch = new DataSet(Stacks.features(), Stacks.labels());
    NeuralNetConfiguration.Builder global =
        Stacks.global(
            new Adam(
                new MapSchedule(
                    ScheduleType.ITERATION, new HashMap<>(Map.of(0, 0.02, 3, 0.001, 5, 0.5)))));
    MultiLayerNetwork network = Stacks.mln(global, rbm -> rbm);
    fit(network, PretrainOptions.epochs(3), Stacks.iterator());
    MultiLayerNetwork fresh = Stacks.mln(global, rbm -> rbm);
    fresh.setParams(network.params().dup());
    double before = network.score(batch);
    for (int i = 0; i < 5; i++) {
      network.fit(batch);
      fresh.fit(batch);
    }
    assertArrayEquals(Stacks.bits(fresh.params()), Stacks.bits(network.params()));
    assertEquals(5, network.getIterationCount());
    assertEquals(0, network.getEpochCount());
    assertTrue(network.score(batch) < before, "fine-tuning lowers the loss");

    ComputationGraph graph = Stacks.graph(global, rbm -> rbm);
    fit(graph, PretrainOptions.epochs(3), Stacks.iterator());
    ComputationGraph freshGraph = Stacks.graph(global, rbm -> rbm);
    freshGraph.setParams(graph.params().dup());
    for (int i = 0; i < 5; i++) {
      graph.fit(batch);
      freshGraph.fit(batch);
    }
    assertArrayEquals(Stacks.bits(freshGraph.params()), Stacks.bits(graph.params()));
    assertEquals(5, graph.getIterationCount());
  }

  @Test
  void supervisedTrainingBeforehandDoesNotDisturbPretrainingNorWhatFollows() {
    DataSet batch = new DataSet(Stacks.features(), Stacks.labels());
    MultiLayerNetwork network = Stacks.mln();
    MultiLayerNetwork expected = Stacks.mln();
    ComputationGraph graph = Stacks.graph();
    ComputationGraph graphExpected = Stacks.graph();
    for (int round = 0; round < 2; round++) {
      network.fit(batch);
      expected.fit(batch);
      fit(network, PretrainOptions.epochs(1), Stacks.iterator());
      Stacks.train(expected, Stacks.batches(Stacks.iterator()), 1, 0, 1, 2);

      graph.fit(batch);
      graphExpected.fit(batch);
      fit(graph, PretrainOptions.epochs(1), Stacks.iterator());
      reference(graphExpected, Stacks.batches(Stacks.iterator()), 1);
    }
    network.fit(batch);
    expected.fit(batch);
    Snapshot.of(expected).assertSame(network);
    graph.fit(batch);
    graphExpected.fit(batch);
    Snapshot.of(graphExpected).assertSame(graph);
  }

  @Test
  void oneTrainerServesSeveralNetworksAndGoesOnWithOne() {
    GreedyPretrainer pretrainer = new GreedyPretrainer(PretrainOptions.epochs(1));
    MultiLayerNetwork first = Stacks.mln();
    ComputationGraph second = Stacks.graph();
    pretrainer.fit(first, Stacks.iterator());
    pretrainer.fit(second, Stacks.iterator());
    pretrainer.fit(first, Stacks.iterator());
    pretrainer.fit(second, Stacks.iterator());

    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    MultiLayerNetwork expected = Stacks.mln();
    Stacks.train(expected, batches, 1, 0, 1, 2);
    Stacks.train(expected, batches, 1, 0, 1, 2);
    Snapshot.of(expected).assertSame(first);
    ComputationGraph expectedGraph = Stacks.graph();
    reference(expectedGraph, batches, 1);
    reference(expectedGraph, batches, 1);
    Snapshot.of(expectedGraph).assertSame(second);
  }

  @Test
  void shuffledIteratorStartsAtItsFirstEpochAndGivesEachPassAnotherOrder() {
    List<INDArray> passes = new ArrayList<>();
    ShuffledDataSetIterator iterator =
        new ShuffledDataSetIterator(
            Stacks.features(), ShuffledDataSetIterator.Options.shuffled(Stacks.BATCH, 9));
    for (int pass = 0; pass < 3; pass++) {
      iterator.seekEpoch(pass);
      iterator.forEachRemaining(batch -> passes.add(batch.getFeatures()));
    }
    assertNotEquals(passes.get(0), passes.get(Stacks.BATCHES));
    MultiLayerNetwork expected = Stacks.mln();
    Stacks.train(expected, passes.subList(0, Stacks.BATCHES), 1, 0);
    Stacks.train(expected, passes.subList(Stacks.BATCHES, 2 * Stacks.BATCHES), 1, 1);
    Stacks.train(expected, passes.subList(2 * Stacks.BATCHES, 3 * Stacks.BATCHES), 1, 2);

    MultiLayerNetwork network = Stacks.mln();
    iterator.seekEpoch(7);
    iterator.next();
    fit(network, PretrainOptions.epochs(1), iterator);
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void anIteratorThatWasLookedIntoIsReadFromItsStart() {
    MultiLayerNetwork expected = Stacks.mln();
    fit(expected, PretrainOptions.epochs(2), Stacks.iterator());
    MultiLayerNetwork network = Stacks.mln();
    DataSetIterator data = Stacks.iterator();
    data.next();
    fit(network, PretrainOptions.epochs(2), data);
    Snapshot.of(expected).assertSame(network);
  }

  @Test
  void anUninitialisedNetworkIsInitialised() {
    MultiLayerNetwork expected = Stacks.mln();
    MultiLayerNetwork network =
        new MultiLayerNetwork(Stacks.mln().getLayerWiseConfigurations().clone());
    fit(expected, PretrainOptions.epochs(1), Stacks.iterator());
    fit(network, PretrainOptions.epochs(1), Stacks.iterator());
    Snapshot.of(expected).assertSame(network);

    ComputationGraph graph = new ComputationGraph(Stacks.graph().getConfiguration().clone());
    ComputationGraph expectedGraph = Stacks.graph();
    fit(expectedGraph, PretrainOptions.epochs(1), Stacks.iterator());
    fit(graph, PretrainOptions.epochs(1), Stacks.iterator());
    Snapshot.of(expectedGraph).assertSame(graph);
  }
}
