/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.Arrays;
import java.util.Optional;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.training.device.Device.Penalties;
import org.dl4jebm.training.device.Device.Recording;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.device.DeviceMachine.Shape;
import org.dl4jebm.training.device.MemoryPlan.Memory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Block Gibbs chains on a device. What {@link org.dl4jebm.training.sampling.GibbsChains} uses; most
 * users call its {@code on}.
 *
 * <p>All visible states stay on the device; hidden states are there for a block of chains at a
 * time, as large as memory allows. Random numbers are a function of the key, the number of the
 * sweep and the number of the chain, so that blocks make no difference.
 *
 * <p>Not safe for use by several threads at once.
 */
public final class DeviceChains implements AutoCloseable {

  private static final String VISIBLE = "visible units";
  private static final String STATISTICS = "visible statistics";
  private static final String HIDDEN = "hidden units";
  private static final String MEANS = "means";
  private static final String SUM = "sum of means";
  private static final String UNKNOWN = "unknown units";
  private static final String KNOWN = "known values";
  private static final String ONE = "one";
  private static final String CLOCK = "clock";

  /** Means that are added up in FLOAT. */
  private static final int PART = 64;

  private final Device device;
  private final RbmModel model;
  private final int chains;
  private final int block;
  private final boolean clamped;
  private final Memory memory;
  private final DeviceMachine machine;
  private final DeviceArray clock;
  private long key;

  /** One sweep of all chains, without and with their means; null until needed. */
  private Recording sweep;

  private Recording sweepWithMeans;

