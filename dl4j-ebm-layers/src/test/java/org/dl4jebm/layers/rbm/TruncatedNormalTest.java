/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.layers.rbm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.serde.JsonMappers;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.NdAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link TruncatedNormal} against values of 60 digits, and its samples one by one. */
class TruncatedNormalTest {

  /** Field, mean, log partition function. */
  private static final double[][] EXACT = {
    {-10000, 9.99999980000001e-5, -9.2103403819761825},
    {-1000, 0.00099999800000999993, -6.9077562789796371},
    {-100, 0.0099980009992607052, -4.6052701610004159},
    {-30, 0.033259667433677037, -3.4023054231385244},
    {-10, 0.098093233962511963, -2.3123466173077978},
    {-5, 0.18650396712584212, -1.646059860784053},
    {-3, 0.28309865493043651, -1.1887876883056768},
    {-1, 0.52513527616098121, -0.42208311180459076},
    {-0.5, 0.64107777036806448, -0.13197322838894587},
    {-0.001, 0.79752128956291138, 0.22499364973770756},
    {0, 0.79788456080286536, 0.22579135264472743},
    {0.001, 0.79824805005643311, 0.2265894189319845},
    {0.5, 1.0091604338370335, 0.67499211791601635},
    {1, 1.2875999709391784, 1.2461847541812229},
    {2, 2.05524786267899, 2.8959256238757093},
    {3, 3.0044378390421257, 5.4175877232399245},
    {5, 5.0000014867199409, 13.41893824655306},
    {8, 8.0000000000000051, 32.918938533204672},
    {12, 12.0, 72.918938533204673},
    {40, 40.0, 800.91893853320467},
    {10000, 10000.0, 50000000.918938533},
  };

  @ParameterizedTest
  @EnumSource(names = {"DOUBLE", "FLOAT"})
  void meansAndPartitionFunctionsToRounding(DataType type) {
    double rounding = type == DataType.DOUBLE ? 4e-16 : 3e-7;
    for (double[] exact : EXACT) {
      INDArray z = Nd4j.createFromArray(new double[][] {{exact[0]}}).castTo(type);
      INDArray before = z.dup();
      double log = TruncatedNormal.logPartition(z).getDouble(0);
      NdAssert.assertSame(before, z);
      TruncatedNormal.mean(z);
      assertEquals(exact[1], z.getDouble(0), rounding * exact[1], "mean at " + exact[0]);
      assertEquals(
          exact[2], log, 2 * rounding * Math.max(1, Math.abs(exact[2])), "A at " + exact[0]);
    }
  }

  /** Between the points of the table, by the differential equation {@code m' = 1 - m (m - z)}. */
  @Test
  void theMeanIsSmooth() {
    int points = 4001;
    double step = 1e-4;
    INDArray z = Nd4j.linspace(DataType.DOUBLE, -20, 0.01, points).reshape(points, 1);
    INDArray plus = z.add(step);
    INDArray minus = z.sub(step);
    INDArray mean = z.dup();
    TruncatedNormal.mean(plus);
    TruncatedNormal.mean(minus);
    TruncatedNormal.mean(mean);
    NdAssert.assertClose(
        plus.sub(minus).div(2 * step), ActivationTruncatedGaussian.slope(mean, z), 2e-9);
  }

  /**
   * Every sample has the value at which the distribution function is the uniform number that it was
   * made of, whatever the field.
   */
  @ParameterizedTest
  @EnumSource(names = {"DOUBLE", "FLOAT"})
  void samplesInvertTheDistributionFunction(DataType type) {
    int n = 20_000;
    for (double field :
        new double[] {-1e4, -100, -20, -6, -3, -2, -1, -0.1, 0, 0.1, 0.7, 1, 2, 3, 5, 9, 100}) {
      INDArray x = Nd4j.valueArrayOf(new long[] {n, 1}, field, type);
      INDArray u = x.ulike();
      try (RandomStream random = new RandomStream(9);
          RandomStream same = new RandomStream(9)) {
        TruncatedNormal.sample(x, random);
        same.uniform(u);
      }
      double[] numbers = NdAssert.values(u);
      double[] samples = NdAssert.values(x);
      // A draw of FLOAT has a relative error of a few roundings, and the probabilities too.
      double limit = type == DataType.DOUBLE ? 1e-11 : 2e-6;
      for (int i = 0; i < n; i++) {
        double p = numbers[i] + 0x1p-24;
        int row = i;
        assertTrue(samples[i] >= 0);
        assertEquals(
            p,
            distribution(samples[i], field),
            limit * (1 + (field > 0 && type == DataType.FLOAT ? field : 0)),
            () -> "draw " + row + " at field " + field);
      }
    }
  }

