/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.Softplus;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
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
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.ops.transforms.Transforms;

/** {@link PseudoLikelihoodObjective} against enumeration and plain sums over flips. */
@Tag("gpu")
class PseudoLikelihoodTest {

  private static final TinyRbm TINY = TinyRbm.oracle(4, 3);

  private static RbmEstimator exact() {
    return PseudoLikelihoodObjective.DEFAULT.estimator(new RandomStream(1));
  }

  private static RbmEstimator sampling(int units, long seed) {
    return new PseudoLikelihoodObjective(units).estimator(new RandomStream(seed));
  }

  /** {@code -log p(v_i | v_rest)} from probabilities. */
  private static double loss(double[] v, int unit) {
    double[] p = TINY.visibleProbabilities();
    int s = TinyRbm.indexOf(v);
    return -Math.log(p[s] / (p[s] + p[s ^ 1 << unit]));
  }

  /** Gradient of {@link #loss} in the layer's layout, from the difference of statistics. */
  private static double[] gradient(double[] v, int unit) {
    double[] flipped = v.clone();
    flipped[unit] = 1 - v[unit];
    double probability = 1 - Math.exp(-loss(v, unit));
    double[] at = TINY.statistics(v);
    double[] there = TINY.statistics(flipped);
    for (int k = 0; k < at.length; k++) {
      at[k] = probability * (there[k] - at[k]);
    }
    return at;
  }

  private static double[] sum(double[][] parts) {
    double[] sum = new double[parts[0].length];
    for (double[] part : parts) {
      for (int k = 0; k < sum.length; k++) {
        sum[k] += part[k];
      }
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"DOUBLE", "FLOAT"})
  void scoreAndGradientOfEveryState(DataType type) {
    double limit = type == DataType.DOUBLE ? 1e-12 : 4e-6;
    RbmModel model = TINY.model(type);
    for (double[] v : TinyRbm.states(4)) {
      GradientViews views = new GradientViews(model, type);
      double score = views.fill(exact(), model, Nd4j.createFromArray(new double[][] {v}), true);
      double expected = 0;
      double[][] gradients = new double[4][];
      for (int i = 0; i < 4; i++) {
        expected += loss(v, i);
        gradients[i] = gradient(v, i);
      }
      assertEquals(expected, score, limit);
      NdAssert.assertClose(
          sum(gradients), NdAssert.values(views.flat), limit, () -> "flat gradient");
    }
  }

