/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.rbm.Centering;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.FastWeights;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.ScoreMatchingObjective;
import org.dl4jebm.layers.rbm.Tempering;
import org.dl4jebm.training.data.ShuffledDataSetIterator;
import org.dl4jebm.training.pretrain.Stacks.Snapshot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * Whatever an objective keeps from step to step: runs that are stopped and resumed in another
 * network object end with the same bits, in parameters and in all that is kept.
 */
class ResumeObjectivesTest {

  private static final int EPOCHS = 2;
  private static final int UPDATES = EPOCHS * Stacks.BATCHES * Stacks.HIDDEN.length;
  private static final ContrastiveDivergenceOptions PERSISTENT =
      ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(3);

  @TempDir Path folder;

  @AfterEach
  void clearInterruption() {
    Thread.interrupted();
  }

  enum Objective {
    CENTERED(
        rbm -> rbm.objective(ContrastiveDivergenceOptions.DEFAULT.withCentering(Centering.DEFAULT)),
        "visibleOffset"),
    CENTERED_PERSISTENT(
        rbm -> rbm.objective(PERSISTENT.withCentering(new Centering(0.2, Centering.Offsets.MEAN))),
        "visibleOffset",
        "chains"),
    FAST_WEIGHTS(
        rbm -> rbm.objective(PERSISTENT.withFastWeights(FastWeights.ofRate(0.05))), "chains"),
    TEMPERED(
        rbm ->
            rbm.objective(
                PERSISTENT.withTempering(new Tempering(3, 6, 0.5, 2, Tempering.Path.CENTERED)))),
    TEMPERED_BY_SCALE(rbm -> rbm.objective(PERSISTENT.withTempering(Tempering.ofTemperatures(3)))),
    K_BY_ITERATION(
        rbm ->
            rbm.objective(
                PERSISTENT.withKSchedule(
                    new MapSchedule(
                        ScheduleType.ITERATION, new HashMap<>(Map.of(0, 1.0, 3, 2.0, 6, 4.0)))))),
    K_BY_EPOCH(
        rbm ->
            rbm.objective(
                ContrastiveDivergenceOptions.DEFAULT.withKSchedule(
                    new MapSchedule(ScheduleType.EPOCH, new HashMap<>(Map.of(0, 1.0, 1, 3.0)))))),
    LEARNED_VARIANCES(
        rbm -> rbm.visibleUnits(GaussianUnits.learnedVariance()).persistentChains(3), "chains"),
    SCORE_MATCHING(
        rbm ->
            rbm.visibleUnits(GaussianUnits.unitVariance()).objective(new ScoreMatchingObjective()));

    private final UnaryOperator<RestrictedBoltzmannMachine.Builder> how;
    private final List<String> keeps;

    Objective(UnaryOperator<RestrictedBoltzmannMachine.Builder> how, String... keeps) {
      this.how = how;
      this.keeps = List.of(keeps);
    }

    MultiLayerNetwork network() {
      return Stacks.mln(Stacks.global(), how);
    }
  }

  /** Weights and biases from the data, too. */
  private static final PretrainOptions OPTIONS =
      PretrainOptions.epochs(EPOCHS).withExampleWeights().withVisibleBiasFromData();

  private static DataSetIterator data() {
    INDArray weights = Nd4j.linspace(DataType.FLOAT, 0.5, 0.1, Stacks.ROWS);
    return new ShuffledDataSetIterator(
        Stacks.features(),
        null,
        weights,
        ShuffledDataSetIterator.Options.shuffled(Stacks.BATCH, 31));
  }

  private static Map<String, double[]> kept(Model network) {
    Map<String, double[]> kept = new TreeMap<>();
    for (Layer layer : Stacks.layersOf(network)) {
      if (layer instanceof ResumablePretraining resumable) {
        resumable
            .pretrainState()
            .arrays()
            .forEach((name, array) -> kept.put(layer.getIndex() + " " + name, Stacks.bits(array)));
      }
    }
    return kept;
  }

  @ParameterizedTest
  @EnumSource(Objective.class)
  void stoppedAndResumed(Objective objective) throws IOException {
    MultiLayerNetwork uninterrupted = objective.network();
    assertTrue(new GreedyPretrainer(OPTIONS).fit(uninterrupted, data()).completed());
    Snapshot expected = Snapshot.of(uninterrupted);
    Map<String, double[]> expectedKept = kept(uninterrupted);
    for (String name : objective.keeps) {
      assertTrue(expectedKept.containsKey("0 " + name), name + " in " + expectedKept.keySet());
    }
    for (int stop = 1; stop < UPDATES; stop += 5) {
      Path file = folder.resolve(stop + ".zip");
      MultiLayerNetwork network = objective.network();
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
      GreedyPretrainer pretrainer = new GreedyPretrainer(OPTIONS.withCheckpoint(file, 1000));
      assertFalse(pretrainer.fit(network, data()).completed());
      assertTrue(Thread.interrupted());
      MultiLayerNetwork other = objective.network();
      other.params().assign(3);
      assertTrue(new GreedyPretrainer(OPTIONS).resume(other, data(), file).completed());
      expected.assertSame(other);
      Map<String, double[]> otherKept = kept(other);
      assertEquals(expectedKept.keySet(), otherKept.keySet());
      expectedKept.forEach((name, bits) -> assertArrayEquals(bits, otherKept.get(name), name));
    }
  }
}
