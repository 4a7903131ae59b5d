/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.training.data.ShuffledDataSetIterator.Options;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.LossFunctions;

@Tag("gpu")
class ShuffledDataSetIteratorTest {

  private static final int ROWS = 23;

  /** Row i holds 10 i, 10 i + 1 and 10 i + 2. */
  private static INDArray features() {
    INDArray features = Nd4j.create(DataType.FLOAT, ROWS, 3);
    for (int i = 0; i < ROWS; i++) {
      for (int j = 0; j < 3; j++) {
        features.putScalar(i, j, 10 * i + j);
      }
    }
    return features;
  }

  /** Row i holds -i and i. */
  private static INDArray labels() {
    INDArray labels = Nd4j.create(DataType.FLOAT, ROWS, 2);
    for (int i = 0; i < ROWS; i++) {
      labels.putScalar(i, 0, -i);
      labels.putScalar(i, 1, i);
    }
    return labels;
  }

  private static ShuffledDataSetIterator iterator(Options options) {
    return new ShuffledDataSetIterator(features(), labels(), options);
  }

  /** Runs to the end of the epoch and returns the numbers of the rows seen. */
  private static List<Integer> drain(DataSetIterator iterator) {
    List<Integer> rows = new ArrayList<>();
    while (iterator.hasNext()) {
      DataSet batch = iterator.next();
      for (int i = 0; i < batch.numExamples(); i++) {
        int row = batch.getLabels().getInt(i, 1);
        assertArrayEquals(
            new float[] {10f * row, 10f * row + 1, 10f * row + 2},
            batch.getFeatures().getRow(i).toFloatVector());
        assertEquals(-row, batch.getLabels().getInt(i, 0));
        rows.add(row);
      }
    }
    return rows;
  }

  private static List<Integer> sequence(int n) {
    return IntStream.range(0, n).boxed().toList();
  }

  @Test
  void everyEpochHoldsEveryRowOnceInAnotherOrder() {
    ShuffledDataSetIterator iterator = iterator(Options.shuffled(5, 42));
    List<List<Integer>> epochs = new ArrayList<>();
    for (int epoch = 0; epoch < 4; epoch++) {
      assertEquals(epoch, iterator.epoch());
      List<Integer> rows = drain(iterator);
      assertEquals(sequence(ROWS), rows.stream().sorted().toList());
      assertNotEquals(sequence(ROWS), rows);
      assertFalse(epochs.contains(rows));
      epochs.add(rows);
      iterator.reset();
    }
  }

  /** Fixed by these numbers: a change of the order would break runs that are resumed. */
  @Test
  void theOrderOfASeedNeverChanges() {
    ShuffledDataSetIterator iterator = iterator(Options.shuffled(5, 42));
    assertEquals(List.of(1, 12, 8, 13, 4, 5, 15, 19), drain(iterator).subList(0, 8));
    iterator.reset();
    assertEquals(List.of(16, 15, 3, 10, 0, 22, 20, 5), drain(iterator).subList(0, 8));
  }

  @Test
  void anyEpochCanBeSoughtFromAnywhere() {
    ShuffledDataSetIterator iterator = iterator(Options.shuffled(4, 42));
    List<List<Integer>> epochs = new ArrayList<>();
    for (int epoch = 0; epoch < 3; epoch++) {
      epochs.add(drain(iterator));
      iterator.reset();
    }
    ShuffledDataSetIterator other = iterator(Options.shuffled(4, 42));
    for (int epoch : new int[] {2, 0, 1, 2}) {
      other.seekEpoch(epoch);
      assertEquals(epochs.get(epoch), drain(other));
      other.seekEpoch(epoch);
      other.next();
    }
    other.seekEpoch(1);
    other.reset();
    assertEquals(1, other.epoch());
    other.next();
    other.reset();
    assertEquals(2, other.epoch());
    assertThrows(IllegalArgumentException.class, () -> other.seekEpoch(-1));
  }

  @Test
  void theOrderDoesNotDependOnTheBatchSizeButOnTheSeed() {
    List<Integer> rows = drain(iterator(Options.shuffled(4, 42)));
    assertEquals(rows, drain(iterator(Options.shuffled(7, 42))));
    assertNotEquals(rows, drain(iterator(Options.shuffled(4, 43))));
  }

  @Test
  void withoutShufflingAllEpochsAreInOrder() {
    ShuffledDataSetIterator iterator = iterator(Options.inOrder(5));
    for (int epoch = 0; epoch < 2; epoch++) {
      assertEquals(sequence(ROWS), drain(iterator));
      iterator.reset();
    }
    assertEquals(2, iterator.epoch());
  }

