/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.likelihood;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.training.DifferentiableEnergy;
import org.dl4jebm.training.report.Progress;
import org.dl4jebm.training.sampling.Box;
import org.dl4jebm.training.sampling.Hmc;
import org.dl4jebm.training.sampling.Kernel;
import org.dl4jebm.training.sampling.Langevin;
import org.dl4jebm.training.sampling.Mala;
import org.dl4jebm.training.sampling.TestEnergies;
import org.dl4jebm.training.sampling.TestEnergies.Counting;
import org.dl4jebm.training.sampling.TestEnergies.Mixture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

@Tag("gpu")
class EnergyAnnealingTest {

  private static final Mixture MIXTURE = Mixture.TWO;

  /** {@code log Z = 1.7} in three independent coordinates. */
  private static DifferentiableEnergy shifted() {
    Counting energy = MIXTURE.energy();
    energy.spoilEnergy = values -> Arrays.stream(values).map(e -> e - 1.7).toArray();
    return energy;
  }

  static Kernel[] kernels() {
    return new Kernel[] {Mala.of(0.4), Hmc.of(0.5, 2).withJitter(0.2)};
  }

  private static BaseDistribution gaussian() {
    return BaseDistribution.gaussian(Nd4j.zeros(DataType.DOUBLE, 1, 3), 2);
  }

  /**
   * Both sides of log Z. The weights are unbiased, so that each estimate is off by at most six of
   * its standard errors with a probability of about 2e-9, as far as the mean of 500 weights is
   * normal; and single chains err to the side that is said.
   */
  @ParameterizedTest
  @MethodSource("kernels")
  void sandwichOnAMixture(Kernel kernel) {
    AisOptions options = AisOptions.linear(60, 500);
    EnergyAnnealing ais = new EnergyAnnealing(shifted(), gaussian(), kernel, options);
    INDArray starts = MIXTURE.draw(77, DataType.DOUBLE, 500, 3);
    AisSandwich sandwich = ais.both(starts);
    AisEstimate forward = sandwich.forward();
    AisEstimate reverse = sandwich.reverse();
    assertEquals(1.7, forward.logPartition(), Limits.SIGMAS * forward.standardError());
    assertEquals(1.7, reverse.logPartition(), Limits.SIGMAS * reverse.standardError());
    assertTrue(forward.standardError() < 0.05, sandwich::toString);
    assertTrue(reverse.standardError() < 0.1, sandwich::toString);
    assertTrue(forward.chainMean() < 1.7 - 0.03, sandwich::toString);
    assertTrue(reverse.chainMean() > 1.7 + 0.03, sandwich::toString);
    assertEquals(forward, ais.forward());
    assertEquals(
        -shifted().energy(starts).meanNumber().doubleValue() - forward.logPartition(),
        forward.meanLogLikelihood(shifted(), starts),
        1e-12);
  }

  /**
   * Three coarse steps and many chains, on normal distributions: the estimates are unbiased for any
   * schedule, which moves at the wrong inverse temperatures would spoil at once.
   */
  @Test
  void unbiasedForACoarseSchedule() {
    int n = 5000;
    double exact = Math.log(2 * Math.PI * 0.7 * 1.1);
    BaseDistribution base = BaseDistribution.gaussian(Nd4j.zeros(DataType.DOUBLE, 1, 2), 1.3);
    INDArray starts =
        TestEnergies.normal(8, DataType.DOUBLE, n, 2)
            .muliRowVector(Nd4j.createFromArray(new double[] {0.7, 1.1}));
    for (int moves : new int[] {1, 3}) {
      AisSandwich both =
          new EnergyAnnealing(
                  TestEnergies.gaussian(0.7, 1.1),
                  base,
                  Hmc.of(0.4, 3),
                  moves,
                  AisOptions.linear(3, n),
                  Progress.silent())
              .both(starts);
      for (AisEstimate each : new AisEstimate[] {both.forward(), both.reverse()}) {
        assertEquals(exact, each.logPartition(), Limits.SIGMAS * each.standardError());
        assertTrue(each.standardError() < 0.03, each::toString);
      }
    }
  }

