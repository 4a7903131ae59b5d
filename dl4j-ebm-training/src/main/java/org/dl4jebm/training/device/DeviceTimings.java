/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dl4jebm.training.device.Device.Penalties;
import org.dl4jebm.training.device.Device.Recording;
import org.dl4jebm.training.device.DeviceArray.Type;

/**
 * Times the loops of restricted Boltzmann machines on a device, each as a recording that is
 * repeated, and the matrix products of the same loop alone.
 */
final class DeviceTimings {

  private static final int ROUNDS = 5;
  private static final long SEED = 3;

  private final Device device;
  private final double secondsARound;
  private final List<DeviceArray> arrays = new ArrayList<>();

  private DeviceTimings(Device device, double secondsARound) {
    this.device = device;
    this.secondsARound = secondsARound;
  }

  /** What a loop does. */
  enum Loop {
    /** A step of contrastive divergence with momentum, data on the device. */
    CD,
    /** A sweep of Gibbs chains. */
    GIBBS,
    /** An inverse temperature of annealed importance sampling. */
    AIS
  }

  /**
   * A case.
   *
   * @param loop what is repeated
   * @param visible units
   * @param hidden units
   * @param rows examples of a batch, or chains
   * @param sweeps of Gibbs sampling in a step of contrastive divergence
   */
  record Case(Loop loop, int visible, int hidden, int rows, int sweeps) {

    /** What the program in Python calls it as well. */
    String name() {
      return loop == Loop.CD
          ? "CD-" + sweeps + " " + visible + "x" + hidden + " batch " + rows
          : loop + " " + visible + "x" + hidden + " chains " + rows;
    }
  }

  /** The cases that are measured on a GPU. */
  static final List<Case> CASES =
      List.of(
          new Case(Loop.CD, 784, 500, 100, 1),
          new Case(Loop.CD, 784, 500, 100, 10),
          new Case(Loop.CD, 784, 4096, 1000, 1),
          new Case(Loop.CD, 4096, 4096, 4096, 1),
          new Case(Loop.GIBBS, 784, 500, 100_000, 1),
          new Case(Loop.AIS, 784, 500, 1000, 1));

  /**
   * Milliseconds of one repetition.
   *
   * @param each of the rounds, sorted
   */
  record Times(double[] each) {

    double median() {
      return each[each.length / 2];
    }

    double least() {
      return each[0];
    }

    double most() {
      return each[each.length - 1];
    }
  }

  /**
   * The times of a case.
   *
   * @param loop of everything
   * @param products of its matrix products alone
   */
  record Timing(Case what, Times loop, Times products) {}

  /**
   * Measures a case.
   *
   * @param secondsARound least time of each of five rounds
   */
  static Timing measure(Device device, Case what, double secondsARound) {
    DeviceTimings timings = new DeviceTimings(device, secondsARound);
    try {
      return timings.measure(what);
    } finally {
      timings.arrays.forEach(DeviceArray::close);
    }
  }

  private Timing measure(Case what) {
    Machine machine = new Machine(what);
    return switch (what.loop()) {
      case CD -> {
        Contrast contrast = new Contrast(machine);
        yield new Timing(what, time(contrast::step), time(contrast::products));
      }
      case GIBBS -> new Timing(what, time(machine::sweep), time(machine::products));
      case AIS -> {
        Annealing annealing = new Annealing(machine);
        yield new Timing(what, time(annealing::step), time(machine::products));
      }
    };
  }

  private Times time(Runnable work) {
    try (Recording recording = device.record(work)) {
      recording.replay();
      int repetitions = 1;
      while (round(recording, repetitions) < secondsARound * 1e9) {
        repetitions *= 2;
      }
      double[] times = new double[ROUNDS];
      for (int i = 0; i < ROUNDS; i++) {
        times[i] = round(recording, repetitions) / 1e6 / repetitions;
      }
      Arrays.sort(times);
      return new Times(times);
    }
  }

