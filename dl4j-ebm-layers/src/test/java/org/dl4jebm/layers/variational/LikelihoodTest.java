/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.variational;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** What all likelihoods have in common. */
@Tag("gpu")
class LikelihoodTest {

  private static final int SAMPLES = 3;
  private static final int EXAMPLES = 4;
  private static final long[][] POSITIONS = {{}, {5}, {2, 3}};

  static Stream<Likelihood> families() {
    return LikelihoodCases.families();
  }

  /** Data, mask, outputs and a bound likelihood of one shape. */
  private record Case(Likelihood likelihood, INDArray x, INDArray mask, INDArray eta) {}

  private static List<Case> cases(Likelihood family, int samples) {
    SplittableRandom random = new SplittableRandom(3);
    long d = 6;
    return Arrays.stream(POSITIONS)
        .flatMap(
            positions -> {
              INDArray x =
                  LikelihoodCases.data(
                      family, LikelihoodCases.shape(EXAMPLES, d, positions), random);
              INDArray eta =
                  LikelihoodCases.normal(
                      random,
                      LikelihoodCases.shape(
                          (long) EXAMPLES * samples, family.outputSize(d), positions));
              INDArray mask = LikelihoodCases.uniform(random, x.shape());
              Likelihood bound =
                  family.parameterCount(d) == 0
                      ? family
                      : family.withParameters(
                          LikelihoodCases.normal(random, family.parameterCount(d)).mul(0.5));
              return Stream.of(new Case(bound, x, null, eta), new Case(bound, x, mask, eta));
            })
        .toList();
  }

