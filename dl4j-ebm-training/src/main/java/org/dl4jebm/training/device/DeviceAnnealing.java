/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.device;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.dl4jebm.layers.rbm.BernoulliUnits;
import org.dl4jebm.layers.rbm.RbmModel;
import org.dl4jebm.training.device.Device.Recording;
import org.dl4jebm.training.device.DeviceArray.Type;
import org.dl4jebm.training.device.DeviceMachine.Shape;
import org.dl4jebm.training.device.MemoryPlan.Memory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Chains of annealed importance sampling of a machine with Bernoulli units on a device. What {@link
 * org.dl4jebm.training.likelihood.AnnealedImportanceSampling} uses; most users set its {@code
 * withExecution}.
 *
 * <p>Chains are run in blocks as large as memory allows. Random numbers are a function of the seed,
 * the step and the number of the chain, so that blocks make no difference. Log weights are added up
 * in DOUBLE.
 */
public final class DeviceAnnealing {

  private static final String BASE_HIDDEN = "hidden biases of the base rate";
  private static final String BASE_VISIBLE = "visible biases of the base rate";
  private static final String RISE = "rise of the visible biases";
  private static final String BETAS = "inverse temperatures";
  private static final String VISIBLE = "visible units";
  private static final String HIDDEN = "hidden units";
  private static final String LOG_WEIGHTS = "log weights";
  private static final String CLOCK = "clock";

  /** The sweep of a channel in which chains are started. */
  private static final int START = 1;

  private final Device device;
  private final Shape shape;
  private final int largestBlock;
  private final RbmModel model;
  private final INDArray baseVisible;
  private final INDArray baseHidden;

  /** For tests: with at most so many chains in a block. */
  DeviceAnnealing(
      Device device, RbmModel model, INDArray baseVisible, INDArray baseHidden, int largestBlock) {
    this.device = device;
    this.model = model;
    this.shape = DeviceMachine.shape(model);
    this.baseVisible = baseVisible;
    this.baseHidden = baseHidden;
    this.largestBlock = largestBlock;
  }

  /**
   * Says why a machine cannot be annealed on a device.
   *
   * @param model the machine. Not modified.
   * @return what it has that is not supported; empty if all is
   */
  public static Optional<String> reasonNot(RbmModel model) {
    Optional<String> reason = DeviceSupport.reasonNotSampled(model);
    return reason.isEmpty() && !(model.visibleUnits() instanceof BernoulliUnits)
        ? Optional.of("visible " + model.visibleUnits().describe())
        : reason;
  }

  private MemoryPlan plan(int rows, int steps) {
    MemoryPlan plan = new MemoryPlan();
    DeviceMachine.plan(plan, shape, model.visibleUnits());
    return plan.add(BASE_HIDDEN, Type.FLOAT, shape.nOut())
        .add(BASE_VISIBLE, Type.FLOAT, shape.nIn())
        .add(RISE, Type.FLOAT, shape.nIn())
        .add(BETAS, Type.DOUBLE, steps + 1L)
        .add(VISIBLE, Type.FLOAT, (long) rows * shape.nIn())
        .add(HIDDEN, Type.FLOAT, (long) rows * shape.nOut())
        .add(LOG_WEIGHTS, Type.DOUBLE, rows)
        .add(CLOCK, Type.INT, 2);
  }

