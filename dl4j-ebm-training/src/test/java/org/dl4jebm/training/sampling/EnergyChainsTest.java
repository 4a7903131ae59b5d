/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.energy.NetworkEnergy;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.testing.Limits;
import org.dl4jebm.layers.testing.NdAssert;
import org.dl4jebm.layers.testing.TinyRbm;
import org.dl4jebm.training.DifferentiableEnergy;
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
class EnergyChainsTest {

  private static final double[] EDGES = {-3, -2.5, -2, -1.5, -1, 0, 0.5, 1, 1.5, 2, 3};

  static Kernel[] testedKernels() {
    return new Kernel[] {
      Mala.of(0.25),
      Mala.of(4),
      Hmc.of(0.4, 5),
      Hmc.of(1.2, 3).withJitter(0.5),
      Hmc.of(0.7, 2).within(new Box(-20, 20))
    };
  }

  /**
   * Chains that start exactly at p stay there: total variation of twelve bins, 20,000 independent
   * values, false alarm 1e-9 each.
   */
  @ParameterizedTest
  @MethodSource("testedKernels")
  void noDriftOnAMixture(Kernel kernel) {
    int n = 20_000;
    double[] p = Mixture.TWO.probabilities(EDGES);
    try (RandomStream random = new RandomStream(11)) {
      EnergyChains chains =
          EnergyChains.from(
              Mixture.TWO.energy(), Mixture.TWO.draw(21, DataType.FLOAT, n, 1), kernel, random);
      for (int steps : new int[] {1, 3, 12}) {
        double distance =
            TinyRbm.totalVariation(p, TestEnergies.frequencies(chains.step(steps).points(), EDGES));
        assertTrue(distance < Limits.totalVariation(p, n), () -> steps + ": " + distance);
      }
      double rate = chains.acceptanceRate();
      assertTrue(rate > 0.05 && rate < 0.999, () -> "accepted " + rate);
    }
  }

  /** The same without the test: the step is so large that the bias shows. */
  @Test
  void unadjustedMovesDrift() {
    int n = 20_000;
    double[] p = Mixture.TWO.probabilities(EDGES);
    try (RandomStream random = new RandomStream(11)) {
      EnergyChains chains =
          EnergyChains.from(
              Mixture.TWO.energy(),
              Mixture.TWO.draw(21, DataType.FLOAT, n, 1),
              Langevin.ofPaperStep(0.5),
              random);
      double distance =
          TinyRbm.totalVariation(p, TestEnergies.frequencies(chains.step(4).points(), EDGES));
      assertTrue(distance > 2 * Limits.totalVariation(p, n), () -> "distance " + distance);
      assertEquals(1, chains.acceptanceRate());
    }
  }

  /** Second moments of a Gaussian with unequal deviations, in many dimensions at once. */
  @ParameterizedTest
  @MethodSource("testedKernels")
  void noDriftOnAGaussian(Kernel kernel) {
    int n = 4000;
    INDArray scale = Nd4j.createFromArray(new double[] {0.5, 1, 2, 1});
    Counting energy = TestEnergies.gaussian(0.5, 1, 2, 1);
    INDArray start = TestEnergies.normal(9, DataType.DOUBLE, n, 4).muliRowVector(scale);
    try (RandomStream random = new RandomStream(13)) {
      EnergyChains chains =
          EnergyChains.from(energy, start.reshape('c', new long[] {n, 1, 2, 2}), kernel, random);
      INDArray end = chains.step(16).points().reshape('c', new long[] {n, 4}).diviRowVector(scale);
      for (int i = 0; i < 4; i++) {
        INDArray column = end.getColumn(i);
        assertEquals(0, column.meanNumber().doubleValue(), Limits.SIGMAS / Math.sqrt(n));
        assertEquals(1, TestEnergies.meanSquare(column), Limits.meanSquare(n));
      }
    }
  }