  private long round(Recording recording, int repetitions) {
    device.synchronize();
    long start = System.nanoTime();
    for (int i = 0; i < repetitions; i++) {
      recording.replay();
    }
    device.synchronize();
    return System.nanoTime() - start;
  }

  private DeviceArray floats(String name, long n) {
    return array(name, Type.FLOAT, n);
  }

  private DeviceArray array(String name, Type type, long n) {
    DeviceArray array = device.allocate(name, type, n);
    arrays.add(array);
    return array;
  }

  /** A machine and chains. */
  private final class Machine {

    private final int nIn;
    private final int nOut;
    private final int rows;
    private final int sweeps;
    private final DeviceArray clock = array("clock", Type.INT, 2);
    private final DeviceArray parameters;
    private final DeviceArray weights;
    private final DeviceArray visibleBias;
    private final DeviceArray hiddenBias;
    private final DeviceArray visible;
    private final DeviceArray hidden;

    Machine(Case what) {
      nIn = what.visible();
      nOut = what.hidden();
      rows = what.rows();
      sweeps = what.sweeps();
      long n = (long) nIn * nOut;
      parameters = floats("parameters", n + nIn + nOut);
      weights = parameters.slice(0, n);
      hiddenBias = parameters.slice(n, nOut);
      visibleBias = parameters.slice(n + nOut, nIn);
      visible = floats("visible units", (long) rows * nIn);
      hidden = floats("hidden units", (long) rows * nOut);
      randomWeights();
    }

    /** Normal numbers of deviation 0.01, drawn on the device. */
    private void randomWeights() {
      try (DeviceArray zeros = device.allocate("zeros", Type.FLOAT, nIn);
          DeviceArray deviations = device.allocate("deviations", Type.FLOAT, nIn)) {
        float[] deviation = new float[nIn];
        Arrays.fill(deviation, 0.01f);
        deviations.upload(deviation);
        device.gaussian(
            weights, zeros, deviations, nOut, nIn, 1, null, weights, draw(7, Draw.VISIBLE));
        device.synchronize();
      }
    }

    Draw draw(int sweep, int side) {
      return new Draw(SEED, Draw.channel(0, sweep, side), 0, clock);
    }

    void hiddenFields(DeviceArray from, DeviceArray to) {
      device.gemm(true, false, nOut, rows, nIn, 1, weights, nIn, from, nIn, 0, to, nOut);
    }

    void visibleFields(DeviceArray from, DeviceArray to) {
      device.gemm(false, false, nIn, rows, nOut, 1, weights, nIn, from, nOut, 0, to, nIn);
    }

    void sweep() {
      hiddenFields(visible, hidden);
      device.logistic(hidden, hiddenBias, rows, nOut, 1, null, hidden, draw(0, Draw.HIDDEN));
      visibleFields(hidden, visible);
      device.logistic(visible, visibleBias, rows, nIn, 1, null, visible, draw(0, Draw.VISIBLE));
      device.tick(clock, 0, 1);
    }

    void products() {
      hiddenFields(visible, hidden);
      visibleFields(hidden, visible);
    }
  }

  /** Contrastive divergence with Nesterov momentum; the batch is gathered from resident rows. */
  private final class Contrast {

    private final Machine at;
    private final DeviceArray data;
    private final DeviceArray order;
    private final DeviceArray rates = floats("rates", 2);
    private final DeviceArray gradient;
    private final DeviceArray velocity;
    private final DeviceArray means;

    Contrast(Machine machine) {
      at = machine;
      data = floats("data", (long) at.rows * at.nIn);
      order = array("order", Type.INT, at.rows);
      gradient = floats("gradient", at.parameters.length());
      velocity = floats("momentum", at.parameters.length());
      means = floats("means", (long) at.rows * at.nOut);
      int[] rows = new int[at.rows];
      Arrays.setAll(rows, i -> rows.length - 1 - i);
      order.upload(rows);
      rates.upload(new float[] {0.01f, 0.9f});
    }

