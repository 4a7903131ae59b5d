/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jebm.layers.pretrain.ResumablePretraining;
import org.dl4jebm.layers.rbm.Centering;
import org.dl4jebm.layers.rbm.ContrastiveDivergenceOptions;
import org.dl4jebm.layers.rbm.FastWeights;
import org.dl4jebm.layers.rbm.GaussianUnits;
import org.dl4jebm.layers.rbm.PseudoLikelihoodObjective;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachine;
import org.dl4jebm.layers.rbm.RestrictedBoltzmannMachineLayer;
import org.dl4jebm.layers.rbm.SoftmaxUnits;
import org.dl4jebm.layers.rbm.SpinUnits;
import org.dl4jebm.layers.rbm.Tempering;
import org.dl4jebm.layers.rbm.UnitType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Steps of a layer on a device against loops in DOUBLE with the same random words. */
class DeviceTrainingTest {

  private static final int IN = 6;
  private static final int OUT = 5;
  private static final int ROWS = 7;
  private static final int STEPS = 4;
  private static final double RATE = 0.2;
  private static final double[] VARIANCES = {0.5, 1, 2, 0.7, 1.5, 0.9};

  private static NeuralNetConfiguration.Builder global() {
    return new NeuralNetConfiguration.Builder().seed(4242).updater(new Sgd(RATE));
  }

  private static RestrictedBoltzmannMachineLayer layer(
      NeuralNetConfiguration.Builder global,
      UnaryOperator<RestrictedBoltzmannMachine.Builder> how) {
    RestrictedBoltzmannMachine.Builder machine =
        new RestrictedBoltzmannMachine.Builder().nIn(IN).nOut(OUT).scoreEvery(2);
    MultiLayerNetwork network =
        new MultiLayerNetwork(global.list().layer(how.apply(machine).build()).build());
    network.init();
    return (RestrictedBoltzmannMachineLayer) network.getLayer(0);
  }

  static List<Object[]> cases() {
    List<Object[]> cases = new ArrayList<>();
    for (TestDevices.Kind kind : TestDevices.all()) {
      for (ReferenceSteps.Kind visible : ReferenceSteps.Kind.values()) {
        cases.add(new Object[] {kind, visible, 1, 0, true});
        cases.add(new Object[] {kind, visible, 3, 0, false});
        cases.add(new Object[] {kind, visible, 2, 4, true});
        cases.add(new Object[] {kind, visible, 1, 9, false});
      }
    }
    return cases;
  }

  private static UnitType units(ReferenceSteps.Kind kind) {
    return switch (kind) {
      case BERNOULLI -> new org.dl4jebm.layers.rbm.BernoulliUnits();
      case GAUSSIAN -> GaussianUnits.withVariance(VARIANCES);
      case SOFTMAX -> new SoftmaxUnits(3);
    };
  }

  private static double[][] data(ReferenceSteps.Kind kind, int stream) {
    float[] numbers = TestDevices.numbers(ROWS * IN, stream);
    double[][] data = new double[ROWS][IN];
    for (int i = 0; i < ROWS * IN; i++) {
      double number = numbers[i];
      data[i / IN][i % IN] =
          switch (kind) {
            case BERNOULLI -> (float) (0.5 + number / 2);
            case GAUSSIAN -> 2 * number;
            case SOFTMAX -> i % 3 == (i / 3 + stream) % 3 ? 1 : 0;
          };
    }
    return data;
  }