  @ParameterizedTest
  @MethodSource("families")
  void logProbabilityIsTheFormula(Likelihood family) {
    for (Case c : cases(family, SAMPLES)) {
      double[] expected = LikelihoodCases.logProbability(c.likelihood(), c.x(), c.mask(), c.eta());
      assertArrayEquals(expected, c.likelihood().logProbability(c.x(), c.mask(), c.eta()), 1e-11);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void gradientIsTheDerivative(Likelihood family) {
    double[] weights = weights();
    for (Case c : cases(family, SAMPLES)) {
      INDArray gradient = c.eta().ulike();
      long count = family.parameterCount(c.x().size(1));
      INDArray parameterGradient = count == 0 ? null : Nd4j.create(DataType.DOUBLE, count);
      double[] logP =
          c.likelihood().gradient(c.x(), c.mask(), c.eta(), weights, gradient, parameterGradient);
      assertArrayEquals(c.likelihood().logProbability(c.x(), c.mask(), c.eta()), logP, 1e-12);
      for (long i = 0; i < c.eta().length(); i += 5) {
        assertEquals(difference(c, c.eta(), i, weights), gradient.getDouble(i), 1e-7);
      }
      if (count > 0) {
        INDArray parameters = parameters(c.likelihood());
        for (long i = 0; i < count; i++) {
          assertEquals(difference(c, parameters, i, weights), parameterGradient.getDouble(i), 1e-6);
        }
      }
    }
  }

  private static double[] weights() {
    double[] weights = new double[EXAMPLES * SAMPLES];
    Arrays.setAll(weights, i -> 0.2 + 0.1 * i);
    return weights;
  }

  private static INDArray parameters(Likelihood likelihood) {
    return LikelihoodCases.parameters((GaussianLikelihood) likelihood);
  }

  private static double difference(Case c, INDArray argument, long index, double[] weights) {
    double step = 1e-5;
    double before = argument.getDouble(index);
    double[] losses = new double[2];
    for (int side = 0; side < 2; side++) {
      argument.putScalar(index, before + (side == 0 ? step : -step));
      double[] logP = c.likelihood().logProbability(c.x(), c.mask(), c.eta());
      for (int row = 0; row < logP.length; row++) {
        losses[side] -= weights[row] * logP[row];
      }
    }
    argument.putScalar(index, before);
    return (losses[0] - losses[1]) / (2 * step);
  }

  /** The FLOAT path without a mask is another implementation. */
  @ParameterizedTest
  @MethodSource("families")
  void floatCloseToDouble(Likelihood family) {
    for (int samples : new int[] {1, SAMPLES}) {
      for (Case c : cases(family, samples)) {
        double[] weights = Arrays.copyOf(weights(), EXAMPLES * samples);
        long count = family.parameterCount(c.x().size(1));
        INDArray gradient = c.eta().ulike();
        INDArray byParameters = count == 0 ? null : Nd4j.create(DataType.DOUBLE, count);
        double[] expected =
            c.likelihood().gradient(c.x(), c.mask(), c.eta(), weights, gradient, byParameters);
        Likelihood single =
            count == 0
                ? c.likelihood()
                : c.likelihood().withParameters(parameters(c.likelihood()).castTo(DataType.FLOAT));
        INDArray mask = c.mask() == null ? null : c.mask().castTo(DataType.FLOAT);
        INDArray eta = c.eta().castTo(DataType.FLOAT);
        INDArray x = c.x().castTo(DataType.FLOAT);
        INDArray singleGradient = eta.ulike();
        INDArray singleByParameters = count == 0 ? null : Nd4j.create(DataType.FLOAT, count);
        double[] found = single.gradient(x, mask, eta, weights, singleGradient, singleByParameters);
        NdAssert.assertClose(expected, found, 1e-5, () -> "log p");
        NdAssert.assertClose(expected, single.logProbability(x, mask, eta), 1e-5, () -> "log p");
        NdAssert.assertClose(gradient, singleGradient, 1e-5);
        if (count > 0) {
          NdAssert.assertClose(byParameters, singleByParameters, 1e-4);
        }
      }
    }
  }

  /** Views and both orders, for arguments and results; with views of a wider matrix. */
  @ParameterizedTest
  @MethodSource("families")
  void memoryLayouts(Likelihood family) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      Case c = cases(family, SAMPLES).get(0);
      INDArray x = c.x().castTo(type);
      INDArray eta = c.eta().castTo(type);
      long count = family.parameterCount(x.size(1));
      INDArray byParameters = count == 0 ? null : Nd4j.create(type, count);
      INDArray expected = eta.ulike();
      double[] logP = c.likelihood().gradient(x, null, eta, weights(), expected, byParameters);
      INDArray wide = Nd4j.valueArrayOf(new long[] {eta.size(0), eta.size(1) + 1}, -7.0, type);
      INDArray left = wide.get(NDArrayIndex.all(), NDArrayIndex.interval(0, eta.size(1)));
      INDArray right =
          Nd4j.create(type, wide.shape())
              .get(NDArrayIndex.all(), NDArrayIndex.interval(1, wide.size(1)));
      for (INDArray variant :
          List.of(NdAssert.fortran(eta), NdAssert.view(eta), left.assign(eta), right.assign(eta))) {
        INDArray target = Nd4j.valueArrayOf(wide.shape(), -7.0, type);
        INDArray gradient = target.get(NDArrayIndex.all(), NDArrayIndex.interval(0, eta.size(1)));
        double[] found =
            c.likelihood()
                .gradient(NdAssert.view(x), null, variant, weights(), gradient, byParameters);
        NdAssert.assertClose(logP, found, 1e-5, () -> "log p");
        NdAssert.assertClose(expected, gradient, 1e-5);
        assertEquals(
            -7.0 * eta.size(0), target.getColumn(eta.size(1)).sumNumber().doubleValue(), 1e-6);
        double[] fast =
            c.likelihood().gradient(x, null, variant, weights(), gradient, byParameters);
        NdAssert.assertClose(logP, fast, 1e-5, () -> "log p");
        NdAssert.assertClose(expected, gradient, 1e-5);
      }
    }
  }

  /** Long rows have several blocks; many rows are divided among threads. */
  @ParameterizedTest
  @MethodSource("families")
  void largeArrays(Likelihood family) {
    SplittableRandom random = new SplittableRandom(4);
    for (long[] shape : new long[][] {{20, 2 * FusedRows.BLOCK + 8}, {10, 6, 1200}}) {
      INDArray x = LikelihoodCases.data(family, shape, random);
      long[] etaShape = shape.clone();
      etaShape[0] *= 2;
      etaShape[1] = family.outputSize(shape[1]);
      INDArray eta = LikelihoodCases.normal(random, etaShape);
      NdAssert.assertClose(
          family.logProbability(x, eta),
          family.logProbability(x.castTo(DataType.FLOAT), eta.castTo(DataType.FLOAT)),
          1e-5,
          () -> "log p");
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void argumentsAreNotModified(Likelihood family) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      for (Case c : cases(family, SAMPLES)) {
        INDArray x = c.x().castTo(type).dup();
        INDArray mask = c.mask() == null ? null : c.mask().castTo(type).dup();
        INDArray eta = c.eta().castTo(type).dup();
        long count = family.parameterCount(x.size(1));
        List<INDArray> before =
            mask == null ? List.of(x.dup(), eta.dup()) : List.of(x.dup(), eta.dup(), mask.dup());
        double[] weights = weights();
        c.likelihood().findBadData(x, mask);
        c.likelihood().logProbability(x, mask, eta);
        c.likelihood()
            .gradient(
                x, mask, eta, weights, eta.ulike(), count == 0 ? null : Nd4j.create(type, count));
        c.likelihood().mean(eta);
        try (RandomStream stream = new RandomStream(1)) {
          c.likelihood().sample(eta, stream);
        }
        NdAssert.assertSame(before.get(0), x);
        NdAssert.assertSame(before.get(1), eta);
        if (mask != null) {
          NdAssert.assertSame(before.get(2), mask);
        }
        assertArrayEquals(weights(), weights);
      }
    }
  }

