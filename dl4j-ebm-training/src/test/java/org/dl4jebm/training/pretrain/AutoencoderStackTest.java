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
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.autoencoder.DenoisingAutoEncoder;
import org.dl4jebm.layers.autoencoder.GaussianCorruption;
import org.dl4jebm.layers.autoencoder.ReconstructionLoss;
import org.dl4jebm.layers.autoencoder.SaltAndPepperCorruption;
import org.dl4jebm.layers.autoencoder.TiedAutoEncoder;
import org.dl4jebm.layers.autoencoder.TiedVariationalAutoEncoder;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** {@link GreedyPretrainer} on stacks of autoencoders. */
class AutoencoderStackTest {

  private static final int EPOCHS = 2;
  private static final int UPDATES = EPOCHS * Stacks.BATCHES * Stacks.HIDDEN.length;

  @TempDir Path folder;

  @AfterEach
  void clearInterruption() {
    Thread.interrupted();
  }

  /** Kinds of layers, each as a stack of three. */
  enum Kind {
    MASKED(DenoisingAutoEncoder.Builder::new),
    SALTED(
        () ->
            new DenoisingAutoEncoder.Builder()
                .corruption(SaltAndPepperCorruption.of(0.2))
                .loss(ReconstructionLoss.SQUARED_ERROR_OF_SIGMOID)),
    GAUSSIAN(
        () ->
            new DenoisingAutoEncoder.Builder()
                .corruption(new GaussianCorruption(0.3))
                .loss(ReconstructionLoss.SQUARED_ERROR)
                .activation(Activation.TANH)),
    SCORE_MATCHED(
        () ->
            new TiedAutoEncoder.Builder()
                .objective(TiedAutoEncoder.Objective.DENOISING_SCORE_MATCHING)),
    CAUSES(
        () ->
            new TiedVariationalAutoEncoder.Builder()
                .estimator(TiedVariationalAutoEncoder.Estimator.RELAXED)
                .samples(3));

    private final Supplier<BasePretrainNetwork.Builder<?>> builder;

    Kind(Supplier<BasePretrainNetwork.Builder<?>> builder) {
      this.builder = builder;
    }

    MultiLayerNetwork network() {
      NeuralNetConfiguration.ListBuilder list = Stacks.global().list();
      int in = Stacks.INPUTS;
      for (int out : Stacks.HIDDEN) {
        list.layer(builder.get().nIn(in).nOut(out).build());
        in = out;
      }
      MultiLayerNetwork network = new MultiLayerNetwork(list.layer(Stacks.output(in)).build());
      network.init();
      return network;
    }

    ComputationGraph graph() {
      ComputationGraphConfiguration.GraphBuilder graph =
          Stacks.global().graphBuilder().addInputs("in");
      String below = "in";
      int in = Stacks.INPUTS;
      for (int i = 0; i < Stacks.HIDDEN.length; i++) {
        graph.addLayer("e" + i, builder.get().nIn(in).nOut(Stacks.HIDDEN[i]).build(), below);
        below = "e" + i;
        in = Stacks.HIDDEN[i];
      }
      ComputationGraph network =
          new ComputationGraph(
              graph.addLayer("out", Stacks.output(in), below).setOutputs("out").build());
      network.init();
      return network;
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void eachLayerIsTrainedOnTheCodesOfTheOneBelow(Kind kind) {
    MultiLayerNetwork expected = kind.network();
    Stacks.train(expected, Stacks.batches(Stacks.iterator()), EPOCHS, 0, 1, 2);
    MultiLayerNetwork network = kind.network();
    assertTrue(
        new GreedyPretrainer(PretrainOptions.epochs(EPOCHS))
            .fit(network, Stacks.iterator())
            .completed());
    Snapshot.of(expected).assertSame(network);
  }

  /** Weights of examples, too. */
  private static DataSetIterator weighted() {
    return new ShuffledDataSetIterator(
        Stacks.features(),
        null,
        Nd4j.linspace(DataType.FLOAT, 0.5, 0.1, Stacks.ROWS),
        ShuffledDataSetIterator.Options.shuffled(Stacks.BATCH, 31));
  }

  private static PretrainOptions options() {
    return PretrainOptions.epochs(EPOCHS).withExampleWeights();
  }

  private static void stopAfter(Model network, int updates) {
    BaseTrainingListener listener =
        new BaseTrainingListener() {
          private int done;

          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            if (++done == updates) {
              Thread.currentThread().interrupt();
            }
          }
        };
    if (network instanceof MultiLayerNetwork mln) {
      mln.setListeners(listener);
    } else {
      ((ComputationGraph) network).setListeners(listener);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void stoppedAndResumed(Kind kind) throws IOException {
    MultiLayerNetwork uninterrupted = kind.network();
    assertTrue(new GreedyPretrainer(options()).fit(uninterrupted, weighted()).completed());
    for (int stop = 1; stop < UPDATES; stop += 5) {
      Path file = folder.resolve(stop + ".zip");
      GreedyPretrainer pretrainer = new GreedyPretrainer(options().withCheckpoint(file, 1000));
      MultiLayerNetwork network = kind.network();
      stopAfter(network, stop);
      assertFalse(pretrainer.fit(network, weighted()).completed());
      assertTrue(Thread.interrupted());
      MultiLayerNetwork other = kind.network();
      other.params().assign(3);
      assertTrue(pretrainer.resume(other, weighted(), file).completed());
      Snapshot.of(uninterrupted).assertSame(other);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void stoppedAndResumedAsAGraph(Kind kind) throws IOException {
    ComputationGraph uninterrupted = kind.graph();
    assertTrue(new GreedyPretrainer(options()).fit(uninterrupted, weighted()).completed());
    Path file = folder.resolve("graph.zip");
    GreedyPretrainer pretrainer = new GreedyPretrainer(options().withCheckpoint(file, 1000));
    ComputationGraph network = kind.graph();
    stopAfter(network, 11);
    assertFalse(pretrainer.fit(network, weighted()).completed());
    assertTrue(Thread.interrupted());
    ComputationGraph other = kind.graph();
    assertTrue(pretrainer.resume(other, weighted(), file).completed());
    Snapshot.of(uninterrupted).assertSame(other);
  }

  @Test
  void samplesOnlyOfUnitsThatHaveProbabilities() {
    PretrainOptions samples = PretrainOptions.epochs(1).withTransfer(LayerTransfer.SAMPLES);
    assertTrue(
        new GreedyPretrainer(samples).fit(Kind.MASKED.network(), Stacks.iterator()).completed());
    MultiLayerNetwork tanh = Kind.GAUSSIAN.network();
    Snapshot before = Snapshot.of(tanh);
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new GreedyPretrainer(samples).fit(tanh, Stacks.iterator()))
            .getMessage();
    assertTrue(message.contains("cannot be sampled: its activation is tanh"), message);
    assertTrue(message.contains("accepted: the sigmoid, or MEANS"), message);
    before.assertSame(tanh);
  }

  @Test
  void aDivergingStackIsStopped() {
    MultiLayerNetwork network = Kind.GAUSSIAN.network();
    for (int i = 0; i < 3; i++) {
      assertEquals(
          "denoising loss", ((ResumablePretraining) network.getLayer(i)).pretrainScoreName());
    }
    network.setLearningRate(1e9);
    assertThrows(
        TrainingDivergedException.class,
        () -> new GreedyPretrainer(PretrainOptions.epochs(5)).fit(network, Stacks.iterator()));
  }
}
