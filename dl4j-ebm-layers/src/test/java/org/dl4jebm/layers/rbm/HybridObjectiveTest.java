/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;

/** {@link HybridObjective} and {@link LabelPosterior} against enumeration. */
class HybridObjectiveTest {

  private static final TinyRbm TINY = TinyRbm.oracle(6, 4);
  private static final RbmObjective EXACT = ExactLikelihoodObjective.DEFAULT;

  /** Two pixels and two labels; the last row has no label. */
  private static final double[][] DATA = {
    {1, 0, 1, 0}, {0, 1, 0, 1}, {1, 1, 0, 1}, {0, 1, 1, 0}, {1, 0, 0, 0}
  };

  private static double[] gradient(RbmObjective objective, RbmModel model, INDArray data) {
    return GradientViews.of(objective.estimator(new RandomStream(5)), model, data);
  }

  /** Three labels above three pixels, from probabilities of all states. */
  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"DOUBLE", "FLOAT"})
  void posterior(DataType type) {
    LabelPosterior posterior = new LabelPosterior(TINY.model(type), 3);
    assertEquals(3, posterior.labels());
    double[][] pixels = TinyRbm.states(3);
    INDArray x = Nd4j.createFromArray(pixels);
    double[] p = TINY.visibleProbabilities();
    double[] expected = new double[3 * pixels.length];
    for (int row = 0; row < pixels.length; row++) {
      double sum = 0;
      for (int label = 0; label < 3; label++) {
        sum += p[row + (1 << 3 + label)];
      }
      for (int label = 0; label < 3; label++) {
        expected[3 * row + label] = Math.log(p[row + (1 << 3 + label)] / sum);
      }
    }
    for (INDArray variant : new INDArray[] {x, NdAssert.fortran(x), NdAssert.view(x)}) {
      INDArray before = variant.dup();
      INDArray actual = posterior.logProbabilities(variant);
      assertEquals(type, actual.dataType());
      assertArrayEquals(new long[] {pixels.length, 3}, actual.shape());
      NdAssert.assertClose(
          expected,
          NdAssert.values(actual),
          type == DataType.DOUBLE ? 1e-12 : 2e-6,
          () -> "log p(y | x)");
      NdAssert.assertSame(before, variant);
    }
  }

  @Test
  void posteriorOfSoftmaxLabelsAndOfATemperedMachine() {
    RbmModel model =
        ObjectiveChecks.model(
            ObjectiveChecks.parameters(4, 3), new SoftmaxUnits(2), new SpinUnits(), 4, 3);
    RbmModel tempered = model.tempered(0.4, model.hiddenBias(), model.visibleBias());
    for (RbmModel each : new RbmModel[] {model, tempered}) {
      INDArray all = Nd4j.createFromArray(UnitCases.allStates(new SoftmaxUnits(2), 4));
      double[] energies = NdAssert.values(each.freeEnergy(all));
      INDArray x = Nd4j.createFromArray(new double[][] {{1, 0}, {0, 1}});
      INDArray actual = new LabelPosterior(each, 2).logProbabilities(x);
      for (int row = 0; row < 2; row++) {
        // The states of the first group change fastest.
        double difference = energies[row + 2] - energies[row];
        assertEquals(-Math.log1p(Math.exp(-difference)), actual.getDouble(row, 0), 1e-12);
        assertEquals(-Math.log1p(Math.exp(difference)), actual.getDouble(row, 1), 1e-12);
      }
    }
  }

  static Stream<Arguments> typesWithLabels() {
    Stream<Arguments> alike =
        Stream.of(new BernoulliUnits(), new SoftmaxUnits(2))
            .flatMap(v -> UnitCases.HIDDEN.stream().map(h -> Arguments.of(v, h)));
    Stream<Arguments> parts =
        Stream.of(
                MixedUnits.of(
                    MixedUnits.part(2, new BernoulliUnits()),
                    MixedUnits.part(2, new SoftmaxUnits(2))),
                MixedUnits.of(
                    MixedUnits.part(2, GaussianUnits.learnedVariance()),
                    MixedUnits.part(2, new SoftmaxUnits(2))),
                MixedUnits.of(
                    MixedUnits.part(1, GaussianUnits.learnedVariance()),
                    MixedUnits.part(1, new TruncatedGaussianUnits()),
                    MixedUnits.part(2, new BernoulliUnits())))
            .flatMap(
                v ->
                    Stream.of(new BernoulliUnits(), GaussianUnits.withVariance(1.5, 0.7, 1))
                        .map(h -> Arguments.of(v, h)));
    return Stream.concat(alike, parts);
  }

  /** A row without a label is among the data, and has no part in the gradient. */
  @ParameterizedTest
  @MethodSource("typesWithLabels")
  void discriminativeGradientByCentralDifferences(UnitType visible, UnitType hidden) {
    INDArray data = Nd4j.createFromArray(DATA);
    ObjectiveChecks.centralDifferences(HybridObjective.discriminative(2), visible, hidden, 3, data);
    INDArray parameters = ObjectiveChecks.parameters(12 + 4 + 3 + visible.parameterCount(4));
    RbmModel model = ObjectiveChecks.model(parameters, visible, hidden, 4, 3);
    assertArrayEquals(
        gradient(HybridObjective.discriminative(2), model, rows(data, 0, 4)),
        gradient(HybridObjective.discriminative(2), model, data),
        1e-14);
  }

  /** Learned variances and labels, at a weight between: the variances follow both parts. */
  @Test
  void hybridGradientByLearnedVariances() {
    UnitType visible =
        MixedUnits.of(
            MixedUnits.part(2, GaussianUnits.learnedVariance()),
            MixedUnits.part(2, new SoftmaxUnits(2)));
    RbmModel model =
        ObjectiveChecks.model(
            ObjectiveChecks.parameters(12 + 4 + 3 + 2), visible, new BernoulliUnits(), 4, 3);
    INDArray data = Nd4j.createFromArray(new double[][] {{0.3, -1.2, 1, 0}, {2, 0.4, 0, 1}});
    ObjectiveChecks.centralDifferences(
        HybridObjective.discriminative(2), visible, new BernoulliUnits(), 3, data);
    double[] hybrid = gradient(new HybridObjective(2, 0.25, EXACT), model, data);
    double[] discriminative = gradient(HybridObjective.discriminative(2), model, data);
    double[] generative = gradient(EXACT, model, data);
    for (int i = 0; i < hybrid.length; i++) {
      assertEquals(0.75 * discriminative[i] + 0.25 * generative[i], hybrid[i], 1e-13);
    }
    assertTrue(Math.abs(discriminative[19]) > 1e-3 && Math.abs(discriminative[20]) > 1e-3);
  }

  private static INDArray rows(INDArray data, int from, int to) {
    return data.get(NDArrayIndex.interval(from, to), NDArrayIndex.all()).dup();
  }

  @Test
  void theScoreIsTheNegativeLogOfThePosterior() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(new double[][] {{1, 0, 1, 0, 1, 0}, {0, 1, 1, 0, 0, 0}});
    INDArray logPosterior =
        new LabelPosterior(model, 3)
            .logProbabilities(data.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 3)));
    RbmEstimator estimator = HybridObjective.discriminative(3).estimator(new RandomStream(1));
    GradientViews views = new GradientViews(model, DataType.DOUBLE);
    double score = views.fill(estimator, model, data, true);
    assertEquals(-logPosterior.getDouble(0, 1) / 2, score, 1e-14);
    assertEquals("-log p(label | data)", estimator.scoreName());
    assertTrue(Double.isNaN(views.fill(estimator, model, data, false)));
    INDArray unlabelled = rows(data, 1, 2);
    assertEquals(0, views.fill(estimator, model, unlabelled, true));
    assertArrayEquals(new double[34], NdAssert.values(views.flat));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.25, 1})
  void bothPartsAreAddedWithTheirWeights(double weight) {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(new double[][] {{1, 0, 1, 0, 1, 0}, {0, 1, 1, 1, 0, 0}});
    double[] hybrid = gradient(new HybridObjective(3, weight, EXACT), model, data);
    double[] discriminative = gradient(HybridObjective.discriminative(3), model, data);
    double[] generative = gradient(EXACT, model, data);
    for (int i = 0; i < hybrid.length; i++) {
      assertEquals((1 - weight) * discriminative[i] + weight * generative[i], hybrid[i], 1e-13);
    }
  }

  @Test
  void weightsAndTheScoreOfAPurelyGenerativeObjective() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data =
        Nd4j.createFromArray(
            new double[][] {{1, 0, 1, 0, 1, 0}, {0, 1, 1, 1, 0, 0}, {0, 0, 1, 1, 0, 0}});
    for (double weight : new double[] {0, 0.3, 1}) {
      ObjectiveChecks.weightsAreCopies(new HybridObjective(3, weight, EXACT), model, data);
    }
    RbmEstimator estimator = new HybridObjective(3, 1, EXACT).estimator(new RandomStream(1));
    GradientViews views = new GradientViews(model, DataType.DOUBLE);
    double score = views.fill(estimator, model, data, true);
    assertEquals(views.fill(EXACT.estimator(new RandomStream(1)), model, data, true), score, 1e-14);
    assertEquals("-log likelihood", estimator.scoreName());
  }

  /**
   * The generative part of a row without a label is the gradient of {@code -log p(x)}, a mean over
   * labels drawn from {@code p(y | x)}. The limit is Bernstein's for statistics in [0, 1].
   */
  @Test
  void rowsWithoutALabel() {
    int n = 100_000;
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray x = Nd4j.createFromArray(new double[][] {{1, 0, 1}});
    double[] p = NdAssert.values(Nd4j.math().exp(new LabelPosterior(model, 3).logProbabilities(x)));
    double[] expected = new double[34];
    double[][] ofLabels = new double[3][];
    for (int label = 0; label < 3; label++) {
      double[] row = {1, 0, 1, 0, 0, 0};
      row[3 + label] = 1;
      ofLabels[label] = gradient(EXACT, model, Nd4j.createFromArray(new double[][] {row}));
      for (int i = 0; i < expected.length; i++) {
        expected[i] += p[label] * ofLabels[label][i];
      }
    }
    INDArray data = Nd4j.tile(Nd4j.createFromArray(new double[][] {{1, 0, 1, 0, 0, 0}}), n, 1);
    for (double weight : new double[] {0.5, 1}) {
      double[] actual = gradient(new HybridObjective(3, weight, EXACT), model, data);
      for (int i = 0; i < expected.length; i++) {
        double variance = 0;
        for (int label = 0; label < 3; label++) {
          variance += p[label] * Math.pow(ofLabels[label][i] - expected[i], 2);
        }
        assertEquals(
            expected[i],
            actual[i] / n / weight,
            Limits.bernstein(variance, 1, n) + 1e-9,
            "entry " + i);
      }
    }
  }

  /** More fields than one block holds, and rows that are not whole blocks. */
  @Test
  void blocks() {
    int nIn = 24;
    int nOut = 300;
    int labels = 10;
    RbmModel model =
        ObjectiveChecks.model(
            ObjectiveChecks.parameters(nIn, nOut).muli(0.2),
            new BernoulliUnits(),
            new BernoulliUnits(),
            nIn,
            nOut);
    int n = 97;
    INDArray data = Nd4j.zeros(DataType.DOUBLE, n, nIn);
    for (int row = 0; row < n; row++) {
      for (int i = 0; i < nIn - labels; i++) {
        data.putScalar(row, i, (row * 31 + i * 17) % 3 == 0 ? 1 : 0);
      }
      data.putScalar(row, nIn - labels + row % labels, 1);
    }
    RbmObjective objective = HybridObjective.discriminative(labels);
    GradientViews all = new GradientViews(model, DataType.DOUBLE);
    double score = all.fill(objective.estimator(new RandomStream(1)), model, data, true);
    INDArray sum = Nd4j.zeros(DataType.DOUBLE, all.flat.length());
    double scores = 0;
    for (int row = 0; row < n; row++) {
      GradientViews one = new GradientViews(model, DataType.DOUBLE);
      scores +=
          one.fill(objective.estimator(new RandomStream(1)), model, rows(data, row, row + 1), true);
      sum.addi(one.flat);
    }
    assertEquals(scores / n, score, 1e-11);
    NdAssert.assertClose(sum, all.flat, 1e-11);
  }

  /** Energies of 10^5 neither overflow nor give NaN. */
  @Test
  void hugeWeights() {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      RbmModel model = TINY.scaleWeights(1e5).model(type);
      INDArray data = Nd4j.createFromArray(new double[][] {{1, 0, 1, 0, 1, 0}});
      GradientViews views = new GradientViews(model, type);
      double score =
          views.fill(
              HybridObjective.discriminative(3).estimator(new RandomStream(1)), model, data, true);
      assertTrue(score >= 0 && score < 1e6, "score " + score);
      assertTrue(Double.isFinite(views.flat.norm2Number().doubleValue()));
    }
  }

  /**
   * Bars or stripes? The two images that are both leave a loss of {@code log 2} on 4 of 16 rows,
   * less than which no classifier can have.
   */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.02})
  void learnsToClassify(double weight) {
    INDArray images = BarsAndStripes.images(3, DataType.DOUBLE);
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, 16, 2);
    for (int row = 0; row < 16; row++) {
      labels.putScalar(row, row / 8, 1);
    }
    MultiLayerNetwork network =
        RbmNetworks.single(
            RbmNetworks.global(new Adam(0.03)),
            new RestrictedBoltzmannMachine.Builder()
                .nIn(11)
                .nOut(20)
                .objective(new HybridObjective(2, weight, ContrastiveDivergenceOptions.DEFAULT)));
    INDArray data = Nd4j.hstack(images, labels);
    for (int i = 0; i < 200; i++) {
      network.pretrainLayer(0, data);
    }
    LabelPosterior posterior = new LabelPosterior(RbmNetworks.layer(network).model(), 2);
    double loss = -posterior.logProbabilities(images).mul(labels).sumNumber().doubleValue() / 16;
    double best = Math.log(2) / 4;
    assertTrue(loss > best - 1e-9 && loss < best + 0.03, "loss " + loss + ", best " + best);
  }

  /** Persistent chains of the generative part are saved with it. */
  @Test
  void stateAndDiagnosticsAreThoseOfTheGenerativePart() {
    RbmObjective chains = ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(3);
    RbmEstimator estimator = new HybridObjective(3, 0.1, chains).estimator(new RandomStream(2));
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(new double[][] {{1, 0, 1, 0, 1, 0}});
    assertEquals(Map.of(), estimator.state());
    assertEquals(Map.of(), estimator.diagnostics());
    new GradientViews(model, DataType.DOUBLE).fill(estimator, model, data, true);
    assertArrayEquals(new long[] {3, 4}, GradientViews.chains(estimator).shape());
    assertTrue(estimator.diagnostics().size() > 0);
    RbmEstimator other = new HybridObjective(3, 0.1, chains).estimator(new RandomStream(2));
    other.setState(model, estimator.state());
    NdAssert.assertSame(GradientViews.chains(estimator), GradientViews.chains(other));
    assertThrows(
        IllegalArgumentException.class,
        () -> other.setState(model, Map.of("chains", Nd4j.zeros(DataType.DOUBLE, 2, 4))));
  }

  static Stream<Arguments> badLabels() {
    return Stream.of(
        Arguments.of("[1.0, 1.0]", new double[] {1, 1}),
        Arguments.of("[0.5, 0.5]", new double[] {0.5, 0.5}),
        Arguments.of("[1.0, 0.25]", new double[] {1, 0.25}));
  }

  @ParameterizedTest
  @MethodSource("badLabels")
  void badLabelsAreRefusedAndNothingChanges(String part, double[] label) {
    INDArray data = RbmNetworks.data(4, 1);
    for (int row = 0; row < 4; row++) {
      data.putScalar(row, 4, row % 2);
      data.putScalar(row, 5, 1 - row % 2);
    }
    INDArray bad = data.dup();
    bad.putScalar(2, 4, label[0]);
    bad.putScalar(2, 5, label[1]);
    MultiLayerNetwork network =
        RbmNetworks.network(
            RbmNetworks.global(new Adam(0.01)),
            b -> b.objective(HybridObjective.discriminative(2)));
    INDArray before = network.params().dup();
    String message =
        assertThrows(DL4JInvalidInputException.class, () -> network.pretrainLayer(0, bad))
            .getMessage();
    for (String each : new String[] {part, "row 2", "last 2 columns", "accepted", "rbm"}) {
      assertTrue(message.contains(each), message);
    }
    NdAssert.assertSame(before, network.params());
    network.pretrainLayer(0, data);
    INDArray pixels = data.dup();
    pixels.putScalar(1, 0, 3);
    pixels.putScalar(1, 4, 0);
    pixels.putScalar(1, 5, 0);
    message =
        assertThrows(DL4JInvalidInputException.class, () -> network.pretrainLayer(0, pixels))
            .getMessage();
    assertTrue(message.contains("3.0") && message.contains("Bernoulli"), message);
  }

  @Test
  void unsuitableMachinesAreRefused() {
    assertRefused(b -> b.visibleUnits(GaussianUnits.unitVariance()), 2, "Gaussian");
    assertRefused(b -> b.visibleUnits(GaussianUnits.withVariance(0.5)), 2, "Gaussian");
    // A label that is off is -1 to spins, so that one-hot rows are no states of theirs.
    assertRefused(b -> b.visibleUnits(new SpinUnits()), 2, "spin");
    // Two groups are two labels; one group must not reach into the data.
    assertRefused(b -> b.visibleUnits(new SoftmaxUnits(2)), 4, "one group of 4");
    assertRefused(b -> b.visibleUnits(new SoftmaxUnits(3)), 2, "one group of 2");
    assertRefused(b -> b, 6, "labels is 6 of 6");
    for (String each :
        new String[] {"labels is 1;", "generativeWeight is 1.5", "generativeWeight is NaN"}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      new HybridObjective(
                          each.startsWith("labels") ? 1 : 2,
                          each.endsWith("NaN") ? Double.NaN : each.endsWith("5") ? 1.5 : 0,
                          EXACT))
              .getMessage();
      assertTrue(message.contains(each) && message.contains("accepted"), message);
    }
    assertThrows(IllegalArgumentException.class, () -> new HybridObjective(2, 0.5, null));
    RbmObjective inner = HybridObjective.discriminative(2);
    assertThrows(IllegalArgumentException.class, () -> new HybridObjective(2, 0.5, inner));
    RbmModel model = TINY.model(DataType.DOUBLE);
    for (long[] shape : new long[][] {{2, 6}, {3}, {2, 2}}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new LabelPosterior(model, 3).logProbabilities(Nd4j.zeros(shape)))
              .getMessage();
      assertTrue(message.contains(Arrays.toString(shape)) && message.contains("[n, 3]"), message);
    }
  }

  private static void assertRefused(
      java.util.function.UnaryOperator<RestrictedBoltzmannMachine.Builder> options,
      int labels,
      String part) {
    String message =
        assertThrows(
                DL4JInvalidConfigException.class,
                () ->
                    RbmNetworks.network(
                        RbmNetworks.global(new Adam(0.1)),
                        b -> options.apply(b).objective(HybridObjective.discriminative(labels))))
            .getMessage();
    assertTrue(
        message.contains(part) && message.contains("accepted") && message.contains("rbm"), message);
  }
}
