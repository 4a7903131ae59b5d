/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dl4jebm.training.device.Device.Recording;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.device.DeviceComparison.Result;

/**
 * Gibbs chains and annealed importance sampling on a device against enumeration of a machine that
 * is small enough.
 */
final class ChainStatistics {

  private static final int VISIBLE = 6;
  private static final int HIDDEN = 5;
  private static final int STATES = 1 << VISIBLE;
  private static final int SWEEPS = 10;
  private static final int TEMPERATURES = 200;
  private static final long SEED = 11;

  /** Of the standard normal distribution, exceeded with probability 1e-6. */
  private static final double QUANTILE = 4.753;

  private final Device device;
  private final float[] weights = new float[VISIBLE * HIDDEN];
  private final float[] visibleBias = new float[VISIBLE];
  private final float[] hiddenBias = new float[HIDDEN];
  private final double[] probability = new double[STATES];
  private double logPartition;

  private ChainStatistics(Device device) {
    this.device = device;
    SplittableRandom random = new SplittableRandom(SEED);
    for (float[] part : List.of(weights, visibleBias, hiddenBias)) {
      for (int i = 0; i < part.length; i++) {
        part[i] = (float) random.nextDouble(-1, 1);
      }
    }
    enumerate();
  }

  /**
   * Runs both.
   *
   * @param chains how many
   */
  static List<Result> run(Device device, int chains) {
    ChainStatistics statistics = new ChainStatistics(device);
    return List.of(statistics.drift(chains), statistics.annealing(chains));
  }

  private void enumerate() {
    double sum = 0;
    for (int v = 0; v < STATES; v++) {
      double logP = 0;
      for (int i = 0; i < VISIBLE; i++) {
        logP += bit(v, i) * visibleBias[i];
      }
      for (int j = 0; j < HIDDEN; j++) {
        double x = hiddenBias[j];
        for (int i = 0; i < VISIBLE; i++) {
          x += bit(v, i) * weights[j * VISIBLE + i];
        }
        logP += Math.log1p(Math.exp(x));
      }
      probability[v] = Math.exp(logP);
      sum += probability[v];
    }
    logPartition = Math.log(sum);
    for (int v = 0; v < STATES; v++) {
      probability[v] /= sum;
    }
  }

  private static int bit(int state, int i) {
    return state >>> i & 1;
  }

  /** Chains that start at the distribution stay there: Pearson's statistic of the states. */
  private Result drift(int chains) {
    float[] start = new float[chains * VISIBLE];
    SplittableRandom random = new SplittableRandom(SEED + 1);
    for (int row = 0; row < chains; row++) {
      double u = random.nextDouble();
      int v = 0;
      while (v < STATES - 1 && (u -= probability[v]) >= 0) {
        v++;
      }
      for (int i = 0; i < VISIBLE; i++) {
        start[row * VISIBLE + i] = bit(v, i);
      }
    }
    float[] end = new float[start.length];
    try (Chains at = new Chains(chains)) {
      at.visible.upload(start);
      Draw hidden = new Draw(SEED, Draw.channel(0, 0, Draw.HIDDEN), 0, at.clock);
      Draw visible = new Draw(SEED, Draw.channel(0, 0, Draw.VISIBLE), 0, at.clock);
      Runnable sweep =
          () -> {
            at.hiddenFields();
            device.logistic(at.hidden, at.hiddenBias, chains, HIDDEN, 1, null, at.hidden, hidden);
            at.visibleFields();
            device.logistic(
                at.visible, at.visibleBias, chains, VISIBLE, 1, null, at.visible, visible);
            device.tick(at.clock, 0, 1);
          };
      try (Recording recording = device.record(sweep)) {
        for (int i = 0; i < SWEEPS; i++) {
          recording.replay();
        }
      }
      at.visible.download(end);
    }
    int[] counts = new int[STATES];
    for (int row = 0; row < chains; row++) {
      int v = 0;
      for (int i = 0; i < VISIBLE; i++) {
        v |= (int) end[row * VISIBLE + i] << i;
      }
      counts[v]++;
    }
    double statistic = 0;
    for (int v = 0; v < STATES; v++) {
      double expected = chains * probability[v];
      statistic += (counts[v] - expected) * (counts[v] - expected) / expected;
    }
    // Wilson and Hilferty's approximation of the quantile.
    double spread = 2.0 / (9 * (STATES - 1));
    double limit = (STATES - 1) * Math.pow(1 - spread + QUANTILE * Math.sqrt(spread), 3);
    return new Result("Gibbs chains, chi square of the states", statistic, limit);
  }