  /** Means of 4,000 draws, within 5 standard errors: false alarm once in 1.7e6 a value. */
  @ParameterizedTest
  @MethodSource("families")
  void samplesHaveTheMeanAndVariance(Likelihood family) {
    int draws = 4_000;
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      for (Case c : cases(family, 1)) {
        if (c.mask() != null) {
          continue;
        }
        INDArray one = c.eta().get(NDArrayIndex.interval(0, 1)).castTo(type).dup('c');
        INDArray many = LikelihoodRows.repeat(one, draws);
        INDArray sample;
        try (RandomStream stream = new RandomStream(17)) {
          sample = c.likelihood().sample(many, stream);
        }
        assertEquals(type, sample.dataType());
        INDArray flat = sample.castTo(DataType.DOUBLE).reshape('c', new long[] {draws, -1});
        double[] mean = NdAssert.values(c.likelihood().mean(one));
        double[] variance = LikelihoodCases.variance(c.likelihood(), one);
        double[] found = NdAssert.values(flat.mean(0));
        double[] spread = NdAssert.values(flat.var(0));
        for (int i = 0; i < mean.length; i++) {
          assertEquals(mean[i], found[i], 5 * Math.sqrt(variance[i] / draws) + 1e-6);
          // The standard error of a variance is sqrt(2 / draws) = 0.022 times it for normal
          // numbers; that of 0/1 values is less, or follows from their mean.
          assertEquals(variance[i], spread[i], 0.12 * variance[i] + 0.01);
        }
        assertTrue(c.likelihood().findBadData(sample, null).isEmpty());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aSeedGivesTheSameSample(Likelihood family) {
    INDArray eta = LikelihoodCases.normal(new SplittableRandom(5), 7, family.outputSize(6));
    INDArray[] samples = new INDArray[3];
    for (int i = 0; i < 3; i++) {
      try (RandomStream stream = new RandomStream(i < 2 ? 8 : 9)) {
        samples[i] = family.sample(eta, stream);
      }
    }
    NdAssert.assertSame(samples[0], samples[1]);
    assertNotEquals(samples[0], samples[2]);
  }

  @ParameterizedTest
  @MethodSource("families")
  void shapesThatDoNotGoTogether(Likelihood family) {
    INDArray x = Nd4j.zeros(DataType.DOUBLE, 4, 6);
    long p = family.outputSize(6);
    INDArray good = Nd4j.zeros(DataType.DOUBLE, 8, p);
    family.logProbability(x, good);
    for (INDArray eta :
        List.of(
            Nd4j.zeros(DataType.DOUBLE, 6, p),
            Nd4j.zeros(DataType.DOUBLE, 2, p),
            Nd4j.zeros(DataType.DOUBLE, 4, p + 6),
            Nd4j.zeros(DataType.DOUBLE, 4, p, 1),
            Nd4j.zeros(DataType.DOUBLE, p),
            Nd4j.zeros(DataType.FLOAT, 4, p))) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> family.logProbability(x, eta));
      assertTrue(e.getMessage().contains("accepted"), e.getMessage());
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> family.logProbability(x, Nd4j.zeros(DataType.DOUBLE, 4, 1), good));
  }

