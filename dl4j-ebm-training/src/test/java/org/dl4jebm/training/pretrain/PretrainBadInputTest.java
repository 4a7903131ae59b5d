/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.deeplearning4j.datasets.iterator.IteratorDataSetIterator;
import org.deeplearning4j.datasets.iterator.IteratorMultiDataSetIterator;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** Every mistake gets an exception that names it, and a network as if it had not been made. */
class PretrainBadInputTest {

  private static final PretrainOptions TWO_EPOCHS = PretrainOptions.epochs(2);

  @TempDir Path folder;

  private static List<Model> networks() {
    return List.of(Stacks.mln(), Stacks.graph());
  }

  private static PretrainResult fit(Model network, PretrainOptions options, DataSetIterator data) {
    GreedyPretrainer pretrainer = new GreedyPretrainer(options);
    return network instanceof MultiLayerNetwork mln
        ? pretrainer.fit(mln, data)
        : pretrainer.fit((ComputationGraph) network, data);
  }

  private static void assertRefused(
      Class<? extends Exception> type,
      Model network,
      PretrainOptions options,
      DataSetIterator data,
      String... parts) {
    Snapshot before = Snapshot.of(network);
    assertMessage(assertThrows(type, () -> fit(network, options, data)), parts);
    before.assertSame(network);
  }

