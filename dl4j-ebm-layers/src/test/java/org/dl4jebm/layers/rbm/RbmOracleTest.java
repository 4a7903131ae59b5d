/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.Oracles;
import org.dl4jebm.layers.testing.TinyRbm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link RbmModel} against exact values by enumeration. */
@Tag("gpu")
class RbmOracleTest {

  private static final String R43 = "R(4,3)";
  private static final String R64 = "R(6,4)";
  private static final String GRADIENT = "R(4,3) data {1010,0111}, gradient of mean log-likelihood";
  private static final double[][] DATA = {{1, 0, 1, 0}, {0, 1, 1, 1}};

  /** In FLOAT the sums of 16 exponentials carry a few roundings of 6e-8 each. */
  private static final double FLOAT = 2e-6;

  private static INDArray states(int units, DataType type) {
    return Nd4j.createFromArray(TinyRbm.states(units)).castTo(type);
  }

  private static double logSumExpOfNegative(INDArray energies) {
    double[] e = NdAssert.values(energies);
    double low = Arrays.stream(e).min().orElseThrow();
    return Math.log(Arrays.stream(e).map(x -> Math.exp(low - x)).sum()) - low;
  }

  private static double tolerance(DataType type) {
    return type == DataType.DOUBLE ? Oracles.TOLERANCE : FLOAT;
  }

  @ParameterizedTest
  @CsvSource({"4,3,DOUBLE", "4,3,FLOAT", "6,4,DOUBLE", "6,4,FLOAT"})
  void logPartitionFunctionFromEitherSide(int nIn, int nOut, DataType type) {
    RbmModel model = TinyRbm.oracle(nIn, nOut).model(type);
    double exact = Oracles.number("R(" + nIn + "," + nOut + ")", "logZ");
    double limit = tolerance(type) * exact;

    assertEquals(exact, logSumExpOfNegative(model.freeEnergy(states(nIn, type))), limit);
    assertEquals(exact, logSumExpOfNegative(model.freeEnergyOfHidden(states(nOut, type))), limit);
  }

  @ParameterizedTest
  @ValueSource(strings = {"DOUBLE", "FLOAT"})
  void logProbabilities(DataType type) {
    RbmModel small = TinyRbm.oracle(4, 3).model(type);
    double logZ = Oracles.number(R43, "logZ");
    double limit = 6 * tolerance(type);
    double[] extremes =
        NdAssert.values(
            small.freeEnergy(Nd4j.createFromArray(new double[][] {new double[4], {1, 1, 1, 1}})));
    assertEquals(Oracles.number(R43, "log p(0000)"), -extremes[0] - logZ, limit);
    assertEquals(Oracles.number(R43, "log p(1111)"), -extremes[1] - logZ, limit);

    RbmModel large = TinyRbm.oracle(6, 4).model(type);
    double logZ64 = Oracles.number(R64, "logZ");
    double[] e =
        NdAssert.values(
            large.freeEnergy(
                Nd4j.createFromArray(new double[][] {new double[6], {1, 1, 1, 1, 1, 1}})));
    assertEquals(Oracles.number(R64, "log p(0)"), -e[0] - logZ64, 2 * limit);
    assertEquals(Oracles.number(R64, "log p(1)"), -e[1] - logZ64, 2 * limit);
  }

  @ParameterizedTest
  @ValueSource(strings = {"DOUBLE", "FLOAT"})
  void momentsAndEntropy(DataType type) {
    RbmModel model = TinyRbm.oracle(4, 3).model(type);
    INDArray v = states(4, type);
    double[] energies = NdAssert.values(model.freeEnergy(v));
    double logZ = Oracles.number(R43, "logZ");
    double[] meanV = new double[4];
    double[] meanH = new double[3];
    double meanV0H0 = 0;
    double entropy = 0;
    double[] propUp = NdAssert.values(model.propUp(v));
    double[][] states = TinyRbm.states(4);
    for (int s = 0; s < states.length; s++) {
      double p = Math.exp(-energies[s] - logZ);
      entropy -= p * (-energies[s] - logZ);
      meanV0H0 += p * states[s][0] * propUp[3 * s];
      for (int i = 0; i < 4; i++) {
        meanV[i] += p * states[s][i];
      }
      for (int j = 0; j < 3; j++) {
        meanH[j] += p * propUp[3 * s + j];
      }
    }
    NdAssert.assertClose(Oracles.numbers(R43, "E[v]"), meanV, tolerance(type), () -> "E[v]");
    NdAssert.assertClose(Oracles.numbers(R43, "E[h]"), meanH, tolerance(type), () -> "E[h]");
    assertEquals(Oracles.number(R43, "E[v0 h0]"), meanV0H0, tolerance(type));
    assertEquals(Oracles.number(R43, "entropy_of_v"), entropy, 3 * tolerance(type));
  }