  /** A density that falls as {@code exp(-3 x)} in a box: kernels must turn momenta at the walls. */
  @ParameterizedTest
  @MethodSource("boundedKernels")
  void noDriftInABox(Kernel kernel) {
    int n = 30_000;
    Counting energy =
        TestEnergies.of(
            (x, g) -> {
              g[0] = 3;
              return 3 * x[0];
            });
    double[] edges = {0.1, 0.2, 0.3, 0.45, 0.6, 0.8};
    double[] p = new double[7];
    double below = 0;
    for (int i = 0; i < 7; i++) {
      double next = i < 6 ? (1 - Math.exp(-3 * edges[i])) / (1 - Math.exp(-3)) : 1;
      p[i] = next - below;
      below = next;
    }
    INDArray u = TestEnergies.uniform(31, DataType.DOUBLE, n, 1).addi(0x1p-24);
    double[] x = NdAssert.values(u);
    Arrays.setAll(x, i -> -Math.log(1 - x[i] * (1 - Math.exp(-3))) / 3);
    INDArray start = Nd4j.createFromArray(x).reshape('c', new long[] {n, 1});
    try (RandomStream random = new RandomStream(17)) {
      EnergyChains chains = EnergyChains.from(energy, start, kernel, random);
      for (int steps : new int[] {1, 3, 12}) {
        INDArray points = chains.step(steps).points();
        assertTrue(Box.UNIT.contains(points));
        double distance = TinyRbm.totalVariation(p, TestEnergies.frequencies(points, edges));
        assertTrue(distance < Limits.totalVariation(p, n), () -> steps + ": " + distance);
      }
    }
  }

  static Kernel[] boundedKernels() {
    return new Kernel[] {
      Mala.of(0.3).within(Box.UNIT), Mala.of(5).within(Box.UNIT), Hmc.of(0.3, 4).within(Box.UNIT)
    };
  }

  /** Back to the start with the momentum turned, also through walls. */
  @Test
  void leapfrogIsReversible() {
    INDArray start = TestEnergies.normal(3, DataType.DOUBLE, 6, 4).muli(0.5);
    Box box = new Box(-2, 2);
    double[] beta = {1, 0.7, 1, 0.2, 1, 1};
    for (Box bounds : new Box[] {null, box}) {
      Ensemble ensemble = new Ensemble(null, Mixture.TWO.energy(), start, beta.clone());
      INDArray x = start.dup();
      INDArray p = TestEnergies.normal(4, DataType.DOUBLE, 6, 4).muli(2);
      INDArray momentum = p.dup();
      Leapfrog steps = Hmc.of(0.2, 9).leapfrog();
      double[] sizes = {0.2, 0.1, 0.3, 0.2, 0.2, 0.15};
      PathEnergy.Values end = ensemble.integrate(steps, sizes, bounds, x, p, ensemble.values(), "");
      assertTrue(x.sub(start).norm2Number().doubleValue() > 1);
      p.negi();
      ensemble.integrate(steps, sizes, bounds, x, p, end, "");
      NdAssert.assertClose(start, x, 1e-12);
      NdAssert.assertClose(momentum, p.neg(), 1e-12);
    }
  }

  /** Halving the step at the same length divides the error of the energy by four. */
  @Test
  void leapfrogConservesTheEnergyToSecondOrder() {
    INDArray start = TestEnergies.normal(3, DataType.DOUBLE, 40, 2);
    double[] error = new double[3];
    for (int i = 0; i < 3; i++) {
      double[] beta = new double[40];
      Arrays.fill(beta, 1);
      Ensemble ensemble = new Ensemble(null, Mixture.TWO.energy(), start, beta);
      INDArray x = start.dup();
      INDArray p = TestEnergies.normal(4, DataType.DOUBLE, 40, 2);
      double[] before = hamiltonian(ensemble.values(), p);
      double[] sizes = new double[40];
      Arrays.fill(sizes, 0.04 / (1 << i));
      Leapfrog steps = Hmc.of(1, 20 << i).leapfrog();
      double[] after =
          hamiltonian(ensemble.integrate(steps, sizes, null, x, p, ensemble.values(), ""), p);
      for (int c = 0; c < 40; c++) {
        error[i] += Math.abs(after[c] - before[c]);
      }
    }
    assertEquals(4, error[0] / error[1], 0.2);
    assertEquals(4, error[1] / error[2], 0.2);
  }

  private static double[] hamiltonian(PathEnergy.Values values, INDArray p) {
    double[] kinetic = p.mul(p).sum(1).muli(0.5).toDoubleVector();
    Arrays.setAll(kinetic, i -> kinetic[i] + values.energy()[i]);
    return kinetic;
  }

