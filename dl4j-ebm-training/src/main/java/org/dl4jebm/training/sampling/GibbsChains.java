/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.sampling;

import java.util.Arrays;
import java.util.concurrent.CancellationException;
import org.dl4jebm.layers.ScratchSpace;
import org.dl4jebm.layers.random.RandomStream;
import org.dl4jebm.layers.random.Seeds;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.layers.rbm.UnitGroup;
import org.dl4jebm.training.Energy;
import org.dl4jebm.training.device.DeviceChains;
import org.dl4jebm.training.device.DeviceException;
import org.dl4jebm.training.device.Execution;
import org.dl4jebm.training.device.OpenDevice;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Block Gibbs chains of a restricted Boltzmann machine. A sweep draws {@code h ~ p(h | v)} and then
 * {@code v ~ p(v | h)}; {@code p(v)} is stationary. Chains forget their start in a time that grows
 * with the weights, and may never leave a mode: see {@link ChainDiagnostics}.
 *
 * <p>{@link #clamped} holds some units of each chain at given values, so that the others are drawn
 * from their conditional distribution {@code p(v_unknown | v_known)}: it completes what is missing
 * of an example. Chains through {@code p(h | v)} with clamped units leave that distribution as it
 * is; they too need time to forget how the unknown units began.
 *
 * <p>The machine is seen as it is at each sweep, also if it is being trained meanwhile. Arrays are
 * reused from sweep to sweep. {@link #state} and {@link #restore} save chains with the position of
 * their random stream, to go on with the same numbers. Not safe for use by several threads at once.
 * If the thread is interrupted, a call ends between two sweeps with a {@link
 * CancellationException}, and the interruption flag stays set.
 */
public final class GibbsChains implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(GibbsChains.class);

  /** Sweeps whose means are added up on a device at once. */
  private static final int PART = 64;

  /** Shared by all objects; each thread has its own memory behind it. */
  private static final ScratchSpace SCRATCH = new ScratchSpace();

  private final RbmModel model;
  private final RandomStream random;
  private final INDArray visible;
  private final INDArray visibleT;
  private final INDArray statistic;
  private final INDArray statisticT;
  private final INDArray mean;
  private final INDArray meanT;
  private final INDArray hidden;
  private final INDArray hiddenT;

  /** 1 for units that are drawn, 0 for known ones, and the known values; null if none are known. */
  private final INDArray unknown;

  private final INDArray knownValues;
  private long sweeps;

  /** Where the chains run, or null for ND4J. */
  private OpenDevice device;

  private DeviceChains onDevice;

  /** Whether {@link #visible} is older than the states on the device. */
  private boolean stale;

  /**
   * What has to be saved to go on with chains.
   *
   * @param visible states, {@code [n, nIn]}
   * @param random position of the random stream, as {@link RandomStream#state} returns it
   * @param sweeps number of sweeps done
   */
  public record State(INDArray visible, long[] random, long sweeps) {}

  private GibbsChains(RbmModel model, INDArray start, INDArray known, RandomStream random) {
    this.model = model;
    this.random = random;
    long n = start.size(0);
    visible = matrix(n, model.visibleSize()).assign(start);
    visibleT = visible.transpose();
    statistic = model.visibleUnits().statisticIsState() ? visible : matrix(n, model.visibleSize());
    statisticT = statistic.transpose();
    mean = matrix(n, model.visibleSize());
    meanT = mean.transpose();
    hidden = matrix(n, model.hiddenSize());
    hiddenT = hidden.transpose();
    unknown = known == null ? null : known.rsub(1);
    knownValues = known == null ? null : known.mul(visible);
  }

  private INDArray matrix(long rows, long columns) {
    return Nd4j.create(model.weights().dataType(), new long[] {rows, columns}, 'c');
  }

  /**
   * Chains that start at given states, for instance at data.
   *
   * @param model the machine, kept. Not modified.
   * @param start {@code [n, nIn]}, a chain a row. Not modified.
   * @param random the stream to draw from, kept
   * @return the chains
   * @throws IllegalArgumentException if the states are not ones of the visible units
   */
  public static GibbsChains from(RbmModel model, INDArray start, RandomStream random) {
    model.requireVisibleStates(start, "start");
    return new GibbsChains(model, start, null, random);
  }

  /**
   * Chains that start at draws from the visible biases alone, as if there were no weights.
   *
   * @param model the machine, kept. Not modified.
   * @param chains how many, at least 1
   * @param random the stream to draw from, kept
   * @return the chains
   * @throws IllegalArgumentException if {@code chains} is below 1
   */
  public static GibbsChains ofBiases(RbmModel model, int chains, RandomStream random) {
    if (chains < 1) {
      throw new IllegalArgumentException("chains is " + chains + "; accepted: 1 or more");
    }
    INDArray start =
        Nd4j.create(model.weights().dataType(), new long[] {chains, model.visibleSize()}, 'c');
    start.addiRowVector(model.visibleBias());
    model.visibleUnits().fieldToSample(start, random);
    return new GibbsChains(model, start, null, random);
  }

  /**
   * Chains in which known units keep their values. The other units start at the values given for
   * them.
   *
   * @param model the machine, kept. Not modified.
   * @param examples {@code [n, nIn]}, states of the visible units, a chain a row. Not modified.
   * @param known 1 for known and 0 for unknown units: {@code [n, nIn]}, or {@code [nIn]} for all
   *     chains alike. Not modified.
   * @param random the stream to draw from, kept
   * @return the chains
   * @throws IllegalArgumentException if the examples are not states of the visible units, or the
   *     mask has another shape or other values, or divides a group of softmax units
   */
  public static GibbsChains clamped(
      RbmModel model, INDArray examples, INDArray known, RandomStream random) {
    model.requireVisibleStates(examples, "examples");
    long n = examples.size(0);
    INDArray mask =
        Nd4j.create(model.weights().dataType(), new long[] {n, model.visibleSize()}, 'c');
    if (Arrays.equals(known.shape(), new long[] {model.visibleSize()})) {
      mask.addiRowVector(known.castTo(mask.dataType()));
    } else if (Arrays.equals(known.shape(), examples.shape())) {
      mask.assign(known);
    } else {
      throw new IllegalArgumentException(
          "known has shape "
              + Arrays.toString(known.shape())
              + "; accepted: ["
              + model.visibleSize()
              + "] or "
              + Arrays.toString(examples.shape()));
    }
    requireMask(mask.castTo(DataType.DOUBLE).data().asDouble(), model);
    return new GibbsChains(model, examples, mask, random);
  }

  private static void requireMask(double[] mask, RbmModel model) {
    int units = (int) model.visibleSize();
    for (UnitGroup group : model.visibleUnits().groups(units)) {
      for (int start = 0; start < mask.length; start += units) {
        double first = mask[start + group.from()];
        for (int i = group.from(); i < group.to(); i++) {
          double value = mask[start + i];
          if (!(value == 0 || value == 1)) {
            throw new IllegalArgumentException(
                "known[" + start / units + "][" + i + "] is " + value + "; accepted: 0 or 1");
          }
          if (value != first) {
            throw new IllegalArgumentException(
                "known["
                    + start / units
                    + "]["
                    + i
                    + "] is "
                    + value
                    + " and differs from others of its group, the columns "
                    + group.from()
                    + " to "
                    + (group.to() - 1)
                    + "; accepted: the same for all units of a softmax variable");
          }
        }
      }
    }
  }

  /**
   * Moves all chains.
   *
   * @param count number of sweeps, at least 0
   * @return this
   * @throws IllegalArgumentException if {@code count} is negative
   */
  public GibbsChains sweep(long count) {
    if (count < 0) {
      throw new IllegalArgumentException("count is " + count + "; accepted: 0 or more");
    }
    if (onDevice != null) {
      startOnDevice();
      for (long i = 0; i < count; i++) {
        requireNotInterrupted();
        onDevice.sweep();
        sweeps++;
      }
      return this;
    }
    for (long i = 0; i < count; i++) {
      SCRATCH.run(
          () -> {
            drawHidden();
            hiddenToField(visible, visibleT);
            model.visibleUnits().fieldToSample(visible, random);
            clamp(visible);
          });
      sweeps++;
    }
    return this;
  }

  private void drawHidden() {
    requireNotInterrupted();
    if (statistic != visible) {
      statistic.assign(visible);
      model.visibleUnits().toStatistic(statistic);
    }
    model.hiddenFieldInto(statisticT, hidden, hiddenT);
    model.hiddenUnits().fieldToSample(hidden, random);
  }

  private void requireNotInterrupted() {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("interrupted after " + sweeps + " sweeps");
    }
  }

  /**
   * Moves the chains to where they are to run from now on, without changing their states. On a
   * device they use random numbers of their own, which follow from the stream's position after one
   * draw from it; they must be closed. The device takes Bernoulli hidden and Bernoulli, Gaussian or
   * softmax visible units in FLOAT, and known units that are the same in all chains. Where that, or
   * the device, is not given, the chains stay on ND4J, and the log says why.
   *
   * @param execution ND4J or DEVICE
   * @return this
   */
  public GibbsChains on(Execution execution) {
    close();
    if (execution != Execution.DEVICE) {
      return this;
    }
    float[] drawn = unknown == null ? null : unknown.getRow(0).toFloatVector();
    String reason = DeviceChains.reasonNot(model).orElse(null);
    if (reason == null
        && unknown != null
        && unknown.subRowVector(unknown.getRow(0)).norm1Number().doubleValue() > 0) {
      reason = "known units that differ between chains";
    }
    if (reason == null) {
      try {
        device = OpenDevice.open();
        onDevice = device.chains(model, (int) visible.size(0), drawn);
      } catch (DeviceException e) {
        reason = e.getMessage();
        close();
      }
    }
    if (reason != null) {
      LOG.warn("Gibbs chains run on ND4J and not on a device: {}", reason);
      return this;
    }
    random.uniform(Nd4j.create(DataType.FLOAT, 1));
    onDevice.start(visible, key(), sweeps);
    if (unknown != null) {
      onDevice.clamp(knownValues);
    }
    return this;
  }

  /** Of the random numbers on a device. */
  private long key() {
    long key = 0;
    for (long number : random.state()) {
      key = Seeds.derive(key ^ number | 1, 0);
    }
    return key;
  }

  private void startOnDevice() {
    onDevice.start(null, key(), sweeps);
    stale = true;
  }

  private INDArray present() {
    if (stale) {
      visible.assign(Nd4j.createFromArray(onDevice.visible()).reshape('c', visible.shape()));
      stale = false;
    }
    return visible;
  }

  /** Frees the device that the chains ran on, if any; they can go on on ND4J. */
  @Override
  public void close() {
    if (onDevice != null) {
      present();
      onDevice.close();
      onDevice = null;
    }
    if (device != null) {
      device.close();
      device = null;
    }
  }

  private void hiddenToField(INDArray out, INDArray outTransposed) {
    model.hiddenUnits().toStatistic(hidden);
    model.visibleFieldInto(hiddenT, out, outTransposed);
  }

  private void clamp(INDArray states) {
    if (unknown != null) {
      states.muli(unknown).addi(knownValues);
    }
  }

  /**
   * Moves all chains and averages the conditional means {@code E[v | h]} over the sweeps, which
   * estimates {@code E[v]} (for clamped chains {@code E[v | known units]}) with less noise than the
   * states do.
   *
   * @param count number of sweeps, at least 1
   * @return {@code [n, nIn]}, new; known units have their values
   * @throws IllegalArgumentException if {@code count} is below 1
   */
  public INDArray meanOver(long count) {
    if (count < 1) {
      throw new IllegalArgumentException("count is " + count + "; accepted: 1 or more");
    }
    INDArray sum = Nd4j.create(DataType.DOUBLE, visible.shape(), 'c');
    if (onDevice != null) {
      startOnDevice();
      for (long left = count; left > 0; left -= PART) {
        requireNotInterrupted();
        int part = (int) Math.min(left, PART);
        INDArray means = Nd4j.createFromArray(onDevice.sumOfMeans(part));
        sum.addi(means.reshape('c', visible.shape()).castTo(DataType.DOUBLE));
        sweeps += part;
      }
      return sum.divi(count).castTo(visible.dataType());
    }
    for (long i = 0; i < count; i++) {
      SCRATCH.run(
          () -> {
            drawHidden();
            hiddenToField(mean, meanT);
            model.visibleUnits().fieldToMeanAndSample(mean, visible, random);
            clamp(mean);
            clamp(visible);
            sum.addi(mean.castTo(DataType.DOUBLE));
          });
      sweeps++;
    }
    return sum.divi(count).castTo(visible.dataType());
  }

  /**
   * Moves all chains and records a number along each, for {@link ChainDiagnostics}.
   *
   * @param quantity what to record of the visible states, such as {@code model::freeEnergy}
   * @param times how many records, at least 1
   * @param every sweeps before each record, at least 1
   * @return {@code [chain][record]}, new
   * @throws IllegalArgumentException if a number is below 1
   */
  public double[][] trace(Energy quantity, int times, int every) {
    if (times < 1 || every < 1) {
      throw new IllegalArgumentException(
          "times is " + times + " and every is " + every + "; accepted: 1 or more");
    }
    double[][] trace = new double[(int) visible.size(0)][times];
    for (int t = 0; t < times; t++) {
      sweep(every);
      double[] values =
          SCRATCH.call(() -> quantity.energy(present()).castTo(DataType.DOUBLE).toDoubleVector());
      for (int chain = 0; chain < values.length; chain++) {
        trace[chain][t] = values[chain];
      }
    }
    return trace;
  }

  /**
   * Returns the visible states.
   *
   * @return {@code [n, nIn]}, a copy
   */
  public INDArray visible() {
    return present().dup('c');
  }

  /**
   * Number of sweeps since the chains were started.
   *
   * @return at least 0
   */
  public long sweeps() {
    return sweeps;
  }

  /**
   * Returns what has to be saved to go on later.
   *
   * @return copies
   */
  public State state() {
    return new State(visible(), random.state(), sweeps);
  }

  /**
   * Goes on from a saved state; the random stream is moved to its position.
   *
   * @param state as {@link #state} returned it, of as many chains of such a machine. Not modified.
   * @throws IllegalArgumentException if sizes differ; nothing is changed then
   */
  public void restore(State state) {
    if (!Arrays.equals(state.visible().shape(), visible.shape())) {
      throw new IllegalArgumentException(
          "saved chains have shape "
              + Arrays.toString(state.visible().shape())
              + "; accepted: "
              + Arrays.toString(visible.shape()));
    }
    random.restore(state.random());
    visible.assign(state.visible());
    clamp(visible);
    sweeps = state.sweeps();
    stale = false;
    if (onDevice != null) {
      onDevice.start(visible, key(), sweeps);
    }
  }
}