  @Test
  void visibleMomentsFromTheHiddenSide() {
    RbmModel model = TinyRbm.oracle(6, 4).model(DataType.DOUBLE);
    INDArray h = states(4, DataType.DOUBLE);
    double[] energies = NdAssert.values(model.freeEnergyOfHidden(h));
    double[] propDown = NdAssert.values(model.propDown(h));
    double logZ = Oracles.number(R64, "logZ");
    double[] mean = new double[4];
    for (int t = 0; t < energies.length; t++) {
      for (int i = 0; i < 4; i++) {
        mean[i] += Math.exp(-energies[t] - logZ) * propDown[6 * t + i];
      }
    }
    NdAssert.assertClose(
        Oracles.numbers(R64, "E[v] first four"), mean, Oracles.TOLERANCE, () -> "E[v]");
  }

  @Test
  void gradientOfTheLogLikelihood() {
    RbmModel model = TinyRbm.oracle(4, 3).model(DataType.DOUBLE);
    INDArray v = states(4, DataType.DOUBLE);
    INDArray data = Nd4j.createFromArray(DATA);
    double logZ = Oracles.number(R43, "logZ");
    INDArray p = Nd4j.math().exp(model.freeEnergy(v).neg().sub(logZ)).reshape(16, 1);
    INDArray negative = v.mulColumnVector(p).transpose().mmul(model.propUp(v));
    INDArray gradient = data.transpose().mmul(model.propUp(data)).div(2).sub(negative);

    assertEquals(
        Oracles.number(GRADIENT, "W00 maximum likelihood"),
        gradient.getDouble(0, 0),
        Oracles.TOLERANCE);
    assertEquals(
        Oracles.number(GRADIENT, "norm maximum likelihood"),
        gradient.norm2Number().doubleValue(),
        Oracles.TOLERANCE);
    assertEquals(
        Oracles.number(GRADIENT, "mean log-likelihood"),
        -model.freeEnergy(data).meanNumber().doubleValue() - logZ,
        Oracles.TOLERANCE * 10);
  }

  @Test
  void zeroWeights() {
    TinyRbm tiny =
        new TinyRbm(new double[3][2], new double[] {.1, -.2, .3}, new double[] {.4, -.5});
    double exact = Oracles.number("zero_weight_RBM", "b=(.1,-.2,.3) c=(.4,-.5)");
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      RbmModel model = tiny.model(type);
      double limit = tolerance(type) * 4;
      assertEquals(exact, logSumExpOfNegative(model.freeEnergy(states(3, type))), limit);
      assertEquals(exact, logSumExpOfNegative(model.freeEnergyOfHidden(states(2, type))), limit);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"DOUBLE", "FLOAT"})
  void gaussianVisibleUnitsWithGivenVariances(DataType type) {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    RbmModel model =
        new RbmModel(
            Nd4j.createFromArray(tiny.weights()).castTo(type),
            Nd4j.createFromArray(tiny.hiddenBias()).castTo(type),
            Nd4j.createFromArray(tiny.visibleBias()).castTo(type),
            GaussianUnits.withVariance(Oracles.numbers("gaussian_bernoulli_RBM", "s2")),
            new BernoulliUnits());
    double exact = Oracles.number("gaussian_bernoulli_RBM", "logZ");
    assertEquals(
        exact,
        logSumExpOfNegative(model.freeEnergyOfHidden(states(3, type))),
        12 * tolerance(type));
  }

  /** The plain-Java enumeration that other tests lean on is itself right. */
  @Test
  void enumerationOfTheTestsAgreesWithTheOracles() {
    TinyRbm tiny = TinyRbm.oracle(4, 3);
    assertEquals(Oracles.number(R43, "logZ"), tiny.logZ(), Oracles.TOLERANCE);
    for (int k : new int[] {1, 3, 10}) {
      assertEquals(
          -Oracles.number(GRADIENT, "W00 expected CD-" + k),
          tiny.contrastiveDivergence(DATA, k).mean()[0],
          Oracles.TOLERANCE);
    }
    assertEquals(
        Oracles.number(GRADIENT, "norm expected CD-1"),
        norm(tiny.contrastiveDivergence(DATA, 1).mean(), 12),
        Oracles.TOLERANCE);
    assertEquals(
        Oracles.number(GRADIENT, "norm maximum likelihood"),
        norm(tiny.likelihoodGradient(DATA), 12),
        Oracles.TOLERANCE);
  }

  private static double norm(double[] flat, int weights) {
    return Math.sqrt(Arrays.stream(flat, 0, weights).map(x -> x * x).sum());
  }
}
