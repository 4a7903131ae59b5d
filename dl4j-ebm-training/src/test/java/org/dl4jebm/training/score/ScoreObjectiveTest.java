/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.Rows;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.energy.Probes;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.inverse.InvertMatrix;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * On Gaussian energies, where everything is known in closed form. The oracle is that of {@code
 * gaussian_score_matching}: covariance [[2, .6], [.6, 1]].
 */
@Tag("gpu")
class ScoreObjectiveTest {

  private static final double[] AT_OPTIMUM = {
    (0.609756097561 + 0.365853658537) / 2, (1.219512195122 + 0.365853658537) / 2, -0.1829268292685
  };

  /** {@code theta} of the Hessian [[2, .6], [.6, 1]]. */
  private static final double[] HESSIAN_IS_COVARIANCE = {0.7, 0.2, 0.3};

  /** The zero of a gradient that is affine in the parameters. */
  private static double[] zero(int size, Function<double[], double[]> gradient) {
    INDArray matrix = Nd4j.zeros(DataType.DOUBLE, size, size);
    double[] origin = gradient.apply(new double[size]);
    for (int i = 0; i < size; i++) {
      double[] unit = new double[size];
      unit[i] = 1;
      double[] there = gradient.apply(unit);
      for (int j = 0; j < size; j++) {
        matrix.putScalar(j, i, there[j] - origin[j]);
      }
    }
    INDArray solution =
        InvertMatrix.invert(matrix, false)
            .mmul(Nd4j.createFromArray(origin).reshape('c', size, 1))
            .negi();
    return NdAssert.values(solution);
  }

  private static double[] gradient(MultiLayerNetwork twin, DataSet data, String parameter) {
    return NdAssert.values(
        twin.calculateGradients(data.getFeatures(), data.getLabels(), null, null)
            .getFirst()
            .getGradientFor(parameter));
  }

  private static double[] minimiser(
      Stacker stacker, Function<UnaryOperator<INDArray>, DataSet> stack) {
    MultiLayerNetwork network = ScoreNetworks.quadratic(new NoOp(), 0, 0, 0);
    ChainNetwork trained = new ChainNetwork(network);
    MultiLayerNetwork twin = trained.withLoss(stacker.layout(), stacker.loss()).model();
    return ScoreNetworks.hessian(
        zero(
            3,
            theta -> {
              ScoreNetworks.setTheta(network, theta);
              return gradient(twin, stack.apply(trained::energyGradient), "2_W");
            }));
  }

  @Test
  void exactMinimiserIsThePrecision() {
    for (ScoreObjective objective :
        new ScoreObjective[] {ScoreObjective.exact(), ScoreObjective.regularised(0)}) {
      Stacker stacker = objective.whole(2);
      double[] precision =
          minimiser(stacker, g -> stacker.stack(ScoreNetworks.exactData(), g, null));
      assertArrayEquals(ScoreNetworks.PRECISION, precision, 1e-11);
    }
  }

  /** At the optimum the objective is - tr P / 2. */
  @Test
  void valueAtTheOptimum() {
    MultiLayerNetwork network = ScoreNetworks.quadratic(new NoOp(), AT_OPTIMUM);
    ScoreMatching trainer = new ScoreMatching(ScoreMatchingOptions.of(ScoreObjective.exact(), 1));
    assertEquals(
        -0.914634146341,
        trainer.score(network, ScoreNetworks.batches(ScoreNetworks.exactData(), 3)),
        1e-11);
  }

  /** Curvature shrinks: 1 + 2 lambda times a diagonal for one dimension. */
  @Test
  void regularisedMinimiser() {
    double lambda = 0.25;
    Stacker stacker = ScoreObjective.regularised(lambda).whole(2);
    INDArray axes = Nd4j.createFromArray(new double[][] {{2, 0}, {-2, 0}, {0, 1}, {0, -1}});
    // Per dimension: p^2 s / 2 - p + lambda p^2 with variances 2 and 1/2.
    double[] hessian = minimiser(stacker, g -> stacker.stack(axes, g, null));
    assertArrayEquals(
        new double[] {1 / (2 + 2 * lambda), 0, 0, 1 / (0.5 + 2 * lambda)}, hessian, 1e-11);
  }

