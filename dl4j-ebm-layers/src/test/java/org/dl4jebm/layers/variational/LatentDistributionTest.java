/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.dl4jebm.layers.random.CounterNoise;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Every family against closed forms, quadrature, enumeration and central differences. */
@Tag("gpu")
class LatentDistributionTest {

  private static final int ROWS = 5;
  private static final int LATENTS = 4;
  private static final double STEP = 1e-5;

  static Stream<LatentDistribution> families() {
    return Stream.of(
        new DiagonalGaussian(),
        new DiagonalLaplace(),
        new DiagonalLogistic(),
        new FullGaussian(),
        new BinaryConcrete(DiscreteGradient.RELAXED, 0.7),
        new GumbelSoftmax(2, DiscreteGradient.RELAXED, 0.8));
  }

  static Stream<LatentDistribution> withDivergence() {
    return families().filter(LatentDistribution::hasDivergence);
  }

  static Stream<LatentDistribution> continuous() {
    return families().filter(LatentDistribution::isReparameterized);
  }

  static INDArray normal(long seed, long... shape) {
    INDArray result = Nd4j.zeros(DataType.DOUBLE, shape);
    try (RandomStream random = new RandomStream(seed)) {
      random.gaussian(result, 0.6, result);
    }
    return result;
  }

  private static INDArray eta(LatentDistribution family, long seed) {
    return normal(seed, ROWS, family.parameters(LATENTS));
  }

  private static INDArray noise(LatentDistribution family, long rows, DataType type) {
    INDArray noise = Nd4j.create(type, rows, LATENTS);
    CounterNoise.fill(Seeds.derive(3, 1), family::noise, noise);
    return noise;
  }

  /** Central differences of a function of an array. */
  static INDArray numericGradient(ToDoubleFunction<INDArray> function, INDArray at) {
    INDArray gradient = at.ulike();
    for (long i = 0; i < at.length(); i++) {
      double value = at.getDouble(i);
      double up = function.applyAsDouble(at.dup().putScalar(i, value + STEP));
      double down = function.applyAsDouble(at.dup().putScalar(i, value - STEP));
      gradient.putScalar(i, (up - down) / (2 * STEP));
    }
    return gradient;
  }

  private static double dot(INDArray a, INDArray b) {
    return a.mul(b).sumNumber().doubleValue();
  }

  @ParameterizedTest
  @MethodSource("families")
  void samplesHaveTheirDerivative(LatentDistribution family) {
    INDArray eta = eta(family, 11);
    INDArray noise = noise(family, ROWS, DataType.DOUBLE);
    INDArray direction = normal(12, ROWS, LATENTS);
    for (double tau : new double[] {0.3, 1, 4}) {
      NdAssert.assertClose(
          numericGradient(e -> dot(family.sample(e, noise, tau), direction), eta),
          family.sampleGradient(eta, noise, tau, direction),
          1e-8);
    }
  }

