/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dl4jebm.training.device.Device.Recording;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.device.DeviceMachine.Shape;
import org.dl4jebm.training.device.MemoryPlan.Memory;

/**
 * The operations of a step of contrastive divergence, recorded once for each kind of step and then
 * repeated. Rows of data and of chains lie under each other, so that one product gives both phases
 * of the weights' gradient, as on ND4J.
 *
 * <p>Random numbers: hidden states of the data are drawn in sweep 0 of a step, visible and hidden
 * states of the chains in sweeps 1 to k; the time is the layer's iteration counter and the row that
 * in the batch, or the number of the persistent chain.
 */
final class ContrastiveSteps implements AutoCloseable {

  private static final String DATA = "data";
  private static final String ORDER = "order of rows";
  private static final String BATCH = "batch";
  private static final String VISIBLE = "visible units";
  private static final String HIDDEN = "hidden units";
  private static final String STATES = "hidden states";
  private static final String GRADIENT = "gradient";
  private static final String SCRATCH = "reconstruction";
  private static final String ZEROS = "zeros";
  private static final String SCORES = "scores";
  private static final String CLOCK = "clock";

  /** With a schedule of k there can be many. */
  private static final int KEPT_RECORDINGS = 8;

  /** The sweep in which persistent chains are started. */
  private static final int START = Short.MAX_VALUE;

  /**
   * Sizes of a run.
   *
   * @param rows of the largest batch
   * @param chains persistent ones, or 0
   * @param residentRows rows of data that stay on the device, or 0
   */
  record Sizes(Shape shape, int rows, int chains, long residentRows) {

    int chainRows(int rows) {
      return chains == 0 ? rows : chains;
    }
  }

  /** Which random numbers, and whether gradients are divided by the number of rows. */
  record Settings(long seed, int stream, boolean divideByRows) {}

  private record Kind(int rows, int sweeps, boolean scored) {}

  /**
   * What was found in a scored step, before its update.
   *
   * @param error mean-field reconstruction error, mean over the batch
   * @param gap mean free energy of the chains less that of the data
   */
  record Score(double error, double gap) {}

  private final Device device;
  private final Memory memory;
  private final Sizes sizes;
  private final Settings settings;
  private final DeviceMachine machine;
  private final DeviceUpdates updates;
  private final DeviceArray clock;
  private final int nIn;
  private final int nOut;
  private final Map<Kind, Recording> recordings = new LinkedHashMap<>(16, 0.75f, true);

  ContrastiveSteps(
      Device device,
      Memory memory,
      Sizes sizes,
      Settings settings,
      DeviceMachine machine,
      DeviceUpdates updates) {
    this.device = device;
    this.memory = memory;
    this.sizes = sizes;
    this.settings = settings;
    this.machine = machine;
    this.updates = updates;
    this.clock = memory.get(CLOCK);
    this.nIn = sizes.shape().nIn();
    this.nOut = sizes.shape().nOut();
  }

  static void plan(MemoryPlan plan, Sizes sizes, boolean gaussian, boolean statisticIsState) {
    long nIn = sizes.shape().nIn();
    long nOut = sizes.shape().nOut();
    long n = sizes.rows();
    long m = sizes.chainRows(sizes.rows());
    plan.add(DATA, Type.FLOAT, sizes.residentRows() * nIn)
        .add(ORDER, Type.INT, sizes.residentRows() == 0 ? 0 : DeviceUpdates.STEPS * n)
        .add(BATCH, Type.FLOAT, statisticIsState ? 0 : n * nIn)
        .add(VISIBLE, Type.FLOAT, (n + m) * nIn)
        .add(HIDDEN, Type.FLOAT, (n + m) * nOut)
        .add(STATES, Type.FLOAT, m * nOut)
        .add(GRADIENT, Type.FLOAT, sizes.shape().parameters())
        .add(SCRATCH, Type.FLOAT, Math.max(n, m) * nIn)
        .add(ZEROS, Type.FLOAT, gaussian ? Math.max(n, m) * nIn : 0)
        .add(SCORES, Type.DOUBLE, 3 * n + 2 * m)
        .add(CLOCK, Type.INT, 2);
  }

