/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.Oracles;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** {@link ExactLikelihoodObjective}: exact gradients, and training that reaches the optimum. */
@Tag("gpu")
class ExactLikelihoodTest {

  private static final String ORACLE = "R(4,3) data {1010,0111}, gradient of mean log-likelihood";
  private static final double[][] DATA = {{1, 0, 1, 0}, {0, 1, 1, 1}};
  private static final TinyRbm TINY = TinyRbm.oracle(4, 3);

  private static RbmEstimator estimator() {
    return ExactLikelihoodObjective.DEFAULT.estimator(new RandomStream(1));
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"DOUBLE", "FLOAT"})
  void gradientAndScoreOfTheOracle(DataType type) {
    double limit = type == DataType.DOUBLE ? Oracles.TOLERANCE : 4e-6;
    RbmModel model = TINY.model(type);
    GradientViews views = new GradientViews(model, type);
    INDArray data = Nd4j.createFromArray(DATA);
    double score = views.fill(estimator(), model, data, true);
    assertEquals(-Oracles.number(ORACLE, "mean log-likelihood"), score, 10 * limit);
    double[] gradient = NdAssert.values(views.flat.div(DATA.length));
    assertEquals(-Oracles.number(ORACLE, "W00 maximum likelihood"), gradient[0], limit);
    assertEquals(
        Oracles.number(ORACLE, "norm maximum likelihood"),
        Math.sqrt(Arrays.stream(gradient, 0, 12).map(x -> x * x).sum()),
        limit);
    NdAssert.assertClose(TINY.likelihoodGradient(DATA), gradient, limit, () -> "flat gradient");
  }

  @Test
  void layoutOfTheDataDoesNotMatterAndTheyAreNotModified() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(DATA);
    double[] expected = GradientViews.of(estimator(), model, data);
    for (INDArray variant :
        new INDArray[] {NdAssert.fortran(data), NdAssert.view(data), data.castTo(DataType.INT32)}) {
      INDArray before = variant.dup();
      NdAssert.assertClose(
          expected, GradientViews.of(estimator(), model, variant), 1e-13, () -> "flat gradient");
      NdAssert.assertSame(before, variant);
    }
  }

  @Test
  void theScoreIsComputedOnlyIfAskedFor() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(DATA);
    GradientViews views = new GradientViews(model, DataType.DOUBLE);
    assertTrue(Double.isNaN(views.fill(estimator(), model, data, false)));
  }

  /** All pairs with a side that can be enumerated. */
  static Stream<Arguments> allPairs() {
    return UnitCases.VISIBLE.stream()
        .flatMap(v -> UnitCases.HIDDEN.stream().map(h -> new UnitType[] {v, h}))
        .filter(pair -> pair[0].stateCount(4).isPresent() || pair[1].stateCount(3).isPresent())
        .map(pair -> Arguments.of((Object[]) pair));
  }

  @ParameterizedTest
  @MethodSource("allPairs")
  void centralDifferences(UnitType visible, UnitType hidden) {
    ObjectiveChecks.centralDifferences(
        ExactLikelihoodObjective.DEFAULT, visible, hidden, 3, UnitCases.batch(visible, 3, 4, 5));
  }

  /** With 6 hidden units below 4 it is the visible states that are counted through. */
  @Test
  void centralDifferencesOverVisibleStates() {
    ObjectiveChecks.centralDifferences(
        ExactLikelihoodObjective.DEFAULT,
        new SpinUnits(),
        new BernoulliUnits(),
        6,
        UnitCases.batch(new SpinUnits(), 3, 4, 5));
  }

  @Test
  void weights() {
    ObjectiveChecks.weightsAreCopies(
        ExactLikelihoodObjective.DEFAULT,
        TINY.model(DataType.DOUBLE),
        Nd4j.createFromArray(TinyRbm.states(4)));
  }

  /**
   * Full-batch gradient descent comes within 0.05 nats of the entropy of the data, below which no
   * model can get. The machine of 3x3 pixels needs about 140 updates for that; with 4 hidden units
   * for 2x2 pixels most starts end in a local optimum 0.35 nats away.
   */
  @ParameterizedTest
  @CsvSource({"2, 8, 250, -1.7328679514", "3, 16, 200, -2.5993019271"})
  void barsAndStripes(int side, int nOut, int updates, double best) {
    INDArray data = BarsAndStripes.images(side, DataType.FLOAT);
    NeuralNetConfiguration.Builder global =
        RbmNetworks.global(new Adam(0.05))
            .dataType(DataType.FLOAT)
            .weightInit(new NormalDistribution(0, 0.1));
    RestrictedBoltzmannMachine.Builder rbm =
        new RestrictedBoltzmannMachine.Builder()
            .nIn(side * side)
            .nOut(nOut)
            .objective(ExactLikelihoodObjective.DEFAULT);
    MultiLayerNetwork network = RbmNetworks.single(global, rbm);
    for (int i = 0; i < updates; i++) {
      network.pretrainLayer(0, data);
    }
    RbmModel model = RbmNetworks.layer(network).model();
    double logLikelihood =
        -model.freeEnergy(data).meanNumber().doubleValue() - new RbmEnumeration(model).logZ();
    assertTrue(
        logLikelihood > best - 0.05 && logLikelihood < best + 1e-3,
        "mean log-likelihood " + logLikelihood + ", best possible " + best);
  }

  /** A trainer stops between batches; a batch that has begun is finished. */
  @Test
  void anInterruptedThreadFinishesTheStep() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(DATA);
    double[] expected = GradientViews.of(estimator(), model, data);
    Thread.currentThread().interrupt();
    double[] actual = GradientViews.of(estimator(), model, data);
    assertTrue(Thread.interrupted(), "the flag stays set");
    assertArrayEquals(expected, actual);
  }

  @Test
  void machinesThatAreTooLargeAreRefusedByTheLayer() {
    String message =
        assertThrows(
                DL4JInvalidConfigException.class,
                () ->
                    RbmNetworks.network(
                        RbmNetworks.global(new Adam(0.01)),
                        b -> b.objective(new ExactLikelihoodObjective(31))))
            .getMessage();
    for (String part :
        new String[] {"rbm", "6 visible units with 64", "5 hidden units with 32", "at most 31"}) {
      assertTrue(message.contains(part), message);
    }
    assertThrows(IllegalArgumentException.class, () -> new ExactLikelihoodObjective(0));
  }
}