  @ParameterizedTest
  @MethodSource("families")
  void nanIsBadDataAndMaskedValuesAreNot(Likelihood family) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray x = LikelihoodCases.data(family, new long[] {4, 6}, new SplittableRandom(1));
      x = x.castTo(type);
      assertTrue(family.findBadData(x, null).isEmpty());
      INDArray bad = x.dup().putScalar(2, 3, Double.NaN);
      assertTrue(family.findBadData(bad, null).isPresent());
      assertTrue(
          family.findBadData(x.dup().putScalar(1, 1, Double.POSITIVE_INFINITY), null).isPresent());
      INDArray outside = x.dup();
      outside.putRow(2, Nd4j.valueArrayOf(new long[] {6}, 2.5, type));
      INDArray mask = Nd4j.ones(type, 4, 6);
      mask.putRow(2, Nd4j.zeros(type, 6));
      assertTrue(family.findBadData(outside, mask).isEmpty());
      boolean real = family instanceof GaussianLikelihood;
      assertEquals(real, family.findBadData(outside, null).isEmpty());
      assertEquals(real, family.findBadData(x.neg().subi(0.001), null).isEmpty());
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void jsonAndSerialisation(Likelihood family) throws IOException, ClassNotFoundException {
    ObjectMapper mapper = new ObjectMapper();
    Likelihood copy = mapper.readValue(mapper.writeValueAsString(family), Likelihood.class);
    assertEquals(family, copy);
    assertEquals(family.hashCode(), copy.hashCode());
    assertEquals(family.describe(), copy.describe());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(family);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertEquals(family, in.readObject());
    }
    assertEquals(1, families().filter(family::equals).count());
  }

  /**
   * Over all binary rows, all categories, or a fine grid of one value, where the sum is exact but
   * for exponentially little.
   */
  @ParameterizedTest
  @MethodSource("families")
  void probabilitiesSumToOne(Likelihood family) {
    SplittableRandom random = new SplittableRandom(6);
    INDArray eta = LikelihoodCases.normal(random, 1, family.outputSize(6));
    double sum = 0;
    if (family instanceof GaussianLikelihood) {
      INDArray one = LikelihoodCases.normal(random, 1, family.outputSize(1));
      double step = 0.05;
      INDArray grid = Nd4j.linspace(DataType.DOUBLE, -25, step, 1001).reshape('c', 1001, 1);
      for (double logP : family.logProbability(grid, LikelihoodRows.repeat(one, 1001))) {
        sum += step * Math.exp(logP);
      }
    } else {
      for (int state = 0; state < 64; state++) {
        INDArray x = Nd4j.create(DataType.DOUBLE, 1, 6);
        for (int bit = 0; bit < 6; bit++) {
          x.putScalar(bit, state >> bit & 1);
        }
        if (family.findBadData(x, null).isEmpty()) {
          sum += Math.exp(family.logProbability(x, eta)[0]);
        }
      }
    }
    assertEquals(1, sum, 1e-10);
  }

  /** Exact limits at logits, or errors, that overflow a naive formula. */
  @Test
  void extremeOutputs() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray x = Nd4j.createFromArray(new double[][] {{1, 0, 1, 0}}).castTo(type);
      INDArray l = Nd4j.createFromArray(new double[][] {{1e4, -1e4, -1e4, 1e4}}).castTo(type);
      INDArray gradient = l.ulike();
      double[] one = {1};
      for (INDArray logits : List.of(l, NdAssert.view(LikelihoodRows.repeat(l, 2)))) {
        double[] bernoulli = new BernoulliLikelihood().logProbability(x, logits);
        assertEquals(-2e4, bernoulli[0], 1e-6);
      }
      new BernoulliLikelihood().gradient(x, null, l, one, gradient, null);
      NdAssert.assertClose(new double[] {0, 0, -1, 1}, NdAssert.values(gradient), 1e-7, () -> "");
      Likelihood categorical = new CategoricalLikelihood(2);
      assertEquals(-2e4, categorical.logProbability(x, l)[0], 1e-6);
      categorical.gradient(x, null, l, one, gradient, null);
      NdAssert.assertClose(new double[] {0, 0, -1, 1}, NdAssert.values(gradient), 1e-7, () -> "");
      INDArray far = Nd4j.createFromArray(new double[][] {{-1e4, -1e4, -1e4, -1e4}}).castTo(type);
      assertEquals(-2 * Math.log(2), categorical.logProbability(x, far)[0], 1e-6);
      assertTrue(Double.isFinite(new GaussianLikelihood().logProbability(x, l)[0]));
    }
  }

  @Test
  void divergenceIsNotHidden() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray x = Nd4j.createFromArray(new double[][] {{1, 0}, {0, 1}}).castTo(type);
      INDArray eta = Nd4j.createFromArray(new double[][] {{0, Double.NaN}, {1, 2}}).castTo(type);
      for (Likelihood family :
          List.of(
              new BernoulliLikelihood(), new GaussianLikelihood(), new CategoricalLikelihood(2))) {
        double[] logP = family.logProbability(x, eta);
        assertTrue(Double.isNaN(logP[0]));
        assertFalse(Double.isNaN(logP[1]));
      }
    }
  }
}