  /** Rows of the data that stay on the device. */
  DeviceArray data(long from, long rows) {
    return memory.get(DATA).slice(from * nIn, rows * nIn);
  }

  /** Where a batch is to be uploaded that does not come from the resident data. */
  DeviceArray batch(int rows) {
    DeviceArray raw = memory.get(BATCH);
    return (raw == null ? memory.get(VISIBLE) : raw).slice(0, (long) rows * nIn);
  }

  /** States of the persistent chains. */
  DeviceArray chains() {
    return memory.get(STATES);
  }

  /** Draws persistent chains from the hidden biases alone. */
  void startChains(int iteration) {
    setClock(0, iteration);
    DeviceArray states = chains();
    states.upload(new float[(int) states.length()]);
    machine.drawHidden(states, sizes.chains(), draw(START, Draw.HIDDEN));
  }

  /** Sets what the next steps read from the tables. */
  void setClock(int step, int iteration) {
    clock.upload(new int[] {step, iteration});
  }

  /** Sets the rows of the next steps, from step 0 of the tables. */
  void setOrder(int[] rows) {
    memory.get(ORDER).slice(0, rows.length).upload(rows);
  }

  /** Makes a step, and moves the clock. */
  void step(int rows, int sweeps) {
    recording(new Kind(rows, sweeps, false)).replay();
  }

  /** The same with a score; waits for it. */
  Score scoredStep(int rows, int sweeps) {
    int m = sizes.chainRows(rows);
    DeviceArray scores = memory.get(SCORES).slice(0, 3L * rows + 2L * m);
    scores.upload(new double[(int) scores.length()]);
    recording(new Kind(rows, sweeps, true)).replay();
    double[] found = Transfers.doubles(scores);
    double data = sum(found, 0, rows) + sum(found, 2 * rows, rows) / 2;
    double chains = sum(found, 3 * rows, m) + sum(found, 3 * rows + m, m) / 2;
    return new Score(sum(found, rows, rows) / rows, chains / m - data / rows);
  }

  private static double sum(double[] numbers, int from, int length) {
    return Arrays.stream(numbers, from, from + length).sum();
  }

  private Recording recording(Kind kind) {
    Recording found = recordings.get(kind);
    if (found == null) {
      found = device.record(() -> operations(kind));
      recordings.put(kind, found);
      if (recordings.size() > KEPT_RECORDINGS) {
        Iterator<Recording> oldest = recordings.values().iterator();
        oldest.next().close();
        oldest.remove();
      }
    }
    return found;
  }

  private Draw draw(int sweep, int side) {
    return new Draw(settings.seed(), Draw.channel(settings.stream(), sweep, side), 0, clock);
  }

  private void operations(Kind kind) {
    int n = kind.rows();
    int m = sizes.chainRows(n);
    DeviceArray visible = memory.get(VISIBLE);
    DeviceArray hidden = memory.get(HIDDEN);
    DeviceArray dataVisible = visible.slice(0, (long) n * nIn);
    DeviceArray chainVisible = visible.slice((long) n * nIn, (long) m * nIn);
    DeviceArray dataHidden = hidden.slice(0, (long) n * nOut);
    DeviceArray chainHidden = hidden.slice((long) n * nOut, (long) m * nOut);
    DeviceArray batch = batch(n);
    if (sizes.residentRows() > 0) {
      device.gather(memory.get(DATA), memory.get(ORDER), clock, n, nIn, batch);
    }
    machine.visibleUnits().statistics(batch, n, dataVisible);
    machine.hiddenField(dataVisible, n, dataHidden);
    if (kind.scored()) {
      freeEnergies(dataVisible, dataHidden, n, scores(0, n), scores(2L * n, n));
    }
    positivePhase(n, dataHidden);
    chain(kind.sweeps(), m, chainVisible, chainHidden);
    if (kind.scored()) {
      freeEnergies(chainVisible, chainHidden, m, scores(3L * n, m), scores(3L * n + m, m));
      reconstruct(n, dataHidden, batch);
    }
    lastHidden(n, kind.sweeps(), chainHidden);
    gradient(n, m, dataVisible, chainVisible);
    float scale = settings.divideByRows() ? 1f / n : 1;
    updates.apply(machine.parameters(), memory.get(GRADIENT), scale, clock);
    device.tick(clock, 1, 1);
  }