  /** For tests: with at most so many chains in a block. */
  DeviceChains(Device device, RbmModel model, int chains, float[] unknown, int largestBlock) {
    this.device = device;
    this.model = model;
    this.chains = chains;
    this.clamped = unknown != null;
    int rows = Math.min(chains, largestBlock);
    while (rows > 1 && !plan(rows).fits(device)) {
      rows = (rows + 1) / 2;
    }
    block = rows;
    memory = plan(rows).allocate(device);
    try {
      machine = new DeviceMachine(device, memory, DeviceMachine.shape(model), model.visibleUnits());
      memory.get(ONE).upload(new float[] {1, 0});
      if (clamped) {
        memory.get(UNKNOWN).upload(unknown);
      }
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
    clock = memory.get(CLOCK);
  }

  /**
   * Says why a machine cannot be sampled on a device.
   *
   * @param model the machine. Not modified.
   * @return what it has that is not supported; empty if all is
   */
  public static Optional<String> reasonNot(RbmModel model) {
    return DeviceSupport.reasonNotSampled(model);
  }

  private MemoryPlan plan(int rows) {
    MemoryPlan plan = new MemoryPlan();
    Shape shape = DeviceMachine.shape(model);
    DeviceMachine.plan(plan, shape, model.visibleUnits());
    long all = (long) chains * shape.nIn();
    long part = (long) rows * shape.nIn();
    return plan.add(VISIBLE, Type.FLOAT, all)
        .add(STATISTICS, Type.FLOAT, model.visibleUnits().statisticIsState() ? 0 : part)
        .add(HIDDEN, Type.FLOAT, (long) rows * shape.nOut())
        .add(MEANS, Type.FLOAT, part)
        .add(SUM, Type.FLOAT, all)
        .add(UNKNOWN, Type.FLOAT, clamped ? shape.nIn() : 0)
        .add(KNOWN, Type.FLOAT, clamped ? all : 0)
        .add(ONE, Type.FLOAT, 2)
        .add(CLOCK, Type.INT, 2);
  }

  /**
   * Takes over parameters, states and the position in the random numbers.
   *
   * @param visible states, {@code [chains, nIn]}, or null to go on from those that are here. Not
   *     modified.
   * @param newKey of the random numbers
   * @param sweeps number of sweeps done with this key
   */
  public void start(INDArray visible, long newKey, long sweeps) {
    machine.upload(model);
    clock.upload(new int[] {0, (int) sweeps});
    if (newKey != key) {
      closeRecordings();
      key = newKey;
    }
    if (visible != null) {
      memory.get(VISIBLE).upload(Transfers.floats(visible));
    }
  }

  /**
   * Sets the values of known units.
   *
   * @param values {@code [chains, nIn]} with 0 for unknown units. Not modified.
   */
  public void clamp(INDArray values) {
    memory.get(KNOWN).upload(Transfers.floats(values));
  }

  /** Makes a sweep of all chains. */
  public void sweep() {
    if (sweep == null) {
      sweep = device.record(() -> operations(false));
    }
    sweep.replay();
  }

  /**
   * Makes sweeps and adds up the means of the visible units.
   *
   * @param count number of sweeps, at most 64
   * @return the sum, {@code chains nIn} numbers in row-major order
   */
  public float[] sumOfMeans(int count) {
    if (count < 1 || count > PART) {
      throw new IllegalArgumentException("count is " + count + "; accepted: 1 to " + PART);
    }
    if (sweepWithMeans == null) {
      sweepWithMeans = device.record(() -> operations(true));
    }
    DeviceArray sum = memory.get(SUM);
    sum.upload(new float[(int) sum.length()]);
    for (int i = 0; i < count; i++) {
      sweepWithMeans.replay();
    }
    return Transfers.floats(sum);
  }

  /**
   * Waits for the sweeps and copies the visible states.
   *
   * @return {@code chains nIn} numbers in row-major order
   */
  public float[] visible() {
    return Transfers.floats(memory.get(VISIBLE));
  }

  private void operations(boolean withMeans) {
    for (int from = 0; from < chains; from += block) {
      operations(from, Math.min(block, chains - from), withMeans);
    }
    device.tick(clock, 0, 1);
  }

  private void operations(int from, int rows, boolean withMeans) {
    int nIn = (int) model.visibleSize();
    long start = (long) from * nIn;
    long length = (long) rows * nIn;
    DeviceArray visible = memory.get(VISIBLE).slice(start, length);
    DeviceArray hidden = memory.get(HIDDEN).slice(0, rows * model.hiddenSize());
    DeviceArray means = withMeans ? memory.get(MEANS).slice(0, length) : null;
    DeviceArray statistics = visible;
    if (!machine.visibleUnits().statisticIsState()) {
      statistics = memory.get(STATISTICS).slice(0, length);
      machine.visibleUnits().statistics(visible, rows, statistics);
    }
    machine.hiddenField(statistics, rows, hidden);
    machine.drawHidden(hidden, rows, draw(from, Draw.HIDDEN));
    machine.visibleField(hidden, rows, 1, visible);
    machine.drawVisible(visible, rows, means, draw(from, Draw.VISIBLE));
    if (clamped) {
      DeviceArray known = memory.get(KNOWN).slice(start, length);
      clamp(visible, known, rows, nIn);
      if (withMeans) {
        clamp(means, known, rows, nIn);
      }
    }
    if (withMeans) {
      add(memory.get(SUM).slice(start, length), means);
    }
  }

  private Draw draw(int firstRow, int side) {
    return new Draw(key, Draw.channel(0, 0, side), firstRow, clock);
  }

  private void clamp(DeviceArray units, DeviceArray known, int rows, int nIn) {
    device.scaleColumns(units, memory.get(UNKNOWN), rows, nIn, units);
    add(units, known);
  }

  /** {@code to += numbers}: a step against minus a gradient, with the rate 1. */
  private void add(DeviceArray to, DeviceArray numbers) {
    device.sgd(to, numbers, Penalties.NONE, -1, memory.get(ONE), clock);
  }

  private void closeRecordings() {
    for (Recording recording : Arrays.asList(sweep, sweepWithMeans)) {
      if (recording != null) {
        recording.close();
      }
    }
    sweep = null;
    sweepWithMeans = null;
  }

  /** Frees the memory of the device. */
  @Override
  public void close() {
    closeRecordings();
    memory.close();
  }
}