  /**
   * Anneals chains.
   *
   * @param betas inverse temperatures from the first to the last, rising or falling
   * @param starts states of the visible units, {@code [chains, nIn]}, or null for draws of the base
   *     rate. Not modified.
   * @param chains how many
   * @param seed of the random numbers
   * @param progress told of the number of steps of blocks that were asked for, before each; may
   *     throw to end the run
   * @return log weights, without what does not depend on the chain
   * @throws DeviceException if not even one chain fits
   */
  public double[] run(
      double[] betas, INDArray starts, int chains, long seed, LongConsumer progress) {
    int steps = betas.length - 1;
    int rows = Math.min(chains, largestBlock);
    while (rows > 1 && !plan(rows, steps).fits(device)) {
      rows = (rows + 1) / 2;
    }
    double[] logWeights = new double[chains];
    float[] states = starts == null ? null : Transfers.floats(starts);
    try (Memory memory = plan(rows, steps).allocate(device)) {
      DeviceMachine machine = new DeviceMachine(device, memory, shape, model.visibleUnits());
      machine.upload(model);
      memory.get(BASE_HIDDEN).upload(Transfers.floats(baseHidden));
      memory.get(BASE_VISIBLE).upload(Transfers.floats(baseVisible));
      memory.get(RISE).upload(Transfers.floats(model.visibleBias().sub(baseVisible)));
      memory.get(BETAS).upload(betas);
      long done = 0;
      for (int from = 0; from < chains; from += rows) {
        int n = Math.min(rows, chains - from);
        Block block = new Block(memory, machine, from, n, seed);
        block.start(states);
        block.anneal(steps, done, progress);
        done += steps;
        System.arraycopy(Transfers.doubles(block.logWeights), 0, logWeights, from, n);
      }
    }
    return logWeights;
  }

  /** Some of the chains. */
  private final class Block {

    private final Memory memory;
    private final DeviceMachine machine;
    private final int from;
    private final int rows;
    private final long seed;
    private final DeviceArray clock;
    private final DeviceArray visible;
    private final DeviceArray hidden;
    private final DeviceArray logWeights;

    Block(Memory memory, DeviceMachine machine, int from, int rows, long seed) {
      this.memory = memory;
      this.machine = machine;
      this.from = from;
      this.rows = rows;
      this.seed = seed;
      clock = memory.get(CLOCK);
      visible = memory.get(VISIBLE).slice(0, (long) rows * shape.nIn());
      hidden = memory.get(HIDDEN).slice(0, (long) rows * shape.nOut());
      logWeights = memory.get(LOG_WEIGHTS).slice(0, rows);
    }

    private Draw draw(int sweep, int side) {
      return new Draw(seed, Draw.channel(0, sweep, side), from, clock);
    }

    void start(float[] states) {
      clock.upload(new int[] {0, 0});
      logWeights.upload(new double[rows]);
      int length = (int) visible.length();
      if (states != null) {
        int first = Math.multiplyExact(from, shape.nIn());
        visible.upload(Arrays.copyOfRange(states, first, first + length));
        return;
      }
      visible.upload(new float[length]);
      device.logistic(
          visible,
          memory.get(BASE_VISIBLE),
          rows,
          shape.nIn(),
          1,
          null,
          visible,
          draw(START, Draw.VISIBLE));
    }

    void anneal(int steps, long before, LongConsumer progress) {
      try (Recording recording =
          device.record(
              () -> {
                step(true);
                device.tick(clock, 1, 1);
              })) {
        for (int k = 1; k < steps; k++) {
          progress.accept(before + k);
          recording.replay();
        }
      }
      progress.accept(before + steps);
      step(false);
      device.synchronize();
    }

    private void step(boolean move) {
      DeviceArray betas = memory.get(BETAS);
      device.annealVisibleWeights(
          visible, memory.get(RISE), betas, clock, rows, shape.nIn(), logWeights);
      machine.hiddenField(visible, rows, hidden);
      device.annealHidden(
          hidden,
          machine.hiddenBias(),
          memory.get(BASE_HIDDEN),
          betas,
          clock,
          rows,
          shape.nOut(),
          logWeights,
          move ? hidden : null,
          move ? draw(0, Draw.HIDDEN) : null);
      if (move) {
        machine.visibleField(hidden, rows, 1, visible);
        device.annealVisible(
            visible,
            machine.visibleBias(),
            memory.get(BASE_VISIBLE),
            betas,
            clock,
            rows,
            shape.nIn(),
            visible,
            draw(0, Draw.VISIBLE));
      }
    }
  }
}