  @ParameterizedTest
  @MethodSource("withDivergence")
  void divergencesHaveTheirDerivative(LatentDistribution family) {
    INDArray eta = eta(family, 21);
    INDArray weight = normal(22, ROWS, family.factors(LATENTS));
    INDArray prior = normal(23, 1, family.parameters(LATENTS));
    INDArray priors = normal(24, ROWS, family.parameters(LATENTS));
    for (INDArray p : new INDArray[] {null, prior, priors}) {
      NdAssert.assertClose(
          numericGradient(e -> dot(family.divergence(e, p), weight), eta),
          family.divergenceGradient(eta, p, weight),
          1e-8);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void logProbabilitiesHaveTheirDerivatives(LatentDistribution family) {
    INDArray eta = eta(family, 31);
    INDArray z = normal(32, ROWS, LATENTS);
    INDArray weight = normal(33, ROWS, family.factors(LATENTS));
    LatentDistribution.LogProbabilityGradient gradient =
        family.logProbabilityGradient(eta, z, weight);
    NdAssert.assertClose(
        numericGradient(e -> dot(family.logProbability(e, z), weight), eta),
        gradient.parameters(),
        1e-8);
    NdAssert.assertClose(
        numericGradient(v -> dot(family.logProbability(eta, v), weight), z),
        gradient.latents(),
        1e-8);
    INDArray one = eta.getRow(1, true).dup();
    NdAssert.assertClose(
        family.logProbability(LatentRows.like(one, z).dup(), z),
        family.logProbability(one, z),
        1e-14);
  }

  /** One latent variable: the density integrates to 1, by the trapezium rule. */
  @ParameterizedTest
  @MethodSource("continuous")
  void densitiesIntegrateToOne(LatentDistribution family) {
    int points = 20001;
    double width = 100;
    INDArray eta = Nd4j.createFromArray(new double[][] {{0.3, 0.4}});
    INDArray z = Nd4j.linspace(DataType.DOUBLE, -width / 2, width / (points - 1), points);
    double sum =
        Nd4j.math()
            .exp(family.logProbability(eta, z.reshape('c', new long[] {points, 1})))
            .sumNumber()
            .doubleValue();
    assertEquals(1, sum * width / (points - 1), 1e-5);
  }

  /** {@code E_q[log q - log p]} by the trapezium rule over z. */
  @ParameterizedTest
  @MethodSource("continuous")
  void divergencesAreExpectations(LatentDistribution family) {
    if (!family.hasDivergence()) {
      return;
    }
    int points = 20001;
    double width = 100;
    INDArray eta = Nd4j.createFromArray(new double[][] {{0.7, -0.4}});
    INDArray prior = Nd4j.createFromArray(new double[][] {{-0.2, 0.5}});
    INDArray z =
        Nd4j.linspace(DataType.DOUBLE, -width / 2, width / (points - 1), points)
            .reshape('c', new long[] {points, 1});
    for (INDArray p : new INDArray[] {null, prior}) {
      INDArray q = family.logProbability(eta, z);
      INDArray ratio = q.sub(family.logProbability(p == null ? eta.mul(0) : p, z));
      double expected = Nd4j.math().exp(q).muli(ratio).sumNumber().doubleValue();
      assertEquals(expected * width / (points - 1), family.divergence(eta, p).getDouble(0), 2e-5);
    }
  }

  @Test
  void knownDivergences() {
    assertEquals(
        0.81814718056,
        new DiagonalGaussian()
            .divergence(Nd4j.createFromArray(new double[][] {{1, Math.log(0.25)}}), null)
            .getDouble(0),
        1e-11);
    assertEquals(
        0.81814718056,
        new FullGaussian()
            .divergence(Nd4j.createFromArray(new double[][] {{1, Math.log(0.5)}}), null)
            .getDouble(0),
        1e-11);
    assertEquals(
        0.296793736125,
        new GumbelSoftmax(3, DiscreteGradient.RELAXED, 1)
            .divergence(
                Nd4j.createFromArray(new double[][] {{Math.log(7), Math.log(2), Math.log(1)}}),
                null)
            .getDouble(0),
        1e-11);
    assertEquals(
        0.082282878505,
        new BinaryConcrete(DiscreteGradient.RELAXED, 1)
            .divergence(Nd4j.createFromArray(new double[][] {{Math.log(0.3 / 0.7)}}), null)
            .getDouble(0),
        1e-11);
  }

  /** The divergence is finite and linear in log b there, though b itself is 0 in FLOAT. */
  @Test
  void laplaceOfAScaleThatUnderflows() {
    DiagonalLaplace family = new DiagonalLaplace();
    INDArray eta =
        Nd4j.createFromArray(new float[][] {{0, -120}, {1, -120}, {1e4f, -89}, {-1, -300}});
    INDArray weight = Nd4j.ones(DataType.FLOAT, 4, 1);
    NdAssert.assertClose(
        Nd4j.createFromArray(new double[][] {{119}, {120}, {10088}, {300}}),
        family.divergence(eta, null).castTo(DataType.DOUBLE),
        1e-3);
    NdAssert.assertClose(
        Nd4j.createFromArray(new double[][] {{0, -1}, {1, -1}, {1, -1}, {-1, -1}}),
        family.divergenceGradient(eta, null, weight).castTo(DataType.DOUBLE),
        1e-6);
  }

  /** A full factor with zeros below the diagonal is the diagonal family. */
  @Test
  void fullGaussianHoldsTheDiagonalOne() {
    INDArray mean = normal(41, ROWS, 3);
    INDArray logDeviation = normal(42, ROWS, 3);
    INDArray full = Nd4j.zeros(DataType.DOUBLE, ROWS, 9);
    int[] diagonal = {3, 5, 8};
    for (int j = 0; j < 3; j++) {
      full.putColumn(j, mean.getColumn(j));
      full.putColumn(diagonal[j], logDeviation.getColumn(j));
    }
    INDArray plain = Nd4j.hstack(mean, logDeviation.mul(2));
    INDArray z = normal(43, ROWS, 3);
    NdAssert.assertClose(
        new DiagonalGaussian().divergence(plain, null).sum(true, 1),
        new FullGaussian().divergence(full, null),
        1e-12);
    NdAssert.assertClose(
        new DiagonalGaussian().logProbability(plain, z).sum(true, 1),
        new FullGaussian().logProbability(full, z),
        1e-12);
    NdAssert.assertClose(
        new DiagonalGaussian().sample(plain, z, 1), new FullGaussian().sample(full, z, 1), 1e-12);
  }

  /** Against the density with the covariance matrix written out, for two variables. */
  @Test
  void fullGaussianHasTheCovarianceOfItsFactor() {
    double a = 1.3;
    double b = -0.7;
    double c = 0.6;
    INDArray eta = Nd4j.createFromArray(new double[][] {{0.2, -0.1, Math.log(a), b, Math.log(c)}});
    double s00 = a * a;
    double s01 = a * b;
    double s11 = b * b + c * c;
    double det = s00 * s11 - s01 * s01;
    double x = 0.9 - 0.2;
    double y = -1.4 + 0.1;
    double expected =
        -(s11 * x * x - 2 * s01 * x * y + s00 * y * y) / (2 * det)
            - Math.log(det) / 2
            - Math.log(2 * Math.PI);
    assertEquals(
        expected,
        new FullGaussian()
            .logProbability(eta, Nd4j.createFromArray(new double[][] {{0.9, -1.4}}))
            .getDouble(0),
        1e-12);
  }

  /**
   * Means of {@code log q - log p} over exact samples agree with the closed form, within 6.11 of
   * their standard errors (false-alarm rate 1e-9 for a normal mean).
   */
  @ParameterizedTest
  @MethodSource("withDivergence")
  void samplesAreThoseOfTheDistribution(LatentDistribution family) {
    int n = 20_000;
    INDArray eta = normal(51, 1, family.parameters(LATENTS));
    INDArray z =
        family.exactSample(eta.broadcast(n, eta.size(1)).dup(), noise(family, n, DataType.DOUBLE));
    INDArray zeros = eta.mul(0);
    INDArray ratio =
        family.logProbability(eta, z).sum(1).subi(family.logProbability(zeros, z).sum(1));
    double error = ratio.stdNumber().doubleValue() / Math.sqrt(n);
    assertEquals(
        family.divergence(eta, null).sumNumber().doubleValue(),
        ratio.meanNumber().doubleValue(),
        Limits.SIGMAS * error);
  }

  /** Frequencies of the values against their probabilities. */
  @Test
  void gumbelMaximumHasTheSoftmaxProbabilities() {
    int n = 100_000;
    LatentDistribution family = new GumbelSoftmax(4, DiscreteGradient.STRAIGHT_THROUGH, 0.5);
    double[] p = {0.1, 0.2, 0.3, 0.4};
    INDArray eta = Nd4j.math().log(Nd4j.createFromArray(new double[][] {p})).addi(5);
    INDArray noise = noise(family, n, DataType.DOUBLE);
    INDArray rows = eta.broadcast(n, 4).dup();
    INDArray z = family.sample(rows, noise, 0.5);
    NdAssert.assertSame(z, family.exactSample(rows, noise));
    NdAssert.assertClose(z.sum(1), Nd4j.ones(DataType.DOUBLE, n), 0);
    double distance = 0;
    for (int j = 0; j < 4; j++) {
      distance += Math.abs(z.getColumn(j).meanNumber().doubleValue() - p[j]) / 2;
    }
    assertTrue(distance < Limits.totalVariation(p, n), "distance " + distance);
  }

  @Test
  void straightThroughIsExactForwardAndRelaxedBackward() {
    INDArray eta = normal(61, ROWS, LATENTS);
    INDArray direction = normal(62, ROWS, LATENTS);
    for (List<LatentDistribution> pair :
        List.<List<LatentDistribution>>of(
            List.of(
                new BinaryConcrete(DiscreteGradient.RELAXED, 0.5),
                new BinaryConcrete(DiscreteGradient.STRAIGHT_THROUGH, 0.5),
                new BinaryConcrete(DiscreteGradient.SCORE_FUNCTION, 0.5)),
            List.of(
                new GumbelSoftmax(2, DiscreteGradient.RELAXED, 0.5),
                new GumbelSoftmax(2, DiscreteGradient.STRAIGHT_THROUGH, 0.5),
                new GumbelSoftmax(2, DiscreteGradient.SCORE_FUNCTION, 0.5)))) {
      INDArray noise = noise(pair.get(0), ROWS, DataType.DOUBLE);
      INDArray relaxed = pair.get(0).sample(eta, noise, 0.5);
      for (LatentDistribution hard : pair.subList(1, 3)) {
        NdAssert.assertClose(Nd4j.math().round(relaxed), hard.sample(eta, noise, 0.5), 0);
      }
      NdAssert.assertSame(
          pair.get(0).sampleGradient(eta, noise, 0.5, direction),
          pair.get(1).sampleGradient(eta, noise, 0.5, direction));
      NdAssert.assertClose(eta.mul(0), pair.get(2).sampleGradient(eta, noise, 0.5, direction), 0);
    }
  }

  /** The ends of the range of uniform numbers, where the noise is largest, and huge logits. */
  @ParameterizedTest
  @MethodSource("families")
  void noExtremeDrawIsInfinite(LatentDistribution family) {
    double[] ends = {0x1p-53, 0x1p-52, 0.5, 1 - 0x1p-52, 1 - 0x1p-53};
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray noise = Nd4j.create(type, ends.length, LATENTS);
      for (int i = 0; i < ends.length; i++) {
        assertTrue(Double.isFinite(family.noise(ends[i])));
        for (int j = 0; j < LATENTS; j++) {
          noise.putScalar(i, j, family.noise(ends[(i + j) % ends.length]));
        }
      }
      // Scales are exponentials, which may overflow.
      double largest = family.isReparameterized() ? 10 : 1000;
      for (double size : new double[] {0, 1, largest}) {
        INDArray eta = normal(71, ends.length, family.parameters(LATENTS)).muli(size).castTo(type);
        for (double tau : new double[] {1e-3, 0.5, 1e3}) {
          requireFinite(family.sample(eta, noise, tau), family + " " + tau + " " + size);
          requireFinite(
              family.sampleGradient(eta, noise, tau, noise), family + " " + tau + " " + size);
        }
      }
    }
  }

  /** 0 times an infinity is NaN, and so is a sum with NaN. */
  private static void requireFinite(INDArray values, String what) {
    assertEquals(0, values.mul(0).sumNumber().doubleValue(), () -> what + "\n" + values);
  }

  /** Divided by the temperature these logits are beyond the largest FLOAT. */
  @Test
  void logitsBeyondTheRangeOfTheTypeGiveFiniteSamples() {
    GumbelSoftmax gumbel = new GumbelSoftmax(3, DiscreteGradient.RELAXED, 1e-3);
    INDArray eta =
        Nd4j.createFromArray(new float[][] {{1e37f, -1e37f, 3e37f}, {2e36f, 2e36f, -3e37f}});
    INDArray noise = Nd4j.createFromArray(new float[][] {{1, 0, -1}, {0, 0, 5}});
    INDArray sample = gumbel.sample(eta, noise, 1e-3);
    assertEquals(Nd4j.createFromArray(new float[][] {{0, 0, 1}, {0.5f, 0.5f, 0}}), sample);
    requireFinite(
        gumbel.sampleGradient(eta, noise, 1e-3, Nd4j.ones(DataType.FLOAT, 2, 3)), "gradient");
  }

  @Test
  void manyDrawsAtALowTemperatureAreFinite() {
    // Long.getLong so that the 1e8 draws of a thorough run need no other code.
    long draws = Long.getLong("dl4jebm.draws", 2_000_000);
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray noise = Nd4j.create(type, 10_000, LATENTS);
      for (LatentDistribution family :
          List.of(
              new GumbelSoftmax(4, DiscreteGradient.RELAXED, 1e-3),
              new BinaryConcrete(DiscreteGradient.RELAXED, 1e-3))) {
        INDArray eta = normal(81, noise.size(0), LATENTS).castTo(type);
        for (long done = 0; done < draws; done += noise.length()) {
          CounterNoise.fill(Seeds.derive(9, done), family::noise, noise);
          INDArray z = family.sample(eta, noise, 1e-3);
          requireFinite(z, family + " sample " + type);
          requireFinite(
              family.sampleGradient(eta, noise, 1e-3, noise), family + " gradient " + type);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void floatIsCloseToDoubleAndArgumentsAreLeftAlone(LatentDistribution family) {
    INDArray eta = eta(family, 91);
    INDArray noise = noise(family, ROWS, DataType.DOUBLE);
    INDArray weight = normal(92, ROWS, family.factors(LATENTS));
    INDArray[] arguments = {eta, noise, weight};
    INDArray[] before = {eta.dup(), noise.dup(), weight.dup()};
    INDArray[] exact = everything(family, eta, noise, weight);
    for (int i = 0; i < arguments.length; i++) {
      NdAssert.assertSame(before[i], arguments[i]);
    }
    INDArray[] single =
        everything(
            family,
            eta.castTo(DataType.FLOAT),
            noise.castTo(DataType.FLOAT),
            weight.castTo(DataType.FLOAT));
    INDArray[] strided =
        everything(family, NdAssert.view(eta), NdAssert.fortran(noise), NdAssert.view(weight));
    for (int i = 0; i < exact.length; i++) {
      assertEquals(DataType.FLOAT, single[i].dataType());
      NdAssert.assertClose(exact[i], single[i], 20 * NdAssert.FLOAT_TOLERANCE);
      NdAssert.assertClose(exact[i], strided[i], 1e-13);
    }
  }

  private static INDArray[] everything(
      LatentDistribution family, INDArray eta, INDArray noise, INDArray weight) {
    INDArray z = family.sample(eta, noise, 0.5);
    LatentDistribution.LogProbabilityGradient gradient =
        family.logProbabilityGradient(eta, z, weight);
    Stream<INDArray> common =
        Stream.of(
            z,
            family.exactSample(eta, noise),
            family.mean(eta),
            family.mode(eta),
            family.sampleGradient(eta, noise, 0.5, noise),
            family.logProbability(eta, z),
            gradient.parameters(),
            gradient.latents());
    Stream<INDArray> divergences =
        family.hasDivergence()
            ? Stream.of(family.divergence(eta, null), family.divergenceGradient(eta, null, weight))
            : Stream.of();
    return Stream.concat(common, divergences).toArray(INDArray[]::new);
  }

  @Test
  void badOptionsAreRefused() {
    for (double tau : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new GumbelSoftmax(3, DiscreteGradient.RELAXED, tau))
              .getMessage();
      assertEquals("temperature is " + tau + "; accepted: a finite number above 0", message);
      assertThrows(
          IllegalArgumentException.class, () -> new BinaryConcrete(DiscreteGradient.RELAXED, tau));
    }
    assertThrows(
        IllegalArgumentException.class, () -> new GumbelSoftmax(1, DiscreteGradient.RELAXED, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> new GumbelSoftmax(3, DiscreteGradient.RELAXED, 1).parameters(10));
    assertThrows(IllegalArgumentException.class, () -> new BinaryConcrete(null, 1));
    assertThrows(
        UnsupportedOperationException.class,
        () -> new DiagonalLogistic().divergence(normal(1, 2, 4), null));
    assertThrows(
        IllegalArgumentException.class,
        () -> new DiagonalGaussian().logProbability(normal(1, 2, 4), normal(1, 3, 2)));
  }

  /** A mode is the most probable value; ties have a single 1. */
  @Test
  void modes() {
    LatentDistribution family = new GumbelSoftmax(3, DiscreteGradient.RELAXED, 1);
    INDArray eta = Nd4j.createFromArray(new double[][] {{1, 1, 0}, {-2, 4, 3}, {-9, -9, -8}});
    NdAssert.assertSame(
        Nd4j.createFromArray(new double[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}), family.mode(eta));
    INDArray mean = family.mean(eta);
    NdAssert.assertClose(mean.sum(1), Nd4j.ones(DataType.DOUBLE, 3), 1e-14);
    assertEquals(
        Math.exp(4) / (Math.exp(-2) + Math.exp(4) + Math.exp(3)), mean.getDouble(1, 1), 1e-14);
    NdAssert.assertSame(
        Nd4j.createFromArray(new double[][] {{1, 0, 0}}),
        new BinaryConcrete(DiscreteGradient.RELAXED, 1)
            .mode(Nd4j.createFromArray(new double[][] {{0.1, -0.1, -5}})));
    NdAssert.assertSame(
        normal(5, 2, 4).get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2)).dup(),
        new DiagonalLogistic().mode(normal(5, 2, 4)));
  }
}