  @Test
  void adaptedStepSizesLessenTheVariance() {
    AisOptions options = AisOptions.linear(60, 300);
    EnergyAnnealing coarse =
        new EnergyAnnealing(shifted(), gaussian(), Mala.of(0.005), 2, options, Progress.silent());
    AisEstimate before = coarse.forward();
    AisEstimate after = coarse.adaptStepSizes(Mala.TARGET_ACCEPTANCE).forward();
    assertNotEquals(before, after);
    assertTrue(after.chainDeviation() < 0.7 * before.chainDeviation(), () -> before + "\n" + after);
    assertEquals(1.7, after.logPartition(), Limits.SIGMAS * after.standardError());
  }

  /** A wide base: equal steps waste most of themselves, adapted ones begin small. */
  @Test
  void adaptedScheduleLessensTheVariance() {
    BaseDistribution wide = BaseDistribution.gaussian(Nd4j.zeros(DataType.DOUBLE, 1, 3), 20);
    AisOptions linear = AisOptions.linear(60, 300);
    Kernel kernel = Mala.of(1);
    double target = Mala.TARGET_ACCEPTANCE;
    EnergyAnnealing equal = new EnergyAnnealing(shifted(), wide, kernel, linear);
    AnnealingSchedule schedule = equal.adaptedSchedule(60, target);
    assertEquals(60, schedule.steps());
    assertTrue(schedule.betas()[20] < 0.05, schedule::toString);
    AisEstimate before = equal.adaptStepSizes(target).forward();
    AisEstimate after =
        new EnergyAnnealing(shifted(), wide, kernel, linear.withSchedule(schedule))
            .adaptStepSizes(target)
            .forward();
    assertTrue(after.chainDeviation() < 0.6 * before.chainDeviation(), () -> before + "\n" + after);
    assertEquals(1.7, after.logPartition(), Limits.SIGMAS * after.standardError());
    assertEquals(schedule, equal.adaptedSchedule(60, target));
    assertThrows(IllegalArgumentException.class, () -> equal.adaptedSchedule(0, target));
  }

  /** A linear energy in the unit box: {@code Z = ((1 - exp(-3)) / 3)^2}. */
  @Test
  void uniformBase() {
    DifferentiableEnergy energy =
        TestEnergies.of(
            (x, g) -> {
              g[0] = 3;
              g[1] = 3;
              return 3 * (x[0] + x[1]);
            });
    double exact = 2 * Math.log((1 - Math.exp(-3)) / 3);
    BaseDistribution base = BaseDistribution.uniform(Box.UNIT, DataType.FLOAT, 1, 2, 1);
    AisEstimate forward =
        new EnergyAnnealing(
                energy, base, Hmc.of(0.2, 3).within(Box.UNIT), AisOptions.linear(30, 1000))
            .forward();
    assertEquals(exact, forward.logPartition(), Limits.SIGMAS * forward.standardError());
    assertTrue(forward.standardError() < 0.02, forward::toString);
  }