  private static void assertMessage(Exception e, String... parts) {
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "\"" + part + "\" in: " + e.getMessage());
    }
  }

  /** Batches with one value replaced, in the batch of the given number. */
  private static DataSetIterator with(double value, int batch) {
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    batches.get(batch).putScalar(1, 2, value);
    return Stacks.iteratorOfHeldArrays(batches);
  }

  @Test
  void valuesThatUnitsCannotTakeInTheFirstBatch() {
    for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY, -0.5, 1.5}) {
      for (Model network : networks()) {
        assertRefused(
            DL4JInvalidInputException.class, network, TWO_EPOCHS, with(value, 0), "accepted");
      }
    }
    MultiLayerNetwork gaussian =
        Stacks.mln(Stacks.global(), rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()));
    assertRefused(
        DL4JInvalidInputException.class, gaussian, TWO_EPOCHS, with(Double.NaN, 0), "NaN");
  }

  /** The batches before it have been learnt, and are kept. */
  @Test
  void valuesThatUnitsCannotTakeInALaterBatch() {
    for (double value : new double[] {Double.NaN, Double.NEGATIVE_INFINITY, 255}) {
      MultiLayerNetwork expected = Stacks.mln();
      expected.initGradientsView();
      List<INDArray> batches = Stacks.batches(Stacks.iterator());
      for (INDArray batch : batches.subList(0, 2)) {
        Stacks.train(expected, List.of(batch), 1, 0);
      }
      expected.getLayer(0).conf().setEpochCount(0);
      MultiLayerNetwork network = Stacks.mln();
      assertMessage(
          assertThrows(
              DL4JInvalidInputException.class, () -> fit(network, TWO_EPOCHS, with(value, 2))),
          "accepted");
      Snapshot.of(expected).assertSame(network);
      assertTrue(fit(network, TWO_EPOCHS, Stacks.iterator()).completed(), "works afterwards");
    }
  }

  @Test
  void wrongWidthOrRank() {
    for (Model network : networks()) {
      INDArray wide = Stacks.features(Stacks.ROWS, Stacks.INPUTS + 1);
      assertRefused(
          DL4JInvalidInputException.class,
          network,
          TWO_EPOCHS,
          Stacks.iterator(wide),
          "[4, 7]",
          "[n, 6]");
      INDArray images = Stacks.features().reshape(Stacks.ROWS, 1, 2, 3);
      assertRefused(
          DL4JInvalidInputException.class, network, TWO_EPOCHS, Stacks.iterator(images), "[n, 6]");
    }
    MultiLayerNetwork autoEncoder =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(new AutoEncoder.Builder().nIn(7).nOut(5).build())
                .layer(Stacks.output(5))
                .build());
    autoEncoder.init();
    assertRefused(
        DL4JInvalidInputException.class,
        autoEncoder,
        TWO_EPOCHS,
        Stacks.iterator(),
        "\"0\"",
        "[4, 6]",
        "[n, 7]");
  }

  @Test
  void wrongWidthInALaterBatch() {
    for (Model network : networks()) {
      List<INDArray> batches = new ArrayList<>(Stacks.batches(Stacks.iterator()));
      batches.set(1, Nd4j.zeros(3, 5));
      assertMessage(
          assertThrows(
              DL4JInvalidInputException.class,
              () -> fit(network, TWO_EPOCHS, Stacks.iteratorOfHeldArrays(batches))),
          "[3, 5]",
          "[n, 6]");
      assertEquals(1, Stacks.layersOf(network).get(0).conf().getIterationCount());
    }
  }

  @Test
  void emptyIterator() {
    for (Model network : networks()) {
      assertRefused(
          IllegalArgumentException.class,
          network,
          TWO_EPOCHS,
          new ListDataSetIterator<>(List.<DataSet>of(), 4),
          "empty",
          "at least one batch");
    }
  }

  @Test
  void iteratorWithoutReset() {
    Supplier<DataSetIterator> once =
        () ->
            new IteratorDataSetIterator(
                new DataSet(Stacks.features(), Stacks.labels()).asList().iterator(), Stacks.BATCH);
    for (Model network : networks()) {
      String name = network instanceof MultiLayerNetwork ? "" : "rbm";
      assertRefused(
          IllegalArgumentException.class,
          network,
          PretrainOptions.epochs(1),
          once.get(),
          "3 passes",
          "resetSupported");
      PretrainOptions onePass =
          PretrainOptions.epochs(1).withLayerEpochs(name + 1, 0).withLayerEpochs(name + 2, 0);
      assertTrue(fit(network, onePass, once.get()).completed());
      assertEquals(Stacks.BATCHES, Stacks.layersOf(network).get(0).conf().getIterationCount());
      DataSetIterator usedUp = once.get();
      usedUp.forEachRemaining(batch -> {});
      assertRefused(IllegalArgumentException.class, network, onePass, usedUp, "empty");
    }
  }

  @Test
  void unknownLayerNames() {
    for (Model network : networks()) {
      String first = network instanceof MultiLayerNetwork ? "0" : "rbm0";
      assertRefused(
          IllegalArgumentException.class,
          network,
          TWO_EPOCHS.withLayerEpochs("hidden", 3),
          Stacks.iterator(),
          "hidden",
          first);
      assertRefused(
          IllegalArgumentException.class,
          network,
          TWO_EPOCHS.withLayerTransfer("out", LayerTransfer.SAMPLES),
          Stacks.iterator(),
          "out",
          first);
    }
  }

  @Test
  void namesThatSeveralLayersHave() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, 5).name("1").build())
                .layer(Stacks.rbm(5, 3).build())
                .layer(Stacks.output(3))
                .build());
    network.init();
    assertRefused(
        IllegalArgumentException.class,
        network,
        TWO_EPOCHS.withLayerEpochs("1", 3),
        Stacks.iterator(),
        "\"1\"",
        "2");
    assertTrue(fit(network, TWO_EPOCHS, Stacks.iterator()).completed());
  }

  @Test
  void noLayerToPretrain() {
    MultiLayerNetwork dense =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(new DenseLayer.Builder().nIn(Stacks.INPUTS).nOut(5).name("plain").build())
                .layer(Stacks.output(5))
                .build());
    dense.init();
    assertRefused(
        IllegalArgumentException.class,
        dense,
        TWO_EPOCHS,
        Stacks.iterator(),
        "plain",
        "isPretrainLayer");
    MultiLayerNetwork frozen =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(new FrozenLayer(Stacks.rbm(Stacks.INPUTS, 5).build()))
                .layer(Stacks.output(5))
                .build());
    frozen.init();
    assertRefused(
        IllegalArgumentException.class, frozen, TWO_EPOCHS, Stacks.iterator(), "not frozen");
  }

  @Test
  void layersThatDoNotFitEachOther() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, 5).name("low").build())
                .layer(Stacks.rbm(4, 3).name("high").build())
                .layer(Stacks.output(3))
                .build());
    network.init();
    String[] parts = {"\"high\"", "nIn = 4", "\"low\"", "nOut = 5"};
    assertRefused(DL4JInvalidConfigException.class, network, TWO_EPOCHS, Stacks.iterator(), parts);

    ComputationGraph graph =
        new ComputationGraph(
            Stacks.global()
                .graphBuilder()
                .addInputs("in")
                .addLayer("low", Stacks.rbm(Stacks.INPUTS, 5).build(), "in")
                .addLayer("high", Stacks.rbm(4, 3).build(), "low")
                .addLayer("out", Stacks.output(3), "high")
                .setOutputs("out")
                .build());
    graph.init();
    assertRefused(DL4JInvalidConfigException.class, graph, TWO_EPOCHS, Stacks.iterator(), parts);

    MultiLayerNetwork output =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, 5).build())
                .layer(Stacks.output(4))
                .build());
    output.init();
    assertRefused(
        DL4JInvalidConfigException.class,
        output,
        TWO_EPOCHS,
        Stacks.iterator(),
        "nIn = 4",
        "nOut = 5");
  }

  /** Their sizes say nothing to each other, but what arrives at the upper one does. */
  @Test
  void layersThatDoNotFitAcrossOthers() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, 5).build())
                .layer(new ActivationLayer(Activation.IDENTITY))
                .layer(Stacks.rbm(4, 3).build())
                .layer(Stacks.output(3))
                .build());
    network.init();
    assertRefused(
        DL4JInvalidConfigException.class,
        network,
        TWO_EPOCHS,
        Stacks.iterator(),
        "\"2\"",
        "nIn = 4",
        "5 columns");

    ComputationGraph merged =
        new ComputationGraph(
            Stacks.global()
                .graphBuilder()
                .addInputs("in")
                .addLayer("a", Stacks.rbm(Stacks.INPUTS, 4).build(), "in")
                .addLayer("b", Stacks.rbm(Stacks.INPUTS, 3).build(), "in")
                .addLayer("joint", Stacks.rbm(8, 3).build(), "a", "b")
                .addLayer("out", Stacks.output(3), "joint")
                .setOutputs("out")
                .build());
    merged.init();
    assertRefused(
        DL4JInvalidConfigException.class,
        merged,
        TWO_EPOCHS,
        Stacks.iterator(),
        "\"joint\"",
        "nIn = 8",
        "7 columns");

    MultiLayerNetwork images =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(
                    new ConvolutionLayer.Builder(3, 3)
                        .nOut(2)
                        .activation(Activation.SIGMOID)
                        .build())
                .layer(Stacks.rbm(8, 5).build())
                .layer(Stacks.output(5))
                .setInputType(InputType.convolutional(4, 4, 1))
                .build());
    images.init();
    INDArray larger = Stacks.features(Stacks.ROWS, 25).reshape(Stacks.ROWS, 1, 5, 5);
    Snapshot before = Snapshot.of(images);
    assertThrows(RuntimeException.class, () -> fit(images, TWO_EPOCHS, Stacks.iterator(larger)));
    before.assertSame(images);
  }

  @Test
  void layersInAStackThatFitAreNotRefused() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(new org.deeplearning4j.nn.conf.layers.DropoutLayer(0.9))
                .layer(Stacks.rbm(Stacks.INPUTS, 5).build())
                .layer(new org.deeplearning4j.nn.conf.layers.DropoutLayer(0.9))
                .layer(new DenseLayer.Builder().nIn(5).nOut(3).build())
                .layer(
                    new org.deeplearning4j.nn.conf.layers.LossLayer.Builder()
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    assertTrue(fit(network, TWO_EPOCHS, Stacks.iterator()).completed());
  }

  @Test
  void inputsOfAGraphThatAreMissing() {
    ComputationGraph graph =
        new ComputationGraph(
            Stacks.global()
                .graphBuilder()
                .addInputs("left", "right")
                .addLayer("a", Stacks.rbm(Stacks.INPUTS, 4).build(), "left")
                .addLayer("b", Stacks.rbm(Stacks.INPUTS, 3).build(), "right")
                .addLayer("out", Stacks.output(7), "a", "b")
                .setOutputs("out")
                .build());
    graph.init();
    assertRefused(
        DL4JInvalidInputException.class, graph, TWO_EPOCHS, Stacks.iterator(), "1", "2", "right");
    Snapshot before = Snapshot.of(graph);
    List<org.nd4j.linalg.dataset.api.MultiDataSet> three =
        List.of(
            new MultiDataSet(
                new INDArray[] {Stacks.features(), Stacks.features(), Stacks.features()}, null));
    PretrainOptions onePass = PretrainOptions.epochs(1).withLayerEpochs("b", 0);
    assertThrows(
        DL4JInvalidInputException.class,
        () ->
            new GreedyPretrainer(onePass)
                .fit(graph, new IteratorMultiDataSetIterator(three.iterator(), Stacks.ROWS)));
    before.assertSame(graph);
  }

  @Test
  void batchesWithoutFeatures() {
    for (Model network : networks()) {
      DataSetIterator labelsOnly =
          new org.deeplearning4j.datasets.iterator.ExistingDataSetIterator(
              List.of(new DataSet(null, Stacks.labels())));
      assertRefused(
          DL4JInvalidInputException.class, network, TWO_EPOCHS, labelsOnly, "no features");
    }
  }

  @Test
  void checkpointThatCannotBeWritten() {
    for (Model network : networks()) {
      assertRefused(
          IllegalArgumentException.class,
          network,
          TWO_EPOCHS.withCheckpoint(folder.resolve("missing/c.zip"), 1),
          Stacks.iterator(),
          "missing",
          "existing folder");
      assertRefused(
          IllegalArgumentException.class,
          network,
          TWO_EPOCHS.withCheckpoint(folder, 1),
          Stacks.iterator(),
          folder.toString());
    }
    MultiLayerNetwork autoEncoder =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(new AutoEncoder.Builder().nIn(Stacks.INPUTS).nOut(5).build())
                .layer(Stacks.output(5))
                .build());
    autoEncoder.init();
    assertRefused(
        IllegalArgumentException.class,
        autoEncoder,
        TWO_EPOCHS.withCheckpoint(folder.resolve("c.zip"), 1),
        Stacks.iterator(),
        "\"0\"",
        "AutoEncoder",
        "ResumablePretraining");
  }

  @Test
  void anIteratorThatShrinks() {
    List<DataSet> rows = new ArrayList<>(new DataSet(Stacks.features(), Stacks.labels()).asList());
    DataSetIterator shrinking =
        new ListDataSetIterator<>(rows, Stacks.BATCH) {
          private int resets;

          @Override
          public void reset() {
            super.reset();
            if (++resets > 2) {
              while (hasNext()) {
                next();
              }
            }
          }
        };
    MultiLayerNetwork network = Stacks.mln();
    assertMessage(
        assertThrows(IllegalArgumentException.class, () -> fit(network, TWO_EPOCHS, shrinking)),
        "0 batches",
        "pass 3");
    assertEquals(2, network.getLayer(0).conf().getEpochCount());
    assertEquals(0, network.getLayer(1).conf().getIterationCount());
  }
}