  /** Every point with noise of exact moments. */
  private static NoisyPoints exactNoise(double sigma) {
    INDArray x = ScoreNetworks.exactData();
    double root = Math.sqrt(2);
    INDArray z =
        Nd4j.createFromArray(new double[][] {{root, 0}, {-root, 0}, {0, root}, {0, -root}});
    INDArray points = Nd4j.tile(x, 4, 1);
    INDArray noise = Rows.repeatEach(z, 4);
    INDArray sigmas = Nd4j.valueArrayOf(new long[] {16}, sigma, DataType.DOUBLE);
    return new NoisyPoints(points.add(noise.mul(sigma)), noise, sigmas, sigmas.like());
  }

  private static double[] noisyPrecision(double sigma) {
    INDArray sum =
        Nd4j.createFromArray(ScoreNetworks.COVARIANCE)
            .add(Nd4j.eye(2).castTo(DataType.DOUBLE).mul(sigma * sigma));
    return NdAssert.values(InvertMatrix.invert(sum, false));
  }

  @Test
  void denoisingMinimiserIsThePrecisionWithNoise() {
    double sigma = 0.7;
    NoisyPoints noisy = exactNoise(sigma);
    assertEquals(0, noisy.noise().meanNumber().doubleValue(), 1e-15);
    DenoisingStacker stacker = new DenoisingStacker(NoiseLevels.of(sigma), false);
    assertArrayEquals(
        noisyPrecision(sigma), minimiser(stacker, g -> stacker.stack(noisy, g)), 1e-11);
  }

  @Test
  void minimisersOfScoreNetworks() {
    double sigma = 0.7;
    RegressionStacker regression = new RegressionStacker(NoiseLevels.of(sigma), false);
    Stacker exact = ScoreObjective.scoreNetworkExact().whole(2);
    double[] denoising = linearMinimiser(regression, regression.stack(exactNoise(sigma)));
    double[] matching = linearMinimiser(exact, exact.stack(ScoreNetworks.exactData(), null, null));
    double[] noisy = noisyPrecision(sigma);
    for (int i = 0; i < 4; i++) {
      assertEquals(-noisy[i], denoising[i], 1e-11);
      assertEquals(-ScoreNetworks.PRECISION[i], matching[i], 1e-11);
    }
    // With several directions of independent signs the trace of a 2 x 2 matrix is not exact, but
    // the first term is; directions along the axes, of length sqrt(2), make it so.
    Stacker sliced = ScoreObjective.scoreNetworkSliced(1, Probes.RADEMACHER).whole(2);
    INDArray x = Nd4j.tile(ScoreNetworks.exactData(), 2, 1);
    INDArray v = Nd4j.zeros(DataType.DOUBLE, 8, 2);
    for (int i = 0; i < 8; i++) {
      v.putScalar(i, i / 4, Math.sqrt(2));
    }
    INDArray stack = Nd4j.concat(0, x, v);
    assertArrayEquals(matching, linearMinimiser(sliced, new DataSet(stack, stack)), 1e-11);
  }

  private static double[] linearMinimiser(Stacker stacker, DataSet data) {
    MultiLayerNetwork network = ScoreNetworks.linear(new NoOp());
    MultiLayerNetwork twin =
        new ChainNetwork(network).withLoss(stacker.layout(), stacker.loss()).model();
    return zero(
        4,
        w -> {
          network.getParam("0_W").assign(Nd4j.createFromArray(w).reshape('c', 2, 2));
          return gradient(twin, data, "0_W");
        });
  }

  private static INDArray losses(ScoreObjective objective, MultiLayerNetwork network, INDArray x) {
    ScoreTwin<MultiLayerNetwork> twin = ScoreTwin.of(network, objective, 2);
    try (RandomStream random = new RandomStream(29)) {
      DataSet data = twin.minibatch(x, random);
      INDArray all = twin.network().scoreExamples(data, false);
      return all.get(NDArrayIndex.interval(0, x.size(0)), NDArrayIndex.all());
    }
  }

