/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.datasets.iterator.IteratorMultiDataSetIterator;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jebm.layers.pretrain.WeightedPretraining;
import org.dl4jebm.layers.rbm.ExactLikelihoodObjective;
import org.dl4jebm.layers.rbm.RbmObjective;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class ExampleWeightsTest {

  private static final PretrainOptions WEIGHTED = PretrainOptions.epochs(3).withExampleWeights();

  private static DataSet batch(INDArray features, INDArray weights) {
    DataSet batch = new DataSet(features, null);
    batch.setLabelsMaskArray(weights);
    return batch;
  }

  private static DataSetIterator iterator(DataSet... batches) {
    return new ExistingDataSetIterator(List.of(batches));
  }

  private static PretrainResult fit(Model network, PretrainOptions options, DataSetIterator data) {
    GreedyPretrainer pretrainer = new GreedyPretrainer(options);
    return network instanceof MultiLayerNetwork mln
        ? pretrainer.fit(mln, data)
        : pretrainer.fit((ComputationGraph) network, data);
  }

  /** Two networks of each kind, with an objective whose gradient has no random part. */
  private static List<List<Model>> pairs(DataType type, RbmObjective objective) {
    List<List<Model>> pairs = new ArrayList<>();
    for (boolean graph : new boolean[] {false, true}) {
      List<Model> pair = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        var global = Stacks.global(new Sgd(0.5)).dataType(type);
        pair.add(
            graph
                ? Stacks.graph(global, rbm -> rbm.objective(objective))
                : Stacks.mln(global, rbm -> rbm.objective(objective)));
      }
      pairs.add(pair);
    }
    return pairs;
  }

  private static void assertTwoIsTwice(DataType type, RbmObjective objective, double tolerance) {
    INDArray x = Nd4j.rand(DataType.DOUBLE, 4, Stacks.INPUTS).gt(0.5).castTo(type);
    INDArray twice = x.getRows(0, 0, 1, 2);
    INDArray weights = Nd4j.createFromArray(2.0, 1, 1, 0);
    for (List<Model> pair : pairs(type, objective)) {
      Model weighted = pair.get(0);
      double[] before = Stacks.bits(weighted.params());
      fit(weighted, WEIGHTED, iterator(batch(x, weights.reshape(4, 1))));
      fit(pair.get(1), PretrainOptions.epochs(3), iterator(batch(twice, null)));
      double[] found = Stacks.bits(weighted.params());
      assertArrayEquals(Stacks.bits(pair.get(1).params()), found, tolerance);
      double moved = 0;
      for (int i = 0; i < found.length; i++) {
        moved = Math.max(moved, Math.abs(found[i] - before[i]));
      }
      assertTrue(moved > 0.05, "parameters have moved by " + moved);
    }
  }

  @Test
  void aWeightOfTwoIsTheExampleTwiceInEveryLayer() {
    Nd4j.getRandom().setSeed(8);
    assertTwoIsTwice(DataType.DOUBLE, ExactLikelihoodObjective.DEFAULT, 1e-13);
    assertTwoIsTwice(DataType.FLOAT, ExactLikelihoodObjective.DEFAULT, 1e-5);
  }

  private static INDArray weightsOf(int batch, long rows) {
    INDArray weights = Nd4j.create(DataType.FLOAT, rows);
    for (int i = 0; i < rows; i++) {
      weights.putScalar(i, (batch + 2 * i) % 5 * 0.5);
    }
    return weights;
  }

  private static void trainEachLayer(Model network, List<INDArray> batches) {
    List<Layer> layers = Stacks.layersOf(network);
    for (int i = 0; i < Stacks.HIDDEN.length; i++) {
      for (int epoch = 0; epoch < 3; epoch++) {
        for (int b = 0; b < batches.size(); b++) {
          INDArray input = batches.get(b).dup();
          for (int below = 0; below < i; below++) {
            input =
                layers.get(below).activate(input, false, LayerWorkspaceMgr.noWorkspaces()).dup();
          }
          ((WeightedPretraining) layers.get(i))
              .fit(input, weightsOf(b, input.size(0)), LayerWorkspaceMgr.noWorkspaces());
        }
        layers.get(i).conf().setEpochCount(epoch + 1);
      }
    }
  }

  /** Against plain loops over each layer's own method. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void weightsTravelWithTheRowsThroughTheStack(boolean columns) {
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    List<DataSet> weighted = new ArrayList<>();
    for (int i = 0; i < batches.size(); i++) {
      long rows = batches.get(i).size(0);
      INDArray weights = weightsOf(i, rows);
      weighted.add(batch(batches.get(i), columns ? weights.reshape(rows, 1) : weights));
    }
    MultiLayerNetwork mln = Stacks.mln();
    trainEachLayer(mln, batches);
    ComputationGraph graph = Stacks.graph();
    trainEachLayer(graph, batches);
    for (Model expected : List.of(mln, graph)) {
      Model network = expected == mln ? Stacks.mln() : Stacks.graph();
      fit(network, WEIGHTED, new ExistingDataSetIterator(weighted));
      Snapshot.of(expected).assertSame(network);
    }
    MultiLayerNetwork unweighted = Stacks.mln();
    fit(unweighted, PretrainOptions.epochs(3), new ExistingDataSetIterator(weighted));
    MultiLayerNetwork plain = Stacks.mln();
    fit(plain, PretrainOptions.epochs(3), Stacks.iteratorOfHeldArrays(batches));
    Snapshot.of(plain).assertSame(unweighted);
  }

  @Test
  void weightsOfAMultiDataSet() {
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    List<org.nd4j.linalg.dataset.api.MultiDataSet> multi = new ArrayList<>();
    List<DataSet> single = new ArrayList<>();
    for (int i = 0; i < batches.size(); i++) {
      INDArray weights = weightsOf(i, batches.get(i).size(0));
      single.add(batch(batches.get(i), weights));
      multi.add(
          new MultiDataSet(
              new INDArray[] {batches.get(i)}, null, null, new INDArray[] {null, weights}));
    }
    ComputationGraph expected = Stacks.graph();
    PretrainOptions once =
        PretrainOptions.epochs(1)
            .withLayerEpochs("rbm1", 0)
            .withLayerEpochs("rbm2", 0)
            .withExampleWeights();
    fit(expected, once, new ExistingDataSetIterator(single));
    ComputationGraph graph = Stacks.graph();
    new GreedyPretrainer(once)
        .fit(graph, new IteratorMultiDataSetIterator(multi.iterator(), Stacks.BATCH));
    Snapshot.of(expected).assertSame(graph);

    INDArray ones = Nd4j.ones(DataType.FLOAT, 4);
    org.nd4j.linalg.dataset.api.MultiDataSet two =
        new MultiDataSet(new INDArray[] {batches.get(0)}, null, null, new INDArray[] {ones, ones});
    DL4JInvalidInputException e =
        assertThrows(
            DL4JInvalidInputException.class,
            () ->
                new GreedyPretrainer(once)
                    .fit(
                        Stacks.graph(),
                        new IteratorMultiDataSetIterator(List.of(two).iterator(), Stacks.BATCH)));
    assertTrue(e.getMessage().contains("2 labels masks"), e.getMessage());
  }

  /** Each row keeps its weight when rows are shuffled. */
  @Test
  void theShuffledIteratorShufflesWeightsToo() {
    INDArray features = Stacks.features();
    INDArray weights = Nd4j.arange(Stacks.ROWS).castTo(DataType.DOUBLE);
    for (int i = 0; i < Stacks.ROWS; i++) {
      features.putScalar(i, 0, 0.01 * i);
    }
    ShuffledDataSetIterator data =
        new ShuffledDataSetIterator(
            features,
            null,
            weights,
            ShuffledDataSetIterator.Options.shuffled(Stacks.BATCH, 4).reusingArrays());
    int rows = 0;
    boolean moved = false;
    while (data.hasNext()) {
      DataSet batch = data.next();
      INDArray mask = batch.getLabelsMaskArray();
      assertArrayEquals(new long[] {batch.getFeatures().size(0), 1}, mask.shape());
      for (int i = 0; i < mask.size(0); i++, rows++) {
        assertEquals(batch.getFeatures().getDouble(i, 0), 0.01 * mask.getDouble(i, 0), 1e-6);
        moved |= mask.getDouble(i, 0) != rows;
      }
    }
    assertEquals(Stacks.ROWS, rows);
    assertTrue(moved);
    assertTrue(fit(Stacks.mln(), WEIGHTED, data).completed());
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new ShuffledDataSetIterator(
                    features,
                    null,
                    Nd4j.ones(3),
                    ShuffledDataSetIterator.Options.inOrder(Stacks.BATCH)));
    assertTrue(e.getMessage().contains("weights have the shape [3]"), e.getMessage());
  }

  private static void assertRefused(INDArray weights, String... parts) {
    for (Model network : List.of(Stacks.mln(), Stacks.graph())) {
      Snapshot before = Snapshot.of(network);
      INDArray x = Stacks.batches(Stacks.iterator()).get(0);
      DL4JInvalidInputException e =
          assertThrows(
              DL4JInvalidInputException.class,
              () -> fit(network, WEIGHTED, iterator(batch(x, weights))));
      for (String part : parts) {
        assertTrue(e.getMessage().contains(part), () -> part + " in: " + e.getMessage());
      }
      assertTrue(e.getMessage().contains("accepted: one labels mask of shape [4]"), e.getMessage());
      before.assertSame(network);
    }
  }

  @Test
  void weightsThatCannotBeUsedAreRefused() {
    assertRefused(null, "asked for", "0 labels masks");
    assertRefused(Nd4j.createFromArray(1.0, 1, -0.5, 1), "hold -0.5");
    assertRefused(Nd4j.createFromArray(1.0, Double.NaN, 1, 1), "hold NaN");
    assertRefused(Nd4j.createFromArray(1.0, Double.POSITIVE_INFINITY, 1, 1), "hold Infinity");
    assertRefused(Nd4j.zeros(DataType.FLOAT, 4, 1), "are all 0");
    assertRefused(Nd4j.ones(DataType.FLOAT, 3), "shape [3]");
    assertRefused(Nd4j.ones(DataType.FLOAT, 4, 2), "shape [4, 2]");
    assertRefused(Nd4j.ones(DataType.FLOAT, 1, 4), "shape [1, 4]");
    assertRefused(Nd4j.ones(DataType.FLOAT, 4, 1, 1), "shape [4, 1, 1]");
  }

  /** The batches before it have been learnt, and are kept. */
  @Test
  void aLaterBatchWithoutWeights() {
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    MultiLayerNetwork expected = Stacks.mln();
    expected.initGradientsView();
    Stacks.train(expected, batches.subList(0, 1), 1, 0);
    MultiLayerNetwork network = Stacks.mln();
    DataSetIterator data =
        iterator(batch(batches.get(0), Nd4j.ones(DataType.FLOAT, 4)), batch(batches.get(1), null));
    assertThrows(DL4JInvalidInputException.class, () -> fit(network, WEIGHTED, data));
    assertArrayEquals(Stacks.bits(expected.params()), Stacks.bits(network.params()), 1e-6);
  }

  @Test
  void layersAndPreprocessorsThatDoNotTakeWeights() {
    MultiLayerNetwork autoencoder =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(new AutoEncoder.Builder().nIn(Stacks.INPUTS).nOut(3).build())
                .layer(Stacks.output(3))
                .build());
    autoencoder.init();
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> fit(autoencoder, WEIGHTED, Stacks.iterator()));
    for (String part : List.of("layer \"0\" is a AutoEncoder", "WeightedPretraining")) {
      assertTrue(e.getMessage().contains(part), () -> part + " in: " + e.getMessage());
    }

    MultiLayerNetwork steps =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(Stacks.rbm(Stacks.INPUTS, 3).build())
                .layer(Stacks.output(3))
                .inputPreProcessor(0, new RnnToFeedForwardPreProcessor())
                .build());
    steps.init();
    Snapshot before = Snapshot.of(steps);
    DataSetIterator data =
        iterator(
            batch(Nd4j.zeros(DataType.FLOAT, 4, Stacks.INPUTS, 2), Nd4j.ones(DataType.FLOAT, 4)));
    DL4JInvalidInputException rows =
        assertThrows(DL4JInvalidInputException.class, () -> fit(steps, WEIGHTED, data));
    assertTrue(rows.getMessage().contains("8 rows for the 4 weights"), rows.getMessage());
    before.assertSame(steps);
  }
}