  /** One evaluation for each leapfrog step, and one for the start. */
  @Test
  void noSecondEvaluation() {
    Counting energy = TestEnergies.gaussian(1);
    try (RandomStream random = new RandomStream(2)) {
      EnergyChains chains =
          EnergyChains.from(energy, Nd4j.zeros(DataType.DOUBLE, 3, 2), Mala.of(0.5), random);
      chains.step(10);
      assertEquals(11, energy.calls);
      chains.setKernel(Hmc.of(0.3, 4)).step(5);
      assertEquals(31, energy.calls);
      chains.state();
      chains.energies();
      assertEquals(31, energy.calls);
      chains.energyHasChanged();
      assertEquals(32, energy.calls);
      double[] expected = energy.energy(chains.points()).toDoubleVector();
      assertArrayEquals(expected, chains.energies());
    }
  }

  /** Dual averaging is taken to within 0.05 of its target by 300 moves of 100 chains. */
  @Test
  void warmUpFindsTheStepSize() {
    Counting energy = TestEnergies.gaussian(1);
    INDArray start = TestEnergies.normal(2, DataType.DOUBLE, 100, 20);
    for (double first : new double[] {1e-4, 30}) {
      for (Kernel kernel : new Kernel[] {Mala.of(first), Hmc.of(first, 5).withJitter(0.2)}) {
        double target = kernel instanceof Mala ? Mala.TARGET_ACCEPTANCE : Hmc.TARGET_ACCEPTANCE;
        try (RandomStream random = new RandomStream(5)) {
          EnergyChains chains =
              EnergyChains.from(energy, start, kernel, random).warmUp(300, target);
          assertTrue(Double.isNaN(chains.acceptanceRate()));
          Kernel found = chains.kernel();
          chains.step(100);
          assertEquals(target, chains.acceptanceRate(), 0.05, () -> kernel + " " + found);
          assertEquals(found, chains.kernel());
        }
      }
    }
  }