  private DeviceArray scores(long from, int rows) {
    return memory.get(SCORES).slice(from, rows);
  }

  /** Leaves minus the hidden means of the data, and starts the chains of CD-k. */
  private void positivePhase(int n, DeviceArray dataHidden) {
    boolean follows = sizes.chains() == 0;
    device.logistic(
        dataHidden,
        machine.hiddenBias(),
        n,
        nOut,
        -1,
        dataHidden,
        follows ? states(n) : null,
        follows ? draw(0, Draw.HIDDEN) : null);
  }

  private DeviceArray states(int rows) {
    return memory.get(STATES).slice(0, (long) rows * nOut);
  }

  /** Leaves statistics of the chains' visible states and the field of their hidden units. */
  private void chain(int sweeps, int m, DeviceArray chainVisible, DeviceArray chainHidden) {
    DeviceArray from = states(m);
    for (int sweep = 1; sweep <= sweeps; sweep++) {
      if (sweep > 1) {
        machine.drawHidden(chainHidden, m, draw(sweep - 1, Draw.HIDDEN));
        from = chainHidden;
      }
      machine.visibleField(from, m, 1, chainVisible);
      machine.drawVisible(chainVisible, m, null, draw(sweep, Draw.VISIBLE));
      machine.visibleUnits().statistics(chainVisible, m, chainVisible);
      machine.hiddenField(chainVisible, m, chainHidden);
    }
  }

  /** The last hidden units give means; persistent chains go on from states. */
  private void lastHidden(int n, int sweeps, DeviceArray chainHidden) {
    boolean persistent = sizes.chains() > 0;
    int m = sizes.chainRows(n);
    device.logistic(
        chainHidden,
        machine.hiddenBias(),
        m,
        nOut,
        (float) n / m,
        chainHidden,
        persistent ? states(m) : null,
        persistent ? draw(sweeps, Draw.HIDDEN) : null);
  }

  private void gradient(int n, int m, DeviceArray dataVisible, DeviceArray chainVisible) {
    DeviceArray gradient = memory.get(GRADIENT);
    DeviceArray hiddenBias = gradient.slice(sizes.shape().weights(), nOut);
    DeviceArray visibleBias = gradient.slice(sizes.shape().weights() + nOut, nIn);
    DeviceArray visible = memory.get(VISIBLE);
    DeviceArray hidden = memory.get(HIDDEN);
    device.gemm(false, true, nIn, nOut, n + m, 1, visible, nIn, hidden, nOut, 0, gradient, nIn);
    device.columnSums(hidden, n + m, nOut, 1, 0, hiddenBias);
    device.columnSums(dataVisible, n, nIn, -1, 0, visibleBias);
    device.columnSums(chainVisible, m, nIn, (float) n / m, 1, visibleBias);
  }

  /**
   * Adds {@code F(v)}, up to a constant and to half of {@code (v / s)^2}, which goes to another
   * place.
   */
  private void freeEnergies(
      DeviceArray statistics,
      DeviceArray hiddenField,
      int rows,
      DeviceArray energies,
      DeviceArray squares) {
    device.rowDots(statistics, machine.visibleBias(), rows, nIn, -1, energies);
    device.softplusSums(hiddenField, machine.hiddenBias(), rows, nOut, -1, energies);
    if (machine.visibleUnits().isGaussian()) {
      DeviceArray scratch = memory.get(SCRATCH);
      machine.visibleUnits().scaledSquares(statistics, rows, scratch, memory.get(ZEROS), squares);
    }
  }

  /** From minus the hidden means of the data. */
  private void reconstruct(int n, DeviceArray dataHidden, DeviceArray batch) {
    DeviceArray r = memory.get(SCRATCH).slice(0, (long) n * nIn);
    machine.visibleField(dataHidden, n, -1, r);
    machine.visibleUnits().fieldTo(r, machine.visibleBias(), n, r, null, null);
    device.squaredDistances(r, batch, n, nIn, scores(n, n));
  }

  @Override
  public void close() {
    recordings.values().forEach(Recording::close);
    recordings.clear();
    memory.close();
  }
}