    private DeviceArray gradient(long from, long n) {
      return gradient.slice(from, n);
    }

    /** Adds the statistics of one phase to the gradient. */
    private void statistics(float sign, float beta, boolean products) {
      long n = at.weights.length();
      device.gemm(
          false,
          true,
          at.nIn,
          at.nOut,
          at.rows,
          sign,
          at.visible,
          at.nIn,
          means,
          at.nOut,
          beta,
          gradient(0, n),
          at.nIn);
      if (!products) {
        device.columnSums(means, at.rows, at.nOut, sign, beta, gradient(n, at.nOut));
        device.columnSums(at.visible, at.rows, at.nIn, sign, beta, gradient(n + at.nOut, at.nIn));
      }
    }

    void step() {
      device.gather(data, order, at.clock, at.rows, at.nIn, at.visible);
      at.hiddenFields(at.visible, at.hidden);
      device.logistic(
          at.hidden, at.hiddenBias, at.rows, at.nOut, 1, means, at.hidden, at.draw(0, Draw.HIDDEN));
      statistics(-1, 0, false);
      for (int sweep = 1; sweep <= at.sweeps; sweep++) {
        at.visibleFields(at.hidden, at.visible);
        device.logistic(
            at.visible,
            at.visibleBias,
            at.rows,
            at.nIn,
            1,
            null,
            at.visible,
            at.draw(sweep, Draw.VISIBLE));
        at.hiddenFields(at.visible, at.hidden);
        boolean last = sweep == at.sweeps;
        device.logistic(
            at.hidden,
            at.hiddenBias,
            at.rows,
            at.nOut,
            1,
            last ? means : null,
            last ? null : at.hidden,
            last ? null : at.draw(sweep, Draw.HIDDEN));
      }
      statistics(1, 1, false);
      device.nesterovs(
          at.parameters, gradient, velocity, Penalties.NONE, 1f / at.rows, rates, at.clock);
      device.tick(at.clock, 0, 1);
    }

    void products() {
      at.hiddenFields(at.visible, at.hidden);
      statistics(-1, 0, true);
      for (int sweep = 1; sweep <= at.sweeps; sweep++) {
        at.visibleFields(at.hidden, at.visible);
        at.hiddenFields(at.visible, at.hidden);
      }
      statistics(1, 1, true);
    }
  }

  /** Annealed importance sampling at one inverse temperature, which costs what the others do. */
  private final class Annealing {

    private final Machine at;
    private final DeviceArray betas = array("inverse temperatures", Type.DOUBLE, 2);
    private final DeviceArray logWeights;
    private final DeviceArray visibleBase;
    private final DeviceArray hiddenBase;

    Annealing(Machine machine) {
      at = machine;
      betas.upload(new double[] {0.5, 0.5001});
      logWeights = array("log weights", Type.DOUBLE, at.rows);
      visibleBase = floats("visible base", at.nIn);
      hiddenBase = floats("hidden base", at.nOut);
    }

    void step() {
      device.annealVisibleWeights(
          at.visible, at.visibleBias, betas, at.clock, at.rows, at.nIn, logWeights);
      at.hiddenFields(at.visible, at.hidden);
      device.annealHidden(
          at.hidden,
          at.hiddenBias,
          hiddenBase,
          betas,
          at.clock,
          at.rows,
          at.nOut,
          logWeights,
          at.hidden,
          at.draw(0, Draw.HIDDEN));
      at.visibleFields(at.hidden, at.visible);
      device.annealVisible(
          at.visible,
          at.visibleBias,
          visibleBase,
          betas,
          at.clock,
          at.rows,
          at.nIn,
          at.visible,
          at.draw(0, Draw.VISIBLE));
      device.tick(at.clock, 0, 1);
    }
  }
}