  @Test
  void lastBatchIsSmallerOrLeftOut() {
    ShuffledDataSetIterator keeping = iterator(Options.inOrder(5));
    List<Integer> sizes = new ArrayList<>();
    keeping.forEachRemaining(batch -> sizes.add(batch.numExamples()));
    assertEquals(List.of(5, 5, 5, 5, 3), sizes);
    assertEquals(5, keeping.batchesPerEpoch());
    ShuffledDataSetIterator dropping = iterator(Options.inOrder(5).droppingLast());
    assertEquals(sequence(20), drain(dropping));
    assertEquals(4, dropping.batchesPerEpoch());
    assertEquals(1, iterator(Options.inOrder(ROWS)).batchesPerEpoch());
    assertEquals(1, iterator(Options.inOrder(ROWS + 1)).batchesPerEpoch());
    assertEquals(2, iterator(Options.inOrder(ROWS - 1)).batchesPerEpoch());
    assertThrows(NoSuchElementException.class, dropping::next);
  }

  @Test
  void differentRowsAreLeftOutInEachEpoch() {
    ShuffledDataSetIterator iterator = iterator(Options.shuffled(20, 1).droppingLast());
    List<Integer> first = drain(iterator);
    iterator.reset();
    assertNotEquals(first.stream().sorted().toList(), drain(iterator).stream().sorted().toList());
  }

  @Test
  void nextBeyondTheEndNamesTheEpoch() {
    ShuffledDataSetIterator iterator = iterator(Options.inOrder(ROWS));
    iterator.next();
    assertFalse(iterator.hasNext());
    NoSuchElementException e = assertThrows(NoSuchElementException.class, iterator::next);
    assertTrue(e.getMessage().contains("epoch 0"), e::getMessage);
  }

  @Test
  void nextOfANumberTakesThatMany() {
    ShuffledDataSetIterator iterator = iterator(Options.inOrder(5));
    assertEquals(9, iterator.next(9).numExamples());
    assertEquals(9, iterator.next().getLabels().getInt(0, 1));
    assertEquals(9, iterator.next(100).numExamples());
    assertThrows(IllegalArgumentException.class, () -> iterator(Options.inOrder(5)).next(0));
  }

  @Test
  void batchesMayBeChangedByTheirReceiver() {
    INDArray features = features();
    INDArray labels = labels();
    ShuffledDataSetIterator iterator =
        new ShuffledDataSetIterator(features, labels, Options.inOrder(ROWS));
    DataSet batch = iterator.next();
    batch.getFeatures().assign(-5);
    batch.getLabels().assign(-5);
    assertEquals(features(), features);
    assertEquals(labels(), labels);
    iterator.reset();
    assertEquals(features(), iterator.next().getFeatures());
  }

  @Test
  void arraysAreReusedOnRequest() {
    ShuffledDataSetIterator iterator = iterator(Options.shuffled(5, 42).reusingArrays());
    List<Integer> rows = drain(iterator(Options.shuffled(5, 42)));
    assertEquals(rows, drain(iterator));
    iterator.seekEpoch(0);
    DataSet first = iterator.next();
    first.getFeatures().assign(-5);
    DataSet second = iterator.next();
    assertSame(first.getFeatures(), second.getFeatures());
    assertSame(first.getLabels(), second.getLabels());
    second.getFeatures().close();
    iterator.seekEpoch(0);
    assertEquals(rows, drain(iterator));
  }

  @Test
  void reusedArraysDoNotBelongToAWorkspace() {
    ShuffledDataSetIterator iterator = iterator(Options.inOrder(5).reusingArrays());
    WorkspaceConfiguration small = WorkspaceConfiguration.builder().initialSize(1 << 16).build();
    for (int i = 0; i < 4; i++) {
      try (MemoryWorkspace workspace =
          Nd4j.getWorkspaceManager().getAndActivateWorkspace(small, "TEST")) {
        DataSet batch = iterator.next();
        assertTrue(workspace.isScopeActive());
        assertFalse(batch.getFeatures().isAttached());
        assertEquals(5 * i, batch.getLabels().getInt(0, 1));
      }
    }
  }

  @Test
  void withoutLabelsTheFeaturesAreTheLabels() {
    ShuffledDataSetIterator iterator =
        new ShuffledDataSetIterator(features(), Options.shuffled(5, 9));
    DataSet batch = iterator.next();
    assertSame(batch.getFeatures(), batch.getLabels());
    assertEquals(3, iterator.totalOutcomes());
    iterator.setPreProcessor(set -> set.getFeatures().addi(1000));
    DataSet noisy = iterator.next();
    assertNotSame(noisy.getFeatures(), noisy.getLabels());
    assertEquals(noisy.getLabels().add(1000), noisy.getFeatures());
  }