  /** The estimate of the partition function, in standard errors. */
  private Result annealing(int chains) {
    double[] betas = new double[TEMPERATURES + 1];
    Arrays.setAll(betas, i -> (double) i / TEMPERATURES);
    double[] logWeights = new double[chains];
    try (Chains at = new Chains(chains)) {
      DeviceArray table =
          at.add(device.allocate("inverse temperatures", Type.DOUBLE, betas.length));
      table.upload(betas);
      DeviceArray sums = at.add(device.allocate("log weights", Type.DOUBLE, chains));
      DeviceArray hiddenBase = at.add(device.allocate("base", Type.FLOAT, HIDDEN));
      DeviceArray visibleBase = at.add(device.allocate("base", Type.FLOAT, VISIBLE));
      Draw hidden = new Draw(SEED, Draw.channel(0, 0, Draw.HIDDEN), 0, at.clock);
      Draw visible = new Draw(SEED, Draw.channel(0, 0, Draw.VISIBLE), 0, at.clock);
      // At inverse temperature 0 all units are fair coins.
      device.logistic(
          at.visible,
          visibleBase,
          chains,
          VISIBLE,
          1,
          null,
          at.visible,
          new Draw(SEED, Draw.channel(1, 0, Draw.VISIBLE), 0, at.clock));
      Runnable step =
          () -> {
            device.annealVisibleWeights(
                at.visible, at.visibleBias, table, at.clock, chains, VISIBLE, sums);
            at.hiddenFields();
            device.annealHidden(
                at.hidden,
                at.hiddenBias,
                hiddenBase,
                table,
                at.clock,
                chains,
                HIDDEN,
                sums,
                at.hidden,
                hidden);
            at.visibleFields();
            device.annealVisible(
                at.visible,
                at.visibleBias,
                visibleBase,
                table,
                at.clock,
                chains,
                VISIBLE,
                at.visible,
                visible);
            device.tick(at.clock, 1, 1);
          };
      try (Recording recording = device.record(step)) {
        for (int i = 0; i < TEMPERATURES; i++) {
          recording.replay();
        }
      }
      sums.download(logWeights);
    }
    double base = (VISIBLE + HIDDEN) * Math.log(2);
    double mean = 0;
    double square = 0;
    for (double logWeight : logWeights) {
      double w = Math.exp(logWeight + base - logPartition);
      mean += w / chains;
      square += w * w / chains;
    }
    double error = Math.sqrt((square - mean * mean) / chains);
    return new Result(
        "annealed importance sampling, standard errors off", Math.abs(mean - 1) / error, QUANTILE);
  }

  /** The machine and the states of its chains on the device. */
  private final class Chains implements AutoCloseable {

    private final List<DeviceArray> all = new ArrayList<>();
    private final int chains;
    private final DeviceArray clock;
    private final DeviceArray matrix;
    private final DeviceArray visibleBias;
    private final DeviceArray hiddenBias;
    private final DeviceArray visible;
    private final DeviceArray hidden;

    Chains(int chains) {
      this.chains = chains;
      clock = add(device.allocate("clock", Type.INT, 2));
      matrix = add(device.allocate("weights", Type.FLOAT, weights.length));
      matrix.upload(weights);
      visibleBias = add(device.allocate("visible biases", Type.FLOAT, VISIBLE));
      visibleBias.upload(ChainStatistics.this.visibleBias);
      hiddenBias = add(device.allocate("hidden biases", Type.FLOAT, HIDDEN));
      hiddenBias.upload(ChainStatistics.this.hiddenBias);
      visible = add(device.allocate("visible units", Type.FLOAT, (long) chains * VISIBLE));
      hidden = add(device.allocate("hidden units", Type.FLOAT, (long) chains * HIDDEN));
    }

    DeviceArray add(DeviceArray array) {
      all.add(array);
      return array;
    }

    void hiddenFields() {
      device.gemm(
          true, false, HIDDEN, chains, VISIBLE, 1, matrix, VISIBLE, visible, VISIBLE, 0, hidden,
          HIDDEN);
    }

    void visibleFields() {
      device.gemm(
          false, false, VISIBLE, chains, HIDDEN, 1, matrix, VISIBLE, hidden, HIDDEN, 0, visible,
          VISIBLE);
    }

    @Override
    public void close() {
      all.forEach(DeviceArray::close);
    }
  }
}
