/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.LayerChecks;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/** Single examples, single values, single directions: where shapes are easily mistaken. */
class StackerTest {

  /** Objectives, and what a network has more inputs and outputs than one of an energy. */
  private record Case(ScoreObjective objective, boolean level, boolean score) {}

  private static List<Case> cases() {
    NoiseLevels levels = NoiseLevels.geometric(2, 0.2, 4);
    return List.of(
        new Case(ScoreObjective.exact(), false, false),
        new Case(ScoreObjective.regularised(0.1), false, false),
        new Case(ScoreObjective.sliced(1, Probes.RADEMACHER), false, false),
        new Case(ScoreObjective.slicedVarianceReduced(1, Probes.GAUSSIAN), false, false),
        new Case(ScoreObjective.denoising(1, 0.3), false, false),
        new Case(ScoreObjective.noiseConditionalEnergy(levels), true, false),
        new Case(ScoreObjective.finiteDifference(1, Probes.GAUSSIAN, 0.5), false, false),
        new Case(ScoreObjective.scoreNetworkExact(), false, true),
        new Case(ScoreObjective.scoreNetworkSliced(1, Probes.GAUSSIAN), false, true),
        new Case(ScoreObjective.scoreNetworkDenoising(0.5), false, true),
        new Case(ScoreObjective.noiseConditional(levels), true, true));
  }

  @TestFactory
  Stream<DynamicTest> smallBatches() {
    return cases().stream()
        .flatMap(
            made ->
                Stream.of(1, 2)
                    .map(
                        width ->
                            dynamicTest(
                                made.objective() + " of " + width, () -> check(made, width))));
  }

  private static void check(Case made, int width) {
    MultiLayerNetwork network =
        ScoreNetworks.chain(
            DataType.DOUBLE,
            new NoOp(),
            made.level() ? width + 1 : width,
            made.score() ? width : 1);
    ScoreTwin<MultiLayerNetwork> twin = ScoreTwin.of(network, made.objective(), width);
    int rows = made.objective().whole(width).rows();

    // Given a stack of five, the score is the mean of those of its examples.
    int n = 5;
    DataSet batch = draw(twin, ScoreNetworks.normal(3, n, width));
    double mean = 0;
    for (int i = 0; i < n; i++) {
      DataSet single =
          new DataSet(example(batch.getFeatures(), i, n), example(batch.getLabels(), i, n));
      mean += twin.network().score(single) / n;
    }
    assertEquals(rows * n, batch.getLabels().size(0));
    assertEquals(mean, twin.network().score(batch), 1e-12 * Math.max(1, Math.abs(mean)));

    // A batch of one example, and one whose memory is in another order.
    DataSet one = draw(twin, ScoreNetworks.normal(5, 1, width));
    assertEquals(rows, one.getLabels().size(0));
    assertTrue(
        LayerChecks.checkGradients(twin.network(), one.getFeatures(), one.getLabels(), null, null));
    INDArray x = ScoreNetworks.normal(7, 3, width);
    INDArray before = x.dup();
    DataSet expected = draw(twin, x);
    NdAssert.assertSame(before, x);
    for (INDArray variant : new INDArray[] {NdAssert.fortran(x), NdAssert.view(x)}) {
      DataSet actual = draw(twin, variant);
      NdAssert.assertSame(expected.getFeatures(), actual.getFeatures());
      NdAssert.assertSame(expected.getLabels(), actual.getLabels());
    }
  }

  private static DataSet draw(ScoreTwin<MultiLayerNetwork> twin, INDArray x) {
    try (RandomStream random = new RandomStream(11)) {
      return twin.minibatch(x, random);
    }
  }

  /** The rows of one of n examples. */
  private static INDArray example(INDArray rows, int i, int n) {
    int[] picked = new int[(int) rows.size(0) / n];
    for (int k = 0; k < picked.length; k++) {
      picked[k] = i + k * n;
    }
    return Nd4j.pullRows(rows, 1, picked);
  }
}