  /**
   * At the origin the loss is minus the mean of {@code v^T H v} over {@code M} directions: its
   * expectation is minus the trace, 3, and its variance that of the oracle over {@code M}. Sample
   * variances of sums of fourth powers of normal numbers have a standard deviation of {@code
   * sqrt((mu_4 - sigma^4) / n)} at most, here {@code sqrt(1574.1 / n)} for one direction, with
   * heavier tails than the normal distribution: twice the normal limit. A trace divided by {@code
   * d} would give 1.5.
   */
  @Test
  void varianceFallsWithTheNumberOfDirections() {
    MultiLayerNetwork network = ScoreNetworks.quadratic(new NoOp(), HESSIAN_IS_COVARIANCE);
    int n = 20000;
    INDArray origin = Nd4j.zeros(DataType.DOUBLE, n, 2);
    for (int directions : new int[] {1, 4, 16}) {
      for (ScoreObjective objective :
          new ScoreObjective[] {
            ScoreObjective.sliced(directions, Probes.GAUSSIAN),
            ScoreObjective.slicedVarianceReduced(directions, Probes.GAUSSIAN)
          }) {
        INDArray losses = losses(objective, network, origin);
        assertEquals(
            -3,
            losses.meanNumber().doubleValue(),
            2 * Limits.SIGMAS * Math.sqrt(11.44 / directions / n));
        assertEquals(
            11.44,
            directions * losses.varNumber().doubleValue(),
            2 * Limits.SIGMAS * Math.sqrt(1574.1 / n));
      }
    }
    INDArray signs =
        losses(ScoreObjective.slicedVarianceReduced(1, Probes.RADEMACHER), network, origin);
    // 3 plus or minus 1.2.
    NdAssert.assertClose(
        Nd4j.valueArrayOf(new long[] {n, 1}, 1.44, DataType.DOUBLE),
        signs.add(3).mul(signs.add(3)),
        1e-12);
    assertEquals(-3, signs.meanNumber().doubleValue(), Limits.bernstein(1.44, 1.2, n));
  }

  /** For points of the data both sliced objectives have the exact one as mean. */
  @Test
  void slicedIsUnbiased() {
    MultiLayerNetwork network = ScoreNetworks.quadratic(new NoOp(), AT_OPTIMUM);
    int n = 20000;
    INDArray x = Nd4j.tile(ScoreNetworks.exactData(), n / 4, 1);
    for (Probes kind : Probes.values()) {
      for (ScoreObjective objective :
          new ScoreObjective[] {
            ScoreObjective.sliced(1, kind), ScoreObjective.slicedVarianceReduced(1, kind)
          }) {
        INDArray losses = losses(objective, network, x);
        double error = Math.sqrt(losses.varNumber().doubleValue() / n);
        assertEquals(
            -0.914634146341, losses.meanNumber().doubleValue(), 1.1 * Limits.SIGMAS * error);
      }
    }
  }

