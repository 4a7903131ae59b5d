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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.datasets.iterator.IteratorDataSetIterator;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class VisibleBiasFromDataTest {

  private static final PretrainOptions OPTIONS =
      PretrainOptions.epochs(2).withVisibleBiasFromData();

  @TempDir Path folder;

  private static RestrictedBoltzmannMachineLayer layer(Model network, int index) {
    return (RestrictedBoltzmannMachineLayer) Stacks.layersOf(network).get(index);
  }

  private static PretrainResult fit(Model network, PretrainOptions options, DataSetIterator data) {
    GreedyPretrainer pretrainer = new GreedyPretrainer(options);
    return network instanceof MultiLayerNetwork mln
        ? pretrainer.fit(mln, data)
        : pretrainer.fit((ComputationGraph) network, data);
  }

  private static double[] logits(INDArray rows, double[] weights) {
    double[] logits = new double[(int) rows.size(1)];
    for (int j = 0; j < logits.length; j++) {
      double sum = 0;
      double total = 0;
      for (int i = 0; i < rows.size(0); i++) {
        sum += weights[i] * rows.getDouble(i, j);
        total += weights[i];
      }
      logits[j] = Math.log(sum / (total - sum));
    }
    return logits;
  }

  private static double[] ones(int length) {
    double[] ones = new double[length];
    Arrays.fill(ones, 1);
    return ones;
  }

  @Test
  void byItselfInSeveralParts() {
    INDArray x = Stacks.features();
    double[] weights = ones(Stacks.ROWS);
    weights[3] = 2.5;
    weights[9] = 0;
    INDArray w = Nd4j.createFromArray(weights);
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      MultiLayerNetwork network = Stacks.mln(Stacks.global().dataType(type), rbm -> rbm);
      double[] before = Stacks.bits(network.params());
      RestrictedBoltzmannMachineLayer layer = layer(network, 0);
      VisibleBiasFromData bias = new VisibleBiasFromData(layer);
      bias.add(x.getRows(0, 1, 2, 3, 4), part(w, 0, 5))
          .add(x.getRows(5, 6, 7, 8, 9, 10, 11, 12, 13), part(w, 5, 14).reshape(9, 1));
      assertArrayEquals(before, Stacks.bits(network.params()), "changed too early");
      bias.apply();
      double[] expected = logits(x, weights);
      assertArrayEquals(
          expected,
          layer.model().visibleBias().toDoubleVector(),
          type == DataType.DOUBLE ? 1e-12 : 1e-5);
      layer.model().visibleBias().assign(0);
      assertArrayEquals(before, Stacks.bits(network.params()), "only the visible bias");
      assertEquals(DataType.DOUBLE, bias.mean().dataType());
    }
  }

  private static INDArray part(INDArray vector, int from, int to) {
    double[] values = Arrays.copyOfRange(vector.toDoubleVector(), from, to);
    return Nd4j.createFromArray(values);
  }

  /** Nothing is trained here, so that the biases stay where they were put. */
  @Test
  void everyMachineOfAStackGetsTheMeanOfItsOwnInput() {
    INDArray x = Stacks.features();
    double[] weights = new double[Stacks.ROWS];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = 0.25 + i % 3;
    }
    for (boolean weighted : new boolean[] {false, true}) {
      PretrainOptions options =
          weighted ? OPTIONS.withExampleWeights() : OPTIONS.withTransfer(LayerTransfer.SAMPLES);
      for (Model network :
          List.of(
              Stacks.mln(Stacks.global(new Sgd(0)), rbm -> rbm),
              Stacks.graph(Stacks.global(new Sgd(0)), rbm -> rbm))) {
        fit(
            network,
            options,
            new ShuffledDataSetIterator(
                x,
                null,
                Nd4j.createFromArray(weights),
                ShuffledDataSetIterator.Options.shuffled(Stacks.BATCH, 8)));
        INDArray input = x;
        for (int i = 0; i < Stacks.HIDDEN.length; i++) {
          assertArrayEquals(
              logits(input, weighted ? weights : ones(Stacks.ROWS)),
              layer(network, i).model().visibleBias().toDoubleVector(),
              1e-5,
              "layer " + i);
          input = layer(network, i).model().propUp(input);
        }
      }
    }
  }

  @Test
  void thenTrainingIsAsIfTheUserHadSetIt() {
    PretrainOptions first =
        PretrainOptions.epochs(3).withLayerEpochs("1", 0).withLayerEpochs("2", 0);
    MultiLayerNetwork expected =
        Stacks.mln(Stacks.global(), rbm -> rbm.visibleUnits(GaussianUnits.unitVariance()));
    MultiLayerNetwork network = expected.clone();
    MultiLayerNetwork without = expected.clone();
    new VisibleBiasFromData(layer(expected, 0)).add(Stacks.features(), null).apply();
    assertArrayEquals(
        Stacks.features().castTo(DataType.DOUBLE).mean(0).toDoubleVector(),
        layer(expected, 0).model().visibleBias().toDoubleVector(),
        1e-6);
    fit(expected, first, Stacks.iterator());
    fit(network, first.withVisibleBiasFromData(), Stacks.iterator());
    fit(without, first, Stacks.iterator());
    assertArrayEquals(Stacks.bits(expected.params()), Stacks.bits(network.params()), 1e-6);
    assertFalse(expected.params().equalsWithEps(without.params(), 1e-3));

    // A machine that has been trained keeps what it has learnt.
    fit(expected, first, Stacks.iterator());
    fit(network, first.withVisibleBiasFromData(), Stacks.iterator());
    assertArrayEquals(Stacks.bits(expected.params()), Stacks.bits(network.params()), 1e-6);
  }

  @Test
  void otherLayersAreLeftAlone() {
    MultiLayerNetwork[] networks = new MultiLayerNetwork[2];
    for (int i = 0; i < 2; i++) {
      networks[i] =
          new MultiLayerNetwork(
              Stacks.global()
                  .list()
                  .layer(
                      new AutoEncoder.Builder()
                          .nIn(Stacks.INPUTS)
                          .nOut(3)
                          .corruptionLevel(0)
                          .build())
                  .layer(Stacks.output(3))
                  .build());
      networks[i].init();
      fit(networks[i], i == 0 ? OPTIONS : PretrainOptions.epochs(2), Stacks.iterator());
    }
    Snapshot.of(networks[0]).assertSame(networks[1]);
  }

  @Test
  void stoppedAnywhereAndResumed() throws IOException {
    MultiLayerNetwork uninterrupted = Stacks.mln();
    fit(uninterrupted, OPTIONS, data());
    Snapshot expected = Snapshot.of(uninterrupted);
    int updates = 2 * Stacks.BATCHES * Stacks.HIDDEN.length;
    for (int stop = 0; stop < updates; stop += stop % 8 == 7 ? 1 : 7) {
      Path file = folder.resolve(stop + ".zip");
      MultiLayerNetwork network = Stacks.mln();
      int at = stop;
      network.setListeners(
          new BaseTrainingListener() {
            private int done;

            @Override
            public void iterationDone(Model model, int iteration, int epoch) {
              if (++done == at) {
                Thread.currentThread().interrupt();
              }
            }
          });
      if (stop == 0) {
        Thread.currentThread().interrupt();
      }
      assertFalse(fit(network, OPTIONS.withCheckpoint(file, 1000), data()).completed());
      assertTrue(Thread.interrupted());
      MultiLayerNetwork other = Stacks.mln();
      other.params().assign(3);
      assertTrue(new GreedyPretrainer(OPTIONS).resume(other, data(), file).completed());
      expected.assertSame(other);
    }
  }

  private static DataSetIterator data() {
    return new ShuffledDataSetIterator(
        Stacks.features(), ShuffledDataSetIterator.Options.shuffled(Stacks.BATCH, 31));
  }

  @Test
  void stoppedDuringThePassForTheMean() throws IOException {
    MultiLayerNetwork uninterrupted = Stacks.mln();
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    fit(uninterrupted, OPTIONS, Stacks.iteratorOfHeldArrays(batches));
    Path file = folder.resolve("c.zip");
    MultiLayerNetwork network = Stacks.mln();
    double[] before = Stacks.bits(network.params());
    List<DataSet> sets = new ArrayList<>(batches.stream().map(x -> new DataSet(x, null)).toList());
    sets.set(
        1,
        new DataSet(batches.get(1), null) {
          private static final long serialVersionUID = 1L;

          @Override
          public INDArray getFeatures() {
            Thread.currentThread().interrupt();
            return super.getFeatures();
          }
        });
    assertFalse(
        fit(network, OPTIONS.withCheckpoint(file, 100), new ExistingDataSetIterator(sets))
            .completed());
    assertTrue(Thread.interrupted());
    assertArrayEquals(before, Stacks.bits(network.params()));
    assertTrue(
        new GreedyPretrainer(OPTIONS)
            .resume(network, Stacks.iteratorOfHeldArrays(batches), file)
            .completed());
    Snapshot.of(uninterrupted).assertSame(network);
  }

  private static void assertRefused(INDArray data, INDArray weights, String part) {
    MultiLayerNetwork network = Stacks.mln();
    VisibleBiasFromData bias = new VisibleBiasFromData(layer(network, 0));
    DL4JInvalidInputException e =
        assertThrows(DL4JInvalidInputException.class, () -> bias.add(data, weights));
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertTrue(e.getMessage().contains("accepted"), e.getMessage());
    assertThrows(IllegalStateException.class, bias::apply);
  }

  @Test
  void badDataAreRefused() {
    INDArray good = Stacks.features(2, Stacks.INPUTS);
    assertRefused(Nd4j.zeros(2, 5), null, "shape [2, 5]");
    assertRefused(Nd4j.zeros(Stacks.INPUTS), null, "shape [6]");
    for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY, -0.5, 2}) {
      assertRefused(good.dup().putScalar(1, 2, bad), null, "data for the visible biases h");
    }
    assertRefused(good, Nd4j.ones(3), "shape [3]");
    assertRefused(good, Nd4j.createFromArray(1.0, -1), "hold -1.0");
    assertRefused(good, Nd4j.createFromArray(1.0, Double.NaN), "hold NaN");
    VisibleBiasFromData nothing = new VisibleBiasFromData(layer(Stacks.mln(), 0));
    nothing.add(good, Nd4j.zeros(2));
    IllegalStateException e = assertThrows(IllegalStateException.class, nothing::mean);
    assertTrue(e.getMessage().contains("add up to 0.0"), e.getMessage());
  }

  /** Also in a late batch: the pass for the mean sees it before anything is learnt. */
  @Test
  void badDataLeaveTheNetworkAsItWas() {
    MultiLayerNetwork network = Stacks.mln();
    Snapshot before = Snapshot.of(network);
    List<INDArray> batches = Stacks.batches(Stacks.iterator());
    batches.get(3).putScalar(1, 2, 7);
    assertThrows(
        DL4JInvalidInputException.class,
        () -> fit(network, OPTIONS, Stacks.iteratorOfHeldArrays(batches)));
    before.assertSame(network);

    List<DataSet> sets =
        Stacks.batches(Stacks.iterator()).stream().map(x -> new DataSet(x, null)).toList();
    DataSetIterator once = new IteratorDataSetIterator(sets.iterator(), Stacks.BATCH);
    PretrainOptions one =
        PretrainOptions.epochs(1)
            .withLayerEpochs("1", 0)
            .withLayerEpochs("2", 0)
            .withVisibleBiasFromData();
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> fit(network, one, once));
    assertTrue(e.getMessage().contains("2 passes"), e.getMessage());
    before.assertSame(network);
  }
}