  @Test
  void preprocessorSeesEveryBatchAndNotTheData() {
    INDArray features = features();
    ShuffledDataSetIterator iterator =
        new ShuffledDataSetIterator(features, labels(), Options.inOrder(10));
    iterator.setPreProcessor(set -> set.getFeatures().muli(2));
    for (int epoch = 0; epoch < 2; epoch++) {
      for (int from = 0; from < ROWS; from += 10) {
        INDArray rows =
            features.get(
                NDArrayIndex.interval(from, Math.min(ROWS, from + 10)), NDArrayIndex.all());
        assertEquals(rows.mul(2), iterator.next().getFeatures());
      }
      iterator.reset();
    }
    assertEquals(features(), features);
  }

  @Test
  void viewsColumnMajorArraysAndHigherRanksAreGatheredRightly() {
    INDArray wide = Nd4j.create(DataType.FLOAT, ROWS + 2, 5);
    INDArray view = wide.get(NDArrayIndex.interval(1, ROWS + 1), NDArrayIndex.interval(2, 5));
    view.assign(features());
    assertEquals(
        sequence(ROWS),
        drain(new ShuffledDataSetIterator(view, labels().dup('f'), Options.inOrder(4))));

    INDArray cube = Nd4j.arange(144).castTo(DataType.DOUBLE).reshape(6, 2, 3, 4);
    for (char order : new char[] {'c', 'f'}) {
      Options options = Options.shuffled(4, 5);
      ShuffledDataSetIterator iterator =
          new ShuffledDataSetIterator(
              cube.dup(order), order == 'c' ? options : options.reusingArrays());
      assertEquals(2, iterator.inputColumns());
      INDArray batch = iterator.next().getFeatures();
      assertArrayEquals(new long[] {4, 2, 3, 4}, batch.shape());
      assertEquals(DataType.DOUBLE, batch.dataType());
      for (int i = 0; i < 4; i++) {
        int row = (int) (batch.getDouble(i, 0, 0, 0) / 24 + 0.5);
        assertEquals(cube.slice(row), batch.slice(i));
      }
    }
  }

  @Test
  void describesItselfToNetworks() {
    ShuffledDataSetIterator iterator = iterator(Options.shuffled(5, 1));
    assertEquals(5, iterator.batch());
    assertEquals(3, iterator.inputColumns());
    assertEquals(2, iterator.totalOutcomes());
    assertTrue(iterator.resetSupported());
    assertFalse(iterator.asyncSupported());
  }

  /** What DL4J's own loops make of {@code reset}: one epoch a pass, none skipped. */
  @Test
  void fitOfDl4jSeesEachEpochOnce() {
    List<List<Integer>> expected = new ArrayList<>();
    ShuffledDataSetIterator plain = iterator(Options.shuffled(5, 42));
    for (int epoch = 0; epoch < 3; epoch++) {
      expected.add(drain(plain));
      plain.reset();
    }
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(1)
            .list(
                new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                    .nIn(3)
                    .nOut(2)
                    .activation(Activation.IDENTITY)
                    .build())
            .build();
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    ComputationGraph graph = network.clone().toComputationGraph();
    for (boolean asGraph : new boolean[] {false, true}) {
      List<Integer> seen = new ArrayList<>();
      ShuffledDataSetIterator iterator = iterator(Options.shuffled(5, 42));
      iterator.setPreProcessor(
          batch -> {
            for (int i = 0; i < batch.getLabels().rows(); i++) {
              seen.add(batch.getLabels().getInt(i, 1));
            }
            batch.getFeatures().muli(0.001);
          });
      if (asGraph) {
        graph.fit(iterator, 3);
      } else {
        network.fit(iterator, 3);
      }
      assertEquals(expected.stream().flatMap(List::stream).toList(), seen);
    }
  }

  @Test
  void survivesSerialization() throws IOException, ClassNotFoundException {
    ShuffledDataSetIterator iterator = iterator(Options.shuffled(5, 42));
    iterator.next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(iterator);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertEquals(drain(iterator), drain((ShuffledDataSetIterator) in.readObject()));
    }
  }

  @Test
  void badArgumentsAreRefusedByName() {
    assertRefused("batch size is 0", () -> Options.inOrder(0));
    assertRefused("seed is 0", () -> Options.shuffled(5, 0));
    assertRefused(
        "23 rows and labels 22",
        () ->
            new ShuffledDataSetIterator(
                features(), Nd4j.zeros(DataType.FLOAT, 22, 2), Options.inOrder(5)));
    assertRefused(
        "[23]",
        () -> new ShuffledDataSetIterator(Nd4j.zeros(DataType.FLOAT, 23), Options.inOrder(5)));
    assertRefused(
        "[0, 3]",
        () ->
            new ShuffledDataSetIterator(
                Nd4j.empty(DataType.FLOAT).reshape(0, 3), Options.inOrder(5)));
    assertRefused("batch size is 24", () -> iterator(Options.inOrder(24).droppingLast()));
  }

  private static void assertRefused(String part, org.junit.jupiter.api.function.Executable call) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    assertTrue(e.getMessage().contains(part), e::getMessage);
    assertTrue(e.getMessage().contains("accepted"), e::getMessage);
  }
}