  /** In any dimension, for E = |x|^2 / 2 and whitened data the objective is - d / 2. */
  @Test
  void noFactorOfTheDimension() {
    int d = 10;
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), d, 1);
    network.params().muli(3);
    INDArray x = ScoreNetworks.normal(3, 40, d);
    double exact = mean(ScoreObjective.exact(), network, x);
    NetworkEnergy energy = new NetworkEnergy(network);
    INDArray gradient = energy.gradient(x);
    assertEquals(
        gradient
            .mul(gradient)
            .sum(1)
            .divi(2)
            .sub(energy.hessianTrace(x))
            .meanNumber()
            .doubleValue(),
        exact,
        1e-12);
    double estimate =
        mean(ScoreObjective.slicedVarianceReduced(400, Probes.RADEMACHER), network, x);
    double trace = energy.hessianTrace(x).meanNumber().doubleValue();
    assertTrue(Math.abs(trace) > 0.1, "trace " + trace);
    assertEquals(exact, estimate, Math.abs(trace) / 10);
    assertEquals(
        estimate,
        mean(ScoreObjective.finiteDifference(400, Probes.RADEMACHER, 1e-3), network, x),
        Math.abs(trace) / 10);
  }

  private static double mean(ScoreObjective objective, MultiLayerNetwork network, INDArray x) {
    return new ScoreMatching(ScoreMatchingOptions.of(objective, 1))
        .score(network, ScoreNetworks.batches(x, 40));
  }

  /** The same directions, by differences. */
  @Test
  void finiteDifferencesAreCloseToSliced() {
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), 3, 1);
    INDArray x = ScoreNetworks.normal(5, 50, 3);
    assertEquals(
        mean(ScoreObjective.sliced(2, Probes.SPHERE), network, x),
        mean(ScoreObjective.finiteDifference(2, Probes.SPHERE, 1e-3), network, x),
        1e-5);
  }

  /** What denoising reports is the weighted distance of the scores. */
  @Test
  void valueOfDenoising() {
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), 2, 1);
    NoiseLevels levels = NoiseLevels.of(2, 0.5);
    INDArray x = ScoreNetworks.normal(5, 30, 2);
    ScoreTwin<MultiLayerNetwork> twin =
        ScoreTwin.of(network, ScoreObjective.denoising(levels.sigmas()), 2);
    try (RandomStream random = new RandomStream(31);
        RandomStream same = new RandomStream(31)) {
      DataSet data = twin.minibatch(x, random);
      NoisyPoints noisy = NoisyPoints.draw(x, levels, same);
      INDArray residual =
          new NetworkEnergy(network)
              .score(noisy.points())
              .muliColumnVector(noisy.sigma())
              .addi(noisy.noise());
      assertEquals(
          residual.mul(residual).sum(1).meanNumber().doubleValue() / 2,
          twin.network().score(data),
          1e-12);
      // Both levels are drawn, half each: 30 draws miss one with probability 2e-9.
      assertEquals(2, noisy.sigma().maxNumber().doubleValue());
      assertEquals(0.5, noisy.sigma().minNumber().doubleValue());
      NdAssert.assertClose(
          x, noisy.points().sub(noisy.noise().mulColumnVector(noisy.sigma())), 1e-14);
    }
  }

  /**
   * Second, fourth moments and products of neighbours of the noise are those of independent normal
   * numbers; standard deviations of the means are sqrt(2 / n), sqrt(96 / n) and sqrt(1 / n). Levels
   * are equally frequent.
   */
  @Test
  void noiseIsNormal() {
    NoiseLevels levels = NoiseLevels.of(3, 2, 1);
    int n = 30000;
    try (RandomStream random = new RandomStream(43)) {
      NoisyPoints noisy = NoisyPoints.draw(Nd4j.zeros(DataType.DOUBLE, n, 2), levels, random);
      INDArray squares = noisy.noise().mul(noisy.noise());
      assertEquals(1, mean(squares), Limits.SIGMAS * Math.sqrt(2.0 / (2 * n)));
      assertEquals(3, mean(squares.mul(squares)), Limits.SIGMAS * Math.sqrt(96.0 / (2 * n)));
      assertEquals(0, mean(noisy.noise().prod(1)), Limits.SIGMAS * Math.sqrt(1.0 / n));
      for (int level = 0; level < 3; level++) {
        double share = mean(noisy.sigma().eq(levels.sigma(level)).castTo(DataType.DOUBLE));
        assertEquals(1.0 / 3, share, Limits.bernstein(2.0 / 9, 2.0 / 3, n));
      }
    }
  }

  private static double mean(INDArray values) {
    return values.meanNumber().doubleValue();
  }

  /** The level is a further column or channel, the output the score times sigma. */
  @Test
  void noiseConditional() {
    NoiseLevels levels = NoiseLevels.geometric(4, 0.25, 5);
    RegressionStacker stacker = new RegressionStacker(levels, true);
    for (long[] shape : new long[][] {{6, 3}, {6, 2, 3, 4}}) {
      INDArray x = ScoreNetworks.normal(5, shape);
      try (RandomStream random = new RandomStream(37);
          RandomStream same = new RandomStream(37)) {
        DataSet data = stacker.stack(x, null, random);
        NoisyPoints noisy = NoisyPoints.draw(x, levels, same);
        long[] larger = shape.clone();
        larger[1]++;
        assertArrayEquals(larger, data.getFeatures().shape());
        long width = x.length() / 6;
        for (int i = 0; i < 6; i++) {
          double[] values = NdAssert.values(data.getFeatures().slice(i));
          for (int k = 0; k < values.length; k++) {
            double expected =
                k < width
                    ? Stacks.flat(noisy.points()).getDouble(i, k)
                    : levels.feature(noisy.sigma().getDouble(i));
            assertEquals(expected, values[k], 1e-14);
          }
          for (int k = 0; k < width; k++) {
            assertEquals(-noisy.noise().getDouble(i, k), data.getLabels().getDouble(i, k));
          }
          assertEquals(1, data.getLabels().getDouble(i, width));
        }
      }
    }
  }

  /** The energy changes along the point, not along the level. */
  @Test
  void noiseConditionalEnergy() {
    NoiseLevels levels = NoiseLevels.geometric(4, 0.25, 5);
    MultiLayerNetwork network = ScoreNetworks.chain(DataType.DOUBLE, new NoOp(), 3, 1);
    ScoreTwin<MultiLayerNetwork> twin =
        ScoreTwin.of(network, ScoreObjective.noiseConditionalEnergy(levels), 2);
    INDArray x = ScoreNetworks.normal(5, 30, 2);
    try (RandomStream random = new RandomStream(31);
        RandomStream same = new RandomStream(31)) {
      DataSet data = twin.minibatch(x, random);
      NoisyPoints noisy = NoisyPoints.draw(x, levels, same);
      INDArray score = new NetworkEnergy(network).score(noisy.conditioned());
      INDArray residual =
          score
              .get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2))
              .dup('c')
              .muliColumnVector(noisy.sigma())
              .addi(noisy.noise());
      assertEquals(
          residual.mul(residual).sum(1).meanNumber().doubleValue() / 2,
          twin.network().score(data),
          1e-12);
    }
  }

  @Test
  void levels() {
    NoiseLevels levels = NoiseLevels.geometric(10, 0.1, 5);
    assertArrayEquals(
        new double[] {10, Math.sqrt(10), 1, Math.sqrt(0.1), 0.1}, levels.sigmas(), 1e-14);
    assertEquals(1, levels.feature(10), 1e-14);
    assertEquals(0, levels.feature(1), 1e-14);
    assertEquals(-1, levels.feature(0.1), 1e-14);
    assertEquals(0, NoiseLevels.of(0.3).feature(0.3));
    assertEquals(levels, NoiseLevels.of(levels.sigmas()));
  }

  @Test
  void refusals() {
    refused("sigma is 0.0", () -> ScoreObjective.denoising(0));
    refused("sigma is -1.0", () -> ScoreObjective.scoreNetworkDenoising(-1));
    refused("sigma is NaN", () -> ScoreObjective.denoising(Double.NaN));
    refused("there is no sigma", ScoreObjective::denoising);
    refused("sigma 2.0 follows 1.0", () -> NoiseLevels.of(1, 2));
    refused("sigma 2.0 follows 1.0", () -> NoiseLevels.geometric(1, 2, 2));
    refused("count is 1", () -> NoiseLevels.geometric(2, 1, 1));
    refused("kind is null", () -> ScoreObjective.sliced(1, null));
    refused("kind is null", () -> ScoreObjective.slicedVarianceReduced(1, null));
    refused("kind is null", () -> ScoreObjective.finiteDifference(1, null, 0.1));
    refused("kind is null", () -> ScoreObjective.scoreNetworkSliced(1, null));
    refused("levels are null", () -> ScoreObjective.noiseConditional(null));
    refused("levels are null", () -> ScoreObjective.noiseConditionalEnergy(null));
    refused("directions is 0", () -> ScoreObjective.sliced(0, Probes.GAUSSIAN));
    refused("step is 0.0", () -> ScoreObjective.finiteDifference(1, Probes.GAUSSIAN, 0));
    refused("curvature is -1.0", () -> ScoreObjective.regularised(-1));
    refused("epochs is 0", () -> ScoreMatchingOptions.of(ScoreObjective.exact(), 0));
    refused("seed is 0", () -> ScoreMatchingOptions.of(ScoreObjective.exact(), 1).withSeed(0));
    refused(
        "maximumRows is 2",
        () -> ScoreMatchingOptions.of(ScoreObjective.exact(), 1).withMaximumRows(2));
  }

  private static void refused(String part, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(part) && message.contains("accepted"), message);
  }
}