  @Test
  void oracle() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    GradientViews views = new GradientViews(model, DataType.DOUBLE);
    double score = views.fill(exact(), model, Nd4j.ones(DataType.DOUBLE, 1, 4), true);
    assertEquals(
        -Oracles.number("R(4,3)", "log pseudo-likelihood(1111)"), score, 4 * Oracles.TOLERANCE);
    assertTrue(
        Double.isNaN(views.fill(exact(), model, Nd4j.ones(DataType.DOUBLE, 1, 4), false)),
        "the score was not asked for");
  }

  /** Pseudo-likelihood is consistent: its expected gradient is 0 at the parameters of the data. */
  @Test
  void theExpectedGradientIsZeroAtTheTrueParameters() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    double[] p = TINY.visibleProbabilities();
    double[][] states = TinyRbm.states(4);
    double[][] weighted = new double[states.length][];
    double largest = 0;
    for (int s = 0; s < states.length; s++) {
      weighted[s] =
          GradientViews.of(exact(), model, Nd4j.createFromArray(new double[][] {states[s]}));
      for (int k = 0; k < weighted[s].length; k++) {
        weighted[s][k] *= p[s];
        largest = Math.max(largest, Math.abs(weighted[s][k]));
      }
    }
    assertTrue(largest > 0.01, "single gradients are not 0: " + largest);
    NdAssert.assertClose(new double[19], sum(weighted), 1e-14, () -> "expected gradient");
  }

  static Stream<Arguments> binaryAboveEverything() {
    return Stream.of(
            new BernoulliUnits(),
            new SpinUnits(),
            MixedUnits.of(
                MixedUnits.part(1, new SpinUnits()),
                MixedUnits.part(2, new BernoulliUnits()),
                MixedUnits.part(1, new SpinUnits())))
        .flatMap(v -> UnitCases.HIDDEN.stream().map(h -> Arguments.of(v, h)));
  }

  @ParameterizedTest
  @MethodSource("binaryAboveEverything")
  void centralDifferences(UnitType visible, UnitType hidden) {
    INDArray data = UnitCases.batch(visible, 5, 4, 3);
    ObjectiveChecks.centralDifferences(PseudoLikelihoodObjective.DEFAULT, visible, hidden, 3, data);
  }

  /** For spins, and for hidden units of every type, against probabilities of all states. */
  @ParameterizedTest
  @MethodSource("binaryAboveEverything")
  void scoreFromProbabilities(UnitType visible, UnitType hidden) {
    RbmModel model = ObjectiveChecks.model(ObjectiveChecks.parameters(4, 3), visible, hidden, 4, 3);
    double[][] states = UnitCases.allStates(visible, 4);
    double[] p = new double[states.length];
    double[] energies = NdAssert.values(model.freeEnergy(Nd4j.createFromArray(states)));
    for (int s = 0; s < p.length; s++) {
      p[s] = Math.exp(-energies[s]);
    }
    for (int s = 0; s < p.length; s++) {
      double expected = 0;
      for (int i = 0; i < 4; i++) {
        expected -= Math.log(p[s] / (p[s] + p[s ^ 1 << i]));
      }
      INDArray row = Nd4j.createFromArray(new double[][] {states[s]});
      assertEquals(expected, score(model, row), 1e-12);
    }
  }

  @Test
  void lossesOfSingleRows() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(TinyRbm.states(4));
    INDArray losses = PseudoLikelihoodObjective.DEFAULT.losses(model, data, null);
    double[] expected = new double[16];
    for (int s = 0; s < 16; s++) {
      for (int i = 0; i < 4; i++) {
        expected[s] += loss(TinyRbm.states(4)[s], i);
      }
    }
    NdAssert.assertClose(expected, NdAssert.values(losses), 1e-12, () -> "losses");
    assertEquals(DataType.DOUBLE, losses.dataType());
    assertEquals(score(model, data), losses.meanNumber().doubleValue(), 1e-13);
    PseudoLikelihoodObjective two = new PseudoLikelihoodObjective(2);
    assertEquals(
        new GradientViews(model, DataType.DOUBLE).fill(sampling(2, 9), model, data, true),
        two.losses(model, data, new RandomStream(9)).meanNumber().doubleValue(),
        1e-13);
    for (INDArray bad : new INDArray[] {data.mul(0.5), Nd4j.zeros(2, 5), data.mul(Double.NaN)}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> PseudoLikelihoodObjective.DEFAULT.losses(model, bad, null));
    }
  }

  @Test
  void weights() {
    ObjectiveChecks.weightsAreCopies(
        PseudoLikelihoodObjective.DEFAULT,
        TINY.model(DataType.DOUBLE),
        Nd4j.createFromArray(TinyRbm.states(4)));
  }

  /** Rows and flips of more than one block, and a last block that is not full. */
  @ParameterizedTest
  @CsvSource({"90,50,64", "3,30,20000"})
  void blocks(int rows, int nIn, int nOut) {
    INDArray flat = ObjectiveChecks.parameters(nIn, nOut).muli(0.1);
    RbmModel model =
        ObjectiveChecks.model(flat, new BernoulliUnits(), new BernoulliUnits(), nIn, nOut);
    INDArray data = Nd4j.valueArrayOf(new long[] {rows, nIn}, 0.4, DataType.DOUBLE);
    new RandomStream(2).bernoulli(data, data);
    GradientViews actual = new GradientViews(model, DataType.DOUBLE);
    double score = actual.fill(exact(), model, data, true);
    GradientViews expected = new GradientViews(model, DataType.DOUBLE);
    double loss = 0;
    INDArray energy = model.freeEnergy(data);
    INDArray total = Nd4j.zeros(DataType.DOUBLE, actual.flat.length());
    for (int i = 0; i < nIn; i++) {
      INDArray flipped = data.dup();
      flipped.getColumn(i).rsubi(1);
      INDArray difference = energy.sub(model.freeEnergy(flipped));
      loss += Softplus.of(difference).sumNumber().doubleValue();
      INDArray s = Transforms.sigmoid(difference, true);
      FreeEnergyGradient.write(model, data, s, expected.gradient());
      total.addi(expected.flat);
      FreeEnergyGradient.write(model, flipped, s, expected.gradient());
      total.subi(expected.flat);
    }
    assertEquals(loss / rows, score, 1e-10 * loss);
    NdAssert.assertClose(total, actual.flat, 1e-10);
  }

  /**
   * With all parameters 0 every flip costs log 2 and adds -1/2 to the gradient of its unit's bias,
   * so that the flips can be counted.
   */
  @ParameterizedTest
  @CsvSource({"90,60,64,49", "2,30,20000,20"})
  void blocksOfSampledFlips(int rows, int nIn, int nOut, int sampled) {
    RbmModel model =
        ObjectiveChecks.model(
            Nd4j.zeros(DataType.DOUBLE, nIn * nOut + nIn + nOut),
            new BernoulliUnits(),
            new BernoulliUnits(),
            nIn,
            nOut);
    INDArray data = Nd4j.ones(DataType.DOUBLE, rows, nIn);
    GradientViews views = new GradientViews(model, DataType.DOUBLE);
    double score = views.fill(sampling(sampled, 5), model, data, true);
    assertEquals(nIn * Math.log(2), score, 1e-10);
    double scale = (double) nIn / sampled;
    double sum = 0;
    for (double gradient : NdAssert.values(views.visibleBias)) {
      double count = -2 * gradient / scale;
      assertEquals(Math.rint(count), count, 1e-9);
      assertTrue(count >= 0 && count <= rows, "unit flipped " + count + " times");
      sum += count;
    }
    assertEquals((double) rows * sampled, sum, 1e-8);
    GradientViews again = new GradientViews(model, DataType.DOUBLE);
    assertEquals(score, again.fill(sampling(sampled, 5), model, data, true));
    NdAssert.assertSame(views.flat, again.flat);
    again.fill(sampling(sampled, 6), model, data, true);
    assertNotEquals(views.flat, again.flat);
  }

  /** One unit a row: the mean over many rows against the exact sum, by Bernstein's inequality. */
  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"DOUBLE", "FLOAT"})
  void oneSampledUnitIsUnbiased(DataType type) {
    int rows = 100_000;
    double[] v = {1, 0, 1, 0};
    INDArray data = Nd4j.tile(Nd4j.createFromArray(new double[][] {v}), rows, 1);
    RbmModel model = TINY.model(type);
    GradientViews views = new GradientViews(model, type);
    double score = views.fill(sampling(1, 7), model, data, true);
    double[] actual = NdAssert.values(views.flat);
    double[][] parts = new double[4][];
    double[] losses = new double[4];
    for (int i = 0; i < 4; i++) {
      parts[i] = gradient(v, i);
      losses[i] = loss(v, i);
    }
    for (int k = 0; k < actual.length; k++) {
      double[] values = new double[4];
      for (int i = 0; i < 4; i++) {
        values[i] = 4 * parts[i][k];
      }
      assertMean(values, actual[k] / rows, rows, "entry " + k);
    }
    for (int i = 0; i < 4; i++) {
      losses[i] *= 4;
    }
    assertMean(losses, score, rows, "score");
  }

  /** The mean of draws that take four values with equal probability. */
  private static void assertMean(double[] values, double actual, int n, String what) {
    double mean = 0;
    double square = 0;
    for (double value : values) {
      mean += value / 4;
      square += value * value / 4;
    }
    double range = 0;
    for (double value : values) {
      range = Math.max(range, Math.abs(value - mean));
    }
    double limit = Limits.bernstein(Math.max(0, square - mean * mean), range, n);
    assertEquals(mean, actual, limit + 1e-6, what);
  }

  /** Three of four units: each draw leaves out exactly one, and each is left out at times. */
  @Test
  void unitsAreDrawnWithoutReplacement() {
    double[] v = {0, 1, 1, 1};
    RbmModel model = TINY.model(DataType.DOUBLE);
    double total = 0;
    for (int i = 0; i < 4; i++) {
      total += loss(v, i);
    }
    Set<Integer> leftOut = new HashSet<>();
    INDArray data = Nd4j.createFromArray(new double[][] {v});
    RbmEstimator estimator = sampling(3, 11);
    for (int draw = 0; draw < 60; draw++) {
      double score = new GradientViews(model, DataType.DOUBLE).fill(estimator, model, data, true);
      double missing = total - score * 3 / 4;
      int found = -1;
      for (int i = 0; i < 4; i++) {
        if (Math.abs(missing - loss(v, i)) < 1e-10) {
          found = i;
        }
      }
      assertTrue(found >= 0, "draw " + draw + " leaves out " + missing);
      leftOut.add(found);
    }
    // A unit is never left out in 60 draws with probability 0.75^60 = 3e-8.
    assertEquals(4, leftOut.size());
  }

  @Test
  void samplingAllUnitsIsTheExactGradient() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(TinyRbm.states(4));
    assertArrayEquals(
        GradientViews.of(exact(), model, data), GradientViews.of(sampling(4, 3), model, data));
  }

  @Test
  void layoutOfTheDataDoesNotMatterAndTheyAreNotModified() {
    RbmModel model = TINY.model(DataType.DOUBLE);
    INDArray parameters = model.weights().dup();
    INDArray data = Nd4j.createFromArray(TinyRbm.states(4));
    double[] expected = GradientViews.of(exact(), model, data);
    for (INDArray variant :
        new INDArray[] {NdAssert.fortran(data), NdAssert.view(data), data.castTo(DataType.INT32)}) {
      INDArray before = variant.dup();
      NdAssert.assertClose(
          expected, GradientViews.of(exact(), model, variant), 1e-13, () -> "flat gradient");
      NdAssert.assertSame(before, variant);
    }
    NdAssert.assertSame(parameters, model.weights());
  }

  /** Energies of 10^6 neither overflow nor lose the loss of a state that is all but impossible. */
  @Test
  void hugeWeights() {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      RbmModel model =
          new TinyRbm(new double[][] {{1e6}, {-1e6}}, new double[2], new double[1]).model(type);
      GradientViews views = new GradientViews(model, type);
      double score =
          views.fill(exact(), model, Nd4j.createFromArray(new double[][] {{1, 1}}), true);
      // F(11) = -log 2, F(01) = -log 2 - small, F(10) = -1e6.
      assertEquals(1e6, score, 1.5);
      assertTrue(Double.isFinite(views.flat.norm2Number().doubleValue()));
    }
  }

  @Test
  void trainingLowersTheLoss() {
    INDArray data = BarsAndStripes.images(3, DataType.DOUBLE);
    for (int sampled : new int[] {0, 2}) {
      MultiLayerNetwork network =
          RbmNetworks.single(
              RbmNetworks.global(new Sgd(0.3)),
              new RestrictedBoltzmannMachine.Builder()
                  .nIn(9)
                  .nOut(12)
                  .objective(new PseudoLikelihoodObjective(sampled)));
      RestrictedBoltzmannMachineLayer layer = RbmNetworks.layer(network);
      double before = score(layer.model(), data);
      for (int i = 0; i < 150; i++) {
        network.pretrainLayer(0, data);
      }
      double after = score(layer.model(), data);
      assertTrue(before > 6 && after < 3, before + " and then " + after);
      assertEquals("-log pseudo-likelihood", layer.pretrainScoreName());
    }
  }

  private static double score(RbmModel model, INDArray data) {
    return new GradientViews(model, data.dataType()).fill(exact(), model, data, true);
  }

  @Test
  void greyValuesAreRefusedAndNothingChanges() {
    MultiLayerNetwork network =
        RbmNetworks.network(
            RbmNetworks.global(new Sgd(0.1)), b -> b.objective(new PseudoLikelihoodObjective(2)));
    INDArray bad = RbmNetworks.data(4, 1);
    bad.putScalar(2, 3, 0.25);
    INDArray before = network.params().dup();
    for (INDArray variant : new INDArray[] {bad, NdAssert.fortran(bad), NdAssert.view(bad)}) {
      String message =
          assertThrows(DL4JInvalidInputException.class, () -> network.pretrainLayer(0, variant))
              .getMessage();
      for (String part : new String[] {"0.25", "accepted", "0.0 and 1.0", "rbm"}) {
        assertTrue(message.contains(part), message);
      }
    }
    NdAssert.assertSame(before, network.params());
    network.pretrainLayer(0, RbmNetworks.data(4, 1));
  }

  @Test
  void unitsOfOtherKindsAreRefused() {
    assertRefused(b -> b.visibleUnits(new SoftmaxUnits(2)), 0, "softmax");
    assertRefused(b -> b.visibleUnits(GaussianUnits.unitVariance()), 0, "Gaussian");
    assertRefused(b -> b, 7, "sampledUnits is 7");
    assertThrows(IllegalArgumentException.class, () -> new PseudoLikelihoodObjective(-1));
  }

  private static void assertRefused(
      java.util.function.UnaryOperator<RestrictedBoltzmannMachine.Builder> options,
      int sampled,
      String part) {
    String message =
        assertThrows(
                DL4JInvalidConfigException.class,
                () ->
                    RbmNetworks.network(
                        RbmNetworks.global(new Sgd(0.1)),
                        b -> options.apply(b).objective(new PseudoLikelihoodObjective(sampled))))
            .getMessage();
    assertTrue(
        message.contains(part) && message.contains("accepted") && message.contains("rbm"), message);
  }
}