  @Test
  void resumesWithTheSameNumbers() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.FLOAT)
                .list()
                .layer(new DenseLayer.Builder().nOut(8).activation(Activation.SOFTPLUS).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.feedForward(3))
                .build());
    network.init();
    DifferentiableEnergy energy = DifferentiableEnergy.of(new NetworkEnergy(network));
    INDArray start = TestEnergies.normal(4, DataType.FLOAT, 7, 3);
    for (Kernel kernel :
        new Kernel[] {Mala.of(0.7), Hmc.of(0.5, 3).withJitter(0.3), Langevin.ofPaperStep(0.1)}) {
      try (RandomStream random = new RandomStream(2);
          RandomStream other = new RandomStream(99)) {
        EnergyChains chains = EnergyChains.from(energy, start, kernel, random);
        if (!(kernel instanceof Langevin)) {
          chains.warmUp(20, 0.7);
        }
        EnergyChains.State state = chains.step(3).state();
        INDArray expected = chains.step(5).points();
        EnergyChains resumed = EnergyChains.from(energy, start.mul(2), kernel, other);
        resumed.restore(state);
        NdAssert.assertSame(expected, resumed.step(5).points());
        assertArrayEquals(chains.energies(), resumed.energies());
        assertEquals(chains.acceptanceRate(), resumed.acceptanceRate());
        assertEquals(chains.steps(), resumed.steps());
        assertEquals(chains.kernel(), resumed.kernel());
        NdAssert.assertClose(
            energy.energy(resumed.points()),
            Nd4j.createFromArray(resumed.energies()).castTo(DataType.FLOAT),
            1e-6);
      }
    }
  }

  @Test
  void tracesGoToTheDiagnostics() {
    Counting energy = TestEnergies.gaussian(1);
    try (RandomStream random = new RandomStream(2)) {
      EnergyChains chains =
          EnergyChains.from(
              energy, TestEnergies.normal(3, DataType.DOUBLE, 8, 2), Hmc.of(0.8, 2), random);
      double[][] trace = chains.trace(energy, 200, 2);
      assertEquals(8, trace.length);
      assertEquals(200, trace[0].length);
      assertTrue(ChainDiagnostics.rankNormalizedSplitRHat(trace) < 1.02);
      assertTrue(ChainDiagnostics.effectiveSampleSize(trace) > 400);
      assertArrayEquals(
          Arrays.stream(trace).mapToDouble(chain -> chain[199]).toArray(), chains.energies());
    }
  }

  @Test
  void energiesThatAreNoNumbersStopIt() {
    for (boolean spoilGradient : new boolean[] {false, true}) {
      Counting energy = TestEnergies.gaussian(1);
      try (RandomStream random = new RandomStream(2);
          RandomStream twin = new RandomStream(2)) {
        INDArray start = Nd4j.ones(DataType.DOUBLE, 3, 2);
        EnergyChains chains = EnergyChains.from(energy, start, Mala.of(0.1), random).step(2);
        EnergyChains good =
            EnergyChains.from(TestEnergies.gaussian(1), start, Mala.of(0.1), twin).step(2);
        if (spoilGradient) {
          energy.spoilGradient = EnergyChainsTest::withNan;
        } else {
          energy.spoilEnergy = EnergyChainsTest::withNan;
        }
        ArithmeticException e = assertThrows(ArithmeticException.class, () -> chains.step(5));
        assertTrue(e.getMessage().contains("step 3"), e::getMessage);
        assertTrue(e.getMessage().contains("chain 1"), e::getMessage);
        assertTrue(e.getMessage().contains("gradient") == spoilGradient, e::getMessage);
        NdAssert.assertSame(good.points(), chains.points());
        energy.spoilEnergy = x -> x;
        energy.spoilGradient = x -> x;
        NdAssert.assertSame(good.step(4).points(), chains.step(4).points());
        energy.spoilEnergy = EnergyChainsTest::withNan;
        assertThrows(
            ArithmeticException.class, () -> EnergyChains.from(energy, start, Mala.of(1), random));
        assertThrows(ArithmeticException.class, chains::energyHasChanged);
      }
    }
  }

  private static double[] withNan(double[] values) {
    // Of 3 energies or 6 entries of gradients: those of chain 1.
    values[values.length / 3] = Double.NaN;
    return values;
  }

  /** One chain, one value; starts in 'f' order and as views; energies as a column. */
  @Test
  void shapesAndOrders() {
    Counting plain = TestEnergies.gaussian(1, 2);
    DifferentiableEnergy column =
        new DifferentiableEnergy() {
          @Override
          public INDArray energy(INDArray x) {
            return plain.energy(x).reshape('c', new long[] {x.size(0), 1});
          }

          @Override
          public INDArray gradient(INDArray x) {
            return plain.gradient(x).dup('f');
          }
        };
    for (long[] shape : new long[][] {{1, 1}, {1, 5}, {7, 1}, {6, 4}}) {
      INDArray start = TestEnergies.normal(3, DataType.DOUBLE, shape);
      INDArray before = start.dup();
      INDArray expected = null;
      for (Kernel kernel : new Kernel[] {Hmc.of(0.4, 3), Mala.of(0.5).within(new Box(-9, 9))}) {
        for (INDArray each :
            new INDArray[] {
              start, NdAssert.fortran(start), shape[0] > 1 ? NdAssert.view(start) : start
            }) {
          try (RandomStream random = new RandomStream(4)) {
            EnergyChains chains = EnergyChains.from(column, each, kernel, random).step(3);
            expected = each == start ? chains.points() : expected;
            NdAssert.assertSame(expected, chains.points());
            assertArrayEquals(
                plain.energy(chains.points()).toDoubleVector(), chains.energies(), 1e-14);
          }
        }
      }
      NdAssert.assertSame(before, start);
    }
  }

  /**
   * Energies of thousands of nats in FLOAT: 96,000 values keep their mean square, to within 3 %
   * (false alarm 1e-9), and moves are accepted about as often as theory has it for a Gaussian,
   * {@code erfc(sqrt(E[change of H]) / 2)} (Beskos et al. 2013), here with one leapfrog step of
   * 0.2.
   */
  @Test
  void manyDimensionsInFloat() {
    int d = 3000;
    INDArray start = TestEnergies.normal(3, DataType.FLOAT, 32, d);
    try (RandomStream random = new RandomStream(4)) {
      EnergyChains chains =
          EnergyChains.from(TestEnergies.gaussian(1), start, Mala.of(0.04), random).step(20);
      assertEquals(1, TestEnergies.meanSquare(chains.points()), Limits.meanSquare(32L * d));
      // One step of size h changes H by h^3 x p / 4 and terms of higher order; its variance is that
      // of d values, and its mean half of the variance.
      double variance = d * Math.pow(0.2, 6) / 16;
      double expected =
          2 * new NormalDistribution(null, 0, 1).cumulativeProbability(-Math.sqrt(variance) / 2);
      assertEquals(expected, chains.acceptanceRate(), Limits.bernstein(0.25, 1, 640));
    }
  }

  /** Impossible points are refused, and trajectories that explode are counted. */
  @Test
  void infiniteEnergiesAreRefused() {
    Counting half =
        TestEnergies.of(
            (x, g) -> {
              g[0] = x[0] < 0 ? Double.NaN : x[0];
              return x[0] < 0 ? Double.POSITIVE_INFINITY : x[0] * x[0] / 2;
            });
    INDArray start =
        org.nd4j.linalg.ops.transforms.Transforms.abs(
            TestEnergies.normal(3, DataType.DOUBLE, 4000, 1));
    try (RandomStream random = new RandomStream(2)) {
      EnergyChains chains = EnergyChains.from(half, start, Mala.of(1), random).step(10);
      INDArray end = chains.points();
      assertTrue(end.minNumber().doubleValue() >= 0);
      assertEquals(1, TestEnergies.meanSquare(end), Limits.meanSquare(4000));
      assertEquals(0, chains.diverged());
      Counting quartic =
          TestEnergies.of(
              (x, g) -> {
                if (!Double.isFinite(x[0])) {
                  throw new IllegalArgumentException("x is " + x[0]);
                }
                g[0] = 4 * x[0] * x[0] * x[0];
                return Math.pow(x[0], 4);
              });
      EnergyChains wild = EnergyChains.from(quartic, start, Hmc.of(3, 40), random);
      assertTrue(Double.isFinite(TestEnergies.meanSquare(wild.step(1).points())));
      assertTrue(wild.diverged() > 3000, () -> "" + wild.diverged());
      assertTrue(wild.acceptanceRate() <= 1 - wild.diverged() / 4000.0 + 1e-12);
    }
  }

  @Test
  void badInput() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> Mala.of(bad));
      assertThrows(IllegalArgumentException.class, () -> Hmc.of(bad, 2));
    }
    assertThrows(IllegalArgumentException.class, () -> Hmc.of(0.1, 0));
    assertThrows(IllegalArgumentException.class, () -> Hmc.of(0.1, 1).withJitter(1));
    Counting energy = TestEnergies.gaussian(1);
    try (RandomStream random = new RandomStream(2)) {
      INDArray start = Nd4j.zeros(DataType.DOUBLE, 3, 2);
      INDArray nan = start.dup().putScalar(1, 1, Double.NaN);
      assertThrows(
          IllegalArgumentException.class, () -> EnergyChains.from(energy, nan, Mala.of(1), random));
      assertEquals(0, energy.calls);
      energy.spoilEnergy = x -> Arrays.copyOf(x, 2);
      assertThrows(
          IllegalArgumentException.class,
          () -> EnergyChains.from(energy, start, Mala.of(1), random));
      energy.spoilEnergy = x -> x;
      EnergyChains chains = EnergyChains.from(energy, start, Mala.of(1), random);
      assertThrows(IllegalArgumentException.class, () -> chains.step(-1));
      assertThrows(IllegalArgumentException.class, () -> chains.warmUp(0, 0.5));
      assertThrows(IllegalArgumentException.class, () -> chains.warmUp(1, 1));
      assertThrows(IllegalArgumentException.class, () -> chains.trace(energy, 0, 1));
      assertThrows(IllegalStateException.class, () -> chains.setBeta(0.5));
      assertThrows(
          IllegalArgumentException.class, () -> chains.setKernel(Mala.of(1).within(new Box(1, 2))));
      assertThrows(
          UnsupportedOperationException.class,
          () -> EnergyChains.from(energy, start, Langevin.ofPaperStep(1), random).warmUp(3, 0.5));
      EnergyChains other =
          EnergyChains.from(energy, Nd4j.zeros(DataType.DOUBLE, 4, 2), Mala.of(1), random);
      assertThrows(IllegalArgumentException.class, () -> chains.restore(other.state()));
    }
  }
}
