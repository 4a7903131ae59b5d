/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.datasets.iterator.IteratorDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.training.TrainingDivergedException;
import org.dl4jebm.training.pretrain.NetworkStack.Stage;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

class DivergencePolicyTest {

  private static final PretrainOptions ROLL_BACK =
      PretrainOptions.epochs(1).withDivergence(DivergencePolicy.rollBack(1, 0.5));

  private static void assertRefused(Executable call, String... parts) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "\"" + part + "\" in: " + e.getMessage());
    }
    assertTrue(e.getMessage().contains("accepted"), e.getMessage());
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    DivergencePolicy stop = DivergencePolicy.stop();
    assertRefused(() -> DivergencePolicy.rollBack(0, 0.5), "maximumRollBacks is 0", "stop()");
    assertRefused(() -> new DivergencePolicy(-1, 0.5, 1), "maximumRollBacks is -1");
    for (double factor : new double[] {0, 1, -0.5, 2, Double.NaN}) {
      assertRefused(() -> DivergencePolicy.rollBack(1, factor), "rateFactor is " + factor);
    }
    for (double limit : new double[] {0, -1, Double.NaN}) {
      assertRefused(() -> stop.withGapLimit(limit), "gapLimit is " + limit);
    }
    assertFalse(stop.rollsBack());
    assertEquals(10, stop.gapLimit());
    assertEquals(Double.POSITIVE_INFINITY, stop.withoutGapLimit().gapLimit());
    assertEquals(
        new DivergencePolicy(3, 0.25, 7), DivergencePolicy.rollBack(3, 0.25).withGapLimit(7));
  }

  /** A layer of six visible units that reports a gap. */
  private static Stage stage(double gap) {
    NeuralNetConfiguration conf = Stacks.mln().getLayer(0).conf();
    RestrictedBoltzmannMachineLayer layer =
        new RestrictedBoltzmannMachineLayer(conf, DataType.FLOAT) {
          private static final long serialVersionUID = 1L;

          @Override
          public Map<String, Double> pretrainDiagnostics() {
            return Map.of(ResumablePretraining.FREE_ENERGY_GAP, gap);
          }
        };
    return new Stage("a", layer, 0);
  }

  @Test
  void theGapIsLimitedEitherWay() {
    DivergencePolicy policy = DivergencePolicy.stop().withGapLimit(10);
    for (double gap : new double[] {0, 60, -60}) {
      assertDoesNotThrow(() -> Divergence.checkScore(stage(gap), policy));
    }
    for (double gap :
        new double[] {60.001, -60.001, Double.NaN, Double.POSITIVE_INFINITY, -1e300}) {
      Stage stage = stage(gap);
      Divergence e = assertThrows(Divergence.class, () -> Divergence.checkScore(stage, policy));
      assertEquals(gap, e.value());
      assertEquals("free-energy gap", e.quantity());
      assertTrue(e.getMessage().contains("60.0 either way"), e.getMessage());
      assertDoesNotThrow(() -> Divergence.checkScore(stage, policy.withoutGapLimit()));
    }
  }

  /** Nothing is infinite here: the weights of a Bernoulli machine run away from its chains. */
  @Test
  void chainsThatAreLeftBehindAreNoticed() {
    MultiLayerNetwork network =
        Stacks.mln(Stacks.global(new Sgd(500)), rbm -> rbm.persistentChains(4).scoreEvery(1));
    Snapshot before = Snapshot.of(network);
    TrainingDivergedException e =
        assertThrows(
            TrainingDivergedException.class,
            () -> new GreedyPretrainer(PretrainOptions.epochs(5)).fit(network, Stacks.iterator()));
    assertTrue(e.getMessage().contains("free-energy gap is"), e.getMessage());
    assertArrayEquals(before.parameters(), Stacks.bits(network.params()));

    PretrainOptions unlimited =
        PretrainOptions.epochs(5).withDivergence(DivergencePolicy.stop().withoutGapLimit());
    assertTrue(new GreedyPretrainer(unlimited).fit(network, Stacks.iterator()).completed());
  }

  @Test
  void orderlyTrainingIsLeftAlone() {
    MultiLayerNetwork network = Stacks.mln(Stacks.global(), rbm -> rbm.persistentChains(4));
    MultiLayerNetwork expected = network.clone();
    new GreedyPretrainer(PretrainOptions.epochs(5)).fit(network, Stacks.iterator());
    PretrainResult result =
        new GreedyPretrainer(
                PretrainOptions.epochs(5)
                    .withDivergence(DivergencePolicy.rollBack(1, 0.5).withoutGapLimit()))
            .fit(expected, Stacks.iterator());
    assertEquals(List.of(), result.rollBacks());
    Snapshot.of(expected).assertSame(network);
  }

  private static void assertNotRolledBack(
      MultiLayerNetwork network, DataSetIterator data, String... parts) {
    Snapshot before = Snapshot.of(network);
    assertRefused(() -> new GreedyPretrainer(ROLL_BACK).fit(network, data), parts);
    before.assertSame(network);
  }

  @Test
  void rollingBackIsRefusedWhereItCannotBeDone() {
    assertNotRolledBack(
        Stacks.mln(Stacks.global(new AdaDelta()), rbm -> rbm),
        Stacks.iterator(),
        "rolling back",
        "layer \"0\"",
        "AdaDelta has no learning rate");
    assertNotRolledBack(
        Stacks.mln(Stacks.global(), rbm -> rbm.biasUpdater(new AdaDelta())),
        Stacks.iterator(),
        "AdaDelta");
    // Its steps are the gradient itself.
    assertNotRolledBack(
        Stacks.mln(Stacks.global(new NoOp()), rbm -> rbm), Stacks.iterator(), "NoOp");
    MultiLayerNetwork autoencoder =
        new MultiLayerNetwork(
            Stacks.global()
                .list()
                .layer(new AutoEncoder.Builder().nIn(Stacks.INPUTS).nOut(3).build())
                .layer(Stacks.output(3))
                .build());
    autoencoder.init();
    assertNotRolledBack(
        autoencoder, Stacks.iterator(), "rolling back", "AutoEncoder", "ResumablePretraining");
    List<DataSet> batches =
        Stacks.batches(Stacks.iterator()).stream().map(x -> new DataSet(x, null)).toList();
    DataSetIterator once = new IteratorDataSetIterator(batches.iterator(), Stacks.BATCH);
    PretrainOptions oneLayer = ROLL_BACK.withLayerEpochs("1", 0).withLayerEpochs("2", 0);
    assertRefused(
        () -> new GreedyPretrainer(oneLayer).fit(Stacks.mln(), once),
        "rolling back",
        "cannot be reset");
  }
}