  /** {@code P(X <= x)} of the normal distribution of mean z that is cut off at 0. */
  private static double distribution(double x, double z) {
    if (z <= 0) {
      // 1 - Q(x - z) / Q(-z), with Q(t) = phi(t) mills(t)
      double logRatio = -x * (x / 2 - z) + Math.log(mills(x - z) / mills(-z));
      return -Math.expm1(logRatio);
    }
    return (below(x - z) - below(-z)) / below(z);
  }

  private static double below(double t) {
    double tail = Math.exp(-t * t / 2) / Math.sqrt(2 * Math.PI) * mills(Math.abs(t));
    return t > 0 ? 1 - tail : tail;
  }

  /** {@code Q(t) / phi(t)} for {@code t >= 0}: a series near 0, Laplace's fraction elsewhere. */
  private static double mills(double t) {
    if (t < 2.5) {
      double sum = 0;
      double term = t;
      for (int k = 1; k < 80; k++) {
        sum += term;
        term *= t * t / (2 * k + 1);
      }
      return Math.sqrt(Math.PI / 2) * Math.exp(t * t / 2) - sum;
    }
    double fraction = t;
    for (int k = 300; k >= 1; k--) {
      fraction = t + k / fraction;
    }
    return 1 / fraction;
  }

  @Test
  void theExtremeUniformNumbersGiveFiniteSamples() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      for (double field : new double[] {-1e4, -3, 0, 3, 30, 1e4}) {
        INDArray x = Nd4j.valueArrayOf(new long[] {100, 1000}, field, type);
        try (RandomStream random = new RandomStream(5)) {
          TruncatedNormal.sample(x, random);
        }
        double low = x.minNumber().doubleValue();
        double high = x.maxNumber().doubleValue();
        assertTrue(low >= 0 && Double.isFinite(high), () -> field + ": " + low + " to " + high);
        assertTrue(high <= Math.max(field, 0) + 6);
      }
    }
  }

  @Test
  void activationFunction() throws Exception {
    IActivation f = new ActivationTruncatedGaussian();
    INDArray z = UnitCases.batch(GaussianUnits.unitVariance(), 4, 6, 1).muli(3);
    INDArray epsilon = UnitCases.batch(GaussianUnits.unitVariance(), 4, 6, 2);
    double step = 1e-5;
    INDArray slope =
        f.getActivation(z.add(step), true)
            .sub(f.getActivation(z.sub(step), true))
            .div(2 * step)
            .mul(epsilon);
    INDArray[][] layouts = {
      {z.dup(), epsilon},
      {NdAssert.fortran(z), NdAssert.fortran(epsilon)},
      {NdAssert.view(z), NdAssert.view(epsilon)}
    };
    INDArray mean = z.dup();
    TruncatedNormal.mean(mean);
    for (INDArray[] layout : layouts) {
      NdAssert.assertClose(slope, f.backprop(layout[0], layout[1]).getFirst(), 1e-9);
      NdAssert.assertClose(mean, f.getActivation(layout[0], true), 1e-15);
      NdAssert.assertClose(mean, layout[0], 1e-15);
    }
    String json = JsonMappers.getMapper().writeValueAsString(f);
    assertEquals(f, JsonMappers.getMapper().readValue(json, IActivation.class));
    assertEquals(f.hashCode(), new ActivationTruncatedGaussian().hashCode());
  }

  /** Far below 0 the derivative is lost in rounding; it must not become negative. */
  @Test
  void theDerivativeIsNeverNegative() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray z = Nd4j.linspace(DataType.DOUBLE, -1e4, 7, 2001).castTo(type).reshape(1, 2001);
      INDArray slope =
          new ActivationTruncatedGaussian().backprop(z, z.ulike().assign(1)).getFirst();
      assertTrue(slope.minNumber().doubleValue() >= 0);
      assertTrue(slope.maxNumber().doubleValue() <= 1);
    }
  }
}