  private static ReferenceSteps reference(
      RestrictedBoltzmannMachineLayer layer, ReferenceSteps.Kind kind) {
    double[][] w = layer.model().weights().castTo(DataType.DOUBLE).toDoubleMatrix();
    double[] b = layer.model().visibleBias().castTo(DataType.DOUBLE).toDoubleVector();
    double[] c = layer.model().hiddenBias().castTo(DataType.DOUBLE).toDoubleVector();
    double[] detail = kind == ReferenceSteps.Kind.SOFTMAX ? new double[] {3} : VARIANCES;
    return new ReferenceSteps(w, b, c, kind, detail, 4242, 0);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void stepsAreThoseOfLoopsInDouble(
      TestDevices.Kind kind,
      ReferenceSteps.Kind visible,
      int sweeps,
      int chains,
      boolean resident) {
    RestrictedBoltzmannMachineLayer layer =
        layer(
            global(),
            machine -> machine.visibleUnits(units(visible)).k(sweeps).persistentChains(chains));
    layer.params().addi(Nd4j.createFromArray(TestDevices.numbers(IN * OUT + IN + OUT, 5)));
    ReferenceSteps reference = reference(layer, visible);
    double[][] states = null;
    if (chains > 0) {
      states = new double[chains][OUT];
      for (int r = 0; r < chains; r++) {
        states[r] = reference.drawHidden(reference.hiddenMeans(new double[IN]), r, 0, 32767);
      }
    }
    try (DeviceStandIn standIn = DeviceStandIn.of(kind);
        OpenDevice device = OpenDevice.open();
        DeviceTraining training = device.training(layer, ROWS, resident ? STEPS * ROWS : 0)) {
      assertEquals(1, standIn.opened());
      assertEquals(resident, training.isResident());
      training.load();
      if (resident) {
        int[] order = new int[STEPS * ROWS];
        for (int step = 0; step < STEPS; step++) {
          // Rows are stored backwards, and the order puts them right.
          int last = STEPS - 1 - step;
          training.putRows((long) last * ROWS, Nd4j.createFromArray(data(visible, step)));
          for (int r = 0; r < ROWS; r++) {
            order[step * ROWS + r] = last * ROWS + r;
          }
        }
        training.startRows(order);
      }
      for (int step = 0; step < STEPS; step++) {
        double[][] batch = data(visible, step);
        double[] gradient = reference.gradient(batch, states, sweeps, step);
        for (int i = 0; i < gradient.length; i++) {
          gradient[i] *= RATE / ROWS;
        }
        reference.subtract(gradient);
        boolean scored =
            resident ? training.step(ROWS) : training.step(Nd4j.createFromArray(batch));
        assertEquals(step % 2 == 0, scored);
        layer.conf().setIterationCount(step + 1);
      }
      training.save();
    }
    float[] found = Transfers.floats(layer.params());
    double[] expected = reference.parameters();
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found[i], 1e-5 * Math.max(1, Math.abs(expected[i])), "at " + i);
    }
    if (chains > 0) {
      INDArray saved = layer.pretrainState().arrays().get("chains");
      assertEquals(Nd4j.createFromArray(states).castTo(DataType.FLOAT), saved);
    }
  }

  /**
   * The score is that of the layer's own step, which uses no random numbers, and the free-energy
   * gap that of the layer's free energies of the states that the loops draw.
   */
  @ParameterizedTest
  @EnumSource(ReferenceSteps.Kind.class)
  void scoresAreThoseOfTheLayer(ReferenceSteps.Kind visible) {
    UnaryOperator<RestrictedBoltzmannMachine.Builder> how =
        machine -> machine.visibleUnits(units(visible));
    RestrictedBoltzmannMachineLayer onNd4j = layer(global().l2(0.1).l1(0.2), how);
    RestrictedBoltzmannMachineLayer onDevice = layer(global().l2(0.1).l1(0.2), how);
    INDArray noise = Nd4j.createFromArray(TestDevices.numbers(IN * OUT + IN + OUT, 5));
    onNd4j.params().addi(noise);
    onDevice.params().addi(noise);
    ReferenceSteps reference = reference(onDevice, visible);
    double[][] data = data(visible, 1);
    double gap = 0;
    for (int r = 0; r < ROWS; r++) {
      double[] h =
          reference.drawHidden(reference.hiddenMeans(reference.statistic(data[r])), r, 0, 0);
      double[][] pair = {reference.drawVisible(h, r, 0, 1), data[r]};
      INDArray energies = onDevice.model().freeEnergy(Nd4j.createFromArray(pair));
      gap += (energies.getDouble(0) - energies.getDouble(1)) / ROWS;
    }
    INDArray batch = Nd4j.createFromArray(data).castTo(DataType.FLOAT);
    onNd4j.fit(batch.dup(), org.deeplearning4j.nn.workspace.LayerWorkspaceMgr.noWorkspaces());
    try (DeviceStandIn standIn = DeviceStandIn.host();
        OpenDevice device = OpenDevice.open();
        DeviceTraining training = device.training(onDevice, ROWS, 0)) {
      assertEquals(0, standIn.opened() - 1);
      training.load();
      assertTrue(training.step(batch));
    }
    assertEquals(onNd4j.score(), onDevice.score(), 1e-5 * onNd4j.score());
    assertEquals(
        gap,
        onDevice.pretrainDiagnostics().get(ResumablePretraining.FREE_ENERGY_GAP),
        1e-4 * Math.max(1, Math.abs(gap)));
  }

  /**
   * Mean gradient over many copies of a batch of binary rows against the sum over all states. Each
   * element is a mean of independent numbers between 0 and 1, of deviation at most 1/2; a limit of
   * 5 deviations has a false-alarm rate of 6e-7 for each of the 41 elements.
   */
  @ParameterizedTest
  @MethodSource("sweepCounts")
  void expectedGradientIsThatOfTheSumOverAllStates(int sweeps) {
    int copies = 4000;
    RestrictedBoltzmannMachineLayer layer = layer(global().updater(new Sgd(1)), m -> m.k(sweeps));
    layer.params().assign(Nd4j.createFromArray(TestDevices.numbers(IN * OUT + IN + OUT, 5)));
    ReferenceSteps reference = reference(layer, ReferenceSteps.Kind.BERNOULLI);
    double[] before = reference.parameters();
    double[][] rows = new double[ROWS][IN];
    Random random = new Random(3);
    for (double[] row : rows) {
      for (int i = 0; i < IN; i++) {
        row[i] = random.nextInt(2);
      }
    }
    double[][] batch = new double[ROWS * copies][];
    for (int r = 0; r < batch.length; r++) {
      batch[r] = rows[r % ROWS];
    }
    try (DeviceStandIn standIn = DeviceStandIn.host();
        OpenDevice device = OpenDevice.open();
        DeviceTraining training = device.training(layer, batch.length, 0)) {
      assertEquals(1, standIn.opened());
      training.load();
      training.step(Nd4j.createFromArray(batch));
      training.saveParameters();
    }
    double[] expected = expectedGradient(reference, rows, sweeps);
    float[] after = Transfers.floats(layer.params());
    double limit = 5 * 0.5 / Math.sqrt(batch.length);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], before[i] - after[i], limit, "at " + i);
    }
  }

  static int[] sweepCounts() {
    return new int[] {1, 3};
  }

  private static double[] expectedGradient(ReferenceSteps machine, double[][] rows, int sweeps) {
    int states = 1 << IN;
    double[][] transition = new double[states][];
    for (int v = 0; v < states; v++) {
      transition[v] = next(machine, machine.hiddenMeans(bits(v, IN)));
    }
    double[] gradient = new double[IN * OUT + OUT + IN];
    for (double[] row : rows) {
      addMoments(gradient, row, machine.hiddenMeans(row), -1.0 / rows.length);
      double[] p = next(machine, machine.hiddenMeans(row));
      for (int sweep = 1; sweep < sweeps; sweep++) {
        double[] moved = new double[states];
        for (int v = 0; v < states; v++) {
          for (int u = 0; u < states; u++) {
            moved[u] += p[v] * transition[v][u];
          }
        }
        p = moved;
      }
      for (int v = 0; v < states; v++) {
        addMoments(gradient, bits(v, IN), machine.hiddenMeans(bits(v, IN)), p[v] / rows.length);
      }
    }
    return gradient;
  }

  /** Distribution of the visible units after hidden ones with these means. */
  private static double[] next(ReferenceSteps machine, double[] means) {
    double[] p = new double[1 << IN];
    for (int k = 0; k < 1 << OUT; k++) {
      double[] h = bits(k, OUT);
      double weight = 1;
      for (int j = 0; j < OUT; j++) {
        weight *= h[j] == 1 ? means[j] : 1 - means[j];
      }
      double[] q = new double[IN];
      for (int i = 0; i < IN; i++) {
        double x = machine.b[i];
        for (int j = 0; j < OUT; j++) {
          x += machine.w[i][j] * h[j];
        }
        q[i] = 1 / (1 + Math.exp(-x));
      }
      for (int v = 0; v < p.length; v++) {
        double product = weight;
        for (int i = 0; i < IN; i++) {
          product *= (v >> i & 1) == 1 ? q[i] : 1 - q[i];
        }
        p[v] += product;
      }
    }
    return p;
  }

  private static double[] bits(int number, int n) {
    double[] bits = new double[n];
    for (int i = 0; i < n; i++) {
      bits[i] = number >> i & 1;
    }
    return bits;
  }

  private static void addMoments(double[] out, double[] v, double[] p, double factor) {
    int at = 0;
    for (double pj : p) {
      for (double vi : v) {
        out[at++] += factor * vi * pj;
      }
    }
    for (double pj : p) {
      out[at++] += factor * pj;
    }
    for (double vi : v) {
      out[at++] += factor * vi;
    }
  }

  private static void assertReason(
      String reason,
      NeuralNetConfiguration.Builder global,
      UnaryOperator<RestrictedBoltzmannMachine.Builder> how) {
    String found = DeviceTraining.reasonNot(layer(global, how)).orElse("none");
    assertTrue(found.contains(reason), found);
  }

  @Test
  void whatIsNotSupportedIsNamed() {
    ContrastiveDivergenceOptions options =
        ContrastiveDivergenceOptions.DEFAULT.withPersistentChains(3);
    assertReason("parameters in DOUBLE", global().dataType(DataType.DOUBLE), m -> m);
    assertReason("visible spin", global(), m -> m.visibleUnits(new SpinUnits()));
    assertReason(
        "learned variances", global(), m -> m.visibleUnits(GaussianUnits.learnedVariance()));
    assertReason(
        "hidden Gaussian units", global(), m -> m.hiddenUnits(GaussianUnits.unitVariance()));
    assertReason("objective", global(), m -> m.objective(PseudoLikelihoodObjective.DEFAULT));
    assertReason("centering", global(), m -> m.objective(options.withCentering(Centering.DEFAULT)));
    assertReason(
        "fast weights", global(), m -> m.objective(options.withFastWeights(FastWeights.ofRate(1))));
    assertReason("tempering", global(), m -> m.objective(options.withTempering(Tempering.DEFAULT)));
    assertReason("sparsity", global(), m -> m.sparsityCost(0.1));
    assertReason("updater Adam", global().updater(new Adam(0.1)), m -> m);
    assertReason("updater Adam", global().biasUpdater(new Adam(0.1)), m -> m);
    assertReason("constraints", global().constrainWeights(new MaxNormConstraint(1, 0)), m -> m);
    assertReason("weight noise", global().weightNoise(new DropConnect(0.5)), m -> m);
    assertReason(
        "ClipElementWiseAbsoluteValue",
        global().gradientNormalization(GradientNormalization.ClipElementWiseAbsoluteValue),
        m -> m);
    assertReason(
        "schedule in L2Regularization",
        global()
            .regularization(
                List.of(
                    new L2Regularization(
                        new ExponentialSchedule(ScheduleType.ITERATION, 0.1, 0.9)))),
        m -> m);
    assertReason(
        "weight decay of 1", global().regularization(List.of(new WeightDecay(1.5, false))), m -> m);
    assertReason("none", global().dropOut(0.5), m -> m);
  }

  @Test
  void memoryIsRefusedWithTheListBeforeAnythingIsAllocated() {
    RestrictedBoltzmannMachineLayer layer = layer(global(), machine -> machine);
    try (DeviceStandIn standIn = DeviceStandIn.host(1000);
        OpenDevice device = OpenDevice.open()) {
      assertEquals(1, standIn.opened());
      String message =
          assertThrows(DeviceException.class, () -> device.training(layer, ROWS, 0)).getMessage();
      assertTrue(message.contains("1000 bytes free"), message);
      assertTrue(message.contains("parameters 164 bytes"), message);
      assertTrue(message.contains("learning rates"), message);
      assertEquals(1000, device.device().freeBytes());
    }
  }

  @Test
  void dataThatDoNotFitComeBatchByBatchAndLargerBatchesFindRoomOrAreRefused() {
    RestrictedBoltzmannMachineLayer layer = layer(global(), machine -> machine);
    try (DeviceStandIn standIn = DeviceStandIn.host(30_000);
        OpenDevice device = OpenDevice.open()) {
      assertEquals(1, standIn.opened());
      try (DeviceTraining training = device.training(layer, 1, 1_000_000)) {
        assertFalse(training.isResident());
        training.load();
        training.step(Nd4j.createFromArray(data(ReferenceSteps.Kind.BERNOULLI, 1)));
        assertThrows(DeviceException.class, () -> training.reserve(1000));
        training.step(Nd4j.createFromArray(data(ReferenceSteps.Kind.BERNOULLI, 2)));
      }
      assertEquals(30_000, device.device().freeBytes());
    }
  }
}