  /** A network in the box [-2, 2]^2, with log Z by quadrature (midpoints, 200 x 200). */
  @Test
  void networkAsEnergy() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.FLOAT)
                .list()
                .layer(new DenseLayer.Builder().nOut(8).activation(Activation.SWISH).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.feedForward(2))
                .build());
    network.init();
    network.params().muli(1.5);
    int cells = 200;
    double[][] grid = new double[cells * cells][2];
    for (int i = 0; i < grid.length; i++) {
      grid[i][0] = -2 + 4 * (i / cells + 0.5) / cells;
      grid[i][1] = -2 + 4 * (i % cells + 0.5) / cells;
    }
    double[] energy =
        network
            .output(Nd4j.createFromArray(grid).castTo(DataType.FLOAT))
            .castTo(DataType.DOUBLE)
            .data()
            .asDouble();
    double exact =
        Math.log(16.0 / grid.length * Arrays.stream(energy).map(e -> Math.exp(-e)).sum());
    Box box = new Box(-2, 2);
    assertTrue(Math.abs(exact - Math.log(16)) > 0.5, () -> "log Z " + exact);
    AisEstimate forward =
        new EnergyAnnealing(
                DifferentiableEnergy.of(new NetworkEnergy(network)),
                BaseDistribution.uniform(box, DataType.FLOAT, 2),
                Mala.of(0.3).within(box),
                AisOptions.linear(80, 500))
            .adaptStepSizes(Mala.TARGET_ACCEPTANCE)
            .forward();
    assertTrue(forward.standardError() < 0.05, forward::toString);
    assertEquals(exact, forward.logPartition(), Limits.SIGMAS * forward.standardError() + 1e-4);
  }

  /** The path from a distribution to itself: all weights are one. */
  @Test
  void noVarianceFromTheBaseToItself() {
    BaseDistribution base = gaussian();
    EnergyAnnealing ais = new EnergyAnnealing(base, base, Mala.of(1), AisOptions.linear(5, 10));
    try (RandomStream random = new RandomStream(3)) {
      AisSandwich both = ais.both(base.draw(4, random));
      assertEquals(base.logPartition(), both.forward().logPartition(), 1e-12);
      assertEquals(base.logPartition(), both.reverse().logPartition(), 1e-12);
      assertEquals(0, both.forward().standardError(), 1e-7);
    }
  }

  @Test
  void basesAreWhatTheySay() {
    INDArray mean = Nd4j.createFromArray(new double[] {1, -2}).reshape('c', new long[] {1, 2, 1});
    BaseDistribution gaussian = BaseDistribution.gaussian(mean, 0.5);
    assertEquals(Math.log(2 * Math.PI * 0.25), gaussian.logPartition(), 1e-14);
    try (RandomStream random = new RandomStream(3)) {
      INDArray x = gaussian.draw(20_000, random);
      assertArrayEquals(new long[] {20_000, 2, 1}, x.shape());
      INDArray z = x.sub(mean).divi(0.5);
      assertEquals(1, TestEnergies.meanSquare(z), Limits.meanSquare(40_000));
      assertEquals(0, z.meanNumber().doubleValue(), Limits.SIGMAS / Math.sqrt(40_000));
      double[] energy = gaussian.energy(x).toDoubleVector();
      double u = (x.getDouble(3, 0, 0) - 1) / 0.5;
      double v = (x.getDouble(3, 1, 0) + 2) / 0.5;
      assertEquals((u * u + v * v) / 2, energy[3], 1e-12);
      assertEquals(v / 0.5, gaussian.gradient(x).getDouble(3, 1, 0), 1e-12);
      BaseDistribution uniform = BaseDistribution.uniform(new Box(-1, 3), DataType.DOUBLE, 2, 3);
      assertEquals(6 * Math.log(4), uniform.logPartition(), 1e-14);
      INDArray y = uniform.draw(10_000, random);
      assertTrue(new Box(-1, 3).contains(y));
      assertEquals(1, y.meanNumber().doubleValue(), Limits.bernstein(4.0 / 3, 2, 60_000));
    }
  }

  @Test
  void badInput() {
    AisOptions options = AisOptions.linear(5, 10);
    DifferentiableEnergy energy = TestEnergies.gaussian(1);
    assertThrows(
        IllegalArgumentException.class,
        () -> new EnergyAnnealing(energy, gaussian(), Langevin.ofPaperStep(0.1), options));
    assertThrows(
        IllegalArgumentException.class,
        () -> new EnergyAnnealing(energy, gaussian(), Mala.of(1).within(Box.UNIT), options));
    assertThrows(
        IllegalArgumentException.class,
        () -> new EnergyAnnealing(energy, gaussian(), Mala.of(1), 0, options, Progress.silent()));
    EnergyAnnealing ais = new EnergyAnnealing(energy, gaussian(), Mala.of(1), options);
    assertThrows(IllegalArgumentException.class, () -> ais.adaptStepSizes(0));
    assertThrows(
        IllegalArgumentException.class,
        () -> ais.reverse(Nd4j.valueArrayOf(new long[] {2, 3}, Double.NaN, DataType.DOUBLE)));
    assertThrows(
        IllegalArgumentException.class,
        () -> BaseDistribution.gaussian(Nd4j.zeros(DataType.DOUBLE, 2, 2), 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> BaseDistribution.gaussian(Nd4j.zeros(DataType.DOUBLE, 1, 2), 0));
    assertThrows(
        IllegalArgumentException.class, () -> BaseDistribution.uniform(Box.UNIT, DataType.FLOAT));
    assertThrows(
        ArithmeticException.class,
        () ->
            new EnergyAnnealing(
                    TestEnergies.of((x, g) -> Double.NaN), gaussian(), Mala.of(1), options)
                .forward());
  }
}
