/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.dl4jebm.layers.rbm.RbmNetworks.data;
import static org.dl4jebm.layers.rbm.RbmNetworks.layer;
import static org.dl4jebm.layers.rbm.RbmNetworks.network;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.listeners.CollectScoresIterationListener;
import org.junit.jupiter.api.Test;

/** DL4J's solver copies the listeners when it is made; the layer must tell it about later ones. */
class RbmListenersTest {

  private static final class Recorder extends BaseTrainingListener {
    final List<Integer> iterations = new ArrayList<>();
    final List<Double> scores = new ArrayList<>();
    final List<Model> models = new ArrayList<>();
    int gradients;

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      iterations.add(iteration);
      scores.add(model.score());
      models.add(model);
    }

    @Override
    public void onGradientCalculation(Model model) {
      gradients++;
    }
  }

  private static void train(MultiLayerNetwork network) {
    network.pretrainLayer(0, data(4, 1));
  }

  @Test
  void listenersAreCalledWithTheLayerItsScoreAndTheIteration() {
    MultiLayerNetwork network = network();
    Recorder recorder = new Recorder();
    CollectScoresIterationListener collector = new CollectScoresIterationListener(1);
    network.setListeners(recorder, collector);
    train(network);
    train(network);
    assertEquals(List.of(0, 1), recorder.iterations);
    assertSame(layer(network), recorder.models.get(0));
    assertEquals(layer(network).score(), recorder.scores.get(0));
    assertTrue(recorder.scores.get(0) > 0);
    assertEquals(2, recorder.gradients);
    assertEquals(2, collector.getScoreVsIter().getEffectiveIndexes().length);
  }

  @Test
  void listenersThatAreSetLaterReplaceTheEarlier() {
    MultiLayerNetwork network = network();
    Recorder early = new Recorder();
    Recorder late = new Recorder();
    network.setListeners(early);
    train(network);
    network.setListeners(late);
    train(network);
    assertEquals(List.of(0), early.iterations);
    assertEquals(List.of(1), late.iterations);
    layer(network).setListeners(List.of(early));
    train(network);
    assertEquals(List.of(0, 2), early.iterations);
    assertEquals(List.of(1), late.iterations);
  }

  @Test
  void listenersCanBeAddedWhateverWasSetBefore() {
    MultiLayerNetwork network = network();
    Recorder first = new Recorder();
    Recorder second = new Recorder();
    Recorder third = new Recorder();
    layer(network).setListeners(first);
    layer(network).addListeners(second);
    train(network);
    layer(network).addListeners(third);
    train(network);
    assertEquals(List.of(0, 1), first.iterations);
    assertEquals(List.of(0, 1), second.iterations);
    assertEquals(List.of(1), third.iterations);
    assertEquals(List.of(first, second, third), List.copyOf(layer(network).getListeners()));
  }

  @Test
  void noListenersAreAccepted() {
    MultiLayerNetwork network = network();
    Recorder recorder = new Recorder();
    layer(network).setListeners((Collection<TrainingListener>) null);
    train(network);
    layer(network).addListeners(recorder);
    train(network);
    layer(network).setListeners((Collection<TrainingListener>) null);
    train(network);
    layer(network).setListeners();
    train(network);
    assertEquals(List.of(1), recorder.iterations);
    assertTrue(layer(network).getListeners().isEmpty());
  }

  /** The caller's list is not the layer's: DL4J hands the same one to every layer. */
  @Test
  void theCallersListIsNotKept() {
    MultiLayerNetwork network = network();
    List<TrainingListener> list = new ArrayList<>();
    layer(network).setListeners(list);
    layer(network).addListeners(new Recorder());
    assertTrue(list.isEmpty());
  }
}
